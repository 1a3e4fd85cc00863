// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks: fault a window in, take the lock, and start anew if an invalidation came in between.
 *
 * An attempt reads the range's sequence first and compares it under the lock last; the callback
 * advances it under the same lock. That alone finds every invalidation whose callback ran in
 * between. One whose callback ran before, and which has not ended, may still change the page table
 * of the process: such a range is cold, and must have been through read_begin after its sequence
 * was read.
 */
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

#define XMMU_WALK_FLAGS   (XMMU_WRITE | XMMU_SNAPSHOT | XMMU_NOWAIT)
#define XMMU_WINDOW_PAGES (XMMU_WINDOW / PAGE_SIZE)

void xmmu_budget_progress(struct xmmu_budget *budget)
{
	unsigned long stall_end = jiffies + budget->stall;

	budget->end = time_before(stall_end, budget->total_end) ? stall_end : budget->total_end;
}

static void xmmu_budget_start(struct xmmu_budget *budget, unsigned long stall, unsigned long total)
{
	budget->stall = stall;
	budget->total_end = jiffies + total;
	xmmu_budget_progress(budget);
}

void xmmu_budget_init(struct xmmu_budget *budget, unsigned int stall_ms, unsigned int total_ms)
{
	xmmu_budget_start(budget, msecs_to_jiffies(stall_ms), msecs_to_jiffies(total_ms));
}

/*
 * The budget of a walk. One of its own is started when it is asked for first, as most walks are
 * over before that.
 */
struct xmmu_budget *xmmu_walk_budget(struct xmmu_walk *walk)
{
	if (!walk->budget) {
		walk->budget = &walk->own_budget;
		xmmu_budget_start(walk->budget, msecs_to_jiffies(XMMU_BUDGET_STALL_MS),
				  msecs_to_jiffies(XMMU_BUDGET_TOTAL_MS));
	}
	return walk->budget;
}

/* Jiffies that may be waited, or 0. */
unsigned long xmmu_walk_patience(struct xmmu_walk *walk)
{
	unsigned long now = jiffies, end = xmmu_walk_budget(walk)->end;

	return time_before(now, end) ? end - now : 0;
}

/* Why no attempt can succeed any more, or 0. Under the lock it is the truth, without it a hint. */
static inline int xmmu_walk_dead(const struct xmmu_walk *walk)
{
	if (READ_ONCE(walk->range->state) != XMMU_RANGE_INSERTED)
		return -ESRCH;
	return xmmu_mirror_error(xmmu_walk_mirror(walk));
}

/* Whether a page is to be mapped for the device to write. */
bool xmmu_walk_wants_write(const struct xmmu_walk *walk, unsigned long pfn)
{
	return (walk->flags & XMMU_WRITE) && (pfn & HMM_PFN_WRITE);
}

static int xmmu_walk_alloc(struct xmmu_walk *walk)
{
	unsigned long pages = min((walk->end - walk->hmm.start) / PAGE_SIZE, XMMU_WINDOW_PAGES);

	walk->hmm.hmm_pfns = walk->inline_pfns;
	if (pages > XMMU_WALK_INLINE_PAGES) {
		gfp_t gfp = walk->flags & XMMU_NOWAIT ? GFP_NOWAIT | __GFP_NOWARN : GFP_KERNEL;

		walk->hmm.hmm_pfns = xmmu_inject_fail() ?
					     NULL :
					     kmalloc_array(pages, sizeof(*walk->hmm.hmm_pfns), gfp);
		if (!walk->hmm.hmm_pfns)
			return -ENOMEM;
	}
	xmmu_compat_clear_frames(walk->hmm.hmm_pfns, pages);
	return 0;
}

/* The caller's own address space stays as long as it runs. A kernel thread may have borrowed it. */
static bool xmmu_walk_get_mm(struct xmmu_walk *walk)
{
	struct mm_struct *mm = xmmu_walk_mm(walk);

	if (mm == current->mm && !(current->flags & PF_KTHREAD))
		return true;
	if (!mmget_not_zero(mm))
		return false;
	walk->mm = mm;
	return true;
}

