// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whole address spaces: the notifier, its counter, and the life of what contexts share.
 *
 * An invalidation counts itself and flushes under the lock under which translations are loaded.
 * What was loaded before is flushed, and whoever comes later sees the counter. Who looked up the
 * page before that, and comes when all is over, sees the sequence. Nobody registers between a start
 * and its end, as registering takes all locks that invalidations run under; so each end finds its
 * start counted. An end may be missing: the list is empty once the address space is released.
 */
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include <xmmu/whole.h>

#include "whole_internal.h"

/* How long module exit waits before it says for what. */
#define XMMU_WHOLE_EXIT_PATIENCE (10 * HZ)

const struct xmmu_whole_ops *xmmu_whole_ops;
/* Objects that were allocated and not freed. */
static atomic_t xmmu_wholes = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(xmmu_wholes_wait);

/* ---- invalidation */

static void xmmu_whole_begin(struct xmmu_whole *whole, const struct mmu_notifier_range *range)
{
	if (!whole->active) {
		whole->busy_start = ULONG_MAX;
		whole->busy_end = 0;
	}
	WRITE_ONCE(whole->active, whole->active + 1);
	whole->busy_start = min(whole->busy_start, range->start);
	whole->busy_end = max(whole->busy_end, range->end);
	whole->seq++;
	whole->stats.events++;
	whole->stats.nonblock += !mmu_notifier_range_blockable(range);
	whole->stats.active_max = max_t(u64, whole->stats.active_max, whole->active);
}

/* Under the lock. */
static void xmmu_whole_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	xmmu_whole_ops->flush(whole, start, end);
	if (IS_ENABLED(XMMU_DEBUG) && xmmu_whole_ops->loaded)
		WARN_ONCE(xmmu_whole_ops->loaded(whole, start, end),
			  "xmmu: %s: a translation outlives the flush of %lx-%lx\n",
			  XMMU_DRIVER_NAME, start, end);
}

static int xmmu_whole_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct xmmu_whole *whole = xmmu_to_whole(notifier);

	spin_lock(&whole->lock);
	xmmu_whole_begin(whole, range);
	xmmu_inject_delay();
	xmmu_whole_flush(whole, range->start, range->end);
	spin_unlock(&whole->lock);
	return 0;
}

static void xmmu_whole_end(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct xmmu_whole *whole = xmmu_to_whole(notifier);
	bool last = false;

	spin_lock(&whole->lock);
	if (!WARN_ON_ONCE(!whole->active)) {
		last = whole->active == 1;
		WRITE_ONCE(whole->active, whole->active - 1);
	}
	spin_unlock(&whole->lock);
	if (last && wq_has_sleeper(&whole->wait))
		wake_up_all(&whole->wait);
}

/* Before the first page goes. What is open may never end; what begins beside it flushes as ever. */
static void xmmu_whole_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct xmmu_whole *whole = xmmu_to_whole(notifier);

	spin_lock(&whole->lock);
	WRITE_ONCE(whole->dead, true);
	xmmu_whole_flush(whole, 0, ULONG_MAX);
	spin_unlock(&whole->lock);
	wake_up_all(&whole->wait);
}

/* ---- lifetime */

static struct mmu_notifier *xmmu_whole_alloc(struct mm_struct *mm)
{
	struct xmmu_whole *whole = xmmu_whole_ops->alloc();

	if (!whole)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&whole->lock);
	init_waitqueue_head(&whole->wait);
	xmmu_whole_age_prime(whole);
	atomic_inc(&xmmu_wholes);
	return &whole->notifier;
}

static void xmmu_whole_free(struct mmu_notifier *notifier)
{
	xmmu_whole_ops->free(xmmu_to_whole(notifier));
	if (atomic_dec_and_test(&xmmu_wholes))
		wake_up_all(&xmmu_wholes_wait);
}

static const struct mmu_notifier_ops xmmu_whole_notifier_ops = {
	.invalidate_range_start = xmmu_whole_start,
	.invalidate_range_end = xmmu_whole_end,
	.release = xmmu_whole_release,
	.clear_flush_young = xmmu_whole_clear_flush_young,
	.clear_young = xmmu_whole_clear_young,
	.test_young = xmmu_whole_test_young,
	.alloc_notifier = xmmu_whole_alloc,
	.free_notifier = xmmu_whole_free,
	XMMU_COMPAT_CHANGE_PTE(xmmu_whole_change_pte)
};

