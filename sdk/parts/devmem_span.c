// SPDX-License-Identifier: GPL-2.0-only
/* Moves of a span of an address space: mapping by mapping, and window by window. */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "devmem.h"

int xmmu_move_vma(struct xmmu_move *move, struct migrate_vma *args, unsigned long *moved)
{
	int err;

	args->src = move->src;
	args->dst = move->dst;
	err = migrate_vma_setup(args);
	if (err)
		return -EOPNOTSUPP;
	err = xmmu_move_prepare(move, args->npages);
	migrate_vma_pages(args);
	*moved = xmmu_move_count(move, args->npages);
	migrate_vma_finalize(args);
	return err;
}

/*
 * Who the events say that they are from does not matter on the way to the device; on the way back
 * it selects the pages.
 */
unsigned long xmmu_move_flags(const struct xmmu_move *move)
{
	unsigned long large = move->large ? XMMU_COMPAT_SELECT_LARGE : 0;

	if (move->to_device)
		return MIGRATE_VMA_SELECT_SYSTEM | large;
	if (move->mem->config.type == XMMU_DEVMEM_COHERENT)
		return MIGRATE_VMA_SELECT_DEVICE_COHERENT;
	return MIGRATE_VMA_SELECT_DEVICE_PRIVATE | large;
}

/*
 * As far as the mapping goes, or the hole; sets where to go on. What has no pages of its own has
 * none in a device, however large it is: programs reserve addresses by the terabyte.
 */
static int xmmu_move_mapping(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			     unsigned long *end, unsigned long *moved)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	struct migrate_vma args = {
		.vma = vma,
		.start = start,
		.pgmap_owner = move->mem->config.owner,
		.flags = xmmu_move_flags(move),
	};

	if (!vma || vma->vm_start > start) {
		*end = vma ? min(move->end, vma->vm_start) : move->end;
		return move->to_device ? -EFAULT : 0;
	}
	if (!move->to_device && !READ_ONCE(vma->anon_vma)) {
		*end = min(move->end, vma->vm_end);
		return 0;
	}
	*end = min(*end, vma->vm_end);
	args.end = *end;
	if (move->to_device && !(vma->vm_flags & VM_READ))
		return -EFAULT;
	return xmmu_move_vma(move, &args, moved);
}

static int xmmu_move_locked(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			    unsigned long *end, unsigned long *moved)
{
	int err;

	*moved = 0;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	err = xmmu_move_mapping(move, mm, start, end, moved);
	mmap_read_unlock(mm);
	/* Nothing of ours is in a mapping that can not move. */
	return err == -EOPNOTSUPP && !move->to_device ? 0 : err;
}

static int xmmu_move_again(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			   unsigned long *end, unsigned long *moved)
{
	unsigned long more;
	int err;

	move->large = false;
	err = xmmu_move_locked(move, mm, start, end, &more);
	*moved += more;
	return err;
}

/*
 * A window, or less. What large folios found no room for is tried once more page by page; if there
 * is no room at all, again with what could be moved out.
 */
static int xmmu_move_window(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			    unsigned long *end, unsigned long *moved)
{
	int err;

	move->large = XMMU_COMPAT_SELECT_LARGE && move->mem->config.type == XMMU_DEVMEM_PRIVATE;
	err = xmmu_move_locked(move, mm, start, end, moved);
	if (!err && move->large && move->missing)
		err = xmmu_move_again(move, mm, start, end, moved);
	if (err || !move->missing)
		return err;
	if (!xmmu_devmem_evict(move->mem, move->missing))
		return -ENOSPC;
	err = xmmu_move_again(move, mm, start, end, moved);
	return err ?: move->missing ? -ENOSPC : 0;
}

static int xmmu_move_span(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			  unsigned long end, unsigned long *moved)
{
	unsigned long stop, more;
	int err = 0;

	for (; start < end && !err; start = stop) {
		stop = min(end, (start | (XMMU_WINDOW - 1)) + 1);
		err = xmmu_move_window(move, mm, start, &stop, &more);
		*moved += more;
		if (fatal_signal_pending(current))
			err = err ?: -EINTR;
	}
	return err;
}

static int xmmu_devmem_move(struct xmmu_devmem *mem, struct mm_struct *mm, unsigned long start,
			    unsigned long end, unsigned long *moved, bool to_device)
{
	struct xmmu_window *window;
	int err;

	if (!to_device && !xmmu_devmem_nr_used(mem))
		return 0;
	window = xmmu_inject_fail() ? NULL : xmmu_window_alloc(mem, to_device, GFP_KERNEL);
	if (!window)
		return -ENOMEM;
	window->move.end = end;
	err = xmmu_move_span(&window->move, mm, start, end, moved);
	kvfree(window);
	return err;
}

static int xmmu_devmem_move_in(struct xmmu_devmem *mem, struct xmmu_mirror *mirror,
			       unsigned long start, unsigned long end, unsigned long *moved,
			       bool to_device)
{
	struct mm_struct *mm;
	int err = -ESRCH;

	*moved = 0;
	if (!PAGE_ALIGNED(start | end) || start >= end)
		return -EINVAL;
	if (!xmmu_mirror_pin(mirror))
		return -ESRCH;
	mm = mirror->mm;
	if (mmget_not_zero(mm)) {
		err = xmmu_devmem_move(mem, mm, start, end, moved, to_device);
		mmput_async(mm);
	}
	xmmu_mirror_unpin(mirror);
	return err;
}

int xmmu_devmem_to_device(struct xmmu_devmem *mem, struct xmmu_mirror *mirror, unsigned long start,
			  unsigned long end, unsigned long *moved)
{
	return xmmu_devmem_move_in(mem, mirror, start, end, moved, true);
}

int xmmu_devmem_to_ram(struct xmmu_devmem *mem, struct xmmu_mirror *mirror, unsigned long start,
		       unsigned long end, unsigned long *moved)
{
	return xmmu_devmem_move_in(mem, mirror, start, end, moved, false);
}
