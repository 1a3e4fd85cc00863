// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exclusive access: a walk of one page that takes the page away from the processors as well.
 *
 * The page is locked from then until it is populated, so that no processor gets it back before.
 * What does not ask for that lock, munmap for one, is found by the sequence, as always; the event of
 * the exchange itself is the only one that may come.
 */
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/pagemap.h>

#include "internal.h"

struct xmmu_exclusive {
	struct xmmu_walk walk;
	struct page *page; /* locked, and with a reference, or NULL */
};

bool xmmu_exclusive_supported(void)
{
	return XMMU_COMPAT_EXCLUSIVE;
}

static struct xmmu_exclusive *xmmu_exclusive_of(struct xmmu_walk *walk)
{
	return container_of(walk, struct xmmu_exclusive, walk);
}

noinline void xmmu_exclusive_drop(struct xmmu_walk *walk)
{
	struct xmmu_exclusive *exclusive = xmmu_exclusive_of(walk);

	if (!exclusive->page)
		return;
	unlock_page(exclusive->page);
	put_page(exclusive->page);
	exclusive->page = NULL;
}

static int xmmu_exclusive_check(struct xmmu_walk *walk)
{
	struct vm_area_struct *vma = vma_lookup(xmmu_walk_mm(walk), walk->hmm.start);

	if (!vma)
		return -EFAULT;
	if (vma->vm_flags & VM_SHARED || is_vm_hugetlb_page(vma))
		return -EOPNOTSUPP;
	/* To fault the page in may have invalidated it. */
	return READ_ONCE(walk->range->seq) == walk->seq ? 0 : XMMU_AGAIN;
}

/* The page is there, and writable. Under mmap_lock. */
noinline int xmmu_exclusive_take(struct xmmu_walk *walk)
{
	struct page *page;
	int err;

	err = xmmu_exclusive_check(walk);
	if (err)
		return err;
	page = xmmu_compat_make_exclusive(xmmu_walk_mm(walk), walk->hmm.start,
					  xmmu_walk_mirror(walk)->config.owner);
	if (IS_ERR(page))
		return PTR_ERR(page) == -EAGAIN ? XMMU_AGAIN : PTR_ERR(page);
	xmmu_exclusive_of(walk)->page = page;
	walk->hmm.hmm_pfns[0] = page_to_pfn(page) | xmmu_walk_wanted(walk);
	walk->seq++;
	return 0;
}

static int xmmu_exclusive_page(struct xmmu_range *range, unsigned long addr,
			       struct xmmu_budget *budget)
{
	struct xmmu_exclusive exclusive __uninitialized;
	struct xmmu_walk *walk = &exclusive.walk;

	exclusive.page = NULL;
	xmmu_walk_init(walk, range, addr, addr + PAGE_SIZE, XMMU_WRITE, budget);
	walk->flags |= XMMU_EXCLUSIVE;
	while (xmmu_walk_next(walk)) {
		xmmu_range_block(range)->ops->populate(walk);
		xmmu_walk_commit(walk);
	}
	xmmu_exclusive_drop(walk);
	return xmmu_walk_end(walk);
}

int xmmu_exclusive(struct xmmu_range *range, unsigned long start, unsigned long end,
		   struct xmmu_budget *budget, unsigned long *done)
{
	int err = 0;

	if (done)
		*done = start;
	if (!XMMU_COMPAT_EXCLUSIVE)
		return -EOPNOTSUPP;
	if (!xmmu_range_block(range)->ops->populate)
		return -EINVAL;
	if (xmmu_range_check(range, start, end))
		return xmmu_range_bad_span(range, start, end);
	while (start < end && !err) {
		err = xmmu_exclusive_page(range, start, budget);
		if (!err)
			start += PAGE_SIZE;
		if (done)
			*done = start;
	}
	return err;
}