int xmmu_whole_init(const struct xmmu_whole_ops *ops)
{
	if (!ops->alloc || !ops->free || !ops->load || !ops->flush)
		return -EINVAL;
	xmmu_whole_ops = ops;
	return 0;
}

/*
 * mmu_notifier_synchronize() waits for readers of the list, and not for what has yet to be freed.
 * That is counted; and it is freed with bottom halves off, so that a grace period lets the last one
 * leave this module.
 */
void xmmu_whole_exit(void)
{
	while (!wait_event_timeout(xmmu_wholes_wait, !atomic_read(&xmmu_wholes),
				   XMMU_WHOLE_EXIT_PATIENCE))
		pr_err("xmmu: %s: waits for %d address spaces: was a context not put?\n",
		       XMMU_DRIVER_NAME, atomic_read(&xmmu_wholes));
	synchronize_rcu();
	xmmu_whole_ops = NULL;
}

struct xmmu_whole *xmmu_whole_get(void)
{
	struct mmu_notifier *notifier;

	if (WARN_ON_ONCE(!xmmu_whole_ops))
		return ERR_PTR(-EINVAL);
	if (!current->mm)
		return ERR_PTR(-ESRCH);
	notifier = mmu_notifier_get(&xmmu_whole_notifier_ops, current->mm);
	return IS_ERR(notifier) ? ERR_CAST(notifier) : xmmu_to_whole(notifier);
}

void xmmu_whole_put(struct xmmu_whole *whole)
{
	mmu_notifier_put(&whole->notifier);
}

bool xmmu_whole_is_current(const struct xmmu_whole *whole)
{
	return !READ_ONCE(whole->dead) && whole->notifier.mm == current->mm;
}

void xmmu_whole_read_stats(struct xmmu_whole *whole, struct xmmu_whole_stats *stats)
{
	spin_lock(&whole->lock);
	*stats = whole->stats;
	spin_unlock(&whole->lock);
}

/* ---- what drop-ins ask */

int xmmu_whole_closed(const struct xmmu_whole *whole, unsigned long addr)
{
	if (whole->dead)
		return -ESRCH;
	if (whole->active && addr < whole->busy_end && addr + PAGE_SIZE > whole->busy_start)
		return -EAGAIN;
	return 0;
}

bool xmmu_whole_waits(struct xmmu_whole *whole, unsigned long addr)
{
	bool waits;

	spin_lock(&whole->lock);
	waits = xmmu_whole_closed(whole, addr) == -EAGAIN;
	spin_unlock(&whole->lock);
	return waits;
}

/* Before the page is looked up; the token is for xmmu_whole_load(). */
int xmmu_whole_look(struct xmmu_whole *whole, unsigned long addr, u64 *token)
{
	int ret;

	spin_lock(&whole->lock);
	*token = whole->seq;
	ret = xmmu_whole_closed(whole, addr);
	whole->stats.backoffs += ret == -EAGAIN;
	spin_unlock(&whole->lock);
	return ret;
}

/*
 * The page table entry of the process may not say that the page is dirty, after MADV_FREE for one.
 * Whoever cleans it again invalidates first, so this is enough as long as the translation lives.
 */
static void xmmu_whole_mark_dirty(struct page *page)
{
	/* Keeps a swap device from going away, as the page table lock would. */
	rcu_read_lock();
	folio_mark_dirty(page_folio(page));
	rcu_read_unlock();
}

static int xmmu_whole_load_locked(struct xmmu_whole *whole, const struct xmmu_dropin *dropin,
				  u64 token)
{
	int ret = xmmu_whole_closed(whole, dropin->addr);

	if (!ret && (whole->seq != token || xmmu_inject_collide()))
		ret = -EAGAIN;
	if (ret) {
		whole->stats.collisions += ret == -EAGAIN;
		return ret;
	}
	if (dropin->perm & XMMU_PERM_WRITE)
		xmmu_whole_mark_dirty(dropin->page);
	ret = xmmu_whole_ops->load(whole, dropin);
	whole->stats.loads += !ret;
	return ret;
}

int xmmu_whole_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin, u64 token)
{
	int ret;

	spin_lock(&whole->lock);
	ret = xmmu_whole_load_locked(whole, dropin, token);
	spin_unlock(&whole->lock);
	return ret;
}

void xmmu_whole_timed_out(struct xmmu_whole *whole)
{
	spin_lock(&whole->lock);
	whole->stats.timeouts++;
	spin_unlock(&whole->lock);
}
