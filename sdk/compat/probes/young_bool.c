// SPDX-License-Identifier: GPL-2.0-only
/* From 7.1 on the aging callbacks of list notifiers return bool. */
#include <linux/mmu_notifier.h>

static bool young(struct mmu_notifier *notifier, struct mm_struct *mm, unsigned long address)
{
	return false;
}

const struct mmu_notifier_ops probe = {
	.test_young = young,
};
