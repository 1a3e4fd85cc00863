// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidation: one order, for the kernel's events as for the driver's own zaps.
 *
 * Under the lock: advance the sequences, zap, post the flush. Then drop the lock, wait until
 * everything posted that overlaps is confirmed, unmap from DMA, return. If all is confirmed before
 * the lock is dropped, there is nothing to wait for and nothing to come back for.
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
	inval->ticket = &inval->stack_ticket;
	inval->spare = NULL;
	inval->until = 0;
	inval->report.wait_ns = 0;
	inval->entered = ktime_get();
	inval->hit = false;
	inval->waiting = false;
}

/* Zap what the invalidation and the range have in common. */
void xmmu_inval_zap(struct xmmu_inval *inval, struct xmmu_range *range)
{
	unsigned long start = max(inval->start, xmmu_range_start(range));
	unsigned long end = min(inval->end, xmmu_range_end(range));

	xmmu_mirror_assert_locked(inval->mirror);
	xmmu_inject_delay();
	inval->mirror->config.ops->zap(range, start, end, &inval->gather);
	xmmu_dma_mark_zapped(range, start, end);
	xmmu_debug_check_gather(&inval->gather, inval->start, inval->end);
	xmmu_inject_delay();
}

/*
 * The kernel keeps walks out of the span until the invalidation ends. When the driver zaps, only
 * the ticket does, until everything is unmapped: it covers the whole span, and is there even if
 * nothing was populated.
 */
static void xmmu_inval_add_ticket(struct xmmu_inval *inval)
{
	bool whole = !inval->block;

	xmmu_ticket_add(inval->mirror, inval->ticket, XMMU_TICKET_FLUSH,
			whole ? inval->start : inval->gather.start,
			whole ? inval->end : inval->gather.end);
}

