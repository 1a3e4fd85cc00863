/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief What a driver tells the SDK: its callbacks and its policy.
 * @ingroup xmmu_ops
 */
#ifndef XMMU_OPS_H
#define XMMU_OPS_H

#include <linux/mmu_notifier.h>
#include <linux/types.h>

struct xmmu_gather;
struct xmmu_mirror;
struct xmmu_range;
struct xmmu_walk;

/**
 * @defgroup xmmu_ops Driver callbacks
 * @ingroup xmmu
 * @since 0.1
 * @brief The callbacks of a driver, and what it promises about sleeping.
 *
 * The SDK calls them in one order that a driver cannot change: advance the sequence, zap, flush,
 * drop the lock, wait until the device has confirmed, unmap from DMA, return to the kernel.
 * @{
 */

/**
 * @brief What a mirror does with an invalidation that must not block.
 *
 * The kernel sends such events when it reaps the memory of a killed process; see
 * mmu_notifier_range_blockable(). An event that may block is never refused under any policy,
 * because the kernel frees the pages whatever the callback returns.
 */
enum xmmu_policy {
	/** Refuse it: the kernel skips the memory and comes back later. Lock: mutex. */
	XMMU_REFUSE,
	/**
	 * Take the lock only if it is free, zap and post the flush, and accept only if the device
	 * has confirmed by then; otherwise refuse, and the kernel's next try finds the work done.
	 * Lock: mutex.
	 */
	XMMU_TRYLOCK,
	/**
	 * Never sleep in any event: xmmu_ops::zap and xmmu_ops::flush run under a spinlock, and
	 * the flush is complete when xmmu_ops::flush returns. Lock: spinlock.
	 */
	XMMU_ATOMIC,
};

/**
 * @brief What the kernel wants to know of pages, and what shall become of the answer.
 */
enum xmmu_aging {
	/** Whether they were used; they stay so. */
	XMMU_AGING_TEST,
	/**
	 * The same, and from now on they count as not used. What the device has cached may stay,
	 * and does not show that it is used until the device walks its table again: as with a
	 * processor's TLB, a page may look idle that is not.
	 */
	XMMU_AGING_CLEAR,
	/**
	 * The same, and the device should walk its table at the next use: reclaim asks, for the
	 * last time before it takes a page away. A driver posts a flush that nobody waits for, or
	 * leaves it out where entries do not stay cached for long.
	 */
	XMMU_AGING_CLEAR_FLUSH,
};

/**
 * @brief One announcement of the kernel.
 */
struct xmmu_event {
	/** Why the kernel invalidates, from `enum mmu_notifier_event`. */
	enum mmu_notifier_event event;
	/** First byte, as announced. */
	unsigned long start;
	/** Byte after the last, as announced. */
	unsigned long end;
	/** Whether the callback may sleep. */
	bool blockable;
};

/**
 * @brief How an invalidation ended.
 */
enum xmmu_outcome {
	/** Everything in the span is forgotten by the device. */
	XMMU_INVALIDATED,
	/** The driver caused the event itself (xmmu_config::owner): nothing had to be zapped. */
	XMMU_FILTERED,
	/** It must not block and could not be done without blocking. */
	XMMU_REFUSED,
};

/**
 * @brief The record of one invalidation, as xmmu_ops::report gets it.
 */
struct xmmu_report {
	/** What the kernel announced. */
	struct xmmu_event event;
	/** How it ended. */
	enum xmmu_outcome outcome;
	/** First byte of what xmmu_ops::zap removed; valid if @ref zap_end is not 0. */
	unsigned long zap_start;
	/** Byte after the last that xmmu_ops::zap removed; 0 if it removed nothing. */
	unsigned long zap_end;
	/** Nanoseconds spent waiting for the device. */
	u64 wait_ns;
};

/**
 * @brief The callbacks of a driver.
 *
 * The structure must live as long as any mirror that was attached with it. "Under the lock" means
 * the mirror's lock, which is a spinlock under ::XMMU_ATOMIC and a mutex otherwise.
 */
