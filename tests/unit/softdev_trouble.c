// SPDX-License-Identifier: GPL-2.0-only
/* Reset, removal and isolation of the software device, and what is injected into it. */
#include "softdev.h"

static void start(void)
{
	map(16, 0, NULL);
	device_start(NULL);
	let_write(0, 8);
}

static void tidy(void)
{
	device_stop();
}

static void submit_fill(unsigned long n)
{
	submit((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(n), .count = 1 });
}

static struct softdev_inject *inject(void)
{
	return softdev_inject(rig.dev);
}

/* ---- reset */

/* One that runs, one that is parked, one that has not begun: all end, and the device works. */
static void reset(void)
{
	struct softdev_queue *first;
	struct softdev_fault forgotten;

	start();
	submit_fill(9);
	forgotten = fault();
	submit_fill(0);
	first = rig.queue;
	rig.queue = softdev_queue_create(rig.space, &rig);
	inject()->stick = 1;
	submit_fill(1);
	msleep(1);
	inject()->flush_delay_ms = 100000;
	softdev_flush(rig.space, at(1), at(2), 5);
	softdev_reset(rig.dev);
	expect(rig.flushed, 5);
	expect(ended(), -EIO);
	expect(ended(), -EIO);
	expect(ended(), -EIO);
	expect(rig.ended, 3);
	softdev_fault_reply(rig.dev, forgotten.cookie, 0);
	expect(writes(1, 6), 0);
	loads(mm, 1, 6);
	softdev_queue_destroy(rig.queue);
	rig.queue = first;
	expect(writes(1, 7), 0);
	expect(stats().tlb_misses, 3);
}

static void abort_one(void)
{
	struct softdev_queue *first;

	start();
	submit_fill(9);
	fault();
	submit_fill(0);
	first = rig.queue;
	rig.queue = softdev_queue_create(rig.space, &rig);
	submit_fill(10);
	fault();
	softdev_queue_abort(first, -ETIME);
	expect(ended(), -ETIME);
	expect(ended(), -ETIME);
	expect(rig.ended, 2);
	softdev_queue_destroy(rig.queue);
	expect(ended(), -ECANCELED);
	rig.queue = first;
	expect(writes(0, 1), 0);
}

/* ---- removal */

static void unplug(void)
{
	struct softdev_fault none;

	start();
	submit_fill(9);
	msleep(1);
	submit_fill(0);
	inject()->flush_delay_ms = 10;
	softdev_flush(rig.space, at(0), at(1), 1);
	softdev_unplug(rig.dev);
	softdev_flush(rig.space, at(0), at(1), 2);
	msleep(100);
	expect(rig.ended, 0);
	expect(rig.flushes, 0);
	check(!softdev_fault_read(rig.dev, &none));
	expect(softdev_submit(rig.queue, &(struct softdev_command){}), -ENODEV);
	softdev_queue_abort(rig.queue, -ENODEV);
	expect(ended(), -ENODEV);
	expect(ended(), -ENODEV);
}

/* Nothing reaches memory when it returns, and it waits for what does. */
static void unplug_in_flight(void)
{
	start();
	inject()->access_delay_ms = 20;
	submit((struct softdev_command){
		.op = SOFTDEV_FILL, .dst = at(0), .count = 1024, .value = 1 });
	msleep(10);
	softdev_unplug(rig.dev);
	loads(mm, 0, 1);
	loads(mm, 1, 0);
	msleep(100);
	loads(mm, 1, 0);
	expect(rig.ended, 0);
}

/* ---- several devices, several engines */

static struct softdev_queue *queue_of(struct softdev *dev, struct softdev_space **space)
{
	struct softdev_queue *queue;

	*space = softdev_space_create(dev, virt_to_phys(root), &rig, NULL, NULL);
	check(!IS_ERR(*space));
	queue = softdev_queue_create(*space, &rig);
	check(!IS_ERR(queue));
	return queue;
}

/* One is pulled out, the other one does not notice. */
static void two_devices(void)
{
	struct softdev_queue *first;
	struct softdev_space *space;
	struct softdev_stats others;
	struct softdev *second;

	start();
	expect(writes(0, 1), 0);
	second = softdev_create(&params);
	check(!IS_ERR(second));
	first = rig.queue;
	rig.queue = queue_of(second, &space);
	softdev_unplug(rig.dev);
	expect(writes(0, 2), 0);
	loads(mm, 0, 2);
	softdev_stats(second, &others);
	expect(others.commands, 1);
	expect(others.tlb_misses, 1);
	expect(stats().commands, 1);
	softdev_queue_destroy(rig.queue);
	softdev_space_destroy(space);
	softdev_destroy(second);
	rig.queue = first;
}

