// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ranges, and the blocks below them.
 *
 * A block has one interval notifier for a coarse, aligned stretch, so that a range beside another
 * costs a tree operation and not a wait for every invalidation of the mm.
 */
#include <linux/interval_tree_generic.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

/* A process may have a million. */
static_assert(sizeof(struct xmmu_range) <= 256);

/* The least that a block covers. */
#define XMMU_BLOCK_SIZE SZ_512M

/* The kernel's interval tree, within this file: looking for a range is most of many callbacks. */
#define xmmu_node_start(node) ((node)->start)
#define xmmu_node_last(node)  ((node)->last)
INTERVAL_TREE_DEFINE(struct interval_tree_node, rb, unsigned long, __subtree_last, xmmu_node_start,
		     xmmu_node_last, static inline, xmmu_tree)

struct xmmu_range *xmmu_block_first(struct xmmu_block *block, unsigned long start,
				    unsigned long last)
{
	struct interval_tree_node *node = xmmu_tree_iter_first(&block->ranges, start, last);

	return node ? container_of(node, struct xmmu_range, node) : NULL;
}

struct xmmu_range *xmmu_block_next(struct xmmu_range *range, unsigned long start,
				   unsigned long last)
{
	struct interval_tree_node *node = xmmu_tree_iter_next(&range->node, start, last);

	return node ? container_of(node, struct xmmu_range, node) : NULL;
}

struct xmmu_block *xmmu_mirror_first_block(struct xmmu_mirror *mirror)
{
	struct interval_tree_node *node = xmmu_tree_iter_first(&mirror->blocks, 0, ULONG_MAX);

	return node ? container_of(node, struct xmmu_block, node) : NULL;
}

struct xmmu_block *xmmu_mirror_next_block(struct xmmu_block *block)
{
	struct interval_tree_node *node = xmmu_tree_iter_next(&block->node, 0, ULONG_MAX);

	return node ? container_of(node, struct xmmu_block, node) : NULL;
}

/* With it go the blocks before it, until one that somebody else has. */
static void xmmu_block_free(struct kref *ref)
{
	struct xmmu_block *block = container_of(ref, struct xmmu_block, ref), *former;

	do {
		former = block->former;
		kfree(block);
		block = former;
	} while (block && refcount_dec_and_test(&block->ref.refcount));
}

static void xmmu_block_put(struct xmmu_block *block)
{
	kref_put(&block->ref, xmmu_block_free);
}

static void xmmu_block_rearm_begin(struct xmmu_block *block)
{
	struct xmmu_range *range;

	xmmu_mirror_lock(block->mirror);
	xmmu_block_for_each(block, range, 0, ULONG_MAX)
		if (range->heat == XMMU_RANGE_COLD)
			WRITE_ONCE(range->heat, XMMU_RANGE_REARMING);
	xmmu_mirror_unlock(block->mirror);
}

