// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks: fault a window in, take the lock, and start anew if an invalidation came in between.
 *
 * An attempt reads the range's sequence first and compares it under the lock last; the callback
 * advances it under the same lock. That alone finds every invalidation whose callback ran in
 * between. One whose callback ran before, and which has not ended, may still change the page table
 * of the process: such a range is `cold`, and must have been through read_begin after its sequence
 * was read.
 */
#include <linux/hmm.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/hugetlb.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/userfaultfd_k.h>

#include "internal.h"
#include "trace.h"

#define XMMU_WALK_FLAGS   (XMMU_WRITE | XMMU_SNAPSHOT | XMMU_NOWAIT)
#define XMMU_WINDOW_PAGES (XMMU_WINDOW / PAGE_SIZE)

/* An attempt that is to be repeated; never leaves this file. */
#define XMMU_AGAIN 1

static void xmmu_budget_progress(struct xmmu_budget *budget)
{
	budget->stall_end = jiffies + budget->stall;
}

void xmmu_budget_init(struct xmmu_budget *budget, unsigned int stall_ms, unsigned int total_ms)
{
	budget->stall = msecs_to_jiffies(stall_ms);
	budget->total_end = jiffies + msecs_to_jiffies(total_ms);
	xmmu_budget_progress(budget);
}

/* Jiffies until the nearer of the two limits, or 0. */
static unsigned long xmmu_budget_left(const struct xmmu_budget *budget)
{
	unsigned long now = jiffies;
	unsigned long end = time_before(budget->stall_end, budget->total_end) ? budget->stall_end :
										budget->total_end;

	return time_before(now, end) ? end - now : 0;
}

static struct xmmu_mirror *xmmu_walk_mirror(const struct xmmu_walk *walk)
{
	return walk->range->mirror;
}

/* Why no attempt can succeed any more, or 0. Under the lock it is the truth, without it a hint. */
static int xmmu_walk_dead(const struct xmmu_walk *walk)
{
	if (READ_ONCE(walk->range->state) != XMMU_RANGE_INSERTED)
		return -ESRCH;
	return xmmu_mirror_error(xmmu_walk_mirror(walk));
}

/* Whether a page is what the walk wants: there, and writable if the device is to write. */
bool xmmu_walk_takes(const struct xmmu_walk *walk, unsigned long pfn)
{
	unsigned long want = HMM_PFN_VALID | (walk->flags & XMMU_WRITE ? HMM_PFN_WRITE : 0);

	return (pfn & want) == want;
}

/* Whether a page is to be mapped for the device to write. */
bool xmmu_walk_wants_write(const struct xmmu_walk *walk, unsigned long pfn)
{
	return (walk->flags & XMMU_WRITE) && (pfn & HMM_PFN_WRITE);
}

static int xmmu_walk_alloc(struct xmmu_walk *walk)
{
	unsigned long pages = min((walk->end - walk->pos) / PAGE_SIZE, XMMU_WINDOW_PAGES);

	/* hmm keeps some bits as it finds them, so they are 0 at first. */
	if (pages <= XMMU_WALK_INLINE_PAGES) {
		walk->pfns = memset(walk->inline_pfns, 0, pages * sizeof(*walk->pfns));
		return 0;
	}
	if (xmmu_inject_fail())
		return -ENOMEM;
	walk->pfns = kcalloc(pages, sizeof(*walk->pfns),
			     walk->flags & XMMU_NOWAIT ? GFP_NOWAIT | __GFP_NOWARN : GFP_KERNEL);
	return walk->pfns ? 0 : -ENOMEM;
}

static int xmmu_walk_open(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);

	if (walk->flags & ~XMMU_WALK_FLAGS || xmmu_range_check(walk->range, walk->pos, walk->end))
		return -EINVAL;
	/* Detach has removed the range, and the mirror may be freed since. */
	if (READ_ONCE(walk->range->state) != XMMU_RANGE_INSERTED || !xmmu_mirror_pin(mirror))
		return -ESRCH;
	walk->pinned = true;
	if (!mmget_not_zero(mirror->mm))
		return -ESRCH;
	walk->mm = mirror->mm;
	return xmmu_walk_alloc(walk);
}

