// SPDX-License-Identifier: GPL-2.0-only
/*
 * Notifiers whose callbacks are timed: the clock is read in a callback that calls the driver's.
 * Where the kernel invalidates in two passes, both drivers are called in one.
 */
#include <linux/kernel.h>
#include <asm/msr.h>

#include "timed.h"

struct timed_calls timed_interval;
struct timed_calls timed_list;

static void timed_add(struct timed_calls *calls, u64 begun)
{
	calls->cycles += rdtsc_ordered() - begun;
	calls->count++;
}

/* ---- interval notifiers: one set of callbacks for each driver */

struct timed_interval_ops {
	struct mmu_interval_notifier_ops outer;
	const struct mmu_interval_notifier_ops *inner;
};

static bool timed_invalidate(struct mmu_interval_notifier *notifier,
			     const struct mmu_notifier_range *event, unsigned long seq)
{
	const struct timed_interval_ops *ops =
		container_of(notifier->ops, struct timed_interval_ops, outer);
	u64 begun = rdtsc_ordered();
	bool done = ops->inner->invalidate(notifier, event, seq);

	timed_add(&timed_interval, begun);
	return done;
}

static struct timed_interval_ops timed_interval_ops[] = {
	{ .outer.invalidate = timed_invalidate },
	{ .outer.invalidate = timed_invalidate },
};

int timed_interval_notifier_insert(struct mmu_interval_notifier *notifier, struct mm_struct *mm,
				   unsigned long start, unsigned long length,
				   const struct mmu_interval_notifier_ops *ops)
{
	struct timed_interval_ops *timed = timed_interval_ops;

	while (cmpxchg(&timed->inner, NULL, ops) && timed->inner != ops)
		timed++;
	return mmu_interval_notifier_insert(notifier, mm, start, length, &timed->outer);
}

/* ---- list notifiers: only the SDK has one */

static struct {
	struct mmu_notifier_ops outer;
	const struct mmu_notifier_ops *inner;
} timed_list_ops;

static int timed_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *event)
{
	u64 begun = rdtsc_ordered();
	int err = timed_list_ops.inner->invalidate_range_start(notifier, event);

	timed_add(&timed_list, begun);
	return err;
}

static void timed_end(struct mmu_notifier *notifier, const struct mmu_notifier_range *event)
{
	u64 begun = rdtsc_ordered();

	timed_list_ops.inner->invalidate_range_end(notifier, event);
	timed_add(&timed_list, begun);
}

int timed_notifier_register(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	timed_list_ops.inner = notifier->ops;
	timed_list_ops.outer = *notifier->ops;
	if (notifier->ops->invalidate_range_start)
		timed_list_ops.outer.invalidate_range_start = timed_start;
	if (notifier->ops->invalidate_range_end)
		timed_list_ops.outer.invalidate_range_end = timed_end;
	notifier->ops = &timed_list_ops.outer;
	return mmu_notifier_register(notifier, mm);
}
