// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges, and the blocks below them.
 *
 * A block has one interval notifier for a coarse, aligned stretch, so that a range beside another
 * costs a tree operation and not a wait for every invalidation of the mm.
 */
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

/* The least that a block covers. */
#define XMMU_BLOCK_SIZE SZ_512M

struct xmmu_range *xmmu_block_first(struct xmmu_block *block, unsigned long start,
				    unsigned long last)
{
	struct interval_tree_node *node = interval_tree_iter_first(&block->ranges, start, last);

	return node ? container_of(node, struct xmmu_range, node) : NULL;
}

struct xmmu_range *xmmu_block_next(struct xmmu_range *range, unsigned long start,
				   unsigned long last)
{
	struct interval_tree_node *node = interval_tree_iter_next(&range->node, start, last);

	return node ? container_of(node, struct xmmu_range, node) : NULL;
}

struct xmmu_block *xmmu_mirror_first_block(struct xmmu_mirror *mirror)
{
	struct interval_tree_node *node = interval_tree_iter_first(&mirror->blocks, 0, ULONG_MAX);

	return node ? container_of(node, struct xmmu_block, node) : NULL;
}

struct xmmu_block *xmmu_mirror_next_block(struct xmmu_block *block)
{
	struct interval_tree_node *node = interval_tree_iter_next(&block->node, 0, ULONG_MAX);

	return node ? container_of(node, struct xmmu_block, node) : NULL;
}

static void xmmu_block_free(struct kref *ref)
{
	kfree(container_of(ref, struct xmmu_block, ref));
}

static void xmmu_block_rearm_begin(struct xmmu_block *block)
{
	struct xmmu_range *range;

	xmmu_mirror_lock(block->mirror);
	xmmu_block_for_each(block, range, 0, ULONG_MAX)
		range->rearm_seq = range->seq;
	xmmu_mirror_unlock(block->mirror);
}

static void xmmu_block_rearm_end(struct xmmu_block *block)
{
	struct xmmu_range *range;

	xmmu_mirror_lock(block->mirror);
	xmmu_block_for_each(block, range, 0, ULONG_MAX)
		if (range->rearm_seq == range->seq)
			WRITE_ONCE(range->cold, false);
	xmmu_mirror_unlock(block->mirror);
	wake_up_all(&block->mirror->wait);
}

/*
 * read_begin waits, without regard to signals, until no invalidation of the mm is open. Here it
 * can wait as long as it likes, and walks wait for the worker, as long as they may.
 */
static void xmmu_block_work(struct work_struct *work)
{
	struct xmmu_block *block = container_of(work, struct xmmu_block, rearm);

	xmmu_block_rearm_begin(block);
	mmu_interval_read_begin(&block->notifier);
	xmmu_block_rearm_end(block);
}

/* A block that contains the whole range. Under block_mutex. */
static struct xmmu_block *xmmu_block_find(struct xmmu_mirror *mirror, unsigned long start,
					  unsigned long last)
{
	struct interval_tree_node *node;

	for (node = interval_tree_iter_first(&mirror->blocks, start, start); node;
	     node = interval_tree_iter_next(node, start, start))
		if (node->last >= last)
			return container_of(node, struct xmmu_block, node);
	return NULL;
}

/* The aligned stretch around a range, without wrapping at the top. */
static void xmmu_block_span(struct xmmu_block *block, unsigned long start, unsigned long last)
{
	block->node.start = ALIGN_DOWN(start, XMMU_BLOCK_SIZE);
	block->node.last = last | (XMMU_BLOCK_SIZE - 1);
}

/* Under block_mutex, with mm_users held. */
static struct xmmu_block *xmmu_block_create(struct xmmu_mirror *mirror, unsigned long start,
					    unsigned long last)
{
	struct xmmu_block *block;
	int err;

	if (xmmu_inject_fail())
		return ERR_PTR(-ENOMEM);
	block = kzalloc(sizeof(*block), GFP_KERNEL_ACCOUNT);
	if (!block)
		return ERR_PTR(-ENOMEM);
	block->mirror = mirror;
	block->ops = mirror->config.ops;
	block->ranges = RB_ROOT_CACHED;
	kref_init(&block->ref);
	INIT_WORK(&block->rearm, xmmu_block_work);
	xmmu_block_span(block, start, last);

	/* Callbacks may come at once: they find a complete block without ranges. */
	err = mmu_interval_notifier_insert(&block->notifier, mirror->mm, block->node.start,
					   block->node.last - block->node.start + 1,
					   &xmmu_block_ops);
	if (err) {
		kfree(block);
		return ERR_PTR(err);
	}
	xmmu_mirror_lock(mirror);
	interval_tree_insert(&block->node, &mirror->blocks);
	xmmu_mirror_unlock(mirror);
	return block;
}

