// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker of the software device, with drivers that leave out one step of an invalidation each,
 * and with one that leaves out none. The drivers are bare: an interval notifier, and no SDK.
 */
#include <linux/memremap.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>

#include "softdev.h"

static struct {
	struct mmu_interval_notifier notifier;
	struct mutex lock; /* of the page table */
	u64 flushes;
	bool no_zap, no_flush, no_wait, no_ticket, no_retry;
} driver;

static bool zap(unsigned long start, unsigned long end)
{
	bool zapped = false;
	unsigned long addr;

	for (addr = max(start, at(0)); addr < min(end, at(16)); addr += PAGE_SIZE) {
		zapped |= *entry((addr - BASE) / PAGE_SIZE);
		*entry((addr - BASE) / PAGE_SIZE) = 0;
	}
	return zapped;
}

static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long seq)
{
	bool posted = false;

	mutex_lock(&driver.lock);
	mmu_interval_set_seq(notifier, seq);
	if (!driver.no_zap && zap(range->start, range->end))
		posted = !driver.no_flush;
	if (posted)
		softdev_flush(rig.space, range->start, range->end, ++driver.flushes);
	mutex_unlock(&driver.lock);
	/* Who has posted nothing waits for what others have. */
	while (!driver.no_wait && (posted || !driver.no_ticket) && rig.flushes < driver.flushes)
		msleep(1);
	return true;
}

static const struct mmu_interval_notifier_ops notifier_ops = { .invalidate = invalidate };

static void start(void)
{
	map(16, 0, NULL);
	mutex_init(&driver.lock);
	expect(mmu_interval_notifier_insert(&driver.notifier, mm, at(0), 16 * PAGE_SIZE,
					    &notifier_ops),
	       0);
	device_start(mm);
	let_write(0, 16);
}

static void tidy(void)
{
	device_stop();
	mmu_interval_notifier_remove(&driver.notifier);
}

static void discard(void)
{
	expect(hosted_madvise(mm, at(0), PAGE_SIZE, HOSTED_DONTNEED), 0);
}

/* The device writes, the process gives the page back, the device writes again. */
static void use_again(void)
{
	struct softdev_fault next;

	expect(writes(0, 1), 0);
	discard();
	submit((struct softdev_command){
		.op = SOFTDEV_FILL, .dst = at(0), .count = 1, .value = 2 });
	next = fault();
	let(0, SOFTDEV_WRITE);
	softdev_fault_reply(rig.dev, next.cookie, 0);
	expect(ended(), 0);
	loads(mm, 0, 2);
}

static void correct(void)
{
	start();
	use_again();
	expect(stats().stale, 0);
}

static void no_zap(void)
{
	start();
	driver.no_zap = true;
	use_again();
}

static void no_flush(void)
{
	start();
	driver.no_flush = true;
	use_again();
}

/* ---- the wait */

static void late_flush(void)
{
	softdev_inject(rig.dev)->flush_delay_ms = 10;
	use_again();
}

static void with_wait(void)
{
	start();
	late_flush();
	expect(stats().stale, 0);
}

static void no_wait(void)
{
	start();
	driver.no_wait = true;
	late_flush();
}

/* Of an access that is on its way: the page is not gone yet when it began. */
static void access_in_flight(void)
{
	softdev_inject(rig.dev)->access_delay_ms = 20;
	submit((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = 1 });
	msleep(10);
	discard();
	expect(ended(), 0);
}

static void with_wait_in_flight(void)
{
	start();
	access_in_flight();
	expect(stats().stale, 0);
}

static void no_wait_in_flight(void)
{
	start();
	driver.no_wait = true;
	access_in_flight();
}

/* ---- the ticket: a second event finds nothing to zap while the flush of the first is pending */

static void discard_too(void *unused)
{
	hosted_mm_enter(mm);
	discard();
}

static void two_events(void)
{
	struct task_struct *first;

	expect(writes(0, 1), 0);
	softdev_inject(rig.dev)->flush_delay_ms = 50;
	first = hosted_thread("first", mm, discard_too, NULL);
	msleep(10);
	discard();
	submit((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = 1 });
	softdev_fault_reply(rig.dev, fault().cookie, -EFAULT);
	expect(ended(), -EFAULT);
	hosted_join(first);
}

static void with_ticket(void)
{
	start();
	two_events();
	expect(stats().stale, 0);
}

static void no_ticket(void)
{
	start();
	driver.no_ticket = true;
	two_events();
}

/* ---- the retry check: a page that was looked up before an event is put into the table after it */

static void late_populate(void)
{
	struct softdev_fault next;
	unsigned long seq;
	bool retry;
	u64 page;

	discard();
	submit((struct softdev_command){ .op = SOFTDEV_FILL, .dst = at(0), .count = 1 });
	next = fault();
	do {
		seq = mmu_interval_read_begin(&driver.notifier);
		page = page_of(0);
		if (!stats().replays)
			discard();
		softdev_fault_reply(rig.dev, next.cookie, 0);
		next = fault();
		mutex_lock(&driver.lock);
		retry = mmu_interval_read_retry(&driver.notifier, seq) && !driver.no_retry;
		if (!retry)
			*entry(0) = page | SOFTDEV_VALID | SOFTDEV_WRITE;
		mutex_unlock(&driver.lock);
	} while (retry);
	softdev_fault_reply(rig.dev, next.cookie, 0);
	expect(ended(), 0);
}

static void with_retry(void)
{
	start();
	late_populate();
	expect(stats().stale, 0);
}

static void no_retry(void)
{
	start();
	driver.no_retry = true;
	late_populate();
}

/* ---- what is not wrong */

/* The driver's own migration takes nothing from the device. */
static void own_event(void)
{
	static struct dev_pagemap own = { .type = MEMORY_DEVICE_PRIVATE, .owner = &params };

	start();
	driver.no_flush = true;
	expect(reads(0), 0);
	expect(hosted_to_device(mm, at(1), &own), 0);
	expect(reads(0), 0);
	expect(stats().stale, 0);
	zap(at(0), at(16));
	softdev_flush(rig.space, 0, U64_MAX, ++driver.flushes);
	wait_for_completion(&rig.flush);
}

/* The checker warns of it, which ends the case. */
static void run_stale(void **state)
{
	run_until(*state, "stale access");
}

#define STALE(name)                                \
	{                                          \
#name, run_stale, NULL, NULL, name \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(correct),
		STALE(no_zap),
		STALE(no_flush),
		TEST(with_wait),
		STALE(no_wait),
		TEST(with_wait_in_flight),
		STALE(no_wait_in_flight),
		TEST(with_ticket),
		STALE(no_ticket),
		TEST(with_retry),
		STALE(no_retry),
		TEST(own_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