void xmmu_walk_init(struct xmmu_walk *walk, struct xmmu_range *range, unsigned long start,
		    unsigned long end, unsigned int flags, struct xmmu_budget *budget)
{
	walk->range = range;
	walk->mm = NULL;
	walk->pos = start;
	walk->stop = start;
	walk->end = end;
	walk->fixed = ULONG_MAX;
	walk->flags = flags;
	walk->pinned = false;
	walk->locked = false;
	walk->pfns = NULL;
	walk->budget = budget;
	if (!budget) {
		walk->budget = &walk->own_budget;
		xmmu_budget_init(walk->budget, XMMU_BUDGET_STALL_MS, XMMU_BUDGET_TOTAL_MS);
	}
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
	return READ_ONCE(walk->range->block->nr_rearms) != walk->rearms || xmmu_walk_dead(walk);
}

/* Wait for the worker, as long as we may. */
static int xmmu_walk_wait_warm(struct xmmu_walk *walk)
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
					xmmu_budget_left(walk->budget)) < 0)
		return -EINTR;
	return XMMU_AGAIN;
}

/* The next try may find the range warm. */
static int xmmu_walk_refuse_cold(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);
	int err = 0;

	if (xmmu_mirror_trylock(mirror)) {
		err = xmmu_walk_rearm(walk);
		xmmu_mirror_unlock(mirror);
	}
	return err ?: -EAGAIN;
}

/*
 * Whether read_begin will return at once, as far as can be told: no callback of ours waits, no
 * invalidation is beyond its callbacks and before its end, and some have ended since the range got
 * cold. Wrong only if the one that counts is still in the callbacks of another driver while others
 * end; then this walk exceeds its budget by that one wait.
 */
static bool xmmu_walk_probably_over(const struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);

	return !atomic_read(&mirror->open) &&
	       atomic_read(&mirror->ended) != READ_ONCE(walk->range->cold_since);
}

/* Read the sequence, and see to it that no invalidation from before it is open. */
static int xmmu_walk_begin(struct xmmu_walk *walk)
{
	struct xmmu_range *range = walk->range;

	walk->seq = smp_load_acquire(&range->seq);
	walk->rearmed = false;
	if (!READ_ONCE(range->cold))
		return 0;
	if (walk->flags & XMMU_NOWAIT)
		return xmmu_walk_refuse_cold(walk);
	if (!xmmu_walk_probably_over(walk))
		return xmmu_walk_wait_warm(walk);
	mmu_interval_read_begin(&range->block->notifier);
	walk->rearmed = true;
	return 0;
}

/* The first page of the window that is not as it is wanted; the end of the window if all are. */
static unsigned long xmmu_walk_missing(const struct xmmu_walk *walk)
{
	unsigned long addr, *pfn = walk->pfns;

	for (addr = walk->pos; addr < walk->stop; addr += PAGE_SIZE, pfn++)
		if (!xmmu_walk_takes(walk, *pfn))
			break;
	return addr;
}

static unsigned long xmmu_walk_request(const struct xmmu_walk *walk, bool userfault)
{
	if (userfault || walk->flags & (XMMU_SNAPSHOT | XMMU_NOWAIT))
		return 0;
	return HMM_PFN_REQ_FAULT | (walk->flags & XMMU_WRITE ? HMM_PFN_REQ_WRITE : 0);
}

/*
 * The sequence of the block lets hmm give up early; whether the walk may go on is not decided by
 * it. Under mmap_lock.
 */
static int xmmu_walk_hmm(struct xmmu_walk *walk, unsigned long request)
{
	struct mmu_interval_notifier *notifier = &walk->range->block->notifier;
	struct hmm_range hmm = {
		.notifier = notifier,
		.notifier_seq = READ_ONCE(notifier->invalidate_seq),
		.start = walk->pos,
		.end = walk->stop,
		.hmm_pfns = walk->pfns,
		.default_flags = request,
		.dev_private_owner = xmmu_walk_mirror(walk)->config.owner,
	};

	return hmm_range_fault(&hmm);
}

