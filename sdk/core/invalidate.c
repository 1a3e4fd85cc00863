// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidation: one order, for the kernel's events as for the driver's own zaps.
 *
 * Under the lock: advance the sequences, zap, post the flush. Then drop the lock, wait until
 * everything posted that overlaps is confirmed, unmap from DMA, return. If all is confirmed before
 * the lock is dropped, there is nothing to wait for and nothing to come back for.
 *
 * The clock is read only where there is something to wait for: reading it takes longer than the
 * rest of an invalidation that finds nothing.
 */
#include <linux/ktime.h>
#include <linux/mmu_notifier.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

void xmmu_inval_init(struct xmmu_inval *inval, struct xmmu_mirror *mirror, unsigned long start,
		     unsigned long end)
{
	inval->mirror = mirror;
	inval->block = NULL;
	inval->range = NULL;
	inval->own = false;
	inval->start = start;
	inval->end = end;
	inval->gather.start = ULONG_MAX;
	inval->gather.end = 0;
	inval->ticket = NULL;
	inval->spare = NULL;
	inval->wait_ns = 0;
	inval->stalled = 0;
	inval->hit = false;
	inval->waiting = false;
}

/*
 * What was zapped is populated no more. If it lies in the middle, the range keeps it in the span:
 * the span may hold more than is populated, never less.
 */
static void xmmu_range_emptied(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	if (start == range->filled_start)
		range->filled_start = end;
	else if (end == range->filled_end)
		range->filled_end = start;
}

/* Zap what the invalidation and the range have in common, as far as it can be populated. */
void xmmu_inval_zap(struct xmmu_inval *inval, struct xmmu_range *range)
{
	unsigned long start = max(inval->start, range->filled_start);
	unsigned long end = min(inval->end, range->filled_end);

	xmmu_mirror_assert_locked(inval->mirror);
	if (start >= end)
		return;
	xmmu_inject_delay();
	inval->mirror->config.ops->zap(range, start, end, &inval->gather);
	xmmu_range_emptied(range, start, end);
	xmmu_dma_mark_zapped(range, start, end);
	xmmu_debug_check_gather(&inval->gather, inval->start, inval->end);
	xmmu_inject_delay();
}

/*
 * The kernel keeps walks out of the span until its event ends. When the driver zaps, only a ticket
 * over the whole span does. Where there is something to unmap it stays until that is done.
 */
static void xmmu_inval_add_ticket(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;
	bool whole = !inval->block;

	inval->ticket = inval->spare ?: &inval->stack_ticket;
	inval->ticket->stays = whole || mirror->config.dma == XMMU_DMA_LEAF;
	xmmu_ticket_add(mirror, inval->ticket, XMMU_TICKET_FLUSH, inval->gather.ticket,
			whole ? inval->start : inval->gather.start,
			whole ? inval->end : inval->gather.end);
}

static void xmmu_range_unmap(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	xmmu_debug_check_forgotten(range, start, end);
	xmmu_dma_unmap(range, start, end);
}

static void xmmu_block_unmap(struct xmmu_block *block, unsigned long start, unsigned long end)
{
	struct xmmu_range *range;

	xmmu_block_for_each(block, range, start, end - 1)
		xmmu_range_unmap(range, start, end);
}

/*
 * The DMA addresses go when no access can come: those that this invalidation has zapped itself, or
 * whose flush it has waited for. An event that covers several blocks comes once for each, and what
 * others zap meanwhile in other ranges is theirs. Under the lock.
 */
static void xmmu_inval_unmap(struct xmmu_inval *inval)
{
	bool mapped = inval->mirror->config.dma == XMMU_DMA_LEAF;
	struct xmmu_block *block;

	if (inval->own || !(mapped || IS_ENABLED(XMMU_DEBUG)))
		return;
	if (inval->range)
		xmmu_range_unmap(inval->range, inval->start, inval->end);
	else if (inval->block)
		xmmu_block_unmap(inval->block, inval->start, inval->end);
	else
		xmmu_mirror_for_each_block(inval->mirror, block)
			xmmu_block_unmap(block, inval->start, inval->end);
}

static void xmmu_inval_done(struct xmmu_inval *inval)
{
	xmmu_inval_unmap(inval);
	if (inval->ticket)
		xmmu_ticket_del(inval->mirror, inval->ticket);
}

/* Whether nothing was removed that the device caches, or it has forgotten it by now. */
static bool xmmu_inval_flush(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	if (xmmu_gather_empty(&inval->gather))
		return true;
	xmmu_count(mirror, zaps);
	return !mirror->config.ops->flush || xmmu_flush_post(mirror, &inval->gather);
}