/* If the last range is gone, nobody finds the block any more. Under block_mutex. */
static bool xmmu_block_unlink(struct xmmu_mirror *mirror, struct xmmu_block *block)
{
	if (block->nr_ranges)
		return false;
	xmmu_mirror_lock(mirror);
	interval_tree_remove(&block->node, &mirror->blocks);
	xmmu_mirror_unlock(mirror);
	return true;
}

/* Waits for every open invalidation of the mm, so without block_mutex. The mirror is pinned. */
static void xmmu_block_destroy(struct xmmu_block *block)
{
	cancel_work_sync(&block->rearm);
	mmu_interval_notifier_remove(&block->notifier);
	kref_put(&block->ref, xmmu_block_free);
}

static void xmmu_range_init(struct xmmu_range *range, struct xmmu_mirror *mirror,
			    struct xmmu_block *block, unsigned long start, unsigned long end)
{
	memset(range, 0, sizeof(*range));
	range->node.start = start;
	range->node.last = end - 1;
	range->mirror = mirror;
	range->block = block;
	kref_init(&range->ref);
	/*
	 * An invalidation may be open whose callback did not see the range. Nor did a worker that
	 * waits for it now, so what it has read must not match.
	 */
	range->cold = true;
	range->seq = 1;
	range->cold_since = atomic_read(&mirror->ended) - 1;
	xa_init(&range->dma);
}

/* Under block_mutex. */
static int xmmu_range_link(struct xmmu_range *range)
{
	struct xmmu_mirror *mirror = range->mirror;
	int err;

	xmmu_mirror_lock(mirror);
	err = xmmu_mirror_error(mirror);
	if (!err) {
		xmmu_range_get(range); /* the mirror's */
		kref_get(&range->block->ref);
		range->block->nr_ranges++;
		interval_tree_insert(&range->node, &range->block->ranges);
		xmmu_debug_range_added();
	}
	xmmu_mirror_unlock(mirror);
	return err;
}

/* With mm_users held, and the mirror pinned. */
static int xmmu_range_insert_pinned(struct xmmu_mirror *mirror, struct xmmu_range *range,
				    unsigned long start, unsigned long end)
{
	struct xmmu_block *block;
	bool empty = false;
	int err;

	err = mutex_lock_killable(&mirror->block_mutex);
	if (err)
		return err;
	block = xmmu_block_find(mirror, start, end - 1);
	if (!block)
		block = xmmu_block_create(mirror, start, end - 1);
	if (IS_ERR(block)) {
		err = PTR_ERR(block);
	} else {
		xmmu_range_init(range, mirror, block, start, end);
		err = xmmu_range_link(range);
		empty = xmmu_block_unlink(mirror, block);
	}
	mutex_unlock(&mirror->block_mutex);
	if (empty)
		xmmu_block_destroy(block);
	return err;
}

static int xmmu_span_check(unsigned long start, unsigned long end)
{
	return PAGE_ALIGNED(start) && PAGE_ALIGNED(end) && start < end ? 0 : -EINVAL;
}

int xmmu_range_insert(struct xmmu_mirror *mirror, struct xmmu_range *range, unsigned long start,
		      unsigned long end)
{
	int err;

	if (!xmmu_mirror_pin(mirror))
		return -ESRCH;
	err = xmmu_mirror_error(mirror);
	if (err)
		goto unpin;
	err = -EINVAL;
	if (xmmu_span_check(start, end) || end > mirror->mm->task_size ||
	    !mirror->config.ops->range_free)
		goto unpin;
	err = -ESRCH;
	if (!mmget_not_zero(mirror->mm))
		goto unpin;
	err = xmmu_range_insert_pinned(mirror, range, start, end);
	mmput_async(mirror->mm);
unpin:
	xmmu_mirror_unpin(mirror);
	return err;
}

/* Whether a span lies in the range. */
int xmmu_range_check(const struct xmmu_range *range, unsigned long start, unsigned long end)
{
	if (xmmu_span_check(start, end))
		return -EINVAL;
	return start >= xmmu_range_start(range) && end <= xmmu_range_end(range) ? 0 : -EINVAL;
}

/*
 * Zap, flush, wait, unmap; the kernel's callbacks for the span run beside it. A range that was
 * removed meanwhile is left alone: its driver may have torn its page table down.
 */
void xmmu_range_zap_sync(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_mirror *mirror = range->mirror;
	struct xmmu_inval inval;

	xmmu_inval_init(&inval, mirror, start, end);
	inval.range = range;
	xmmu_mirror_lock(mirror);
	if (range->state != XMMU_RANGE_REMOVED)
		xmmu_inval_zap(&inval, range);
	xmmu_inval_post(&inval);
	xmmu_mirror_unlock(mirror);
	xmmu_inval_finish(&inval);
}