/*
 * hmm_range_fault() says -EFAULT of userfaultfd memory, memory shortage and poison alike. Faulting
 * the page once more by itself serves the first and tells the second; poison shows only to
 * get_user_pages_remote(). A kernel thread can not be killed and must not wait for a program that
 * may never answer: it would keep a process from exiting which it may be waiting for. Mappings
 * without pages never give one, and some of them (vvar) may only be faulted by their own process.
 * Under mmap_lock, which may have been dropped and taken again.
 */
static int xmmu_walk_fixup(struct xmmu_walk *walk)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (walk->flags & XMMU_WRITE ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma;
	bool unlocked = false;
	unsigned long addr;
	int err;

	/* It did not say how far it came. */
	err = xmmu_walk_hmm(walk, 0);
	if (err)
		return err == -EBUSY ? XMMU_AGAIN : -EFAULT;
	addr = xmmu_walk_missing(walk);
	vma = addr < walk->stop ? vma_lookup(walk->mm, addr) : NULL;
	if (!vma || vma->vm_flags & (VM_IO | VM_PFNMAP) ||
	    (current->flags & PF_KTHREAD && userfaultfd_armed(vma)))
		return -EFAULT;
	if (walk->flags & XMMU_WRITE && (vma->vm_flags & (VM_READ | VM_WRITE)) == VM_READ)
		return -EPERM;
	/* It did not help, and nothing has taken the page away again. */
	if (addr == walk->fixed && walk->seq == walk->fixed_seq)
		return -EFAULT;
	walk->fixed = addr;
	walk->fixed_seq = walk->seq;
	err = fixup_user_fault(walk->mm, addr, flags, &unlocked);
	if (err == -EFAULT && xmmu_compat_is_poisoned(walk->mm, addr))
		return -EHWPOISON;
	if (err)
		return err;
	xmmu_count(xmmu_walk_mirror(walk), fixups);
	xmmu_budget_progress(walk->budget);
	return XMMU_AGAIN;
}

/* Pages of memfd_secret() are in no kernel mapping and for nobody else; hmm does not know. */
static bool xmmu_vma_is_secret(const struct vm_area_struct *vma)
{
	return vma->vm_file && file_inode(vma->vm_file)->i_sb->s_magic == SECRETMEM_MAGIC;
}

/*
 * What hmm_range_fault() would do and must not. It must not fault userfaultfd memory either: it can
 * not wait for the answer, and debug kernels complain. Under mmap_lock.
 */
static int xmmu_walk_check_vmas(const struct xmmu_walk *walk, bool *userfault)
{
	struct vm_area_struct *vma;
	unsigned long addr = walk->pos;

	*userfault = false;
	while (addr < walk->stop) {
		/* To find one that is there takes less than to find the next. */
		vma = vma_lookup(walk->mm, addr) ?: find_vma(walk->mm, addr);
		if (!vma || vma->vm_start >= walk->stop)
			break;
		if (xmmu_vma_is_secret(vma))
			return -EFAULT;
		/* It sleeps there, whatever it is asked. */
		if (walk->flags & XMMU_NOWAIT && is_vm_hugetlb_page(vma))
			return -EAGAIN;
		*userfault |= userfaultfd_armed(vma);
		addr = vma->vm_end;
	}
	return 0;
}

/* An invalidation beside the range makes hmm give up as well: no reason to start anew. */
static bool xmmu_walk_undisturbed(const struct xmmu_walk *walk)
{
	return READ_ONCE(walk->range->seq) == walk->seq && xmmu_budget_left(walk->budget) &&
	       !fatal_signal_pending(current);
}

static bool xmmu_walk_needs_fixup(const struct xmmu_walk *walk, int err, bool userfault)
{
	if (walk->flags & (XMMU_SNAPSHOT | XMMU_NOWAIT))
		return false;
	return err == -EFAULT || (!err && userfault && xmmu_walk_missing(walk) < walk->stop);
}