/* The zaps are done: post the flush, and find out whether there is something to wait for. */
void xmmu_inval_post(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	xmmu_mirror_assert_locked(mirror);
	inval->gather.ticket = ++mirror->last_ticket;
	/* If the driver's own zap waits for others, its ticket keeps walks out meanwhile. */
	if (!xmmu_inval_flush(inval) || (!inval->block && xmmu_ticket_any(mirror)))
		xmmu_inval_add_ticket(inval);
	inval->waiting =
		xmmu_ticket_pending(mirror, inval->start, inval->end, inval->gather.ticket);
	if (!inval->waiting)
		xmmu_inval_done(inval);
}

static void xmmu_inval_wait(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	if (mirror->config.policy == XMMU_ATOMIC) {
		WARN_ONCE(1, "xmmu: %s: a flush under XMMU_ATOMIC was not confirmed at once\n",
			  XMMU_DRIVER_NAME);
		xmmu_mirror_isolate(mirror);
		return;
	}
	if (!inval->ticket || READ_ONCE(inval->ticket->confirmed))
		xmmu_count(mirror, waits_shared);
	inval->stalled = ktime_get();
	xmmu_inject_delay();
	inval->wait_ns = xmmu_ticket_wait(mirror, inval->start, inval->end, inval->gather.ticket);
	xmmu_inject_delay();
}

/* Without the lock. Sleeps, unless there is nothing to wait for or the policy is ATOMIC. */
void xmmu_inval_finish(struct xmmu_inval *inval)
{
	if (!inval->waiting)
		return;
	xmmu_inval_wait(inval);
	xmmu_mirror_lock(inval->mirror);
	xmmu_inval_done(inval);
	xmmu_mirror_unlock(inval->mirror);
}

/* An event may be left out only if the driver caused it; other events carry no owner. */
static bool xmmu_event_is_own(const struct xmmu_mirror *mirror,
			      const struct mmu_notifier_range *event)
{
	if (event->event != MMU_NOTIFY_MIGRATE && event->event != MMU_NOTIFY_EXCLUSIVE)
		return false;
	return mirror->config.owner && event->owner == mirror->config.owner;
}

static bool xmmu_mirror_is_heard(const struct xmmu_mirror *mirror)
{
	return mirror->config.ops->report || trace_xmmu_invalidate_enabled();
}

static void xmmu_inval_report(const struct xmmu_inval *inval, enum xmmu_outcome outcome)
{
	struct xmmu_mirror *mirror = inval->mirror;
	const struct xmmu_report report = {
		.event = { inval->event, inval->start, inval->end, inval->blockable },
		.outcome = outcome,
		.zap_start = inval->gather.start,
		.zap_end = inval->gather.end,
		.wait_ns = inval->wait_ns,
	};

	trace_xmmu_invalidate(mirror, &report);
	if (mirror->config.ops->report && (inval->hit || outcome == XMMU_REFUSED))
		mirror->config.ops->report(mirror, &report);
}

/* The callback is over. */
static void xmmu_inval_leave(struct xmmu_inval *inval, enum xmmu_outcome outcome)
{
	struct xmmu_mirror *mirror = inval->mirror;

	if (outcome == XMMU_REFUSED)
		xmmu_count(mirror, refused);
	if (outcome == XMMU_FILTERED)
		xmmu_count(mirror, filtered);
	if (inval->stalled)
		xmmu_count_max(mirror, invalidate_ns_max,
			       ktime_to_ns(ktime_sub(ktime_get(), inval->stalled)));
	if (xmmu_mirror_is_heard(mirror))
		xmmu_inval_report(inval, outcome);
}

/* Taken without sleeping if the event must not block; false if that was not possible. */
static bool xmmu_event_lock(struct xmmu_mirror *mirror, bool blockable)
{
	if (!blockable) {
		xmmu_count(mirror, nonblock);
		xmmu_debug_nonblock_start();
		if (mirror->config.policy == XMMU_REFUSE)
			return false;
		if (mirror->config.policy == XMMU_TRYLOCK)
			return xmmu_mirror_trylock(mirror);
	}
	xmmu_mirror_lock(mirror);
	return true;
}

static void xmmu_event_unlock(struct xmmu_mirror *mirror, bool blockable, bool locked)
{
	if (locked)
		xmmu_mirror_unlock(mirror);
	if (!blockable)
		xmmu_debug_nonblock_end();
}

