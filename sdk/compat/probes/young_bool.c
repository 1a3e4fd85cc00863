// SPDX-License-Identifier: GPL-2.0-only
/* 7.x: the aging callbacks of a list notifier return bool, before it int. */
#include <linux/mmu_notifier.h>

static bool test_young(struct mmu_notifier *sub, struct mm_struct *mm, unsigned long address)
{
	return false;
}

const struct mmu_notifier_ops probe = { .test_young = test_young };