/* Under mmap_lock. */
static int xmmu_walk_fault_locked(struct xmmu_walk *walk)
{
	bool userfault;
	int err = xmmu_walk_check_vmas(walk, &userfault);

	if (err)
		return err;
	do {
		err = xmmu_walk_hmm(walk, xmmu_walk_request(walk, userfault));
	} while (err == -EBUSY && xmmu_walk_undisturbed(walk));
	if (err == -EBUSY)
		return walk->flags & XMMU_NOWAIT ? -EAGAIN : XMMU_AGAIN;
	if (err == -EINVAL)
		err = -EFAULT;
	if (xmmu_walk_needs_fixup(walk, err, userfault))
		err = xmmu_walk_fixup(walk);
	return err;
}

static int xmmu_walk_fault(struct xmmu_walk *walk)
{
	int err;

	if (xmmu_inject_fail())
		return -ENOMEM;
	if (walk->flags & XMMU_NOWAIT) {
		if (!mmap_read_trylock(walk->mm))
			return -EAGAIN;
	} else if (mmap_read_lock_killable(walk->mm)) {
		return -EINTR;
	}
	err = xmmu_walk_fault_locked(walk);
	mmap_read_unlock(walk->mm);
	if (err)
		return err;
	if (walk->flags & XMMU_NOWAIT && !(walk->flags & XMMU_SNAPSHOT) &&
	    xmmu_walk_missing(walk) < walk->stop)
		return -EAGAIN;
	return 0;
}

/* Under the lock: is what was faulted still true, and can the device have it? */
static int xmmu_walk_check(struct xmmu_walk *walk)
{
	struct xmmu_range *range = walk->range;
	int err = xmmu_walk_dead(walk);

	if (err)
		return err;
	if (range->seq != walk->seq || xmmu_inject_collide()) {
		xmmu_count(xmmu_walk_mirror(walk), retries);
		trace_xmmu_retry(xmmu_walk_mirror(walk), walk->pos, walk->stop);
		return walk->flags & XMMU_NOWAIT ? -EAGAIN : XMMU_AGAIN;
	}
	if (walk->rearmed)
		WRITE_ONCE(range->cold, false);
	return xmmu_dma_used(range) ? xmmu_dma_map(walk) : 0;
}

/*
 * The driver's own zap of the window may be on its way, or be needed before a page can be mapped
 * for writing. Without the lock.
 */
static int xmmu_walk_yield(struct xmmu_walk *walk, bool upgrade)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);

	if (walk->flags & XMMU_NOWAIT)
		return -EAGAIN;
	if (upgrade)
		xmmu_range_zap_sync(walk->range, walk->pos, walk->stop);
	else if (wait_event_killable_timeout(mirror->wait,
					     !xmmu_flush_listed(mirror, walk->pos, walk->stop),
					     xmmu_budget_left(walk->budget)) < 0)
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
	flushing = xmmu_ticket_any(mirror) && xmmu_flush_listed(mirror, walk->pos, walk->stop);
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

