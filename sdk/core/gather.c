// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tickets: what the device still has to confirm, and who waits for it.
 *
 * A flush is in the list from the moment it is posted until the device has confirmed it. If walks
 * must be kept out for longer, because there is something to unmap, it stays until that is done,
 * and `confirmed` says that the device is. A transfer is in the list from its mapping to its end.
 * An invalidation waits for all that overlap it and are not newer.
 *
 * Most flushes are confirmed before the mirror's lock is dropped, and never get into the list:
 * `posted` is the one of whoever holds the lock. Whatever takes the number out of there decides: a
 * confirmation, or the ticket that goes into the list.
 *
 * Tickets are added under the mirror's lock, so who holds that and reads 0 in `listed` is right
 * until he drops it.
 */
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/slab.h>

#include "internal.h"
#include "trace.h"

static bool xmmu_ticket_overlaps(const struct xmmu_ticket *ticket, unsigned long start,
				 unsigned long end)
{
	return ticket->start < end && start < ticket->end;
}

/* Whether the flush was posted and is not confirmed; it is nobody's posted one any more. */
static bool xmmu_flush_take(struct xmmu_mirror *mirror, u64 id)
{
	return atomic64_cmpxchg(&mirror->posted, id, 0) == id;
}

/*
 * For a device that is cut off a ticket is born confirmed: nobody would do it later. So is a flush
 * that is not posted any more. Under the mirror's lock.
 */
void xmmu_ticket_add(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket,
		     enum xmmu_ticket_kind kind, u64 id, unsigned long start, unsigned long end)
{
	unsigned long irq;

	ticket->id = id;
	ticket->kind = kind;
	ticket->start = start;
	ticket->end = end;
	ticket->orphan = false;
	spin_lock_irqsave(&mirror->ticket_lock, irq);
	ticket->confirmed = (kind == XMMU_TICKET_FLUSH && !xmmu_flush_take(mirror, id)) ||
			    test_bit(XMMU_FLAG_CUT, &mirror->flags);
	list_add_tail(&ticket->node, &mirror->tickets);
	WRITE_ONCE(mirror->listed, mirror->listed + 1);
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
}

/*
 * Whoever reads the new number sees what the device has done. With the last one its owner may go on
 * at once, and free it. Under ticket_lock.
 */
void xmmu_ticket_unlist(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket)
{
	lockdep_assert_held(&mirror->ticket_lock);
	if (list_empty(&ticket->node))
		return;
	list_del_init(&ticket->node);
	smp_store_release(&mirror->listed, mirror->listed - 1);
}

void xmmu_ticket_del(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket)
{
	unsigned long irq;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	xmmu_ticket_unlist(mirror, ticket);
	xmmu_mirror_wake(mirror);
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
}

/* Under ticket_lock. Unless it stays, its owner may have freed the ticket when this returns. */
static void xmmu_ticket_confirm_locked(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket)
{
	bool orphan = ticket->orphan;

	trace_xmmu_flush_done(mirror, ticket->id);
	WRITE_ONCE(ticket->confirmed, true);
	if (orphan || !ticket->stays)
		xmmu_ticket_unlist(mirror, ticket);
	if (orphan)
		kfree(ticket);
	xmmu_mirror_wake(mirror);
}

/* The flush was not confirmed while it was posted. */
static noinline void xmmu_flush_confirm_listed(struct xmmu_mirror *mirror, u64 id)
{
	struct xmmu_ticket *ticket;
	unsigned long irq;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	list_for_each_entry(ticket, &mirror->tickets, node) {
		if (ticket->id == id && ticket->kind == XMMU_TICKET_FLUSH) {
			xmmu_ticket_confirm_locked(mirror, ticket);
			break;
		}
	}
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
}

static void xmmu_flush_confirm(struct xmmu_mirror *mirror, u64 id)
{
	if (xmmu_flush_take(mirror, id))
		trace_xmmu_flush_done(mirror, id);
	else
		xmmu_flush_confirm_listed(mirror, id);
}

void xmmu_flush_done(struct xmmu_mirror *mirror, u64 ticket)
{
	if (!xmmu_inject_late_flush(mirror, ticket, xmmu_flush_confirm))
		xmmu_flush_confirm(mirror, ticket);
}