/*
 * The sequence of the range is advanced after that of the block, and `cold` before it: a walk reads
 * them in the opposite order. Both are advanced whatever the event.
 */
static void xmmu_range_advance(struct xmmu_range *range, int ended)
{
	WRITE_ONCE(range->cold_since, ended);
	WRITE_ONCE(range->cold, true);
	smp_store_release(&range->seq, range->seq + 1);
}

/*
 * Whether an event may have to do more than to advance the sequences: somebody listens, an older
 * flush is under way, or there may be something to unmap.
 */
static bool xmmu_mirror_is_busy(struct xmmu_mirror *mirror)
{
	return !mirror->plain || trace_xmmu_invalidate_enabled() || xmmu_ticket_any(mirror);
}

/* Under the lock. Returns whether there is more to be done, for the mirror or in a range. */
static bool xmmu_block_advance(struct xmmu_block *block, const struct mmu_notifier_range *event,
			       unsigned long seq)
{
	int ended = atomic_read(&block->mirror->ended);
	bool busy = xmmu_mirror_is_busy(block->mirror);
	struct xmmu_range *range;

	mmu_interval_set_seq(&block->notifier, seq);
	xmmu_block_for_each(block, range, event->start, event->end - 1) {
		xmmu_range_advance(range, ended);
		busy |= event->start < range->filled_end && range->filled_start < event->end;
	}
	return busy;
}

/*
 * The part of an event that is never left out. Returns whether that was all, as it is for most;
 * otherwise the lock is still held, unless it could not be taken.
 */
static bool xmmu_event_begin(struct xmmu_block *block, const struct mmu_notifier_range *event,
			     unsigned long seq, bool blockable, bool *locked)
{
	struct xmmu_mirror *mirror = block->mirror;

	*locked = xmmu_event_lock(mirror, blockable);
	if (!*locked || xmmu_block_advance(block, event, seq))
		return false;
	xmmu_event_unlock(mirror, blockable, true);
	return true;
}

static void xmmu_inval_zap_all(struct xmmu_inval *inval)
{
	struct xmmu_range *range;

	/* Nothing was populated since everything was zapped. */
	if (inval->mirror->state == XMMU_STATE_DEAD)
		return;
	xmmu_block_for_each(inval->block, range, inval->start, inval->end - 1) {
		inval->hit = true;
		if (!inval->own)
			xmmu_inval_zap(inval, range);
	}
}

/*
 * A ticket that outlives its event can not be on the stack. That happens where a flush was posted
 * in an event that must not block: nobody waits for it. The mutex is held and the allocation does
 * not reclaim.
 */
static bool xmmu_inval_reserve_ticket(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	if (inval->blockable || mirror->config.policy != XMMU_TRYLOCK)
		return true;
	if (!mirror->config.ops->flush)
		return true;
	inval->spare = kmalloc(sizeof(*inval->spare), GFP_NOWAIT | __GFP_NOWARN);
	return inval->spare;
}

/* Leave the ticket to whoever confirms it; the kernel's next try finds it done, or waits. */
static void xmmu_inval_orphan(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;
	unsigned long irq;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	if (inval->ticket->confirmed) {
		xmmu_ticket_unlist(mirror, inval->ticket);
	} else {
		inval->ticket->orphan = true;
		inval->spare = NULL;
	}
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
}

/*
 * Whether the callback may go on to xmmu_inval_finish(): not if that would wait and the event must
 * not block. Under ATOMIC nothing is left to wait for.
 */
static bool xmmu_inval_settle(struct xmmu_inval *inval)
{
	bool settled = !inval->waiting || inval->mirror->config.policy == XMMU_ATOMIC;

	if (inval->blockable)
		return true;
	if (!settled && inval->ticket)
		xmmu_inval_orphan(inval);
	kfree(inval->spare);
	return settled;
}

/* Zap and post. Returns what the callback returns. Under the lock. */
static bool xmmu_inval_begin(struct xmmu_inval *inval)
{
	if (!xmmu_inval_reserve_ticket(inval))
		return false;
	xmmu_inval_zap_all(inval);
	xmmu_inval_post(inval);
	return xmmu_inval_settle(inval);
}

static void xmmu_inval_end(struct xmmu_inval *inval)
{
	xmmu_inval_finish(inval);
	if (inval->waiting)
		atomic_dec(&inval->mirror->open);
	xmmu_inval_leave(inval, inval->own ? XMMU_FILTERED : XMMU_INVALIDATED);
}

