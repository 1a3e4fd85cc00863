// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parents: regions on a grid, made where the device faults.
 *
 * A child is in the array from the moment it is complete until somebody drops it, under the mutex
 * and so once: the collector, whoever needs its place, or the end of the parent. The array holds a
 * reference; whoever finds a child under the spinlock takes another. A child that is dropped while
 * it is held is of no use any more: walks of it fail with -ESRCH, and the next look makes another.
 *
 * An invalidation takes neither of the two locks, so a child may be removed, which waits for the
 * device, under the mutex.
 */
#include <linux/log2.h>
#include <linux/mm.h>

#include <xmmu/odp.h>

#include "internal.h"

/* Whether nobody can walk it any more: it was dropped, or the mirror was detached. */
static bool xmmu_odp_is_gone(const struct xmmu_odp *child)
{
	return READ_ONCE(child->range.state) != XMMU_RANGE_INSERTED;
}

static struct xmmu_odp *xmmu_odp_get(struct xmmu_odp_parent *parent, unsigned long index)
{
	struct xmmu_odp *child;

	spin_lock(&parent->lock);
	child = xa_load(&parent->children, index);
	if (child && xmmu_odp_is_gone(child))
		child = NULL;
	if (child) {
		child->used = true;
		xmmu_range_get(&child->range);
	}
	spin_unlock(&parent->lock);
	return child;
}

/* ---- under the mutex */

/* The design's order of teardown; the last one who holds it frees it. */
static void xmmu_odp_drop(struct xmmu_odp_parent *parent, unsigned long index)
{
	struct xmmu_odp *child;

	spin_lock(&parent->lock);
	child = xa_erase(&parent->children, index);
	spin_unlock(&parent->lock);
	if (!child)
		return;
	parent->count--;
	if (parent->config.ops->unlink)
		parent->config.ops->unlink(child);
	xmmu_range_remove(&child->range);
	xmmu_range_put(&child->range);
}

/* Whether it was not used since it was asked last. */
static bool xmmu_odp_is_idle(struct xmmu_odp_parent *parent, struct xmmu_odp *child)
{
	bool idle;

	spin_lock(&parent->lock);
	idle = !child->used;
	child->used = false;
	spin_unlock(&parent->lock);
	return idle;
}

/* The hand goes round. There is a child. */
static struct xmmu_odp *xmmu_odp_next(struct xmmu_odp_parent *parent)
{
	struct xmmu_odp *child;

	parent->hand++;
	child = xa_find(&parent->children, &parent->hand, ULONG_MAX, XA_PRESENT);
	if (child)
		return child;
	parent->hand = 0;
	return xa_find(&parent->children, &parent->hand, ULONG_MAX, XA_PRESENT);
}

/* Make room for a child. If all are used all the time, one of them goes. */
static void xmmu_odp_evict(struct xmmu_odp_parent *parent)
{
	unsigned int left = 2 * parent->count;

	while (!xmmu_odp_is_idle(parent, xmmu_odp_next(parent)) && left)
		left--;
	xmmu_odp_drop(parent, parent->hand);
}

static struct xmmu_odp *xmmu_odp_alloc(struct xmmu_odp_parent *parent)
{
	struct xmmu_odp *child = parent->config.ops->alloc(parent);

	if (!child)
		return NULL;
	xmmu_odp_init(child, parent->config.access);
	child->parent = parent;
	spin_lock(&parent->lock);
	parent->alive++;
	spin_unlock(&parent->lock);
	return child;
}

/* The mirror is pinned. */
static int xmmu_odp_insert(struct xmmu_odp_parent *parent, struct xmmu_odp *child,
			   unsigned long index)
{
	struct xmmu_mirror *mirror = parent->mirror;
	unsigned long start = index * parent->config.size;
	unsigned long end = min(start + parent->config.size, mirror->mm->task_size);
	int err = xmmu_range_insert(mirror, &child->range, start, end);

	if (err) {
		/* All that range_free() may ask for. */
		child->range.mirror = mirror;
		mirror->config.ops->range_free(&child->range);
	}
	return err;
}

/* It is found from now on. The caller's reference becomes that of the array. */
static int xmmu_odp_publish(struct xmmu_odp_parent *parent, struct xmmu_odp *child,
			    unsigned long index)
{
	int err = xa_insert(&parent->children, index, child, GFP_KERNEL_ACCOUNT);

	if (err) {
		xmmu_range_remove(&child->range);
		xmmu_range_put(&child->range);
		return err;
	}
	parent->count++;
	if (parent->config.ops->link)
		parent->config.ops->link(child);
	return 0;
}

static int xmmu_odp_make_pinned(struct xmmu_odp_parent *parent, unsigned long index)
{
	struct xmmu_odp *child;
	int err;

	/* What is there is of no use any more. */
	xmmu_odp_drop(parent, index);
	while (parent->count >= parent->config.children)
		xmmu_odp_evict(parent);
	child = xmmu_odp_alloc(parent);
	if (!child)
		return -ENOMEM;
	err = xmmu_odp_insert(parent, child, index);
	return err ?: xmmu_odp_publish(parent, child, index);
}

