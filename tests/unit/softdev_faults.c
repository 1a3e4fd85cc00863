// SPDX-License-Identifier: GPL-2.0-only
/* Faults of the software device: parked, replayed, cancelled, held back, and never lost. */
#include "softdev.h"

static void start(void)
{
	map(64, 0, NULL);
	device_start(NULL);
}

static void tidy(void)
{
	device_stop();
}

static void submit_fill(unsigned long n, unsigned long pages, u64 value)
{
	submit((struct softdev_command){
		.op = SOFTDEV_FILL, .dst = at(n), .count = pages * 512, .value = value });
}

static bool is_there(void)
{
	struct softdev_fault unused;

	return softdev_fault_read(rig.dev, &unused);
}

static unsigned long page_number(const struct softdev_fault *fault)
{
	return (fault->addr - BASE) / PAGE_SIZE;
}

static void replay(void)
{
	struct softdev_fault seen, again;

	start();
	submit_fill(3, 1, 9);
	while (!softdev_fault_read(rig.dev, &seen))
		msleep(1);
	expect(rig.irqs, 1);
	check(seen.addr == at(3) && seen.write);
	/* It stays until it is taken. */
	check(softdev_fault_read(rig.dev, &again) && again.cookie == seen.cookie);
	softdev_fault_take(rig.dev, seen.cookie + 1);
	check(is_there());
	softdev_fault_take(rig.dev, seen.cookie);
	check(!is_there());
	expect(rig.ended, 0);
	let(3, SOFTDEV_WRITE);
	softdev_fault_reply(rig.dev, seen.cookie, 0);
	expect(ended(), 0);
	loads(mm, 3, 9);
	expect(stats().replays, 1);
}

/* Nothing has changed: it faults again. */
static void replay_in_vain(void)
{
	struct softdev_fault first, second;

	start();
	submit_fill(0, 1, 1);
	first = fault();
	softdev_fault_reply(rig.dev, first.cookie, 0);
	second = fault();
	check(first.addr == second.addr && first.cookie != second.cookie);
	/* The first is answered. */
	softdev_fault_reply(rig.dev, first.cookie, -EFAULT);
	msleep(1);
	expect(rig.ended, 0);
	let(0, SOFTDEV_WRITE);
	softdev_fault_reply(rig.dev, second.cookie, 0);
	expect(ended(), 0);
}

static void cancel(void)
{
	start();
	let_write(1, 1);
	submit_fill(0, 2, 1);
	submit_fill(1, 1, 2);
	softdev_fault_reply(rig.dev, fault().cookie, -EFAULT);
	expect(ended(), -EFAULT);
	expect(ended(), 0);
	loads(mm, 1, 2);
}

/* An answer that nobody waits for any more. */
static void too_late(void)
{
	struct softdev_fault late;

	start();
	submit_fill(0, 1, 1);
	late = fault();
	softdev_queue_abort(rig.queue, -EINTR);
	expect(ended(), -EINTR);
	softdev_fault_reply(rig.dev, late.cookie, 0);
	softdev_fault_reply(rig.dev, ~0ULL, 0);
	let_write(0, 1);
	expect(writes(0, 1), 0);
	expect(stats().replays, 0);
}

/* The device keeps what the driver has no room for, also from being read. */
static void hold(void)
{
	struct softdev_fault kept;

	start();
	softdev_fault_hold(rig.space, true);
	submit_fill(5, 1, 3);
	while (!rig.irqs)
		msleep(1);
	check(!is_there());
	softdev_fault_hold(rig.space, false);
	check(softdev_fault_read(rig.dev, &kept) && kept.addr == at(5));
	softdev_fault_hold(rig.space, true);
	softdev_fault_take(rig.dev, kept.cookie);
	softdev_fault_hold(rig.space, false);
	check(is_there());
	let_write(5, 1);
	/* An answer takes it, too. */
	softdev_fault_reply(rig.dev, kept.cookie, 0);
	expect(ended(), 0);
	check(!is_there());
	loads(mm, 5, 3);
}

/* All parts of a command fault before the first is answered. */
static void batch(void)
{
	unsigned long seen = 0;
	u64 cookies[24];
	unsigned int i;

	start();
	submit_fill(0, 24, 5);
	for (i = 0; i < 24; i++) {
		struct softdev_fault next = fault();

		cookies[i] = next.cookie;
		seen |= BIT(page_number(&next));
	}
	expect(seen, BIT(24) - 1);
	let_write(0, 24);
	for (i = 0; i < 24; i++)
		softdev_fault_reply(rig.dev, cookies[i], 0);
	expect(ended(), 0);
	expect(stats().faults, 24);
	loads(mm, 23, 5);
}