static void xmmu_inval_setup(struct xmmu_inval *inval, struct xmmu_block *block,
			     const struct mmu_notifier_range *event, bool blockable)
{
	xmmu_inval_init(inval, block->mirror, event->start, event->end);
	inval->block = block;
	inval->own = xmmu_event_is_own(block->mirror, event);
	inval->event = event->event;
	inval->blockable = blockable;
}

/* All of the rest up to the waiting. Returns what the callback returns. */
static bool xmmu_inval_event(struct xmmu_inval *inval, struct xmmu_block *block,
			     const struct mmu_notifier_range *event, bool blockable, bool locked)
{
	bool done;

	xmmu_inval_setup(inval, block, event, blockable);
	done = locked && xmmu_inval_begin(inval);
	if (done && inval->waiting)
		atomic_inc(&block->mirror->open);
	xmmu_event_unlock(block->mirror, blockable, locked);
	if (!done)
		xmmu_inval_leave(inval, XMMU_REFUSED);
	return done;
}

static noinline bool xmmu_block_zap(struct xmmu_block *block,
				    const struct mmu_notifier_range *event, bool blockable,
				    bool locked)
{
	struct xmmu_inval inval __uninitialized;
	bool done = xmmu_inval_event(&inval, block, event, blockable, locked);

	if (done)
		xmmu_inval_end(&inval);
	return done;
}

static bool xmmu_block_event(struct xmmu_block *block, const struct mmu_notifier_range *event,
			     unsigned long seq, bool blockable)
{
	bool locked;

	if (xmmu_event_begin(block, event, seq, blockable, &locked))
		return true;
	return xmmu_block_zap(block, event, blockable, locked);
}

static void xmmu_event_count(struct xmmu_mirror *mirror, const struct mmu_notifier_range *event)
{
	unsigned int kind = min_t(unsigned int, event->event, XMMU_STATS_EVENTS - 1);

	atomic64_inc(xmmu_slot(mirror, events) + kind);
}

/* An event that may block is never refused, so one that was made not to block is run again. */
static bool xmmu_event_inject(struct xmmu_block *block, const struct mmu_notifier_range *event,
			      unsigned long seq)
{
	return mmu_notifier_range_blockable(event) && xmmu_inject_nonblock() &&
	       xmmu_block_event(block, event, seq, false);
}

static bool xmmu_block_invalidate(struct mmu_interval_notifier *notifier,
				  const struct mmu_notifier_range *event, unsigned long seq)
{
	struct xmmu_block *block = container_of(notifier, struct xmmu_block, notifier);

	xmmu_event_count(block->mirror, event);
	if (xmmu_event_inject(block, event, seq))
		return true;
	return xmmu_block_event(block, event, seq, mmu_notifier_range_blockable(event));
}

/*
 * Two passes, where the kernel has them: all notifiers of the mm post their flushes before the
 * first one waits. Each event that has to wait needs a finish object of its own; without memory
 * for it the event is done in one pass.
 */
static bool __maybe_unused xmmu_block_start(struct mmu_interval_notifier *notifier,
					    const struct mmu_notifier_range *event,
					    unsigned long seq, struct xmmu_compat_finish **finish)
{
	struct xmmu_block *block = container_of(notifier, struct xmmu_block, notifier);
	bool blockable = mmu_notifier_range_blockable(event);
	struct xmmu_inval *inval;
	bool locked, done;

	xmmu_event_count(block->mirror, event);
	if (xmmu_event_inject(block, event, seq) ||
	    xmmu_event_begin(block, event, seq, blockable, &locked))
		return true;
	/* The lock is held: nothing that reclaims. */
	inval = kmalloc(sizeof(*inval), GFP_NOWAIT | __GFP_NOWARN);
	if (!inval)
		return xmmu_block_zap(block, event, blockable, locked);
	done = xmmu_inval_event(inval, block, event, blockable, locked);
	if (done && inval->waiting) {
		*finish = &inval->finish;
		return true;
	}
	if (done)
		xmmu_inval_end(inval);
	kfree(inval);
	return done;
}

static void __maybe_unused xmmu_block_finish(struct xmmu_compat_finish *finish)
{
	struct xmmu_inval *inval = container_of(finish, struct xmmu_inval, finish);

	xmmu_inval_end(inval);
	kfree(inval);
}

const struct mmu_interval_notifier_ops xmmu_block_ops =
	XMMU_COMPAT_BLOCK_OPS(xmmu_block_invalidate, xmmu_block_start, xmmu_block_finish);
