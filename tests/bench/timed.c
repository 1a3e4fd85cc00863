// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers whose callbacks are timed: the clock is read in a callback that calls the driver's.
 * Where the kernel invalidates in two passes, drivers are called in one.
 */
#include <linux/kernel.h>
#include <asm/msr.h>

#include "timed.h"

struct timed_calls timed_events;

static void timed_add(struct timed_calls *calls, u64 begun)
{
	calls->cycles += rdtsc_ordered() - begun;
	calls->count++;
}

/* One set of callbacks for the driver by hand; the SDK has two, one of them for the exit only. */
struct timed_ops {
	struct mmu_interval_notifier_ops outer;
	const struct mmu_interval_notifier_ops *inner;
};

static bool timed_invalidate(struct mmu_interval_notifier *notifier,
			     const struct mmu_notifier_range *event, unsigned long seq)
{
	const struct timed_ops *ops = container_of(notifier->ops, struct timed_ops, outer);
	u64 begun = rdtsc_ordered();
	bool done = ops->inner->invalidate(notifier, event, seq);

	timed_add(&timed_events, begun);
	return done;
}

const struct mmu_interval_notifier_ops *
timed_interval_ops(const struct mmu_interval_notifier_ops *ops)
{
	static struct timed_ops all[] = {
		{ .outer.invalidate = timed_invalidate },
		{ .outer.invalidate = timed_invalidate },
		{ .outer.invalidate = timed_invalidate },
	};
	struct timed_ops *timed = all;

	while (cmpxchg(&timed->inner, NULL, ops) && timed->inner != ops)
		timed++;
	return &timed->outer;
}

int timed_interval_notifier_insert(struct mmu_interval_notifier *notifier, struct mm_struct *mm,
				   unsigned long start, unsigned long length,
				   const struct mmu_interval_notifier_ops *ops)
{
	return mmu_interval_notifier_insert(notifier, mm, start, length, timed_interval_ops(ops));
}

/* ---- list notifiers: an event is their start and their end */

static const struct mmu_notifier_ops *list_ops;

static int timed_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *event)
{
	u64 begun = rdtsc_ordered();
	int ret = list_ops->invalidate_range_start(notifier, event);

	timed_add(&timed_events, begun);
	return ret;
}

static void timed_end(struct mmu_notifier *notifier, const struct mmu_notifier_range *event)
{
	u64 begun = rdtsc_ordered();

	list_ops->invalidate_range_end(notifier, event);
	timed_events.cycles += rdtsc_ordered() - begun;
}

static void timed_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	list_ops->release(notifier, mm);
}

static struct mmu_notifier *timed_alloc(struct mm_struct *mm)
{
	return list_ops->alloc_notifier(mm);
}

static void timed_free(struct mmu_notifier *notifier)
{
	list_ops->free_notifier(notifier);
}

static const struct mmu_notifier_ops timed_list_ops = {
	.invalidate_range_start = timed_start,
	.invalidate_range_end = timed_end,
	.release = timed_release,
	.alloc_notifier = timed_alloc,
	.free_notifier = timed_free,
};

struct mmu_notifier *timed_notifier_get_locked(const struct mmu_notifier_ops *ops,
					       struct mm_struct *mm)
{
	list_ops = ops;
	return mmu_notifier_get_locked(&timed_list_ops, mm);
}
