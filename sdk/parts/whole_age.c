// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole address spaces: the kernel asks whether a context has used a page.
 *
 * It asks under a page-table lock and SRCU, from within reclaim. SRCU keeps the object, and RCU the
 * contexts in it. The lock is not taken: its holder may be waiting for the device.
 */
#include <linux/align.h>
#include <linux/rcupdate.h>

#include <xmmu/whole.h>

#include "whole_internal.h"

/* Lockdep learns that the lock may be held where others ask for age. */
void xmmu_whole_age_prime(struct xmmu_whole *whole)
{
	if (!IS_ENABLED(XMMU_DEBUG))
		return;
	spin_lock(&whole->lock);
	xmmu_debug_aging_start();
	xmmu_debug_aging_end();
	spin_unlock(&whole->lock);
}

/* DAMON asks for the page at an address that it has picked from within. */
static bool xmmu_whole_young(struct mmu_notifier *notifier, unsigned long start, unsigned long end,
			     enum xmmu_aging how)
{
	struct xmmu_whole *whole = xmmu_to_whole(notifier);
	bool young;

	if (!xmmu_whole_ops->young)
		return false;
	xmmu_debug_aging_start();
	rcu_read_lock();
	young = xmmu_whole_ops->young(whole, ALIGN_DOWN(start, PAGE_SIZE),
				      ALIGN_DOWN(end, PAGE_SIZE), how);
	rcu_read_unlock();
	xmmu_debug_aging_end();
	return young;
}

xmmu_compat_young xmmu_whole_clear_flush_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					       unsigned long start, unsigned long end)
{
	return xmmu_whole_young(notifier, start, end, XMMU_AGING_CLEAR_FLUSH);
}

xmmu_compat_young xmmu_whole_clear_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					 unsigned long start, unsigned long end)
{
	return xmmu_whole_young(notifier, start, end, XMMU_AGING_CLEAR);
}

xmmu_compat_young xmmu_whole_test_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					unsigned long addr)
{
	return xmmu_whole_young(notifier, addr, addr + PAGE_SIZE, XMMU_AGING_TEST);
}
