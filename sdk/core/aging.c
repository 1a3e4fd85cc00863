// SPDX-License-Identifier: GPL-2.0-only
/*
 * Aging: the kernel asks whether the device has used a page before it takes the page away.
 *
 * It asks under a page-table lock and SRCU, from within reclaim: nothing here takes a lock, waits
 * or allocates. A mirror whose driver can answer has a list notifier for that, and for nothing
 * else; invalidations stay with the interval notifiers. It is removed before anything that the
 * driver looks at may go, and removing it waits for callbacks that run.
 */
#include <linux/align.h>
#include <linux/mmu_notifier.h>

#include "internal.h"
#include "trace.h"

/* DAMON asks for the page at an address that it has picked from within. */
static bool xmmu_young(struct mmu_notifier *notifier, unsigned long start, unsigned long end,
		       enum xmmu_aging how)
{
	struct xmmu_mirror *mirror = container_of(notifier, struct xmmu_mirror, aging);
	unsigned long at, next;
	bool young = false;

	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_DOWN(end, PAGE_SIZE);
	xmmu_debug_aging_start();
	for (at = start; at < end; at = next) {
		next = min(end, ALIGN_DOWN(at, XMMU_WINDOW) + XMMU_WINDOW);
		young |= mirror->config.ops->young(mirror, at, next, how);
	}
	xmmu_debug_aging_end();
	trace_xmmu_age(mirror, start, end, how, young);
	return young;
}

static xmmu_compat_young xmmu_clear_flush_young(struct mmu_notifier *notifier, struct mm_struct *mm,
						unsigned long start, unsigned long end)
{
	return xmmu_young(notifier, start, end, XMMU_AGING_CLEAR_FLUSH);
}

static xmmu_compat_young xmmu_clear_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					  unsigned long start, unsigned long end)
{
	return xmmu_young(notifier, start, end, XMMU_AGING_CLEAR);
}

static xmmu_compat_young xmmu_test_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					 unsigned long addr)
{
	return xmmu_young(notifier, addr, addr + PAGE_SIZE, XMMU_AGING_TEST);
}

static const struct mmu_notifier_ops xmmu_aging_ops = {
	.clear_flush_young = xmmu_clear_flush_young,
	.clear_young = xmmu_clear_young,
	.test_young = xmmu_test_young,
};

/* The caller holds mm_users. */
int xmmu_aging_register(struct xmmu_mirror *mirror)
{
	if (!mirror->config.ops->young)
		return 0;
	mirror->aging.ops = &xmmu_aging_ops;
	return mmu_notifier_register(&mirror->aging, mirror->mm);
}

/* No callback runs when this returns, though the process may have exited long ago. */
void xmmu_aging_unregister(struct xmmu_mirror *mirror)
{
	if (mirror->config.ops->young)
		mmu_notifier_unregister(&mirror->aging, mirror->mm);
}
