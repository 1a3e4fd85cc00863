// SPDX-License-Identifier: GPL-2.0-only
/* Ranges on a grid, made where the device faults. */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "internal.h"

/* The largest chunk around addr that has room between start and end. Under the lock. */
static unsigned long xmmu_chunk_size(struct xmmu_mirror *mirror, unsigned long addr,
				     unsigned long sizes, unsigned long start, unsigned long end)
{
	unsigned long size, first;

	for (; sizes > PAGE_SIZE; sizes &= ~size) {
		size = 1UL << __fls(sizes);
		first = ALIGN_DOWN(addr, size);
		if (first >= start && size <= end - first &&
		    !xmmu_mirror_first_range(mirror, first, first + size - 1, false))
			return size;
	}
	return PAGE_SIZE;
}

/* As xmmu_range_place(). Under the lock. */
static struct xmmu_range *xmmu_chunk_place(struct xmmu_mirror *mirror, struct xmmu_range *fresh,
					   unsigned long addr, unsigned long size,
					   struct xmmu_block **block)
{
	unsigned long start = ALIGN_DOWN(addr, size);
	int err = xmmu_range_place(mirror, fresh, start, start + size, block);

	return err ? ERR_PTR(err) : fresh;
}

static struct xmmu_range *xmmu_chunk_find_or_place(struct xmmu_mirror *mirror,
						   struct xmmu_range *fresh, unsigned long addr,
						   unsigned long sizes, unsigned long start,
						   unsigned long end, struct xmmu_block **block)
{
	struct xmmu_range *range;

	xmmu_mirror_lock(mirror);
	range = xmmu_mirror_first_range(mirror, addr, addr, false);
	if (range)
		xmmu_range_get(range);
	else
		range = xmmu_chunk_place(mirror, fresh, addr,
					 xmmu_chunk_size(mirror, addr, sizes, start, end), block);
	xmmu_mirror_unlock(mirror);
	return range;
}

/* Under mmap_lock: what is unmapped later is announced to a range that is there. */
static struct xmmu_range *xmmu_chunk_in_mapping(struct xmmu_mirror *mirror,
						struct xmmu_range *fresh, unsigned long addr,
						unsigned long sizes, struct xmmu_block **block)
{
	struct mm_struct *mm = mirror->mm;
	struct vm_area_struct *vma;
	struct xmmu_range *range = ERR_PTR(-EFAULT);

	if (mmap_read_lock_killable(mm))
		return ERR_PTR(-EINTR);
	vma = vma_lookup(mm, addr);
	if (vma)
		range = xmmu_chunk_find_or_place(mirror, fresh, addr, sizes, vma->vm_start,
						 vma->vm_end, block);
	mmap_read_unlock(mm);
	return range;
}

/* With mm_users held. */
static struct xmmu_range *xmmu_chunk_make(struct xmmu_mirror *mirror, struct xmmu_range *fresh,
					  unsigned long addr, unsigned long sizes)
{
	struct xmmu_range *range;
	struct xmmu_block *block;

	range = xmmu_chunk_in_mapping(mirror, fresh, addr, sizes, NULL);
	if (range != ERR_PTR(-ENOENT))
		return range;
	/* No block is large enough. Another thread may insert one meanwhile. */
	sizes |= PAGE_SIZE;
	block = xmmu_block_create(mirror, ALIGN_DOWN(addr, 1UL << __fls(sizes)),
				  addr | ((1UL << __fls(sizes)) - 1));
	if (IS_ERR(block))
		return ERR_CAST(block);
	range = xmmu_chunk_in_mapping(mirror, fresh, addr, sizes, &block);
	if (block)
		xmmu_block_destroy(block);
	return range;
}

/* The mirror is pinned. */
static struct xmmu_range *xmmu_range_make(struct xmmu_mirror *mirror, struct xmmu_range *fresh,
					  unsigned long addr, unsigned long sizes)
{
	struct xmmu_range *range;

	if (!mmget_not_zero(mirror->mm))
		return ERR_PTR(-ESRCH);
	range = xmmu_chunk_make(mirror, fresh, addr, sizes);
	mmput_async(mirror->mm);
	return range;
}

struct xmmu_range *xmmu_range_find_or_insert(struct xmmu_mirror *mirror, struct xmmu_range *fresh,
					     unsigned long addr, unsigned long sizes)
{
	struct xmmu_range *range;

	if (sizes & ~PAGE_MASK)
		return ERR_PTR(-EINVAL);
	if (!xmmu_mirror_pin(mirror))
		return ERR_PTR(-ESRCH);
	if (!mirror->config.ops->range_free)
		range = ERR_PTR(-EINVAL);
	else
		range = xmmu_range_make(mirror, fresh, addr, sizes);
	xmmu_mirror_unpin(mirror);
	return range;
}