static int xmmu_walk_open(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);

	if (walk->flags & ~XMMU_WALK_FLAGS)
		return -EINVAL;
	if (xmmu_range_check(walk->range, walk->hmm.start, walk->end))
		return xmmu_range_bad_span(walk->range, walk->hmm.start, walk->end);
	/* Detach has removed the range, and the mirror may be freed since. */
	if (READ_ONCE(walk->range->state) != XMMU_RANGE_INSERTED || !xmmu_mirror_pin(mirror))
		return -ESRCH;
	walk->pinned = true;
	/* Before the pin it may have been detached, and attached to another address space. */
	if (READ_ONCE(walk->range->state) != XMMU_RANGE_INSERTED)
		return -ESRCH;
	if (!xmmu_walk_get_mm(walk))
		return -ESRCH;
	walk->hmm.notifier = &xmmu_range_block(walk->range)->notifier;
	walk->hmm.pfn_flags_mask = 0;
	walk->hmm.dev_private_owner = mirror->config.devmem_owner;
	return xmmu_walk_alloc(walk);
}

void xmmu_walk_init(struct xmmu_walk *walk, struct xmmu_range *range, unsigned long start,
		    unsigned long end, unsigned int flags, struct xmmu_budget *budget)
{
	walk->range = range;
	walk->seq = smp_load_acquire(&range->seq);
	walk->mm = NULL;
	walk->hmm.start = start;
	walk->hmm.end = start;
	walk->hmm.hmm_pfns = NULL;
	walk->end = end;
	walk->fixed = ULONG_MAX;
	walk->flags = flags;
	walk->reserved = NULL;
	walk->pinned = false;
	walk->locked = false;
	walk->budget = budget;
	walk->err = xmmu_walk_open(walk);
}

/* Let the worker wait for the open invalidations of now. Under the lock. */
static int xmmu_walk_rearm(struct xmmu_walk *walk)
{
	struct xmmu_block *block = walk->range->block;
	int err = xmmu_walk_dead(walk);

	walk->rearms = block->nr_rearms;
	/* The block of an inserted range stays, and cancels the work before it goes. */
	if (!err)
		queue_work(xmmu_wq, &block->rearm);
	return err;
}

/*
 * Whether the range is warm now is another question: if the worker began before the latest
 * invalidation, it is not, and the work must be queued again.
 */
static bool xmmu_walk_stop_waiting(const struct xmmu_walk *walk)
{
	const struct xmmu_block *block = xmmu_range_block(walk->range);

	return READ_ONCE(block->nr_rearms) != walk->rearms || xmmu_walk_dead(walk);
}

/* Wait for the worker, as long as we may. */
static noinline int xmmu_walk_wait_warm(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);
	int err;

	xmmu_mirror_lock(mirror);
	err = xmmu_walk_rearm(walk);
	xmmu_mirror_unlock(mirror);
	if (err)
		return err;
	xmmu_count(mirror, cold_waits);
	if (wait_event_killable_timeout(mirror->wait, xmmu_walk_stop_waiting(walk),
					xmmu_walk_patience(walk)) < 0)
		return -EINTR;
	return XMMU_AGAIN;
}

/* The next try may find the range warm. */
static noinline int xmmu_walk_refuse_cold(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);
	int err = 0;

	if (xmmu_mirror_trylock(mirror)) {
		err = xmmu_walk_rearm(walk);
		xmmu_mirror_unlock(mirror);
	}
	return err ?: -EAGAIN;
}

/* Whether a callback waits for the device. One that made a range cold says so under the lock. */
static bool xmmu_mirror_is_open(struct xmmu_mirror *mirror)
{
	bool open;

	xmmu_mirror_lock(mirror);
	open = atomic_read(&mirror->open);
	xmmu_mirror_unlock(mirror);
	return open;
}

/*
 * After a collision, or a wait: the sequence anew, and the bounds, which may have changed. They are
 * looked at for all that is left: later windows rely on the sequence alone.
 */
static noinline int xmmu_walk_again(struct xmmu_walk *walk)
{
	struct xmmu_range *range = walk->range;

	if (walk->flags & XMMU_EXCLUSIVE)
		xmmu_exclusive_drop(walk);
	xmmu_walk_budget(walk);
	walk->seq = smp_load_acquire(&range->seq);
	return xmmu_range_check(range, walk->hmm.start, walk->end) ? -ESRCH : 0;
}

/*
 * See to it that no invalidation from before the sequence was read is open. What the device
 * delays is waited for within the budget. What is left is between the last callback and the end of
 * the invalidation, which nobody is told of: read_begin waits for that, as for every driver.
 */
