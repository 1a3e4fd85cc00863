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
	inval->ticket = NULL;
	inval->spare = NULL;
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

/* Zap what a span and the range have in common, as far as it can be populated. Under the lock. */
static __always_inline void xmmu_range_zap_plain(struct xmmu_mirror *mirror,
						 struct xmmu_range *range, unsigned long start,
						 unsigned long end)
{
	unsigned long from = max(start, range->filled_start), to = min(end, range->filled_end);

	xmmu_mirror_assert_locked(mirror);
	if (from >= to)
		return;
	mirror->config.ops->zap(range, from, to, &mirror->gather);
	xmmu_range_emptied(range, from, to);
}

/* The same, where DMA addresses may have to be unmapped later, and with the debug build's checks. */
void xmmu_range_zap_filled(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	xmmu_inject_delay();
	xmmu_range_zap_plain(range->mirror, range, start, end);
	if (xmmu_dma_used(range))
		xmmu_dma_mark_zapped(range, start, end);
	xmmu_debug_check_gather(&range->mirror->gather, start, end);
	xmmu_inject_delay();
}

/*
 * The kernel keeps walks out of the span until its event ends. When the driver zaps, only a ticket
 * over the whole span does. Where there is something to unmap it stays until that is done.
 */
static noinline void xmmu_inval_add_ticket(struct xmmu_inval *inval)
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
static noinline void xmmu_inval_unmap(struct xmmu_inval *inval)
{
	struct xmmu_block *block;

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
	bool mapped = inval->mirror->config.dma == XMMU_DMA_LEAF;

	if (!inval->own && (mapped || IS_ENABLED(XMMU_DEBUG)))
		xmmu_inval_unmap(inval);
	if (inval->ticket)
		xmmu_ticket_del(inval->mirror, inval->ticket);
}

/*
 * Post a flush of what was zapped; whether it is confirmed by the time its function returns. A device
 * that is cut off meanwhile never confirms: the ticket is told, see xmmu_ticket_add().
 */
static __always_inline bool xmmu_flush_post(struct xmmu_mirror *mirror)
{
	u64 ticket = ++mirror->gather.ticket;

	xmmu_count(mirror, flushes);
	/* Before the device can confirm. */
	atomic64_xchg(&mirror->posted, ticket);
	trace_xmmu_flush(mirror, &mirror->gather);
	mirror->config.ops->flush(mirror, &mirror->gather);
	return atomic64_read_acquire(&mirror->posted) != ticket;
}

/*
 * Whether nothing was removed that the device caches, or it has forgotten it by now. Under the lock.
 */
static bool xmmu_mirror_flush(struct xmmu_mirror *mirror)
{
	if (!xmmu_gather_empty(&mirror->gather)) {
		if (mirror->config.ops->flush && !test_bit(XMMU_FLAG_CUT, &mirror->flags))
			return xmmu_flush_post(mirror);
		xmmu_count(mirror, zaps);
	}
	mirror->gather.ticket++;
	return true;
}

/* The flush is posted: is there something to wait for? Under the lock. */
static void xmmu_inval_posted(struct xmmu_inval *inval, bool flushed)
{
	struct xmmu_mirror *mirror = inval->mirror;

	inval->gather = mirror->gather;
	xmmu_gather_clear(mirror);
	/* If the driver's own zap waits for others, its ticket keeps walks out meanwhile. */
	if (!flushed || (!inval->block && xmmu_ticket_any(mirror)))
		xmmu_inval_add_ticket(inval);
	inval->waiting =
		xmmu_ticket_pending(mirror, inval->start, inval->end, inval->gather.ticket);
	if (!inval->waiting)
		xmmu_inval_done(inval);
}

/* The zaps are done: post the flush, and find out whether there is something to wait for. */
void xmmu_inval_post(struct xmmu_inval *inval)
{
	xmmu_mirror_assert_locked(inval->mirror);
	xmmu_inval_posted(inval, xmmu_mirror_flush(inval->mirror));
}

