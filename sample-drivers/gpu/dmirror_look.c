// SPDX-License-Identifier: GPL-2.0-only
/* Nodes for the kernel's own tests: what is in the page tables of processor and device. */
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "dmirror.h"

static_assert(PMD_SHIFT == 21);
#define PMD_PAGES_ORDER (PMD_SHIFT - PAGE_SHIFT)

/* Whether the device has all of a span, each leaf with the bits. */
bool dmirror_has(struct dmirror *mirror, unsigned long start, unsigned long end, u64 bits)
{
	struct xmmu_pt_leaf leaf;

	for (; start < end; start = leaf.addr + leaf.len)
		if (!xmmu_pt_next(&mirror->space->pt, start, end, &leaf) || leaf.addr > start ||
		    (leaf.entry & bits) != bits)
			return false;
	return true;
}

/* ---- snapshots */

static u8 *dmirror_value(struct dmirror *mirror, unsigned long addr)
{
	return &mirror->values[addr % XMMU_WINDOW / PAGE_SIZE];
}

/* Who has no page there has none, if there could be one. */
static int dmirror_look_at_mappings(struct dmirror *mirror, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	for (; start < end; start += PAGE_SIZE) {
		vma = vma_lookup(mm, start);
		*dmirror_value(mirror, start) = vma && vma->vm_flags & VM_READ ? DMIRROR_NONE :
										 DMIRROR_ERROR;
	}
	mmap_read_unlock(mm);
	return 0;
}

static u8 dmirror_leaf_value(struct dmirror *mirror, const struct xmmu_leaf *leaf)
{
	u8 value = leaf->perm & XMMU_PERM_WRITE ? DMIRROR_MAY_WRITE : DMIRROR_MAY_READ;

	if (leaf->order >= PMD_PAGES_ORDER)
		value |= DMIRROR_HUGE;
	if (is_device_coherent_page(leaf->page))
		return value |
		       (leaf->perm & XMMU_PERM_DEVICE ? DMIRROR_COHERENT : DMIRROR_COHERENT_REMOTE);
	if (leaf->perm & XMMU_PERM_DEVICE)
		return value | DMIRROR_PRIVATE;
	return value | (is_zero_pfn(page_to_pfn(leaf->page)) ? DMIRROR_ZERO : 0);
}

static void dmirror_note_leaf(struct dmirror *mirror, const struct xmmu_leaf *leaf,
			      unsigned long start, unsigned long end)
{
	u8 value = dmirror_leaf_value(mirror, leaf);

	start = max(start, leaf->addr);
	end = min(end, leaf->addr + leaf->len);
	for (; start < end; start += PAGE_SIZE)
		*dmirror_value(mirror, start) = value;
}

/* Nothing is committed. Of the whole window, or a huge page would not be seen as such. */
static int dmirror_look_for(struct dmirror *mirror, struct xmmu_range *range, unsigned long start,
			    unsigned long end, unsigned int access)
{
	unsigned long window = ALIGN_DOWN(start, XMMU_WINDOW);
	struct xmmu_walk walk;
	struct xmmu_leaf leaf;

	xmmu_walk_init(&walk, range, max(window, xmmu_range_start(range)),
		       min(window + XMMU_WINDOW, xmmu_range_end(range)), XMMU_SNAPSHOT | access,
		       NULL);
	if (xmmu_walk_next(&walk))
		xmmu_walk_for_each(&walk, &leaf)
			dmirror_note_leaf(mirror, &leaf, start, end);
	return xmmu_walk_end(&walk);
}

/* What may be written to is there twice. */
static int dmirror_look(struct dmirror *mirror, struct xmmu_range *range, unsigned long start,
			unsigned long end)
{
	return dmirror_look_for(mirror, range, start, end, 0) ?:
		       dmirror_look_for(mirror, range, start, end, XMMU_WRITE);
}

/* Part of a window, page by page where there is nothing to look at. */
static int dmirror_look_at_window(struct dmirror *mirror, unsigned long start, unsigned long end)
{
	unsigned long stop;
	int ret = dmirror_look_at_mappings(mirror, start, end);

	for (; start < end && !ret; start = stop + PAGE_SIZE) {
		for (stop = start; stop < end && *dmirror_value(mirror, stop) != DMIRROR_ERROR;)
			stop += PAGE_SIZE;
		ret = dmirror_each(mirror, start, stop, dmirror_look);
	}
	return ret;
}

int dmirror_snapshot(struct dmirror *mirror, struct dmirror_call *call)
{
	unsigned long start = call->addr, end = start + (call->npages << PAGE_SHIFT), stop;
	u8 __user *to = (u8 __user *)(uintptr_t)call->ptr;
	int ret = 0;

	for (; start < end && !ret; start = stop) {
		stop = min(end, (start | (XMMU_WINDOW - 1)) + 1);
		ret = dmirror_look_at_window(mirror, start, stop);
		if (!ret &&
		    copy_to_user(to, dmirror_value(mirror, start), (stop - start) / PAGE_SIZE))
			ret = -EFAULT;
		to += (stop - start) / PAGE_SIZE;
	}
	call->cpages = call->npages;
	return ret;
}

/* ---- exclusive access */

/* What the device has and no processor has is the device's alone. */
static bool dmirror_window_is_exclusive(struct dmirror *mirror, struct xmmu_walk *walk)
{
	struct xmmu_pt *pt = &mirror->space->pt;
	unsigned long from = xmmu_walk_start(walk);
	struct xmmu_pt_leaf own;
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf) {
		if (xmmu_pt_next(pt, from, leaf.addr, &own))
			return true;
		from = leaf.addr + leaf.len;
	}
	return xmmu_pt_next(pt, from, xmmu_walk_stop(walk), &own);
}

static int dmirror_is_exclusive(struct dmirror *mirror, struct xmmu_range *range,
				unsigned long start, unsigned long end)
{
	struct xmmu_walk walk;
	bool exclusive = false;

	xmmu_walk_init(&walk, range, start, end, XMMU_SNAPSHOT, NULL);
	if (xmmu_walk_next(&walk))
		exclusive = dmirror_window_is_exclusive(mirror, &walk);
	return xmmu_walk_end(&walk) ?: exclusive ? -EPERM : 0;
}

int dmirror_check_exclusive(struct dmirror *mirror, struct dmirror_call *call)
{
	return dmirror_each(mirror, call->addr, call->addr + (call->npages << PAGE_SHIFT),
			    dmirror_is_exclusive);
}
