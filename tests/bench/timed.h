/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Notifiers whose callbacks are timed. Kbuild puts these functions into the place of the kernel's,
 * in the SDK's code as in the driver that is written by hand, so that neither knows.
 */
#ifndef XMMU_BENCH_TIMED_H
#define XMMU_BENCH_TIMED_H

#include <linux/mmu_notifier.h>

struct timed_calls {
	u64 count;
	u64 cycles;
};

/* Of both drivers: one of them runs at a time. */
extern struct timed_calls timed_interval;
extern struct timed_calls timed_list;

int timed_interval_notifier_insert(struct mmu_interval_notifier *notifier, struct mm_struct *mm,
				   unsigned long start, unsigned long length,
				   const struct mmu_interval_notifier_ops *ops);
int timed_notifier_register(struct mmu_notifier *notifier, struct mm_struct *mm);

#endif
