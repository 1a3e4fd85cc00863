// SPDX-License-Identifier: GPL-2.0-only
/* Windows of the software device: who has a key reaches what it allows, as long as it is open. */
#include "softdev.h"

#define DOMAIN 5

static struct softdev_window window;
static u64 key;

static u64 open_window(unsigned long n, unsigned long pages, unsigned int rights)
{
	u64 opened = 0;

	window = (struct softdev_window){
		.space = rig.space,
		.domain = DOMAIN,
		.start = at(n),
		.end = at(n + pages),
		.rights = rights,
	};
	expect(softdev_window_open(&window, &opened), 0);
	check(opened);
	return opened;
}

/* Two pages, of which the first four of the process are mapped. */
static void start(unsigned int rights)
{
	map(8, 0, NULL);
	device_start(NULL);
	let_write(0, 4);
	key = open_window(1, 2, rights);
}

static void tidy(void)
{
	softdev_window_close(rig.dev, key);
	device_stop();
}

static u64 word(unsigned long n)
{
	u64 value = 0;

	expect(hosted_load(mm, at(n), &value), 0);
	return value;
}

static int fill(unsigned long n, u64 count, u64 by, u64 domain)
{
	return runs((struct softdev_command){ .op = SOFTDEV_FILL,
					      .dst = at(n),
					      .count = count,
					      .value = 7,
					      .dst_key = { by, domain } });
}

static int copy(unsigned long to, u64 to_key, unsigned long from, u64 from_key)
{
	return runs((struct softdev_command){ .op = SOFTDEV_COPY,
					      .dst = at(to),
					      .src = at(from),
					      .count = 4,
					      .dst_key = { to_key, to_key ? DOMAIN : 0 },
					      .src_key = { from_key, from_key ? DOMAIN : 0 } });
}

static void allowed(void)
{
	start(SOFTDEV_MAY_READ | SOFTDEV_MAY_WRITE);
	expect(fill(1, 1024, key, DOMAIN), 0);
	expect(rig.last.result, 0);
	expect(word(1), 7);
	expect(word(2), 7);
	expect(copy(0, 0, 2, key), 0);
	expect(word(0), 7);
}

/* The device does nothing at all, though the beginning of the operand may be reached. */
static void bounds(void)
{
	start(SOFTDEV_MAY_WRITE);
	expect(fill(1, 1025, key, DOMAIN), -ERANGE);
	expect(rig.last.result, SOFTDEV_DST);
	expect(word(1), 0);
	expect(fill(0, 1, key, DOMAIN), -ERANGE);
	expect(fill(3, 1, key, DOMAIN), -ERANGE);
	expect(fill(1, 1ULL << 45, key, DOMAIN), -ERANGE);
}

static void keys(void)
{
	start(SOFTDEV_MAY_READ | SOFTDEV_MAY_WRITE);
	expect(fill(1, 1, key ^ 1ULL << 40, DOMAIN), -ENOKEY);
	expect(fill(1, 1, key ^ 1, DOMAIN), -ENOKEY);
	expect(fill(1, 1, key, DOMAIN + 1), -ENOKEY);
	expect(fill(1, 1, 0, DOMAIN), -ENOKEY);
	expect(rig.last.result, SOFTDEV_DST);
	expect(copy(1, key, 2, key + 2), -ENOKEY);
	expect(rig.last.result, SOFTDEV_SRC);
	expect(runs((struct softdev_command){
		       .op = SOFTDEV_CHASE, .src = at(1), .count = 1, .src_key = { key, DOMAIN } }),
	       -EINVAL);
	expect(word(1), 0);
}

static void rights(void)
{
	start(SOFTDEV_MAY_READ);
	expect(fill(1, 1, key, DOMAIN), -EACCES);
	expect(copy(0, 0, 1, key), 0);
	expect(copy(1, key, 0, 0), -EACCES);
	expect(rig.last.result, SOFTDEV_DST);
	expect(runs((struct softdev_command){
		       .op = SOFTDEV_ADD, .dst = at(1), .count = 1, .dst_key = { key, DOMAIN } }),
	       -EACCES);
	expect(word(1), 0);
}

static struct softdev_command swap_command(u64 expected, u64 value)
{
	return (struct softdev_command){ .op = SOFTDEV_SWAP,
					 .dst = at(1),
					 .count = 1,
					 .value = value,
					 .expected = expected,
					 .dst_key = { key, DOMAIN } };
}

