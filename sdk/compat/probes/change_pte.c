// SPDX-License-Identifier: GPL-2.0-only
/* Up to 6.9 list notifiers heard which page has replaced another. */
#include <linux/mmu_notifier.h>

static void change(struct mmu_notifier *notifier, struct mm_struct *mm, unsigned long address,
		   pte_t pte)
{
}

const struct mmu_notifier_ops probe = {
	.change_pte = change,
};