struct xmmu_ops {
	/**
	 * @brief Reserve what the coming window needs, page-table pages for one.
	 *
	 * Optional. Called without the lock before each attempt, so a retry calls it again for the
	 * same window: it must be able to find what it reserved before. A snapshot of a sparse span
	 * calls it for each window, so a driver limits what one user can make it reserve.
	 *
	 * @param walk  The walk; its window is xmmu_walk_start() to xmmu_walk_stop().
	 *
	 * @ctx{process; may sleep, except in a walk with ::XMMU_NOWAIT}
	 * @return 0, or a negative error that ends the walk and is what xmmu_walk_end() returns.
	 */
	int (*prepare)(struct xmmu_walk *walk);

	/**
	 * @brief Put the leaves of the window into the device's format.
	 *
	 * Needed for xmmu_populate() only. Called under the lock, between a successful
	 * xmmu_walk_next() and xmmu_walk_commit(). It can not fail: whatever could is reserved by
	 * xmmu_ops::prepare.
	 *
	 * @param walk  The walk; read it with xmmu_walk_for_each().
	 *
	 * @ctx{process; under the lock; no allocation that may reclaim}
	 */
	void (*populate)(struct xmmu_walk *walk);

	/**
	 * @brief Remove every translation of a span from the device's page table.
	 *
	 * Mandatory. Called for spans only in which walks have committed something. Reports what it
	 * removed with xmmu_gather_add(); if all zaps of an event report nothing, no flush is
	 * posted. It removes and reports no more than it is told to: an entry
	 * of the device that is larger than the span, a 2 MiB one for instance, is split, or is not
	 * made in the first place where single pages of it may be taken away. It must not allocate,
	 * fault, copy to or from user space, nor take a lock under which any of these happens.
	 *
	 * @param range   The range concerned.
	 * @param start   First byte, page aligned, inside the range.
	 * @param end     Byte after the last, page aligned, inside the range.
	 * @param gather  Where to report what was removed.
	 *
	 * @ctx{any that the kernel invalidates in; under the lock; must not sleep for longer than
	 *      a register access under ::XMMU_TRYLOCK and not at all under ::XMMU_ATOMIC}
	 */
	void (*zap)(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather);

	/**
	 * @brief Post to the device that it must forget what was gathered.
	 *
	 * Optional: leave it out if the device caches no translation. It does not wait; when the
	 * device confirms, the driver calls xmmu_flush_done() with xmmu_gather::ticket, from any
	 * context. A driver whose flush is synchronous calls it before it returns; under
	 * ::XMMU_ATOMIC it must. Confirmed means that no access through a gathered translation can
	 * reach memory any more. An access that is parked on a fault must be squashed or replayed,
	 * never awaited: serving it may need this very invalidation to end.
	 *
	 * @param mirror  The mirror.
	 * @param gather  What was removed; valid during the call.
	 *
	 * @ctx{as xmmu_ops::zap}
	 */
	void (*flush)(struct xmmu_mirror *mirror, const struct xmmu_gather *gather);

	/**
	 * @brief Whether the device still has a translation of a span.
	 *
	 * Optional. Only a debug build calls it, to hold a driver to its word: when the flushes of
	 * a span are confirmed, and before its DMA addresses go and the kernel frees its pages. It
	 * warns if the answer is yes. An answer is worth most if it comes from the device's page
	 * table and, where they can be read, from its caches.
	 *
	 * @param range  The range concerned: a translation that the device has through another one
	 *               does not count.
	 * @param start  First byte, page aligned, inside the range.
	 * @param end    Byte after the last, page aligned, inside the range.
	 *
	 * @ctx{as xmmu_ops::zap}
	 * @return true if an access of the device to any byte of the span would find a translation.
	 */
	bool (*translated)(struct xmmu_range *range, unsigned long start, unsigned long end);

