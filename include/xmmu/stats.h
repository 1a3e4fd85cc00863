/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Counters of a mirror.
 * @ingroup xmmu_stats
 */
#ifndef XMMU_STATS_H
#define XMMU_STATS_H

#include <linux/atomic.h>
#include <linux/types.h>

struct xmmu_mirror;

/**
 * @defgroup xmmu_stats Statistics
 * @ingroup xmmu
 * @since 0.1
 * @brief What happened to a mirror since it was attached.
 *
 * Always compiled in. The same numbers can be traced one by one through the events of the trace
 * system `<driver>_xmmu`.
 * @{
 */

/** @brief Slots of xmmu_stats::events: events above the last share it. */
#define XMMU_STATS_EVENTS 9

/**
 * @brief A copy of the counters.
 *
 * Each is exact once the mirror is quiet; while it is in use they are read one after the other.
 */
struct xmmu_stats {
	/**
	 * Invalidations by `enum mmu_notifier_event`, each as often as it concerned a block of 512
	 * MiB or more in which the mirror has ranges; not only those that overlapped a range.
	 */
	u64 events[XMMU_STATS_EVENTS];
	/** Invalidations that must not block. */
	u64 nonblock;
	/** Those of them that were refused. */
	u64 refused;
	/** Events left out because the driver caused them itself. */
	u64 filtered;
	/** Invalidations in which xmmu_ops::zap removed something. */
	u64 zaps;
	/** Flushes posted. */
	u64 flushes;
	/** Invalidations that waited for the device, whoever had posted the flush. */
	u64 waits;
	/** Those of them that waited for a ticket of somebody else. */
	u64 waits_shared;
	/** Nanoseconds waited, in total. */
	u64 wait_ns;
	/** The longest single wait in nanoseconds. */
	u64 wait_ns_max;
	/**
	 * The longest callback in nanoseconds, of those that had to wait for the device: from the
	 * beginning of the wait to the return.
	 */
	u64 invalidate_ns_max;
	/** Windows committed. */
	u64 commits;
	/** Pages in them that the device got. */
	u64 pages;
	/** Attempts thrown away because an invalidation collided. */
	u64 retries;
	/** Walks that waited for an invalidation to end. */
	u64 cold_waits;
	/** Faults resolved through fixup_user_fault(). */
	u64 fixups;
	/** Walks that ran out of budget. */
	u64 timeouts;
	/** Transfers mapped by xmmu_xfer_begin(). */
	u64 xfers;
	/** Times the device was isolated, 0 or 1. */
	u64 isolated;
};

/** @cond INTERNAL */
/* One slot for each member of struct xmmu_stats, in its order. */
struct xmmu_counters {
	atomic64_t slot[sizeof(struct xmmu_stats) / sizeof(u64)];
};
/** @endcond */

/**
 * @brief Read the counters.
 *
 * @param mirror  A mirror that was attached; may be detached by now.
 * @param stats   Filled in.
 *
 * @ctx{any}
 */
void xmmu_mirror_stats(const struct xmmu_mirror *mirror, struct xmmu_stats *stats);

/** @} */

#endif