static void xmmu_inval_wait(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	inval->wait_ns = 0;
	if (mirror->atomic) {
		WARN_ONCE(1, "xmmu: %s: a flush under XMMU_ATOMIC was not confirmed at once\n",
			  XMMU_DRIVER_NAME);
		xmmu_mirror_isolate(mirror);
		return;
	}
	if (!inval->ticket || READ_ONCE(inval->ticket->confirmed))
		xmmu_count(mirror, waits_shared);
	xmmu_inject_delay();
	inval->wait_ns = xmmu_ticket_wait(mirror, inval->start, inval->end, inval->gather.ticket);
	xmmu_inject_delay();
}

/* If it is waiting. Without the lock. Sleeps, unless the policy is ATOMIC. */
void xmmu_inval_finish(struct xmmu_inval *inval)
{
	inval->stalled = ktime_get();
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

static noinline void xmmu_inval_report(const struct xmmu_inval *inval, enum xmmu_outcome outcome)
{
	struct xmmu_mirror *mirror = inval->mirror;
	const struct xmmu_report report = {
		.event = { inval->event, inval->start, inval->end, inval->blockable },
		.outcome = outcome,
		.zap_start = inval->gather.start,
		.zap_end = inval->gather.end,
		.wait_ns = outcome != XMMU_REFUSED && inval->waiting ? inval->wait_ns : 0,
	};

	trace_xmmu_invalidate(mirror, &report);
	if (mirror->config.ops->report && (inval->first || outcome == XMMU_REFUSED))
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
	if (xmmu_mirror_is_heard(mirror))
		xmmu_inval_report(inval, outcome);
}

static void xmmu_event_count(struct xmmu_mirror *mirror, const struct mmu_notifier_range *event)
{
	unsigned int kind = event->event;

	if (unlikely(kind >= XMMU_STATS_EVENTS))
		kind = XMMU_STATS_EVENTS - 1;
	atomic64_inc(xmmu_slot(mirror, events) + kind);
}

/* Taken without sleeping if the event must not block; false if that was not possible. */
static bool xmmu_event_lock(struct xmmu_mirror *mirror, bool blockable)
{
	bool locked = true;

	if (blockable) {
		xmmu_mirror_lock(mirror);
		return true;
	}
	xmmu_count(mirror, nonblock);
	xmmu_debug_nonblock_start();
	if (mirror->config.policy == XMMU_ATOMIC)
		xmmu_mirror_lock(mirror);
	else
		locked = mirror->config.policy == XMMU_TRYLOCK && xmmu_mirror_trylock(mirror);
	if (!locked)
		xmmu_debug_nonblock_end();
	return locked;
}

static void xmmu_event_unlock(struct xmmu_mirror *mirror, bool blockable)
{
	xmmu_mirror_unlock(mirror);
	if (!blockable)
		xmmu_debug_nonblock_end();
}

/*
 * The sequence of the range is advanced after that of the block, and `heat` before it: a walk reads
 * them in the opposite order. Both are advanced whatever the event.
 */
static void xmmu_range_advance(struct xmmu_range *range, enum mmu_notifier_event event,
			       unsigned long start, unsigned long end)
{
	if (event == MMU_NOTIFY_UNMAP)
		xmmu_range_unmapped(range, start, end);
	WRITE_ONCE(range->heat, XMMU_RANGE_COLD);
	smp_store_release(&range->seq, range->seq + 1);
}

/*
 * Whether an event may have to do more than to zap and to flush: somebody listens, an older flush
 * is under way, or there may be something to unmap or to leave out.
 */
static bool xmmu_mirror_is_busy(struct xmmu_mirror *mirror)
{
	return !(READ_ONCE(mirror->flags) & BIT(XMMU_FLAG_PLAIN)) ||
	       trace_xmmu_invalidate_enabled() || xmmu_ticket_any(mirror);
}

static void xmmu_inval_zap_all(struct xmmu_inval *inval)
{
	struct xmmu_range *range;

	for (range = inval->first; range && !inval->own;
	     range = xmmu_block_next(range, inval->start, inval->end - 1))
		xmmu_range_zap_filled(range, inval->start, inval->end);
}

static bool xmmu_inval_may_zap(const struct xmmu_inval *inval)
{
	struct xmmu_range *range;

	for (range = inval->first; range;
	     range = xmmu_block_next(range, inval->start, inval->end - 1))
		if (inval->start < range->filled_end && range->filled_start < inval->end)
			return true;
	return false;
}

/*
 * A ticket that outlives its event can not be on the stack. That happens where a flush was posted
 * in an event that must not block: nobody waits for it. The mutex is held and the allocation does
 * not reclaim.
 */
static bool xmmu_inval_reserve_ticket(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	if (inval->blockable || mirror->config.policy != XMMU_TRYLOCK ||
	    !mirror->config.ops->flush || !xmmu_inval_may_zap(inval))
		return true;
	inval->spare = kmalloc(sizeof(*inval->spare), GFP_NOWAIT | __GFP_NOWARN);
	return inval->spare;
}

/* Leave the ticket to whoever confirms it; the kernel's next try finds it done, or waits. */
static noinline void xmmu_inval_orphan(struct xmmu_inval *inval)
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

static noinline void xmmu_inval_finish_event(struct xmmu_inval *inval)
{
	xmmu_inval_finish(inval);
	atomic_dec(&inval->mirror->open);
	xmmu_count_max(inval->mirror, invalidate_ns_max,
		       ktime_to_ns(ktime_sub(ktime_get(), inval->stalled)));
}

static void xmmu_inval_end(struct xmmu_inval *inval)
{
	if (inval->waiting)
		xmmu_inval_finish_event(inval);
	xmmu_inval_leave(inval, inval->own ? XMMU_FILTERED : XMMU_INVALIDATED);
}

static void xmmu_inval_setup(struct xmmu_inval *inval, struct xmmu_block *block,
			     const struct mmu_notifier_range *event, bool blockable,
			     struct xmmu_range *first)
{
	struct xmmu_mirror *mirror = block->mirror;

	xmmu_inval_init(inval, mirror, event->start, event->end);
	inval->block = block;
	/* Nothing was populated since everything was zapped. */
	inval->first = READ_ONCE(mirror->state) == XMMU_STATE_DEAD ? NULL : first;
	inval->own = xmmu_event_is_own(mirror, event);
	inval->event = event->event;
	inval->blockable = blockable;
	inval->gather.end = 0;
}

/* The lock could not be taken. */
static noinline bool xmmu_block_refuse(struct xmmu_block *block,
				       const struct mmu_notifier_range *event)
{
	struct xmmu_inval inval __uninitialized;

	xmmu_inval_setup(&inval, block, event, false, NULL);
	xmmu_inval_leave(&inval, XMMU_REFUSED);
	return false;
}

/*
 * An event with everything that may come: filters, reports, waiting. If it has to wait and may do so
 * in a second pass, the kernel keeps the record until then; without memory for it everything is done
 * here. `posted` says that zaps and flush are. Drops the lock; returns what the callback returns.
 */
static noinline bool xmmu_block_zap(struct xmmu_block *block,
				    const struct mmu_notifier_range *event, bool blockable,
				    struct xmmu_range *first, bool posted,
				    struct xmmu_compat_finish **finish)
{
	/* The lock is held: nothing that reclaims. */
	struct xmmu_inval *kept = finish ? kmalloc(sizeof(*kept), GFP_NOWAIT | __GFP_NOWARN) : NULL;
	struct xmmu_inval here __uninitialized, *inval = kept ?: &here;
	bool done = true;

	xmmu_inval_setup(inval, block, event, blockable, first);
	if (posted)
		xmmu_inval_posted(inval, false);
	else
		done = xmmu_inval_begin(inval);
	if (done && inval->waiting)
		atomic_inc(&block->mirror->open);
	xmmu_event_unlock(block->mirror, blockable);
	if (kept && done && inval->waiting) {
		*finish = &kept->finish;
		return true;
	}
	if (done)
		xmmu_inval_end(inval);
	else
		xmmu_inval_leave(inval, XMMU_REFUSED);
	kfree(kept);
	return done;
}

/* Under the lock, which is dropped. */
static noinline bool xmmu_block_zap_busy(struct xmmu_block *block,
					 const struct mmu_notifier_range *event, unsigned long seq,
					 bool blockable, struct xmmu_compat_finish **finish)
{
	struct xmmu_range *range, *first;

	mmu_interval_set_seq(&block->notifier, seq);
	first = xmmu_block_first(block, event->start, event->end - 1);
	for (range = first; range; range = xmmu_block_next(range, event->start, event->end - 1))
		xmmu_range_advance(range, event->event, event->start, event->end);
	return xmmu_block_zap(block, event, blockable, first, false, finish);
}

static __always_inline void xmmu_range_event(struct xmmu_mirror *mirror, struct xmmu_range *range,
					     unsigned long start, unsigned long end,
					     enum mmu_notifier_event event)
{
	xmmu_range_advance(range, event, start, end);
	xmmu_range_zap_plain(mirror, range, start, end);
}

static noinline void xmmu_block_event_ranges(struct xmmu_block *block, unsigned long start,
					     unsigned long end, enum mmu_notifier_event event)
{
	struct xmmu_range *range;

	xmmu_block_for_each(block, range, start, end - 1)
		xmmu_range_event(block->mirror, range, start, end, event);
}

/*
 * Most events find nothing to zap, and most flushes are confirmed while they are posted: then there
 * is nothing to wait for, and nothing to come back for. Most blocks have one range, which need not
 * be looked for. The sequences are advanced whatever the event. `finish` is NULL where there is one
 * pass.
 */
static __always_inline bool xmmu_block_event(struct xmmu_block *block,
					     const struct mmu_notifier_range *event,
					     unsigned long seq, bool blockable,
					     struct xmmu_compat_finish **finish)
{
	struct xmmu_mirror *mirror = block->mirror;
	struct xmmu_range *only;
	unsigned long start, end;

	xmmu_event_count(mirror, event);
	if (!xmmu_event_lock(mirror, blockable))
		return xmmu_block_refuse(block, event);
	if (!blockable)
		return xmmu_block_zap_busy(block, event, seq, false, finish);
	if (xmmu_mirror_is_busy(mirror))
		return xmmu_block_zap_busy(block, event, seq, true, finish);
	mmu_interval_set_seq(&block->notifier, seq);
	start = event->start;
	end = event->end;
	only = xmmu_block_only(block);
	if (unlikely(!only))
		xmmu_block_event_ranges(block, start, end, event->event);
	else if (start <= only->node.last && only->node.start < end)
		xmmu_range_event(mirror, only, start, end, event->event);
	if (!xmmu_gather_empty(&mirror->gather)) {
		if (!xmmu_flush_post(mirror))
			return xmmu_block_zap(block, event, true, NULL, true, finish);
		xmmu_gather_clear(mirror);
	}
	xmmu_mirror_unlock(mirror);
	return true;
}

/* An event that may block is never refused, so one that was made not to block is run again. */
static bool xmmu_event_inject(struct xmmu_block *block, const struct mmu_notifier_range *event,
			      unsigned long seq)
{
	return mmu_notifier_range_blockable(event) && xmmu_inject_nonblock() &&
	       xmmu_block_event(block, event, seq, false, NULL);
}

static __always_inline bool xmmu_block_call(struct mmu_interval_notifier *notifier,
					    const struct mmu_notifier_range *event,
					    unsigned long seq, struct xmmu_compat_finish **finish)
{
	struct xmmu_block *block = container_of(notifier, struct xmmu_block, notifier);

	if (xmmu_event_inject(block, event, seq))
		return true;
	return xmmu_block_event(block, event, seq, mmu_notifier_range_blockable(event), finish);
}

static bool xmmu_block_invalidate(struct mmu_interval_notifier *notifier,
				  const struct mmu_notifier_range *event, unsigned long seq)
{
	return xmmu_block_call(notifier, event, seq, NULL);
}

static bool __maybe_unused xmmu_block_start(struct mmu_interval_notifier *notifier,
					    const struct mmu_notifier_range *event,
					    unsigned long seq, struct xmmu_compat_finish **finish)
{
	return xmmu_block_call(notifier, event, seq, finish);
}

static void __maybe_unused xmmu_block_finish(struct xmmu_compat_finish *finish)
{
	struct xmmu_inval *inval = container_of(finish, struct xmmu_inval, finish);

	xmmu_inval_end(inval);
	kfree(inval);
}

const struct mmu_interval_notifier_ops xmmu_block_ops =
	XMMU_COMPAT_NOTIFIER_OPS(xmmu_block_invalidate, xmmu_block_start, xmmu_block_finish);