	/**
	 * @brief Whether the device has used a page of a span since that was cleared.
	 *
	 * Optional. Without it the kernel sees only what processors use, and under memory pressure
	 * takes pages away that the device works with all the time. For the page table of the SDK
	 * it is one call of xmmu_pt_age().
	 *
	 * Called for any span of the address space, ranges or not, of ::XMMU_WINDOW at most, at any
	 * time from before xmmu_mirror_attach() returns until xmmu_mirror_detach() does. The
	 * mirror's lock is not held, and must not be taken: zaps, populates and the freeing of
	 * tables go on meanwhile, so accessed bits are read and cleared by atomic operations,
	 * in an RCU read section, in tables that are freed by RCU.
	 *
	 * It costs the address space a list notifier, which invalidations walk past.
	 *
	 * @param mirror  The mirror.
	 * @param start   First byte, page aligned.
	 * @param end     Byte after the last, page aligned.
	 * @param how     Whether to clear what says so.
	 *
	 * @ctx{under a spinlock of the kernel\, in reclaim among others: must not sleep\, wait\,
	 *      allocate\, or take a lock that is held anywhere while memory is faulted in or taken
	 *      away\, as the mirror's is}
	 * @return true if it has.
	 */
	bool (*young)(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		      enum xmmu_aging how);

	/**
	 * @brief Cut the device off from memory, now and for good.
	 *
	 * Mandatory. Called once, when a flush or a transfer was not confirmed within
	 * xmmu_config::watchdog_ms, or by xmmu_mirror_isolate(). On return no access of the device
	 * can reach memory: for PCI, bus mastering is off and has been read back. All tickets of
	 * the mirror are then completed by the SDK.
	 *
	 * @param mirror  The mirror that waited; a driver whose device serves several mirrors
	 *                calls xmmu_mirror_isolate() for the others from elsewhere.
	 *
	 * @ctx{process; the mirror's lock is not held; may be inside an invalidation\, so it must
	 *      not wait for a populate\, an allocation or user space\, and must not sleep under
	 *      ::XMMU_ATOMIC}
	 */
	void (*isolate)(struct xmmu_mirror *mirror);

	/**
	 * @brief The address space is gone.
	 *
	 * Optional. Called once, after everything was zapped, flushed and waited for, when the
	 * process exits before the driver detaches. The driver still has to detach, later.
	 *
	 * @param mirror  The mirror.
	 *
	 * It must neither detach a mirror of this address space nor remove a range from one, nor
	 * wait for somebody who does, or take a lock that is held there: they wait for this call.
	 *
	 * @ctx{process\, in the kernel's exit path; may sleep}
	 */
	void (*release)(struct xmmu_mirror *mirror);

	/**
	 * @brief Learn what an invalidation did, for a log or a test.
	 *
	 * Optional. Called at the end of each one that concerned a range of the mirror.
	 *
	 * @param mirror  The mirror.
	 * @param report  The record; valid during the call.
	 *
	 * @ctx{any that the kernel invalidates in; the lock is not held; must not sleep}
	 */
	void (*report)(struct xmmu_mirror *mirror, const struct xmmu_report *report);

	/**
	 * @brief Allocate a range, for what is left of one.
	 *
	 * Optional. With it ranges follow the process: of what it unmaps they are cut off, by a
	 * worker and some time later. A range is shrunk, removed, or split with the one that this
	 * allocates; see xmmu_range_resize() and xmmu_range_split(). Without it a range keeps its
	 * bounds, whatever is mapped there. A range of which something was unmapped may lose what
	 * was never mapped as well, then or later.
	 *
	 * It must not change the bounds of a range, nor take a lock under which that is done. If
	 * the new range is not needed after all, xmmu_ops::range_free gets it: it has a mirror, and
	 * nothing else.
	 *
	 * @param range  The range that will be split.
	 *
	 * @ctx{process; may sleep; the lock is not held}
	 * @return The range, or NULL: then the other one stays as large as it is.
	 */
	struct xmmu_range *(*range_alloc)(struct xmmu_range *range);

	/**
	 * @brief Free a range whose last reference is gone.
	 *
	 * Mandatory for a driver that inserts ranges.
	 *
	 * @param range  The range; it is in no tree any more.
	 *
	 * @ctx{process; may sleep; the lock is not held}
	 */
	void (*range_free)(struct xmmu_range *range);
};

/** @} */

#endif
