// SPDX-License-Identifier: GPL-2.0-only
/* Up to 6.9 (removed by 997308f9ae72): a list notifier is told the page table entry of a remap. */
#include <linux/mmu_notifier.h>

static void change_pte(struct mmu_notifier *sub, struct mm_struct *mm, unsigned long address,
		       pte_t pte)
{
}

const struct mmu_notifier_ops probe = { .change_pte = change_pte };
