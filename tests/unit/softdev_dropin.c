// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces of the software device that have no table: what is dropped in is used until it is
 * taken back, and nothing else is; and its checker finds a driver that does not take it back.
 */
#include <linux/mmu_notifier.h>

#include "softdev.h"

/* ---- the driver: a list notifier */

static bool forgetful;

static int take_back(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	if (!forgetful)
		softdev_dropout(rig.space, range->start, range->end);
	return 0;
}

static const struct mmu_notifier_ops notifier_ops = { .invalidate_range_start = take_back };

static struct mmu_notifier notifier = { .ops = &notifier_ops };

static void start(void)
{
	map(32, 0, NULL);
	expect(mmu_notifier_register(&notifier, mm), 0);
	device_start(NULL);
	softdev_queue_destroy(rig.queue);
	softdev_space_destroy(rig.space);
	rig.space = softdev_space_create(rig.dev, SOFTDEV_NO_TABLE, &rig, mm, NULL);
	check(!IS_ERR(rig.space));
	rig.queue = softdev_queue_create(rig.space, &rig);
	check(!IS_ERR(rig.queue));
}

static void tidy(void)
{
	mmu_notifier_unregister(&notifier, mm);
	device_stop();
}

static void dropin(unsigned long n, u64 bits)
{
	softdev_dropin(rig.space, at(n), page_of(n) | SOFTDEV_VALID | bits);
}

static bool loaded(unsigned long n)
{
	return softdev_loaded(rig.space, at(n), at(n + 1));
}

static void submit_write(unsigned long n, u64 value)
{
	submit((struct softdev_command){
		.op = SOFTDEV_FILL, .dst = at(n), .count = 1, .value = value });
}

/* It faults, and ends when there is a translation. */
static void write_faults(unsigned long n, u64 value)
{
	struct softdev_fault next;

	submit_write(n, value);
	next = fault();
	expect(next.addr, at(n));
	check(next.write);
	dropin(n, SOFTDEV_WRITE);
	softdev_fault_reply(rig.dev, next.cookie, 0);
	expect(ended(), 0);
	loads(mm, n, value);
}

static void faults_without(void)
{
	start();
	write_faults(0, 1);
	expect(stats().faults, 1);
	expect(writes(0, 2), 0);
	expect(stats().faults, 1);
	loads(mm, 0, 2);
}

static void right_is_kept(void)
{
	start();
	dropin(0, 0);
	expect(reads(0), 0);
	write_faults(0, 8);
	expect(reads(0), 0);
}

static void dropout_is_for_the_span(void)
{
	start();
	dropin(0, SOFTDEV_WRITE);
	dropin(1, SOFTDEV_WRITE);
	dropin(2, SOFTDEV_WRITE);
	softdev_dropout(rig.space, at(1), at(2));
	check(loaded(0) && !loaded(1) && loaded(2));
	write_faults(1, 3);
	softdev_dropout(rig.space, 0, U64_MAX);
	check(!softdev_loaded(rig.space, 0, U64_MAX));
}

/* The one that has been there for longest goes. */
static void room_is_limited(void)
{
	unsigned long n;

	start();
	for (n = 0; n < SOFTDEV_DROPINS; n++)
		dropin(n, 0);
	check(loaded(0) && !stats().tlb_evictions);
	dropin(0, SOFTDEV_WRITE);
	check(!stats().tlb_evictions);
	dropin(n, 0);
	check(loaded(n));
	expect(stats().tlb_evictions, 1);
}

static void reset_empties(void)
{
	start();
	dropin(0, SOFTDEV_WRITE);
	softdev_reset(rig.dev);
	check(!loaded(0));
}

/* What is held keeps its commands and its faults. */
static void held_queue_waits(void)
{
	struct softdev_fault next;

	start();
	softdev_queue_hold(rig.queue, true);
	submit_write(0, 1);
	msleep(10);
	check(!softdev_fault_read(rig.dev, &next) && !rig.ended);
	softdev_queue_hold(rig.queue, false);
	next = fault();
	softdev_queue_hold(rig.queue, true);
	dropin(0, SOFTDEV_WRITE);
	softdev_fault_reply(rig.dev, next.cookie, 0);
	msleep(10);
	check(!rig.ended);
	softdev_queue_hold(rig.queue, false);
	expect(ended(), 0);
}

static void held_queue_is_aborted(void)
{
	start();
	softdev_queue_hold(rig.queue, true);
	submit_write(0, 1);
	softdev_queue_abort(rig.queue, -EINTR);
	expect(ended(), -EINTR);
}

/* ---- the checker, which has a list notifier, too */

static void use_again(void)
{
	dropin(0, SOFTDEV_WRITE);
	expect(writes(0, 1), 0);
	expect(hosted_madvise(mm, at(0), PAGE_SIZE, HOSTED_DONTNEED), 0);
	write_faults(0, 2);
}

static void taken_back(void)
{
	start();
	use_again();
	expect(stats().stale, 0);
}

static void never_taken_back(void)
{
	start();
	forgetful = true;
	use_again();
}

static void run_stale(void **state)
{
	run_until(*state, "stale access");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(faults_without),
		TEST(right_is_kept),
		TEST(dropout_is_for_the_span),
		TEST(room_is_limited),
		TEST(reset_empties),
		TEST(held_queue_waits),
		TEST(held_queue_is_aborted),
		TEST(taken_back),
		{ "never_taken_back", run_stale, NULL, NULL, never_taken_back },
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
