// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole address spaces: a page is replaced by another, and the kernel says by which.
 *
 * It says so under a page-table lock, within an invalidation of the page. If that is the only one
 * which is open, nobody else is about to take the new page away, and whoever comes to do so flushes
 * it. If there is another one, that may have flushed already, and free the page when the page-table
 * lock is dropped. The kernel may name the new page as one to write to, and share it with another
 * process before the device writes; so it is for reading.
 */
#include <linux/mm.h>

#include <xmmu/whole.h>

#include "whole_internal.h"

/* Under the lock. */
static bool xmmu_whole_may_remap(struct xmmu_whole *whole, unsigned long addr, pte_t pte)
{
	whole->stats.changes++;
	whole->stats.outside += !whole->active;
	whole->stats.overlaps += whole->active > 1;
	return xmmu_whole_ops->remap && whole->active == 1 &&
	       xmmu_whole_closed(whole, addr) == -EAGAIN && pte_present(pte) && !pte_special(pte);
}

void xmmu_whole_change_pte(struct mmu_notifier *notifier, struct mm_struct *mm, unsigned long addr,
			   pte_t pte)
{
	struct xmmu_whole *whole = xmmu_to_whole(notifier);
	struct xmmu_dropin dropin = { .addr = addr & PAGE_MASK, .perm = XMMU_PERM_READ };

	spin_lock(&whole->lock);
	if (xmmu_whole_may_remap(whole, dropin.addr, pte)) {
		dropin.page = pte_page(pte);
		whole->stats.remaps += xmmu_whole_ops->remap(whole, &dropin);
	}
	spin_unlock(&whole->lock);
}
