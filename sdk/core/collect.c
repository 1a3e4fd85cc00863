// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges that follow the mappings of the process: what is unmapped is cut off.
 *
 * The callback only remembers the span, as the union of all that were announced. Which of it is
 * unmapped is asked later, of the mappings: the kernel announces also what it reaps, and what is
 * mapped again by then need not go.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "internal.h"

void xmmu_gone_clear(struct xmmu_mirror *mirror)
{
	xmmu_mirror_assert_locked(mirror);
	mirror->gone_start = ULONG_MAX;
	mirror->gone_end = 0;
}

static void xmmu_gone_add(struct xmmu_mirror *mirror, unsigned long start, unsigned long end)
{
	xmmu_mirror_assert_locked(mirror);
	mirror->gone_start = min(start, mirror->gone_start);
	mirror->gone_end = max(end, mirror->gone_end);
}

/* Under the lock. */
void xmmu_range_unmapped(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_mirror *mirror = range->mirror;

	WRITE_ONCE(range->vmas, XMMU_VMAS_UNKNOWN);
	if (!mirror->config.ops->range_alloc || mirror->state != XMMU_STATE_LIVE)
		return;
	WRITE_ONCE(range->flags, range->flags | XMMU_RANGE_GONE);
	xmmu_gone_add(mirror, start, end);
	queue_work(xmmu_wq, &mirror->collect);
}

/* The first stretch without a mapping. */
static bool xmmu_find_hole(struct mm_struct *mm, unsigned long *start, unsigned long *end)
{
	struct vm_area_struct *vma = NULL;
	bool found;

	mmap_read_lock(mm);
	while (*start < *end && (vma = find_vma(mm, *start)) && vma->vm_start <= *start)
		*start = vma->vm_end;
	found = *start < *end;
	if (found && vma)
		*end = min(*end, vma->vm_start);
	mmap_read_unlock(mm);
	return found;
}

/* It needs no memory: it fails if the range, or the mirror, is gone. */
static bool xmmu_range_shrink(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	int err = xmmu_range_resize_locked(range, start, end);

	WARN_ON_ONCE(err && err != -ESRCH && err != -EIO);
	return !err || READ_ONCE(range->state) != XMMU_RANGE_INSERTED;
}

static bool xmmu_range_cut_middle(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	const struct xmmu_ops *ops = range->mirror->config.ops;
	struct xmmu_range *upper = ops->range_alloc(range);

	if (!upper)
		return false;
	/* All that range_free() may ask for. */
	upper->mirror = range->mirror;
	if (xmmu_range_split_locked(range, upper, end)) {
		ops->range_free(upper);
		return false;
	}
	xmmu_range_put(upper);
	return xmmu_range_shrink(range, xmmu_range_start(range), start);
}

/* Whether the range has nothing of the span any more. Under the mutex, so the bounds are true. */
static bool xmmu_range_cut(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	unsigned long first = xmmu_range_start(range), stop = xmmu_range_end(range);

	if (start > first && end < stop)
		return xmmu_range_cut_middle(range, start, end);
	if (start > first)
		return xmmu_range_shrink(range, first, start);
	if (end < stop)
		return xmmu_range_shrink(range, end, stop);
	xmmu_range_remove(range);
	return true;
}

/* A range of which something was unmapped, in the span. With a reference. Under the mutex. */
static struct xmmu_range *xmmu_mirror_get_gone(struct xmmu_mirror *mirror, unsigned long start,
					       unsigned long end)
{
	struct xmmu_range *range;

	xmmu_mirror_lock(mirror);
	range = xmmu_mirror_first_range(mirror, start, end - 1, true);
	if (range)
		xmmu_range_get(range);
	xmmu_mirror_unlock(mirror);
	return range;
}

/* Without memory for a split a range is left as it is, and what is behind it for the next time. */
static void xmmu_mirror_cut(struct xmmu_mirror *mirror, unsigned long start, unsigned long end)
{
	struct xmmu_range *range;
	bool cut = true;

	mutex_lock(&mirror->bounds);
	while (cut && (range = xmmu_mirror_get_gone(mirror, start, end))) {
		cut = xmmu_range_cut(range, start, end);
		xmmu_range_put(range);
	}
	mutex_unlock(&mirror->bounds);
	if (cut)
		return;
	xmmu_mirror_lock(mirror);
	xmmu_gone_add(mirror, start, end);
	xmmu_mirror_unlock(mirror);
}

/* Detach cancels it, and waits, so the mirror stays attached. */
void xmmu_collect_work(struct work_struct *work)
{
	struct xmmu_mirror *mirror = container_of(work, struct xmmu_mirror, collect);
	unsigned long start, end, hole_end;
	struct mem_cgroup *before;

	if (!mmget_not_zero(mirror->mm))
		return;
	before = xmmu_charge_begin(mirror->mm);
	xmmu_mirror_lock(mirror);
	start = mirror->gone_start;
	end = hole_end = mirror->gone_end;
	xmmu_gone_clear(mirror);
	xmmu_mirror_unlock(mirror);
	while (xmmu_find_hole(mirror->mm, &start, &hole_end)) {
		xmmu_mirror_cut(mirror, start, hole_end);
		start = hole_end;
		hole_end = end;
	}
	xmmu_charge_end(before);
	mmput_async(mirror->mm);
}