static void xmmu_inval_flush(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	if (READ_ONCE(inval->ticket->confirmed))
		return;
	inval->gather.ticket = inval->ticket->id;
	xmmu_count(mirror, flushes);
	trace_xmmu_flush(mirror, inval->gather.ticket, inval->gather.start, inval->gather.end);
	mirror->config.ops->flush(mirror, &inval->gather);
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

/* The zaps are done: post the flush, and find out whether there is something to wait for. */
void xmmu_inval_post(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;
	bool zapped = !xmmu_gather_empty(&inval->gather);
	bool flush = zapped && mirror->config.ops->flush;

	xmmu_mirror_assert_locked(mirror);
	if (zapped)
		xmmu_count(mirror, zaps);
	if (inval->block && !flush)
		inval->ticket = NULL;
	if (inval->ticket)
		xmmu_inval_add_ticket(inval);
	if (flush)
		xmmu_inval_flush(inval);
	else if (inval->ticket)
		xmmu_ticket_confirm(mirror, inval->ticket);
	inval->until = READ_ONCE(mirror->last_ticket);
	inval->waiting = xmmu_ticket_pending(mirror, inval->start, inval->end, inval->until);
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
	xmmu_inject_delay();
	inval->report.wait_ns = xmmu_ticket_wait(mirror, inval->start, inval->end, inval->until);
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

static void xmmu_inval_report(struct xmmu_inval *inval, enum xmmu_outcome outcome)
{
	struct xmmu_mirror *mirror = inval->mirror;
	struct xmmu_report *report = &inval->report;

	report->outcome = outcome;
	report->zap_start = inval->gather.start;
	report->zap_end = inval->gather.end;
	atomic_dec(&mirror->open);
	if (outcome == XMMU_REFUSED)
		xmmu_count(mirror, refused);
	if (outcome == XMMU_FILTERED)
		xmmu_count(mirror, filtered);
	xmmu_count_max(mirror, invalidate_ns_max,
		       ktime_to_ns(ktime_sub(ktime_get(), inval->entered)));
	trace_xmmu_invalidate(mirror, report);
	if (mirror->config.ops->report && (inval->hit || outcome == XMMU_REFUSED))
		mirror->config.ops->report(mirror, report);
}

/* Taken without sleeping if the event must not block; false if that was not possible. */
static bool xmmu_inval_lock(struct xmmu_mirror *mirror, bool blockable)
{
	if (!blockable && mirror->config.policy == XMMU_REFUSE)
		return false;
	if (!blockable && mirror->config.policy == XMMU_TRYLOCK)
		return xmmu_mirror_trylock(mirror);
	xmmu_mirror_lock(mirror);
	return true;
}

/*
 * The sequence of the range is advanced after that of the block, and `cold` before it: a walk reads
 * them in the opposite order. Both are advanced whatever the event.
 */
static void xmmu_inval_advance(struct xmmu_range *range)
{
	WRITE_ONCE(range->cold_since, atomic_read(&range->mirror->ended));
	WRITE_ONCE(range->cold, true);
	smp_store_release(&range->seq, range->seq + 1);
}

static void xmmu_inval_ranges(struct xmmu_inval *inval)
{
	struct xmmu_range *range;

	/* Nothing was populated since everything was zapped. */
	if (inval->mirror->state == XMMU_STATE_DEAD)
		return;
	xmmu_block_for_each(inval->block, range, inval->start, inval->end - 1) {
		inval->hit = true;
		xmmu_inval_advance(range);
		if (!inval->own)
			xmmu_inval_zap(inval, range);
	}
	/* A walk that waits for the worker may have seen the new `cold` with the old sequence. */
	if (inval->hit)
		wake_up_all(&inval->mirror->wait);
}

/*
 * A ticket that outlives its event can not be on the stack. That happens where a flush was posted
 * in an event that must not block: nobody waits for it. The mutex is held and the allocation does
 * not reclaim.
 */
static bool xmmu_inval_reserve_ticket(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;

	if (inval->report.event.blockable || mirror->config.policy != XMMU_TRYLOCK)
		return true;
	if (!mirror->config.ops->flush)
		return true;
	inval->spare = kmalloc(sizeof(*inval->spare), GFP_NOWAIT | __GFP_NOWARN);
	if (!inval->spare)
		return false;
	inval->ticket = inval->spare;
	return true;
}

/* Leave the ticket to whoever confirms it; the kernel's next try finds it done, or waits. */
static void xmmu_inval_orphan(struct xmmu_inval *inval)
{
	struct xmmu_mirror *mirror = inval->mirror;
	unsigned long irq;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	if (inval->ticket->confirmed) {
		list_del(&inval->ticket->node);
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
	bool settled = !inval->waiting || inval->report.event.blockable ||
		       inval->mirror->config.policy == XMMU_ATOMIC;

	if (!settled && inval->ticket)
		xmmu_inval_orphan(inval);
	kfree(inval->spare);
	return settled;
}

/* All of an event up to the waiting. Returns what the callback returns. */
static bool xmmu_inval_begin(struct xmmu_inval *inval, unsigned long seq)
{
	struct xmmu_mirror *mirror = inval->mirror;
	bool settled = false;

	if (!xmmu_inval_lock(mirror, inval->report.event.blockable))
		return false;
	mmu_interval_set_seq(&inval->block->notifier, seq);
	if (xmmu_inval_reserve_ticket(inval)) {
		xmmu_inval_ranges(inval);
		xmmu_inval_post(inval);
		settled = xmmu_inval_settle(inval);
	}
	xmmu_mirror_unlock(mirror);
	return settled;
}

static void xmmu_inval_end(struct xmmu_inval *inval)
{
	xmmu_inval_finish(inval);
	xmmu_inval_report(inval, inval->own ? XMMU_FILTERED : XMMU_INVALIDATED);
}

static void xmmu_inval_setup(struct xmmu_inval *inval, struct mmu_interval_notifier *notifier,
			     const struct mmu_notifier_range *event, bool blockable)
{
	struct xmmu_block *block = container_of(notifier, struct xmmu_block, notifier);

	xmmu_inval_init(inval, block->mirror, event->start, event->end);
	inval->block = block;
	inval->own = xmmu_event_is_own(block->mirror, event);
	atomic_inc(&block->mirror->open);
	inval->report.event.event = event->event;
	inval->report.event.start = event->start;
	inval->report.event.end = event->end;
	inval->report.event.blockable = blockable;
}

static bool xmmu_inval_try(struct xmmu_inval *inval, struct mmu_interval_notifier *notifier,
			   const struct mmu_notifier_range *event, unsigned long seq,
			   bool blockable)
{
	bool done;

	xmmu_inval_setup(inval, notifier, event, blockable);
	if (!blockable) {
		xmmu_count(inval->mirror, nonblock);
		xmmu_debug_nonblock_start();
	}
	done = xmmu_inval_begin(inval, seq);
	if (!blockable)
		xmmu_debug_nonblock_end();
	if (!done)
		xmmu_inval_report(inval, XMMU_REFUSED);
	return done;
}

/* An event that may block is never refused, so one that was made not to block is run again. */
static bool xmmu_inval_start(struct xmmu_inval *inval, struct mmu_interval_notifier *notifier,
			     const struct mmu_notifier_range *event, unsigned long seq)
{
	bool blockable = mmu_notifier_range_blockable(event);
	unsigned int kind = min_t(unsigned int, event->event, XMMU_STATS_EVENTS - 1);
	struct xmmu_block *block = container_of(notifier, struct xmmu_block, notifier);

	atomic64_inc(xmmu_slot(block->mirror, events) + kind);
	if (blockable && xmmu_inject_nonblock() &&
	    xmmu_inval_try(inval, notifier, event, seq, false))
		return true;
	return xmmu_inval_try(inval, notifier, event, seq, blockable);
}

static bool xmmu_block_invalidate(struct mmu_interval_notifier *notifier,
				  const struct mmu_notifier_range *event, unsigned long seq)
{
	struct xmmu_inval inval;
	bool done = xmmu_inval_start(&inval, notifier, event, seq);

	if (done)
		xmmu_inval_end(&inval);
	return done;
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
	struct xmmu_inval *inval = kmalloc(sizeof(*inval), GFP_NOWAIT | __GFP_NOWARN);
	bool done;

	if (!inval)
		return xmmu_block_invalidate(notifier, event, seq);
	done = xmmu_inval_start(inval, notifier, event, seq);
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