int xmmu_range_zap(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_mirror *mirror = range->mirror;
	int err = xmmu_range_check(range, start, end);

	if (err)
		return err;
	/* Detach has removed everything, and the mirror may be freed since. */
	if (READ_ONCE(range->state) == XMMU_RANGE_REMOVED || !xmmu_mirror_pin(mirror))
		return 0;
	xmmu_range_zap_sync(range, start, end);
	xmmu_mirror_unpin(mirror);
	return 0;
}

/* Nothing is populated any more: out of the trees. */
static void xmmu_range_unlink(struct xmmu_range *range)
{
	struct xmmu_mirror *mirror = range->mirror;
	struct xmmu_block *block = range->block;
	bool empty;

	mutex_lock(&mirror->block_mutex);
	xmmu_mirror_lock(mirror);
	interval_tree_remove(&range->node, &block->ranges);
	xmmu_mirror_unlock(mirror);
	block->nr_ranges--;
	empty = xmmu_block_unlink(mirror, block);
	mutex_unlock(&mirror->block_mutex);
	if (empty)
		xmmu_block_destroy(block);
}

static bool xmmu_range_set_state(struct xmmu_range *range, enum xmmu_range_state from,
				 enum xmmu_range_state to)
{
	struct xmmu_mirror *mirror = range->mirror;
	bool was;

	xmmu_mirror_lock(mirror);
	was = range->state == from;
	if (was)
		WRITE_ONCE(range->state, to);
	xmmu_mirror_unlock(mirror);
	return was;
}

static void xmmu_range_remove_once(struct xmmu_range *range)
{
	struct xmmu_mirror *mirror = range->mirror;

	if (!xmmu_range_set_state(range, XMMU_RANGE_INSERTED, XMMU_RANGE_REMOVING)) {
		wait_event(mirror->wait, READ_ONCE(range->state) == XMMU_RANGE_REMOVED);
		return;
	}
	/* Walks that wait for the range to get warm go on, and fail. */
	wake_up_all(&mirror->wait);
	xmmu_range_zap_sync(range, xmmu_range_start(range), xmmu_range_end(range));
	xmmu_range_unlink(range);
	xmmu_range_set_state(range, XMMU_RANGE_REMOVING, XMMU_RANGE_REMOVED);
	wake_up_all(&mirror->wait);
	xmmu_range_put(range); /* the mirror's */
}

void xmmu_range_remove(struct xmmu_range *range)
{
	struct xmmu_mirror *mirror = range->mirror;

	/* Detach has removed it, and the mirror may be freed since. */
	if (READ_ONCE(range->state) == XMMU_RANGE_REMOVED || !xmmu_mirror_pin(mirror))
		return;
	xmmu_range_remove_once(range);
	xmmu_mirror_unpin(mirror);
}

/* Under the lock. */
static struct xmmu_range *xmmu_block_inserted(struct xmmu_block *block, unsigned long addr)
{
	struct xmmu_range *range;

	xmmu_block_for_each(block, range, addr, addr)
		if (range->state == XMMU_RANGE_INSERTED)
			return range;
	return NULL;
}

/* Under the lock. */
static struct xmmu_range *xmmu_mirror_inserted(struct xmmu_mirror *mirror, unsigned long addr)
{
	struct interval_tree_node *node;
	struct xmmu_range *range = NULL;

	for (node = interval_tree_iter_first(&mirror->blocks, addr, addr); node && !range;
	     node = interval_tree_iter_next(node, addr, addr))
		range = xmmu_block_inserted(container_of(node, struct xmmu_block, node), addr);
	return range;
}

struct xmmu_range *xmmu_range_find(struct xmmu_mirror *mirror, unsigned long addr)
{
	struct xmmu_range *range;

	if (!xmmu_mirror_pin(mirror))
		return NULL;
	xmmu_mirror_lock(mirror);
	range = xmmu_mirror_inserted(mirror, addr);
	if (range)
		xmmu_range_get(range);
	xmmu_mirror_unlock(mirror);
	xmmu_mirror_unpin(mirror);
	return range;
}

static void xmmu_range_release(struct kref *ref)
{
	struct xmmu_range *range = container_of(ref, struct xmmu_range, ref);
	struct xmmu_block *block = range->block;
	const struct xmmu_ops *ops = block->ops;

	xmmu_dma_free(range);
	xmmu_debug_range_freed();
	ops->range_free(range);
	kref_put(&block->ref, xmmu_block_free);
}

void xmmu_range_put(struct xmmu_range *range)
{
	kref_put(&range->ref, xmmu_range_release);
}
