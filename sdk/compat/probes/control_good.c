// SPDX-License-Identifier: GPL-2.0-only
/* Control: must succeed on every kernel that has MMU notifiers. */
/* Needs: mmu_interval_notifier_insert */
#include <linux/mmu_notifier.h>

int probe(struct mmu_interval_notifier *sub, struct mm_struct *mm,
	  const struct mmu_interval_notifier_ops *ops)
{
	return mmu_interval_notifier_insert(sub, mm, 0, PAGE_SIZE, ops);
}