/* Whether the device may still use something in the span, of what was posted up to a ticket. */
bool xmmu_ticket_pending(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
			 u64 until)
{
	struct xmmu_ticket *ticket;
	unsigned long irq;
	bool pending = false;

	if (!xmmu_ticket_any(mirror))
		return false;
	spin_lock_irqsave(&mirror->ticket_lock, irq);
	list_for_each_entry(ticket, &mirror->tickets, node) {
		if (ticket->id > until)
			break;
		if (!ticket->confirmed && xmmu_ticket_overlaps(ticket, start, end)) {
			pending = true;
			break;
		}
	}
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
	return pending;
}

/*
 * Whether a flush of the span is posted, or confirmed and not yet unmapped: a walk must not make
 * new translations there.
 */
bool xmmu_flush_listed(struct xmmu_mirror *mirror, unsigned long start, unsigned long end)
{
	struct xmmu_ticket *ticket;
	unsigned long irq;
	bool listed = false;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	list_for_each_entry(ticket, &mirror->tickets, node) {
		if (ticket->kind == XMMU_TICKET_FLUSH && xmmu_ticket_overlaps(ticket, start, end)) {
			listed = true;
			break;
		}
	}
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
	return listed;
}

/*
 * Wait until nothing is pending. It can not fail: a device that does not answer is cut off from
 * memory. Returns the nanoseconds waited.
 */
u64 xmmu_ticket_wait(struct xmmu_mirror *mirror, unsigned long start, unsigned long end, u64 until)
{
	ktime_t begun = ktime_get();
	u64 waited;

	while (!wait_event_timeout(mirror->wait, !xmmu_ticket_pending(mirror, start, end, until),
				   mirror->watchdog))
		xmmu_mirror_isolate(mirror);
	waited = ktime_to_ns(ktime_sub(ktime_get(), begun));
	xmmu_count(mirror, waits);
	xmmu_count_add(mirror, wait_ns, waited);
	xmmu_count_max(mirror, wait_ns_max, waited);
	return waited;
}

/* The device is cut off: nothing it was told can matter any more. */
void xmmu_ticket_complete_all(struct xmmu_mirror *mirror)
{
	struct xmmu_ticket *ticket, *next;
	unsigned long irq;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	set_bit(XMMU_FLAG_CUT, &mirror->flags);
	list_for_each_entry_safe(ticket, next, &mirror->tickets, node) {
		if (ticket->kind == XMMU_TICKET_XFER)
			xmmu_xfer_abandon(container_of(ticket, struct xmmu_xfer, ticket));
		else
			xmmu_ticket_confirm_locked(mirror, ticket);
	}
	xmmu_mirror_wake(mirror);
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
}

static bool xmmu_flush_pending(struct xmmu_mirror *mirror, u64 until)
{
	struct xmmu_ticket *ticket;
	unsigned long irq;
	bool pending = false;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	list_for_each_entry(ticket, &mirror->tickets, node) {
		if (ticket->id > until)
			break;
		if (ticket->kind == XMMU_TICKET_FLUSH && !ticket->confirmed) {
			pending = true;
			break;
		}
	}
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
	return pending;
}

/*
 * Under the lock everything that was deferred has a flush behind it, if it needs one. No watchdog:
 * whoever has to wait for that flush, detach at the latest, sees to its end.
 */
void xmmu_deferred_work(struct work_struct *work)
{
	struct xmmu_mirror *mirror = container_of(work, struct xmmu_mirror, free_deferred);
	struct xmmu_deferred *deferred, *next;
	struct llist_node *list;
	u64 until;

	xmmu_mirror_lock(mirror);
	list = llist_del_all(&mirror->deferred);
	until = mirror->gather.ticket;
	xmmu_mirror_unlock(mirror);
	wait_event(mirror->wait, !xmmu_flush_pending(mirror, until));
	llist_for_each_entry_safe(deferred, next, list, node)
		deferred->free(deferred);
}

void xmmu_gather_defer(struct xmmu_gather *gather, struct xmmu_deferred *deferred,
		       void (*free)(struct xmmu_deferred *deferred))
{
	struct xmmu_mirror *mirror = container_of(gather, struct xmmu_mirror, gather);

	xmmu_mirror_assert_locked(mirror);
	deferred->free = free;
	llist_add(&deferred->node, &mirror->deferred);
	queue_work(xmmu_wq, &mirror->free_deferred);
}