static void xmmu_block_rearm_end(struct xmmu_block *block)
{
	struct xmmu_range *range;

	xmmu_mirror_lock(block->mirror);
	xmmu_block_for_each(block, range, 0, ULONG_MAX)
		if (range->heat == XMMU_RANGE_REARMING)
			smp_store_release(&range->heat, XMMU_RANGE_WARM);
	WRITE_ONCE(block->nr_rearms, block->nr_rearms + 1);
	xmmu_mirror_unlock(block->mirror);
	xmmu_mirror_wake(block->mirror);
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

/* A block that contains the whole range. Under the lock. */
static struct xmmu_block *xmmu_block_find(struct xmmu_mirror *mirror, unsigned long start,
					  unsigned long last)
{
	struct interval_tree_node *node;

	for (node = xmmu_tree_iter_first(&mirror->blocks, start, start); node;
	     node = xmmu_tree_iter_next(node, start, start))
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

/* With mm_users held. */
static struct xmmu_block *xmmu_block_new(struct xmmu_mirror *mirror, unsigned long start,
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
	return block;
}

/* A block that nobody finds yet. The mirror is pinned. */
struct xmmu_block *xmmu_block_create(struct xmmu_mirror *mirror, unsigned long start,
				     unsigned long last)
{
	struct xmmu_block *block;

	if (!mmget_not_zero(mirror->mm))
		return ERR_PTR(-ESRCH);
	block = xmmu_block_new(mirror, start, last);
	mmput_async(mirror->mm);
	return block;
}

/* Nobody finds it any more. Waits for every open invalidation of the mm. The mirror is pinned. */
void xmmu_block_destroy(struct xmmu_block *block)
{
	cancel_work_sync(&block->rearm);
	mmu_interval_notifier_remove(&block->notifier);
	xmmu_block_put(block);
}

/* With one reference for the caller and one for the mirror. */
void xmmu_range_init(struct xmmu_range *range, struct xmmu_mirror *mirror, struct xmmu_block *block,
		     unsigned long start, unsigned long end)
{
	range->node.start = start;
	range->node.last = end - 1;
	range->mirror = mirror;
	range->block = block;
	refcount_set(&range->ref.refcount, 2);
	/* An invalidation may be open whose callback did not see the range. */
	range->heat = XMMU_RANGE_COLD;
	range->seq = 0;
	range->vmas = XMMU_VMAS_UNKNOWN;
	range->flags = 0;
	range->filled_start = 0;
	range->filled_end = 0;
	range->state = XMMU_RANGE_INSERTED;
	xa_init(&range->dma);
}

/* Under the lock. */
void xmmu_range_link(struct xmmu_range *range, struct xmmu_block *block)
{
	kref_get(&block->ref);
	xmmu_tree_insert(&range->node, &block->ranges);
	xmmu_debug_range_added();
}

/* Under the lock. Returns the block if that was its last range: nobody finds it any more. */
static struct xmmu_block *xmmu_range_unlink(struct xmmu_range *range)
{
	struct xmmu_block *block = range->block;

	xmmu_tree_remove(&range->node, &block->ranges);
	if (!RB_EMPTY_ROOT(&block->ranges.rb_root))
		return NULL;
	xmmu_tree_remove(&block->node, &block->mirror->blocks);
	return block;
}

/*
 * Give a range other bounds, in its block or in one that was made for them. Returns the old block if
 * that was its last range. A walk may still look at the old block, so the new one holds it. Walks
 * look at the bounds after they have read the sequence. Under the lock.
 */
struct xmmu_block *xmmu_range_move(struct xmmu_range *range, struct xmmu_block *block,
				   unsigned long start, unsigned long end)
{
	struct xmmu_block *unused = NULL;

	if (block == range->block) {
		xmmu_tree_remove(&range->node, &block->ranges);
	} else {
		unused = xmmu_range_unlink(range);
		xmmu_tree_insert(&block->node, &range->mirror->blocks);
		kref_get(&block->ref);
		block->former = range->block;
		/* Walks that wait for the old block's worker go on. */
		block->nr_rearms = range->block->nr_rearms + 1;
		smp_store_release(&range->block, block);
	}
	/* Whoever finds other bounds than expected sees why. */
	WRITE_ONCE(range->flags, range->flags | XMMU_RANGE_MOVED);
	smp_wmb();
	WRITE_ONCE(range->node.start, start);
	WRITE_ONCE(range->node.last, end - 1);
	xmmu_tree_insert(&range->node, &block->ranges);
	/* By two: somebody may expect one event, see exclusive.c. */
	smp_store_release(&range->seq, range->seq + 2);
	return unused;
}

int xmmu_span_check(unsigned long start, unsigned long end)
{
	return PAGE_ALIGNED(start) && PAGE_ALIGNED(end) && start < end ? 0 : -EINVAL;
}

/*
 * Into a block that is there or, if there is none, into the given one, which then is the caller's no
 * more; -ENOENT without one. Under the lock.
 */
int xmmu_range_place(struct xmmu_mirror *mirror, struct xmmu_range *range, unsigned long start,
		     unsigned long end, struct xmmu_block **fresh)
{
	int err = xmmu_mirror_error(mirror);
	struct xmmu_block *block;

	if (err)
		return err;
	if (xmmu_span_check(start, end) || end > mirror->mm->task_size)
		return -EINVAL;
	block = xmmu_block_find(mirror, start, end - 1);
	if (!block && !fresh)
		return -ENOENT;
	if (!block) {
		block = *fresh;
		*fresh = NULL;
		xmmu_tree_insert(&block->node, &mirror->blocks);
	}
	xmmu_range_init(range, mirror, block, start, end);
	xmmu_range_link(range, block);
	return 0;
}

static int xmmu_range_place_locked(struct xmmu_mirror *mirror, struct xmmu_range *range,
				   unsigned long start, unsigned long end,
				   struct xmmu_block **fresh)
{
	int err;

	xmmu_mirror_lock(mirror);
	err = xmmu_range_place(mirror, range, start, end, fresh);
	xmmu_mirror_unlock(mirror);
	return err;
}

/* Another thread may have been faster. The mirror is pinned. */
static int xmmu_range_place_fresh(struct xmmu_mirror *mirror, struct xmmu_range *range,
				  unsigned long start, unsigned long end)
{
	struct xmmu_block *fresh;
	int err;

	if (!mirror->config.ops->range_free)
		return -EINVAL;
	fresh = xmmu_block_create(mirror, start, end - 1);
	if (IS_ERR(fresh))
		return PTR_ERR(fresh);
	err = xmmu_range_place_locked(mirror, range, start, end, &fresh);
	if (fresh)
		xmmu_block_destroy(fresh);
	return err;
}

/* The first range far and wide. Rare, and so kept apart. */
static noinline int xmmu_range_place_first(struct xmmu_mirror *mirror, struct xmmu_range *range,
					   unsigned long start, unsigned long end)
{
	int err;

	if (!xmmu_mirror_pin(mirror))
		return -ESRCH;
	err = xmmu_range_place_fresh(mirror, range, start, end);
	xmmu_mirror_unpin(mirror);
	return err;
}

__flatten int xmmu_range_insert(struct xmmu_mirror *mirror, struct xmmu_range *range,
				unsigned long start, unsigned long end)
{
	int err;

	if (!xmmu_mirror_has_locks(mirror))
		return -ESRCH;
	err = xmmu_range_place_locked(mirror, range, start, end, NULL);
	if (err == -ENOENT)
		err = xmmu_range_place_first(mirror, range, start, end);
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
 * Why xmmu_range_check() has failed. A range that was found a moment ago may reach as far as that no
 * more: then the caller did nothing wrong.
 */
noinline int xmmu_range_bad_span(const struct xmmu_range *range, unsigned long start,
				 unsigned long end)
{
	if (xmmu_span_check(start, end))
		return -EINVAL;
	smp_rmb(); /* with xmmu_range_move() */
	return READ_ONCE(range->flags) & XMMU_RANGE_MOVED ? -ESRCH : -EINVAL;
}

/*
 * Zap, flush, wait, unmap; the kernel's callbacks for the span run beside it. A range that was
 * removed meanwhile is left alone: its driver may have torn its page table down. One that has other
 * bounds now has not all of it.
 */
int xmmu_range_zap_sync(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_mirror *mirror = range->mirror;
	struct xmmu_inval inval __uninitialized;

	xmmu_inval_init(&inval, mirror, start, end);
	inval.range = range;
	xmmu_mirror_lock(mirror);
	if (xmmu_range_check(range, start, end)) {
		xmmu_mirror_unlock(mirror);
		return -ESRCH;
	}
	if (range->state != XMMU_RANGE_REMOVED)
		xmmu_range_zap_filled(range, inval.start, inval.end);
	xmmu_inval_post(&inval);
	xmmu_mirror_unlock(mirror);
	if (inval.waiting)
		xmmu_inval_finish(&inval);
	return 0;
}

int xmmu_range_zap(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_mirror *mirror = range->mirror;
	int err;

	if (xmmu_range_check(range, start, end))
		return xmmu_range_bad_span(range, start, end);
	/* Detach has removed everything, and the mirror may be freed since. */
	if (READ_ONCE(range->state) == XMMU_RANGE_REMOVED || !xmmu_mirror_pin(mirror))
		return 0;
	err = xmmu_range_zap_sync(range, start, end);
	xmmu_mirror_unpin(mirror);
	return err;
}

/* The zap of a range that goes. Under the lock, which is dropped to wait. */
static void xmmu_range_clear(struct xmmu_range *range)
{
	struct xmmu_mirror *mirror = range->mirror;
	struct xmmu_inval inval __uninitialized;

	xmmu_inval_init(&inval, mirror, xmmu_range_start(range), xmmu_range_end(range));
	inval.range = range;
	xmmu_range_zap_filled(range, inval.start, inval.end);
	xmmu_inval_post(&inval);
	if (!inval.waiting)
		return;
	xmmu_mirror_unlock(mirror);
	/* Walks that wait for the range to get warm go on, and fail. */
	xmmu_mirror_wake(mirror);
	xmmu_inval_finish(&inval);
	xmmu_mirror_lock(mirror);
}

/*
 * Detach waits until the range is removed and, if that leaves a block without ranges, for the pin.
 * A mirror that has a range is pinned by being attached.
 */
void xmmu_range_remove(struct xmmu_range *range)
{
	struct xmmu_mirror *mirror = range->mirror;
	struct xmmu_block *unused;

	/* Detach has removed it, and the mirror may be freed since. */
	if (READ_ONCE(range->state) == XMMU_RANGE_REMOVED)
		return;
	xmmu_mirror_lock(mirror);
	if (range->state != XMMU_RANGE_INSERTED) {
		xmmu_mirror_unlock(mirror);
		wait_event(mirror->wait, READ_ONCE(range->state) == XMMU_RANGE_REMOVED);
		return;
	}
	WRITE_ONCE(range->state, XMMU_RANGE_REMOVING);
	xmmu_range_clear(range);
	unused = xmmu_range_unlink(range);
	if (unused)
		atomic_inc(&mirror->users);
	WRITE_ONCE(range->state, XMMU_RANGE_REMOVED);
	xmmu_mirror_unlock(mirror);
	xmmu_mirror_wake(mirror);
	if (unused) {
		xmmu_block_destroy(unused);
		xmmu_mirror_unpin(mirror);
	}
	xmmu_range_put(range); /* the mirror's */
}

static struct xmmu_range *xmmu_block_first_inserted(struct xmmu_block *block, unsigned long start,
						    unsigned long last, bool gone)
{
	struct xmmu_range *range;

	xmmu_block_for_each(block, range, start, last)
		if (range->state == XMMU_RANGE_INSERTED &&
		    (!gone || range->flags & XMMU_RANGE_GONE))
			return range;
	return NULL;
}

/*
 * A range that has something of a span; if `gone` is set, one of which something was unmapped. Under
 * the lock.
 */
struct xmmu_range *xmmu_mirror_first_range(struct xmmu_mirror *mirror, unsigned long start,
					   unsigned long last, bool gone)
{
	struct interval_tree_node *node;
	struct xmmu_range *range = NULL;

	for (node = xmmu_tree_iter_first(&mirror->blocks, start, last); node && !range;
	     node = xmmu_tree_iter_next(node, start, last))
		range = xmmu_block_first_inserted(container_of(node, struct xmmu_block, node),
						  start, last, gone);
	return range;
}

struct xmmu_range *xmmu_range_find(struct xmmu_mirror *mirror, unsigned long addr)
{
	struct xmmu_range *range;

	if (!xmmu_mirror_pin(mirror))
		return NULL;
	xmmu_mirror_lock(mirror);
	range = xmmu_mirror_first_range(mirror, addr, addr, false);
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

	if (!xa_empty(&range->dma))
		xmmu_dma_free(range);
	xmmu_debug_range_freed();
	ops->range_free(range);
	xmmu_block_put(block);
}

void xmmu_range_put(struct xmmu_range *range)
{
	kref_put(&range->ref, xmmu_range_release);
}
