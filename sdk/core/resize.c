// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges that change their bounds: split, grow, shrink.
 *
 * Within a block that is an operation on its tree, under the lock: an invalidation comes before it
 * or after it, and is told of every translation either way. Walks in flight notice by the range's
 * sequence. What leaves a range is zapped and waited for first, and a ticket keeps walks out until
 * the bounds have changed.
 *
 * A range that outgrows its block gets another. One event may call the new block before the range
 * is in it and the old one when it is there no more, so nothing may be populated at that moment.
 */
#include <linux/mm.h>
#include <linux/mutex.h>

#include "internal.h"

/* Keep walks out of a span. The ticket is born confirmed: nobody waits for it. */
static void xmmu_span_hold(struct xmmu_mirror *mirror, struct xmmu_ticket *hold,
			   unsigned long start, unsigned long end)
{
	hold->stays = true;
	xmmu_mirror_lock(mirror);
	xmmu_ticket_add(mirror, hold, XMMU_TICKET_FLUSH, ++mirror->gather.ticket, start, end);
	xmmu_mirror_unlock(mirror);
}

static void xmmu_range_vacate(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	if (start < end)
		xmmu_range_zap_sync(range, start, end);
}

static int xmmu_range_error(const struct xmmu_range *range)
{
	if (range->state != XMMU_RANGE_INSERTED)
		return -ESRCH;
	return xmmu_mirror_error(range->mirror);
}

static bool xmmu_range_grows(const struct xmmu_range *range, unsigned long start, unsigned long end)
{
	return start < xmmu_range_start(range) || end > xmmu_range_end(range);
}

static bool xmmu_block_covers(const struct xmmu_block *block, unsigned long start,
			      unsigned long end)
{
	return block->node.start <= start && end - 1 <= block->node.last;
}

/* With room to grow as much again, so that a range moves rarely. */
static struct xmmu_block *xmmu_block_for_growth(struct xmmu_range *range, unsigned long start,
						unsigned long end)
{
	unsigned long room = end - start, limit = range->mirror->mm->task_size;

	if (start < xmmu_range_start(range))
		start -= min(start, room);
	if (end > xmmu_range_end(range))
		end += min(limit - end, room);
	return xmmu_block_create(range->mirror, start, end - 1);
}

/* The span that leaves, or all, is vacated and held. */
static int xmmu_range_set_bounds(struct xmmu_range *range, struct xmmu_block *block,
				 struct xmmu_ticket *hold, unsigned long start, unsigned long end)
{
	struct xmmu_mirror *mirror = range->mirror;
	struct xmmu_block *unused = NULL;
	int err;

	xmmu_mirror_lock(mirror);
	err = xmmu_range_error(range);
	if (!err) {
		/* An invalidation may be open whose callback did not see what joins. */
		if (xmmu_range_grows(range, start, end)) {
			WRITE_ONCE(range->heat, XMMU_RANGE_COLD);
			WRITE_ONCE(range->vmas, XMMU_VMAS_UNKNOWN);
		}
		unused = xmmu_range_move(range, block, start, end);
	}
	xmmu_ticket_del(mirror, hold);
	xmmu_mirror_unlock(mirror);
	if (unused)
		xmmu_block_destroy(unused);
	return err;
}

static int xmmu_range_resize_in(struct xmmu_range *range, struct xmmu_block *block,
				unsigned long start, unsigned long end)
{
	unsigned long old_start = xmmu_range_start(range), old_end = xmmu_range_end(range);
	struct xmmu_ticket hold;

	xmmu_span_hold(range->mirror, &hold, old_start, old_end);
	if (block == range->block) {
		xmmu_range_vacate(range, old_start, min(start, old_end));
		xmmu_range_vacate(range, max(end, old_start), old_end);
	} else {
		xmmu_range_vacate(range, old_start, old_end);
	}
	return xmmu_range_set_bounds(range, block, &hold, start, end);
}

/* Bounds change under the mutex only. The mirror is pinned. */
int xmmu_range_resize_locked(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_block *fresh;
	int err;

	if (xmmu_span_check(start, end) || end > range->mirror->mm->task_size)
		return -EINVAL;
	if (xmmu_block_covers(range->block, start, end))
		return xmmu_range_resize_in(range, range->block, start, end);
	fresh = xmmu_block_for_growth(range, start, end);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	err = xmmu_range_resize_in(range, fresh, start, end);
	if (err)
		xmmu_block_destroy(fresh);
	return err;
}

int xmmu_range_resize(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_mirror *mirror = range->mirror;
	int err;

	/* Detach has removed it, and the mirror may be freed since. */
	if (READ_ONCE(range->state) == XMMU_RANGE_REMOVED || !xmmu_mirror_pin(mirror))
		return -ESRCH;
	mutex_lock(&mirror->bounds);
	err = xmmu_range_resize_locked(range, start, end);
	mutex_unlock(&mirror->bounds);
	xmmu_mirror_unpin(mirror);
	return err;
}

/* What is populated stays where it is, and belongs to either part. Under the lock. */
static void xmmu_range_divide(struct xmmu_range *range, struct xmmu_range *upper, unsigned long at)
{
	xmmu_range_init(upper, range->mirror, range->block, at, xmmu_range_end(range));
	upper->heat = range->heat;
	upper->flags = range->flags & XMMU_RANGE_GONE;
	upper->filled_start = max(at, range->filled_start);
	upper->filled_end = range->filled_end;
	range->filled_end = min(at, range->filled_end);
	xmmu_range_move(range, range->block, xmmu_range_start(range), at);
	xmmu_range_link(upper, range->block);
}

/* DMA addresses are kept by range: those of the upper part go first. As above. */
int xmmu_range_split_locked(struct xmmu_range *range, struct xmmu_range *upper, unsigned long at)
{
	struct xmmu_mirror *mirror = range->mirror;
	struct xmmu_ticket hold;
	int err;

	if (!PAGE_ALIGNED(at) || at <= xmmu_range_start(range) || at >= xmmu_range_end(range))
		return -EINVAL;
	xmmu_span_hold(mirror, &hold, at, xmmu_range_end(range));
	if (xmmu_dma_used(range))
		xmmu_range_vacate(range, at, xmmu_range_end(range));
	xmmu_mirror_lock(mirror);
	err = xmmu_range_error(range);
	if (!err)
		xmmu_range_divide(range, upper, at);
	xmmu_ticket_del(mirror, &hold);
	xmmu_mirror_unlock(mirror);
	return err;
}

int xmmu_range_split(struct xmmu_range *range, struct xmmu_range *upper, unsigned long at)
{
	struct xmmu_mirror *mirror = range->mirror;
	int err;

	if (READ_ONCE(range->state) == XMMU_RANGE_REMOVED || !xmmu_mirror_pin(mirror))
		return -ESRCH;
	mutex_lock(&mirror->bounds);
	err = xmmu_range_split_locked(range, upper, at);
	mutex_unlock(&mirror->bounds);
	xmmu_mirror_unpin(mirror);
	return err;
}