static int xmmu_walk_begin(struct xmmu_walk *walk)
{
	struct xmmu_range *range = walk->range;

	/* What the page table says is read after this; see where it gets warm. */
	if (smp_load_acquire(&range->heat) == XMMU_RANGE_WARM)
		return 0;
	if (walk->flags & XMMU_NOWAIT)
		return xmmu_walk_refuse_cold(walk);
	if (xmmu_mirror_is_open(xmmu_walk_mirror(walk)))
		return xmmu_walk_wait_warm(walk);
	mmu_interval_read_begin(&xmmu_range_block(range)->notifier);
	return 0;
}

static noinline int xmmu_walk_retry(struct xmmu_walk *walk)
{
	xmmu_count(xmmu_walk_mirror(walk), retries);
	trace_xmmu_retry(xmmu_walk_mirror(walk), walk->hmm.start, walk->hmm.end);
	return walk->flags & XMMU_NOWAIT ? -EAGAIN : XMMU_AGAIN;
}

/* Under the lock: is what was faulted still true, and can the device have it? */
static int xmmu_walk_check(struct xmmu_walk *walk)
{
	struct xmmu_range *range = walk->range;
	int err = xmmu_walk_dead(walk);

	if (err)
		return err;
	if (range->seq != walk->seq || xmmu_inject_collide())
		return xmmu_walk_retry(walk);
	/* It was not in xmmu_walk_begin() either, so read_begin has returned since. */
	if (unlikely(range->heat != XMMU_RANGE_WARM))
		smp_store_release(&range->heat, XMMU_RANGE_WARM);
	return xmmu_dma_used(range) ? xmmu_dma_map(walk) : 0;
}

/*
 * The driver's own zap of the window may be on its way, or be needed before a page can be mapped
 * for writing. Without the lock.
 */
static noinline int xmmu_walk_yield(struct xmmu_walk *walk, bool upgrade)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);

	if (walk->flags & XMMU_NOWAIT)
		return -EAGAIN;
	if (upgrade)
		xmmu_range_zap_sync(walk->range, walk->hmm.start, walk->hmm.end);
	else if (wait_event_killable_timeout(
			 mirror->wait, !xmmu_flush_listed(mirror, walk->hmm.start, walk->hmm.end),
			 xmmu_walk_patience(walk)) < 0)
		return -EINTR;
	return XMMU_AGAIN;
}

static int xmmu_walk_lock(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);
	bool flushing, upgrade = false;
	int err;

	xmmu_inject_delay();
	if (walk->flags & XMMU_NOWAIT) {
		if (!xmmu_mirror_trylock(mirror))
			return -EAGAIN;
	} else {
		xmmu_mirror_lock(mirror);
	}
	flushing = xmmu_ticket_any(mirror) &&
		   xmmu_flush_listed(mirror, walk->hmm.start, walk->hmm.end);
	if (!flushing && xmmu_dma_used(walk->range))
		upgrade = xmmu_dma_upgrades(walk);
	if (flushing || upgrade) {
		xmmu_mirror_unlock(mirror);
		return xmmu_walk_yield(walk, upgrade);
	}
	err = xmmu_walk_check(walk);
	if (err) {
		xmmu_dma_abandon(walk);
		xmmu_mirror_unlock(mirror);
	}
	walk->locked = !err;
	return err;
}

static int xmmu_walk_prepare(struct xmmu_walk *walk)
{
	const struct xmmu_ops *ops = xmmu_walk_mirror(walk)->config.ops;
	int err = xmmu_dma_used(walk->range) ? xmmu_dma_reserve(walk) : 0;

	if (err || !ops->prepare)
		return err;
	err = ops->prepare(walk);
	return WARN_ON_ONCE(err > 0) ? -EINVAL : err;
}

/* Whether there is a reason not to try, or to try again. */
static int xmmu_walk_may_try(struct xmmu_walk *walk)
{
	if (fatal_signal_pending(current))
		return -EINTR;
	if (walk->budget && time_after_eq(jiffies, walk->budget->end)) {
		xmmu_count(xmmu_walk_mirror(walk), timeouts);
		return -ETIMEDOUT;
	}
	return 0;
}

static int xmmu_walk_attempt(struct xmmu_walk *walk)
{
	int err = xmmu_walk_may_try(walk);

	if (!err)
		err = xmmu_walk_prepare(walk);
	if (!err)
		err = xmmu_walk_begin(walk);
	xmmu_inject_delay();
	if (!err)
		err = xmmu_walk_fault(walk);
	if (!err)
		err = xmmu_walk_lock(walk);
	return err;
}