/* How long three commands of as many queues take, each of 10 ms. */
static u64 takes_ms(unsigned int engines)
{
	struct softdev_queue *queues[3];
	struct softdev_space *spaces[3];
	unsigned int i;
	u64 began;

	params.engines = engines;
	start();
	for (i = 0; i < 3; i++)
		queues[i] = queue_of(rig.dev, &spaces[i]);
	inject()->access_delay_ms = 10;
	began = hosted_now_ns();
	for (i = 0; i < 3; i++)
		expect(softdev_submit(queues[i], &(struct softdev_command){ .op = SOFTDEV_FILL,
									    .dst = at(i),
									    .count = 1 }),
		       0);
	for (i = 0; i < 3; i++)
		expect(ended(), 0);
	began = hosted_now_ns() - began;
	for (i = 0; i < 3; i++) {
		softdev_queue_destroy(queues[i]);
		softdev_space_destroy(spaces[i]);
	}
	return began / NSEC_PER_MSEC;
}

static void one_engine(void)
{
	check(takes_ms(1) >= 30);
}

static void three_engines(void)
{
	check(takes_ms(3) < 20);
}

/* ---- isolation */

static void isolate(void)
{
	struct softdev_queue *first;
	struct softdev_space *space;

	start();
	first = rig.queue;
	space = softdev_space_create(rig.dev, virt_to_phys(root), &rig, NULL, NULL);
	inject()->flush_lose = 1;
	softdev_flush(rig.space, at(0), at(1), 1);
	inject()->flush_delay_ms = 10;
	softdev_flush(rig.space, at(0), at(1), 2);
	submit_fill(9);
	msleep(1);
	softdev_space_isolate(rig.space);
	softdev_flush(rig.space, at(0), at(1), 3);
	msleep(100);
	expect(rig.flushes, 0);
	submit_fill(0);
	softdev_fault_reply(rig.dev, fault().cookie, 0);
	expect(ended(), -EIO);
	expect(ended(), -EIO);
	/* Others go on. */
	rig.queue = softdev_queue_create(space, &rig);
	expect(writes(0, 3), 0);
	softdev_queue_destroy(rig.queue);
	softdev_space_destroy(space);
	rig.queue = first;
}

/* ---- what goes wrong */

static void late_flush(void)
{
	start();
	expect(writes(0, 1), 0);
	inject()->flush_delay_ms = 50;
	softdev_flush(rig.space, at(0), at(1), 1);
	inject()->flush_delay_ms = 0;
	*entry(0) = 0;
	msleep(10);
	expect(rig.flushes, 0);
	/* The translation is used until then. */
	expect(writes(0, 2), 0);
	loads(mm, 0, 2);
	msleep(60);
	expect(rig.flushed, 1);
	submit_fill(0);
	fault();
}

static void lost_flush(void)
{
	start();
	expect(writes(0, 1), 0);
	inject()->flush_lose = 1;
	softdev_flush(rig.space, at(0), at(1), 1);
	*entry(0) = 0;
	flush(1, 1, 2);
	expect(writes(0, 2), 0);
	expect(rig.flushes, 1);
	flush(0, 1, 3);
	submit_fill(0);
	fault();
}

static void lost_fault(void)
{
	struct softdev_fault none;

	start();
	inject()->fault_lose = 1;
	submit_fill(9);
	msleep(10);
	check(!softdev_fault_read(rig.dev, &none));
	expect(stats().faults, 1);
	expect(rig.irqs, 0);
	softdev_reset(rig.dev);
	expect(ended(), -EIO);
	submit_fill(9);
	softdev_fault_reply(rig.dev, fault().cookie, -EFAULT);
	expect(ended(), -EFAULT);
}

/* It has a translation, so a flush of that waits until somebody cuts it off. */
static void stuck(void)
{
	start();
	inject()->stick = 1;
	submit_fill(0);
	msleep(1);
	softdev_flush(rig.space, at(0), at(1), 1);
	msleep(1000);
	expect(rig.ended, 0);
	expect(rig.flushes, 0);
	softdev_queue_abort(rig.queue, -ETIME);
	expect(ended(), -ETIME);
	wait_for_completion(&rig.flush);
	loads(mm, 0, 0);
	expect(writes(0, 1), 0);
}

static void stuck_isolated(void)
{
	start();
	inject()->stick = 1;
	submit_fill(0);
	msleep(1);
	softdev_flush(rig.space, at(0), at(1), 1);
	msleep(1);
	softdev_space_isolate(rig.space);
	expect(ended(), -EIO);
	expect(rig.flushes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reset),         TEST(abort_one),
		TEST(unplug),        TEST(unplug_in_flight),
		TEST(isolate),       TEST(late_flush),
		TEST(lost_flush),    TEST(lost_fault),
		TEST(stuck),         TEST(stuck_isolated),
		TEST(two_devices),   TEST(one_engine),
		TEST(three_engines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