/* There is room for two: the others wait inside, and none is lost. */
static void held_back(void)
{
	unsigned int answered;

	params.faults = 2;
	params.lanes = 8;
	start();
	submit_fill(0, 12, 5);
	for (answered = 0; answered < 12; answered++) {
		struct softdev_fault next = fault();

		msleep(1);
		if (!answered) {
			check(is_there());
			expect(stats().faults, 2);
		}
		let(page_number(&next), SOFTDEV_WRITE);
		softdev_fault_reply(rig.dev, next.cookie, 0);
	}
	expect(ended(), 0);
	loads(mm, 11, 5);
}

/* Who has taken all its places takes none of others, and answers find the right one. */
static void own_room(void)
{
	struct softdev_space *second;
	struct softdev_queue *first = NULL;
	struct softdev_fault faults[3];
	unsigned int i;

	params.faults = 2;
	start();
	submit_fill(0, 8, 5);
	first = rig.queue;
	second = softdev_space_create(rig.dev, virt_to_phys(root), &rig, NULL, NULL);
	check(!IS_ERR(second));
	rig.queue = softdev_queue_create(second, &rig);
	submit_fill(9, 1, 6);
	msleep(10);
	expect(stats().faults, 3);
	for (i = 0; i < 3; i++)
		faults[i] = fault();
	expect(page_number(&faults[2]), 9);
	let_write(0, 10);
	softdev_fault_reply(rig.dev, faults[2].cookie, 0);
	expect(ended(), 0);
	loads(mm, 9, 6);
	softdev_queue_destroy(rig.queue);
	softdev_space_destroy(second);
	rig.queue = first;
	/* Of a space that is gone. */
	softdev_fault_reply(rig.dev, faults[2].cookie, -EFAULT);
	softdev_fault_reply(rig.dev, faults[0].cookie, 0);
	softdev_fault_reply(rig.dev, faults[1].cookie, 0);
	expect(ended(), 0);
	loads(mm, 7, 5);
}

/* A queue that waits does not keep the only engine. */
static void engine_is_free(void)
{
	struct softdev_queue *first;
	struct softdev_fault parked;

	params.engines = 1;
	start();
	let_write(1, 1);
	submit_fill(0, 1, 1);
	parked = fault();
	first = rig.queue;
	rig.queue = softdev_queue_create(rig.space, &rig);
	expect(writes(1, 7), 0);
	softdev_queue_destroy(rig.queue);
	rig.queue = first;
	let_write(0, 1);
	softdev_fault_reply(rig.dev, parked.cookie, 0);
	expect(ended(), 0);
}

/* Each step of a chain faults; the answer is right. */
static void chain(void)
{
	struct softdev_fault next;
	unsigned int i;

	start();
	for (i = 0; i < 8; i++)
		store(i, at(i + 1));
	submit((struct softdev_command){ .op = SOFTDEV_CHASE, .src = at(0), .count = 8 });
	for (i = 0; i < 8; i++) {
		next = fault();
		expect(page_number(&next), i);
		check(!next.write);
		let(i, 0);
		softdev_fault_reply(rig.dev, next.cookie, 0);
	}
	expect(ended(), 0);
	expect(rig.last.result, at(8));
}

/* Each operand of a gather faults by itself; an addition is made once. */
static void operands(void)
{
	struct softdev_fault next;
	unsigned int i;

	start();
	store(0, 512);
	store(2, 77);
	submit((struct softdev_command){
		.op = SOFTDEV_GATHER, .index = at(0), .src = at(1), .dst = at(3), .count = 1 });
	for (i = 0; i < 3; i++) {
		next = fault();
		expect(page_number(&next), i ? i + 1 : 0);
		expect(next.write, i == 2);
		let(page_number(&next), next.write ? SOFTDEV_WRITE : 0);
		softdev_fault_reply(rig.dev, next.cookie, 0);
	}
	expect(ended(), 0);
	loads(mm, 3, 77);
	submit((struct softdev_command){ .op = SOFTDEV_ADD, .dst = at(2), .count = 1, .value = 1 });
	next = fault();
	let(2, SOFTDEV_WRITE);
	softdev_fault_reply(rig.dev, next.cookie, 0);
	expect(ended(), 0);
	loads(mm, 2, 78);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replay), TEST(replay_in_vain), TEST(cancel),   TEST(too_late),
		TEST(batch),  TEST(held_back),      TEST(own_room), TEST(engine_is_free),
		TEST(hold),   TEST(chain),          TEST(operands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