static bool xmmu_walk_open_window(struct xmmu_walk *walk)
{
	int err;

	walk->hmm.end = min(walk->end, (walk->hmm.start | (XMMU_WINDOW - 1)) + 1);
	while ((err = xmmu_walk_attempt(walk)) == XMMU_AGAIN && !xmmu_walk_dead(walk)) {
		err = xmmu_walk_again(walk);
		if (err)
			break;
	}
	/* Whatever it failed with: this is why. */
	if (err)
		walk->err = xmmu_walk_dead(walk) ?: err;
	return !err;
}

/* The driver has forgotten xmmu_walk_commit(). */
static noinline void xmmu_walk_drop_window(struct xmmu_walk *walk)
{
	WARN_ON_ONCE(1);
	xmmu_dma_abandon(walk);
	walk->locked = false;
	walk->err = -EINVAL;
	xmmu_mirror_unlock(xmmu_walk_mirror(walk));
}

bool xmmu_walk_next(struct xmmu_walk *walk)
{
	if (unlikely(walk->locked))
		xmmu_walk_drop_window(walk);
	if (walk->err || walk->hmm.start == walk->end)
		return false;
	return xmmu_walk_open_window(walk);
}

static bool xmmu_walk_dma_contiguous(struct xmmu_walk *walk, unsigned long addr, unsigned int order)
{
	struct xmmu_range *range = walk->range;
	dma_addr_t dma = xmmu_dma_addr(range, addr);
	unsigned long i;

	for (i = 1; i < 1UL << order; i++)
		if (xmmu_dma_addr(range, addr + i * PAGE_SIZE) != dma + i * PAGE_SIZE)
			return false;
	return true;
}

/* The largest naturally aligned piece at addr that the mapping, the window and DMA allow. */
static unsigned int xmmu_walk_order(struct xmmu_walk *walk, unsigned long addr, unsigned long pfn)
{
	unsigned int order = hmm_pfn_to_map_order(pfn);
	bool dma = xmmu_walk_mirror(walk)->config.dma == XMMU_DMA_LEAF &&
		   !xmmu_walk_in_device(walk, pfn);

	while (order && (!IS_ALIGNED(addr, PAGE_SIZE << order) ||
			 (PAGE_SIZE << order) > walk->hmm.end - addr ||
			 (dma && !xmmu_walk_dma_contiguous(walk, addr, order))))
		order--;
	return order;
}

bool xmmu_walk_leaf(struct xmmu_walk *walk, struct xmmu_leaf *leaf, unsigned long addr)
{
	unsigned long *pfn = walk->hmm.hmm_pfns + (addr - walk->hmm.start) / PAGE_SIZE;

	if (WARN_ON_ONCE(!walk->locked))
		return false;
	xmmu_mirror_assert_locked(xmmu_walk_mirror(walk));
	while (addr < walk->hmm.end && !xmmu_walk_takes(walk, *pfn)) {
		addr += PAGE_SIZE;
		pfn++;
	}
	if (addr >= walk->hmm.end)
		return false;
	leaf->addr = addr;
	leaf->order = xmmu_walk_order(walk, addr, *pfn);
	leaf->len = PAGE_SIZE << leaf->order;
	leaf->perm = XMMU_PERM_READ | (xmmu_walk_wants_write(walk, *pfn) ? XMMU_PERM_WRITE : 0);
	leaf->page = hmm_pfn_to_page(*pfn);
	if (xmmu_walk_in_device(walk, *pfn)) {
		leaf->perm |= XMMU_PERM_DEVICE;
		leaf->page = pfn_to_page(xmmu_compat_device_pfn(*pfn, addr));
	}
	leaf->dma = xmmu_dma_addr(walk->range, addr);
	return true;
}

/*
 * The page table entry of the process does not always say that the page is dirty: MADV_FREE cleans
 * it and leaves it writable, for one. Whoever cleans it again invalidates first, so marking it
 * here, where the page is mapped and can not be truncated, is enough for as long as the leaf lives.
 */
