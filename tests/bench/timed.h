/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notifiers whose callbacks are timed. Kbuild puts the last functions below into the place of
 * the kernel's in the SDK's code, which knows nothing of it.
 */
#ifndef XMMU_BENCH_TIMED_H
#define XMMU_BENCH_TIMED_H

#include <linux/mmu_notifier.h>

struct timed_calls {
	u64 count;
	u64 cycles;
};

/* Of all drivers: one of them runs at a time. */
extern struct timed_calls timed_events;

/* The timed callbacks around those of a driver. */
const struct mmu_interval_notifier_ops *
timed_interval_ops(const struct mmu_interval_notifier_ops *ops);

int timed_interval_notifier_insert(struct mmu_interval_notifier *notifier, struct mm_struct *mm,
				   unsigned long start, unsigned long length,
				   const struct mmu_interval_notifier_ops *ops);
struct mmu_notifier *timed_notifier_get_locked(const struct mmu_notifier_ops *ops,
					       struct mm_struct *mm);

#endif