static int xmmu_walk_attempt(struct xmmu_walk *walk)
{
	int err = xmmu_walk_dead(walk);

	if (err)
		return err;
	if (fatal_signal_pending(current))
		return -EINTR;
	if (!xmmu_budget_left(walk->budget)) {
		xmmu_count(xmmu_walk_mirror(walk), timeouts);
		return -ETIMEDOUT;
	}
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

bool xmmu_walk_next(struct xmmu_walk *walk)
{
	int err;

	if (WARN_ON_ONCE(walk->locked)) {
		xmmu_dma_abandon(walk);
		walk->locked = false;
		walk->err = -EINVAL;
		xmmu_mirror_unlock(xmmu_walk_mirror(walk));
	}
	if (walk->err || walk->pos == walk->end)
		return false;
	walk->stop = min(walk->end, (walk->pos | (XMMU_WINDOW - 1)) + 1);
	do {
		err = xmmu_walk_attempt(walk);
	} while (err == XMMU_AGAIN);
	walk->err = err;
	return !err;
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
	bool dma = xmmu_walk_mirror(walk)->config.dma == XMMU_DMA_LEAF;

	while (order &&
	       (!IS_ALIGNED(addr, PAGE_SIZE << order) || (PAGE_SIZE << order) > walk->stop - addr ||
		(dma && !xmmu_walk_dma_contiguous(walk, addr, order))))
		order--;
	return order;
}

bool xmmu_walk_leaf(struct xmmu_walk *walk, struct xmmu_leaf *leaf, unsigned long addr)
{
	unsigned long *pfn = walk->pfns + (addr - walk->pos) / PAGE_SIZE;

	if (WARN_ON_ONCE(!walk->locked))
		return false;
	xmmu_mirror_assert_locked(xmmu_walk_mirror(walk));
	while (addr < walk->stop && !xmmu_walk_takes(walk, *pfn)) {
		addr += PAGE_SIZE;
		pfn++;
	}
	if (addr >= walk->stop)
		return false;
	leaf->addr = addr;
	leaf->order = xmmu_walk_order(walk, addr, *pfn);
	leaf->len = PAGE_SIZE << leaf->order;
	leaf->perm = XMMU_PERM_READ | (xmmu_walk_wants_write(walk, *pfn) ? XMMU_PERM_WRITE : 0);
	leaf->page = hmm_pfn_to_page(*pfn);
	leaf->dma = xmmu_dma_addr(walk->range, addr);
	return true;
}

/*
 * The page table entry of the process does not always say that the page is dirty: MADV_FREE cleans
 * it and leaves it writable, for one. Whoever cleans it again invalidates first, so marking it
 * here, where the page is mapped and can not be truncated, is enough for as long as the leaf lives.
 */
static void xmmu_walk_mark_dirty(struct xmmu_walk *walk)
{
	const unsigned long *pfn = walk->pfns, *stop = pfn + (walk->stop - walk->pos) / PAGE_SIZE;
	struct folio *folio, *last = NULL;

	/* Keeps a swap device from going away, as the page table lock would. */
	rcu_read_lock();
	for (; pfn < stop; pfn++) {
		if (!(*pfn & HMM_PFN_WRITE))
			continue;
		folio = page_folio(hmm_pfn_to_page(*pfn));
		if (folio != last)
			folio_mark_dirty(folio);
		last = folio;
	}
	rcu_read_unlock();
}

/* A snapshot may have left pages out. */
static unsigned long xmmu_walk_count(const struct xmmu_walk *walk)
{
	unsigned long i, pages = (walk->stop - walk->pos) / PAGE_SIZE, taken = 0;

	if (!(walk->flags & XMMU_SNAPSHOT))
		return pages;
	for (i = 0; i < pages; i++)
		taken += xmmu_walk_takes(walk, walk->pfns[i]);
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
	xmmu_dma_keep(walk);
	xmmu_range_filled(walk->range, walk->pos, walk->stop);
	xmmu_count(mirror, commits);
	xmmu_count_add(mirror, pages, xmmu_walk_count(walk));
	trace_xmmu_commit(mirror, walk->pos, walk->stop, walk->flags);
	xmmu_debug_poison(walk->pfns, (walk->stop - walk->pos) / PAGE_SIZE);
	walk->pos = walk->stop;
	walk->locked = false;
	xmmu_mirror_unlock(mirror);
	xmmu_budget_progress(walk->budget);
}

int xmmu_walk_end(struct xmmu_walk *walk)
{
	if (walk->locked) {
		xmmu_dma_abandon(walk);
		walk->locked = false;
		xmmu_mirror_unlock(xmmu_walk_mirror(walk));
	}
	if (walk->pfns != walk->inline_pfns)
		kfree(walk->pfns);
	/* Never mmput(): it may tear the address space down here, under the caller's locks. */
	if (walk->mm)
		mmput_async(walk->mm);
	if (walk->pinned)
		xmmu_mirror_unpin(xmmu_walk_mirror(walk));
	walk->pinned = false;
	walk->mm = NULL;
	walk->pfns = NULL;
	return walk->err;
}

int xmmu_populate(struct xmmu_range *range, unsigned long start, unsigned long end,
		  unsigned int flags, struct xmmu_budget *budget, unsigned long *done)
{
	const struct xmmu_ops *ops = range->block->ops;
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