static noinline void xmmu_walk_mark_dirty(struct xmmu_walk *walk)
{
	const unsigned long *pfn = walk->hmm.hmm_pfns,
			    *stop = pfn + (walk->hmm.end - walk->hmm.start) / PAGE_SIZE;
	struct folio *folio, *last = NULL;
	struct page *page;

	/* Keeps a swap device from going away, as the page table lock would. */
	rcu_read_lock();
	do {
		if (!(*pfn & HMM_PFN_WRITE))
			continue;
		page = hmm_pfn_to_page(*pfn);
		folio = page_folio(page);
		/* Pages of a large folio stand side by side. */
		if (page != folio_page(folio, 0)) {
			if (folio == last)
				continue;
			last = folio;
		}
		folio_mark_dirty(folio);
	} while (++pfn < stop);
	rcu_read_unlock();
}

/* A snapshot may have left pages out. */
static unsigned long xmmu_walk_count(const struct xmmu_walk *walk)
{
	unsigned long i, pages = (walk->hmm.end - walk->hmm.start) / PAGE_SIZE, taken = 0;

	if (!(walk->flags & XMMU_SNAPSHOT))
		return pages;
	for (i = 0; i < pages; i++)
		taken += xmmu_walk_takes(walk, walk->hmm.hmm_pfns[i]);
	return taken;
}

/* Under the lock. */
static void xmmu_range_filled(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	bool empty = range->filled_start >= range->filled_end;

	range->filled_start = empty ? start : min(start, range->filled_start);
	range->filled_end = empty ? end : max(end, range->filled_end);
}

void xmmu_walk_commit(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);

	if (WARN_ON_ONCE(!walk->locked))
		return;
	xmmu_mirror_assert_locked(mirror);
	if (walk->flags & XMMU_WRITE)
		xmmu_walk_mark_dirty(walk);
	if (xmmu_dma_used(walk->range))
		xmmu_dma_keep(walk);
	xmmu_range_filled(walk->range, walk->hmm.start, walk->hmm.end);
	xmmu_count(mirror, commits);
	xmmu_count_add(mirror, pages, xmmu_walk_count(walk));
	trace_xmmu_commit(mirror, walk->hmm.start, walk->hmm.end, walk->flags);
	xmmu_debug_poison(walk->hmm.hmm_pfns, (walk->hmm.end - walk->hmm.start) / PAGE_SIZE);
	walk->hmm.start = walk->hmm.end;
	walk->locked = false;
	xmmu_mirror_unlock(mirror);
	if (walk->budget || walk->hmm.start != walk->end)
		xmmu_budget_progress(xmmu_walk_budget(walk));
}

/* While detach waits for the walk: a part may keep it for the next one. */
static noinline void xmmu_walk_free_reserved(struct xmmu_walk *walk)
{
	struct xmmu_deferred *deferred, *next;

	llist_for_each_entry_safe(deferred, next, walk->reserved, node)
		deferred->free(deferred);
	walk->reserved = NULL;
}

int xmmu_walk_end(struct xmmu_walk *walk)
{
	if (walk->locked) {
		xmmu_dma_abandon(walk);
		walk->locked = false;
		xmmu_mirror_unlock(xmmu_walk_mirror(walk));
	}
	if (walk->hmm.hmm_pfns != walk->inline_pfns)
		kfree(walk->hmm.hmm_pfns);
	if (walk->reserved)
		xmmu_walk_free_reserved(walk);
	/* Never mmput(): it may tear the address space down here, under the caller's locks. */
	if (walk->mm)
		mmput_async(walk->mm);
	if (walk->pinned)
		xmmu_mirror_unpin(xmmu_walk_mirror(walk));
	walk->pinned = false;
	walk->mm = NULL;
	walk->hmm.hmm_pfns = NULL;
	return walk->err;
}

/* The steps of a walk in one function, as most drivers take them. */
__flatten int xmmu_populate(struct xmmu_range *range, unsigned long start, unsigned long end,
			    unsigned int flags, struct xmmu_budget *budget, unsigned long *done)
{
	const struct xmmu_ops *ops = xmmu_range_block(range)->ops;
	struct xmmu_walk walk __uninitialized;

	if (done)
		*done = start;
	if (!ops->populate)
		return -EINVAL;
	xmmu_walk_init(&walk, range, start, end, flags, budget);
	while (xmmu_walk_next(&walk)) {
		ops->populate(&walk);
		xmmu_walk_commit(&walk);
	}
	if (done)
		*done = xmmu_walk_start(&walk);
	return xmmu_walk_end(&walk);
}
