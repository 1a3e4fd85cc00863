/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief What a zap removed and the device still has to forget.
 * @ingroup xmmu_gather
 */
#ifndef XMMU_GATHER_H
#define XMMU_GATHER_H

#include <linux/llist.h>
#include <linux/types.h>

struct xmmu_mirror;

/**
 * @defgroup xmmu_gather Gather and flush ticket
 * @ingroup xmmu
 * @since 0.1
 * @brief From zap to flush: the removed span, and the ticket under which the device confirms.
 *
 * Two invalidations of overlapping spans may run at once. The second finds nothing left to zap,
 * but it must not return before the flush that the first one posted is confirmed, since its caller
 * frees the pages. The SDK keeps every posted flush as a pending ticket with its span and makes
 * every later invalidation, range removal and detach that overlaps it wait too.
 * @{
 */

/**
 * @brief The union of the spans that the zaps of one event removed.
 *
 * Lives in the SDK; a driver gets it in xmmu_ops::zap and xmmu_ops::flush.
 */
struct xmmu_gather {
	/** First byte removed; ULONG_MAX while nothing was. */
	unsigned long start;
	/** Byte after the last removed; 0 while nothing was. */
	unsigned long end;
	/** What xmmu_flush_done() must be called with; set when xmmu_ops::flush is called. */
	u64 ticket;
};

/**
 * @brief Report a span whose translations were removed.
 *
 * @param gather  The gather that xmmu_ops::zap got.
 * @param start   First byte, not before the span that xmmu_ops::zap was called for.
 * @param end     Byte after the last, not beyond that span.
 *
 * @ctx{inside xmmu_ops::zap}
 */
static inline void xmmu_gather_add(struct xmmu_gather *gather, unsigned long start,
				   unsigned long end)
{
	if (start < gather->start)
		gather->start = start;
	if (end > gather->end)
		gather->end = end;
}

/**
 * @brief Whether nothing was removed.
 *
 * @param gather  The gather.
 * @return true if no span was reported.
 *
 * @ctx{any}
 */
static inline bool xmmu_gather_empty(const struct xmmu_gather *gather)
{
	return !gather->end;
}

/**
 * @brief Memory that the device may read until a flush is confirmed. Embed it there.
 */
struct xmmu_deferred {
	/** @cond INTERNAL */
	struct llist_node node;
	void (*free)(struct xmmu_deferred *deferred);
	/** @endcond */
};

/**
 * @brief Free something when the device has forgotten what is zapped now.
 *
 * For page-table pages: the device's walker may be inside of one that a zap has unlinked. What was
 * deferred is freed after the flush that follows the zap is confirmed, or the device is isolated,
 * and before xmmu_mirror_detach() returns. Nobody waits for it.
 *
 * @param gather    The gather that xmmu_ops::zap got.
 * @param deferred  In no use; the SDK's until @p free is called.
 * @param free      Called once, from a worker, without the lock; may sleep. A page table that is
 *                  read without the lock frees by RCU in there.
 *
 * @ctx{inside xmmu_ops::zap}
 */
void xmmu_gather_defer(struct xmmu_gather *gather, struct xmmu_deferred *deferred,
		       void (*free)(struct xmmu_deferred *deferred));

/**
 * @brief The device has confirmed a flush.
 *
 * Whoever waits for the ticket goes on, and the pages are freed. A ticket that is not pending any
 * more, because the device was isolated, is ignored. The mirror must not have been freed: detach
 * waits for all tickets, so it is enough that no confirmation can arrive after xmmu_ops::isolate.
 *
 * @param mirror  The mirror.
 * @param ticket  xmmu_gather::ticket of the flush.
 *
 * @ctx{any\, hard interrupt included}
 */
void xmmu_flush_done(struct xmmu_mirror *mirror, u64 ticket);

/** @} */

#endif