static void atomic(void)
{
	start(SOFTDEV_MAY_ATOMIC);
	expect(runs(swap_command(1, 5)), 0);
	expect(rig.last.result, 0);
	expect(word(1), 0);
	expect(runs(swap_command(0, 5)), 0);
	expect(word(1), 5);
	expect(runs((struct softdev_command){ .op = SOFTDEV_ADD,
					      .dst = at(1),
					      .count = 1,
					      .value = 2,
					      .dst_key = { key, DOMAIN } }),
	       0);
	expect(rig.last.result, 5);
	expect(word(1), 7);
	expect(fill(1, 1, key, DOMAIN), -EACCES);
}

/* What comes next has another key, and nothing of the old one. */
static void closed(void)
{
	u64 old;

	start(SOFTDEV_MAY_WRITE);
	old = key;
	softdev_window_close(rig.dev, key);
	key = open_window(1, 2, SOFTDEV_MAY_WRITE);
	check(key != old && (u32)key != (u32)old && key >> 32 != old >> 32);
	expect(fill(1, 1, old, DOMAIN), -ENOKEY);
	expect(fill(1, 1, key, DOMAIN), 0);
}

/* A command that waits for a page ends when its window does; the answer is too late then. */
static void closed_on_a_fault(void)
{
	struct softdev_fault waiting;
	u64 other;

	start(SOFTDEV_MAY_WRITE);
	other = open_window(3, 2, SOFTDEV_MAY_WRITE);
	submit((struct softdev_command){
		.op = SOFTDEV_FILL, .dst = at(3), .count = 1024, .dst_key = { other, DOMAIN } });
	waiting = fault();
	expect(waiting.addr, at(4));
	check(softdev_queue_parked(rig.queue));
	softdev_window_close(rig.dev, other);
	expect(ended(), -ENOKEY);
	expect(rig.last.result, SOFTDEV_DST);
	check(!softdev_queue_parked(rig.queue));
	softdev_fault_reply(rig.dev, waiting.cookie, 0);
	expect(stats().replays, 0);
}

/* An access that hangs is cut off. */
static void closed_on_the_way(void)
{
	start(SOFTDEV_MAY_WRITE);
	softdev_inject(rig.dev)->stick = 1;
	submit((struct softdev_command){
		.op = SOFTDEV_FILL, .dst = at(1), .count = 1, .dst_key = { key, DOMAIN } });
	while (softdev_inject(rig.dev)->stick)
		msleep(1);
	softdev_window_close(rig.dev, key);
	check(ended());
	expect(word(1), 0);
	key = open_window(1, 2, SOFTDEV_MAY_WRITE);
}

/* A queue of one address space reaches another by a key, and faults there. */
static void other_space(void)
{
	struct softdev_space *other;
	struct softdev_fault where;

	start(SOFTDEV_MAY_WRITE);
	other = softdev_space_create(rig.dev, virt_to_phys(root), &rig.flush, NULL, NULL);
	check(!IS_ERR(other));
	softdev_window_close(rig.dev, key);
	window.space = other;
	window.end = at(8);
	expect(softdev_window_open(&window, &key), 0);
	submit((struct softdev_command){ .op = SOFTDEV_FILL,
					 .dst = at(5),
					 .count = 1,
					 .value = 3,
					 .dst_key = { key, DOMAIN } });
	while (!softdev_fault_read(rig.dev, &where))
		msleep(1);
	check(where.context == &rig.flush && where.addr == at(5) && where.write);
	softdev_fault_hold(rig.space, true);
	check(softdev_fault_read(rig.dev, &where));
	softdev_fault_hold(other, true);
	check(!softdev_fault_read(rig.dev, &where));
	softdev_fault_hold(other, false);
	softdev_fault_take(rig.dev, where.cookie);
	let_write(5, 1);
	softdev_fault_reply(rig.dev, where.cookie, 0);
	expect(ended(), 0);
	expect(word(5), 3);
	softdev_space_isolate(other);
	expect(fill(1, 1, key, DOMAIN), -EIO);
	softdev_window_close(rig.dev, key);
	softdev_space_destroy(other);
	key = open_window(1, 2, SOFTDEV_MAY_WRITE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(allowed),
		TEST(bounds),
		TEST(keys),
		TEST(rights),
		TEST(atomic),
		TEST(closed),
		TEST(closed_on_a_fault),
		TEST(closed_on_the_way),
		TEST(other_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