static struct xmmu_odp *xmmu_odp_make(struct xmmu_odp_parent *parent, unsigned long index)
{
	int err;

	if (parent->closed || !xmmu_mirror_pin(parent->mirror))
		return ERR_PTR(-ESRCH);
	err = xmmu_odp_make_pinned(parent, index);
	xmmu_mirror_unpin(parent->mirror);
	if (err)
		return ERR_PTR(err);
	/* The mirror may be detached by now. */
	return xmmu_odp_get(parent, index) ?: ERR_PTR(-ESRCH);
}

/* Drop all that nobody needs: those without a page or, at the end, all. */
static void xmmu_odp_drop_unused(struct xmmu_odp_parent *parent)
{
	struct xmmu_odp *child;
	unsigned long index;

	xa_for_each(&parent->children, index, child) {
		/* The references of array and mirror; somebody may be about to populate it. */
		if (parent->closed ||
		    (!READ_ONCE(child->pages) && kref_read(&child->range.ref) <= 2))
			xmmu_odp_drop(parent, index);
	}
}

/* ---- */

static void xmmu_odp_collect_work(struct work_struct *work)
{
	struct xmmu_odp_parent *parent = container_of(work, struct xmmu_odp_parent, collect);

	mutex_lock(&parent->making);
	xmmu_odp_drop_unused(parent);
	mutex_unlock(&parent->making);
}

int xmmu_odp_parent_init(struct xmmu_odp_parent *parent, struct xmmu_mirror *mirror,
			 const struct xmmu_odp_parent_config *config)
{
	*parent = (struct xmmu_odp_parent){ .config = *config, .mirror = mirror };
	parent->config.size = config->size ?: XMMU_ODP_CHILD_SIZE;
	parent->config.children = config->children ?: XMMU_ODP_CHILDREN;
	if (!config->ops || !config->ops->alloc || !is_power_of_2(parent->config.size) ||
	    parent->config.size < XMMU_WINDOW)
		return -EINVAL;
	mutex_init(&parent->making);
	INIT_WORK(&parent->collect, xmmu_odp_collect_work);
	spin_lock_init(&parent->lock);
	xa_init(&parent->children);
	init_waitqueue_head(&parent->wait);
	return 0;
}

/* Whether all children are freed, and who freed the last one is through with the parent. */
static bool xmmu_odp_parent_is_empty(struct xmmu_odp_parent *parent)
{
	bool empty;

	spin_lock(&parent->lock);
	empty = !parent->alive;
	spin_unlock(&parent->lock);
	return empty;
}

void xmmu_odp_parent_destroy(struct xmmu_odp_parent *parent)
{
	mutex_lock(&parent->making);
	parent->closed = true;
	xmmu_odp_drop_unused(parent);
	mutex_unlock(&parent->making);
	wait_event(parent->wait, xmmu_odp_parent_is_empty(parent));
	/* Without children nobody queues it. */
	cancel_work_sync(&parent->collect);
	xa_destroy(&parent->children);
}

struct xmmu_odp *xmmu_odp_parent_find(struct xmmu_odp_parent *parent, unsigned long addr)
{
	unsigned long index = addr / parent->config.size;
	struct xmmu_odp *child = xmmu_odp_get(parent, index);

	if (child)
		return child;
	if (mutex_lock_killable(&parent->making))
		return ERR_PTR(-EINTR);
	child = xmmu_odp_get(parent, index) ?: xmmu_odp_make(parent, index);
	mutex_unlock(&parent->making);
	return child;
}

/* XMMU_AGAIN if the child was dropped meanwhile. */
static int xmmu_odp_child_fault(struct xmmu_odp_parent *parent, unsigned long start,
				unsigned long end, unsigned int access, struct xmmu_budget *budget)
{
	struct xmmu_odp *child = xmmu_odp_parent_find(parent, start);
	int err;

	if (IS_ERR(child))
		return PTR_ERR(child);
	err = xmmu_odp_fault(child, start, end, access, budget);
	if (err == -ESRCH && xmmu_odp_is_gone(child))
		err = time_before(jiffies, budget->end) ? XMMU_AGAIN : -ETIMEDOUT;
	xmmu_range_put(&child->range);
	return err;
}

int xmmu_odp_parent_fault(struct xmmu_odp_parent *parent, unsigned long start, unsigned long end,
			  unsigned int access, struct xmmu_budget *budget)
{
	unsigned long size = parent->config.size, stop;
	struct xmmu_budget own;
	int err = xmmu_span_check(start, end);

	if (!budget) {
		xmmu_budget_init(&own, XMMU_BUDGET_STALL_MS, XMMU_BUDGET_TOTAL_MS);
		budget = &own;
	}
	while (start < end && err >= 0) {
		stop = min(end, ALIGN_DOWN(start, size) + size);
		err = xmmu_odp_child_fault(parent, start, stop, access, budget);
		if (!err)
			start = stop;
	}
	return err;
}
