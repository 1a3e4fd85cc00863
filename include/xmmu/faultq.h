/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Faults of the device: taken in an interrupt, served by workers.
 * @ingroup xmmu_faultq
 */
#ifndef XMMU_FAULTQ_H
#define XMMU_FAULTQ_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct xmmu_faultq_crew;
struct xmmu_faultq_worker;
struct xmmu_mirror;

/**
 * @defgroup xmmu_faultq Fault queue
 * @ingroup xmmu
 * @since 0.1
 * @brief Serve the faults that the device reports for one mirror.
 *
 * Part `faultq`: a driver names it in XMMU_PARTS and includes this header.
 *
 * @snippet tests/sketch/gpu.c faults
 *
 * The device parks an access that finds no translation, and reports it. The driver's interrupt
 * handler pushes it to the queue of the mirror that it belongs to; workers bring the pages in, and
 * have the accesses of a page played again, in the order in which they were pushed, or cancelled.
 * Every fault that was taken is answered, once.
 *
 * Workers take together what waits for one window (::XMMU_WINDOW): faults of the same page are
 * served once, and those of neighbouring pages with the same access in one populate. No two of them
 * work in the same window of a mirror.
 *
 * A fault may hang: on a page of a userfaultfd that its program never brings, for one. The device's
 * access waits for it as a thread of the program would. But after xmmu_faultq_config::slice_ms the
 * worker lets go of it, and of the address space, serves what else there is, and tries again; soon
 * its page is served by itself, and after others. So it delays other faults of its own process by
 * some slices, those of others not at all, and neither the end of the process nor that of the
 * mirror.
 *
 * A wait that no signal ends is not cut: for a page of a file system in user space that has taken
 * the request, or of a network file system that was mounted so. Such a fault keeps its worker, the
 * faults of its window, the end of the mirror and that of the address space until it is there. It
 * keeps no worker of another process: all queues that a process makes have at most
 * ::XMMU_FAULTQ_WORKERS_MAX together (before Linux 6.9 on each NUMA node), and those of other
 * processes have theirs.
 *
 * An address space that goes, or a mirror that is detached, has its faults cancelled, with -ESRCH;
 * so has one that is attached again what was pushed before.
 * xmmu_mirror_detach() returns when all of them are answered. What is parked while the device is to
 * forget a translation is never waited for: see xmmu_ops::flush.
 * @{
 */

/** @brief Faults that a queue has room for, if xmmu_faultq_config::depth is 0. */
#define XMMU_FAULTQ_DEPTH 256
/** @brief The most that it can have room for. */
#define XMMU_FAULTQ_DEPTH_MAX 65536
/** @brief Workers of a queue, if xmmu_faultq_config::workers is 0. */
#define XMMU_FAULTQ_WORKERS 2
/** @brief The most that it can have, and all queues of a process together. */
#define XMMU_FAULTQ_WORKERS_MAX 16
/** @brief Milliseconds of a slice, if xmmu_faultq_config::slice_ms is 0. */
#define XMMU_FAULTQ_SLICE_MS 20
/** @brief The longest slice in milliseconds. */
#define XMMU_FAULTQ_SLICE_MS_MAX 1000

/**
 * @brief An access that the device has parked.
 */
struct xmmu_fault {
	/** Any byte of the page. */
	unsigned long addr;
	/** ::XMMU_WRITE if the access writes, else 0. */
	unsigned int access;
	/** What the driver tells the device which access it was. */
	u64 cookie;
};

struct xmmu_faultq;

/**
 * @brief What a driver does with faults.
 *
 * All are called by workers, without a lock. They may sleep, but must not wait for the end of the
 * mirror, or of the queue: those wait for them.
 */
struct xmmu_faultq_ops {
	/**
	 * @brief Bring pages in.
	 *
	 * Optional; without it xmmu_faultq_populate() does. For a driver that makes ranges when
	 * they are needed, or moves memory first, and then calls that.
	 *
	 * What it allocates with __GFP_ACCOUNT is charged to the process.
	 *
	 * When the slice is over, the worker gets a fatal signal: a wait that can be killed ends,
	 * and a walk with -EINTR, in memory of a userfaultfd too. Nothing else may take longer.
	 *
	 * @param queue   The queue.
	 * @param start   First byte, page aligned.
	 * @param end     Byte after the last; in the same window as @p start.
	 * @param access  ::XMMU_WRITE or 0.
	 *
	 * @ctx{process; may sleep}
	 * @return 0 if the device can now access all of it. -ESRCH cancels all of it. After any
	 *         other error several pages are tried again in parts. One page is tried again after
	 *         -EAGAIN, -ETIMEDOUT and -EINTR; any other error cancels its faults.
	 */
	int (*serve)(struct xmmu_faultq *queue, unsigned long start, unsigned long end,
		     unsigned int access);

	/**
	 * @brief Have accesses played again.
	 *
	 * Mandatory.
	 *
	 * @param queue    The queue.
	 * @param cookies  xmmu_fault::cookie of each; for a page in the order of the pushes.
	 * @param count    How many, at least 1.
	 *
	 * @ctx{process; may sleep}
	 */
	void (*replay)(struct xmmu_faultq *queue, const u64 *cookies, unsigned int count);

	/**
	 * @brief End an access that can not succeed.
	 *
	 * Mandatory.
	 *
	 * @param queue  The queue.
	 * @param fault  The access.
	 * @param err    Why: -EFAULT, -EPERM, -ESRCH, -ENOMEM, ... as of xmmu_walk_end().
	 *
	 * @ctx{process; may sleep}
	 */
	void (*cancel)(struct xmmu_faultq *queue, const struct xmmu_fault *fault, int err);

	/**
	 * @brief There is room again, after xmmu_faultq_push() has returned false.
	 *
	 * Optional, for a device that never has more accesses parked than the queue has room for.
	 * A push at the same time may have taken the room.
	 *
	 * @param queue  The queue.
	 *
	 * @ctx{process; may sleep}
	 */
	void (*room)(struct xmmu_faultq *queue);
};

/**
 * @brief What a queue is made with. Zeroes are defaults.
 */
struct xmmu_faultq_config {
	/** The driver's callbacks; they must outlive the queue. */
	const struct xmmu_faultq_ops *ops;
	/**
	 * Faults that it has room for, up to ::XMMU_FAULTQ_DEPTH_MAX. Choose as many as the device
	 * can have parked for one address space: then no process ever fills it, and none stops the
	 * driver from reading the faults of others.
	 */
	unsigned int depth;
	/** Workers at a time, up to ::XMMU_FAULTQ_WORKERS_MAX. */
	unsigned int workers;
	/** Milliseconds for a worker before it lets go, up to ::XMMU_FAULTQ_SLICE_MS_MAX. */
	unsigned int slice_ms;
	/**
	 * Bytes around a fault that the device gets with it, as far as they are there and may be
	 * accessed in the same way: a power of two, from PAGE_SIZE to ::XMMU_WINDOW; aligned; 0 for
	 * none. Nothing is faulted in for it. xmmu_ops::populate gets the page of a read fault
	 * without the right to write, though the device may have had one that has it.
	 */
	unsigned long prefetch;
};

/**
 * @brief What happened in a queue.
 */
struct xmmu_faultq_stats {
	/** Faults taken. */
	u64 pushed;
	/** Faults not taken because there was no room. */
	u64 refused;
	/** Of those that were served, how many were of the same page as another. */
	u64 deduped;
	/** Batches: what a worker took at once. */
	u64 batches;
	/** Attempts to bring pages in. */
	u64 served;
	/** Of them, how many brought in pages around as well, see xmmu_faultq_config::prefetch. */
	u64 prefetched;
	/** Faults that were to be tried again. */
	u64 retried;
	/** Faults answered with xmmu_faultq_ops::replay. */
	u64 replayed;
	/** Faults answered with xmmu_faultq_ops::cancel. */
	u64 cancelled;
	/** The longest time in nanoseconds from push to answer. */
	u64 answer_ns_max;
};

/**
 * @brief The faults of one mirror. Embed it beside the mirror.
 */
struct xmmu_faultq {
	/** @cond INTERNAL */
	struct xmmu_faultq_config config;
	struct xmmu_mirror *mirror;
	struct xmmu_faultq_entry *entries;
	struct xmmu_faultq_worker *workers;
	struct xmmu_faultq_crew *crew;
	spinlock_t lock; /* all below, and what workers share */
	struct list_head free;
	struct list_head waiting; /* no worker has it; the oldest first, but for what is retried */
	bool full;                /* a push was refused since there was room */
	bool closed;              /* no worker begins any more */
	struct xmmu_faultq_stats stats;
	/** @endcond */
};

/**
 * @brief Make a queue for a mirror.
 *
 * @param queue   Overwritten.
 * @param mirror  The mirror; it need not be attached yet, and may be attached again later.
 * @param config  Copied.
 *
 * @ctx{process; may sleep}
 *
 * @retval 0       Faults can be pushed.
 * @retval -EINVAL A mandatory callback is missing, or a value is out of range.
 * @retval -ENOMEM No memory; nothing is left.
 */
int __must_check xmmu_faultq_init(struct xmmu_faultq *queue, struct xmmu_mirror *mirror,
				  const struct xmmu_faultq_config *config);

/**
 * @brief Cancel what is left, with -ESRCH, and free the queue.
 *
 * Before or after xmmu_mirror_detach(), when nobody pushes any more.
 *
 * @param queue  The queue.
 *
 * @ctx{process; may sleep; not inside a callback\, no lock held that a callback takes}
 */
void xmmu_faultq_exit(struct xmmu_faultq *queue);

/**
 * @brief Have a fault served.
 *
 * What is taken is answered later; with -ESRCH, if the mirror is not attached.
 *
 * @param queue  The queue.
 * @param fault  Copied.
 *
 * @ctx{any\, hard interrupt included}
 * @return false if there is no room: the device keeps the fault, and xmmu_faultq_ops::room is
 *         called when it may be pushed again.
 */
bool __must_check xmmu_faultq_push(struct xmmu_faultq *queue, const struct xmmu_fault *fault);

/**
 * @brief Bring pages in, as a queue does by itself.
 *
 * Populates the ranges of the mirror in the span with xmmu_ops::populate, and around them what
 * xmmu_faultq_config::prefetch says.
 *
 * @param queue   The queue.
 * @param start   First byte, page aligned.
 * @param end     Byte after the last.
 * @param access  ::XMMU_WRITE or 0.
 *
 * @ctx{inside xmmu_faultq_ops::serve\, and as xmmu_walk_init()}
 *
 * @retval -ENOENT No range there, or no more: a driver that makes ranges makes one and tries again,
 *                 or returns -EAGAIN.
 * @return Otherwise as xmmu_walk_end().
 */
int xmmu_faultq_populate(struct xmmu_faultq *queue, unsigned long start, unsigned long end,
			 unsigned int access);

/**
 * @brief The mirror of a queue.
 *
 * @param queue  The queue.
 * @return The mirror.
 *
 * @ctx{any}
 */
static inline struct xmmu_mirror *xmmu_faultq_mirror(const struct xmmu_faultq *queue)
{
	return queue->mirror;
}

/**
 * @brief Read the counters.
 *
 * @param queue  The queue.
 * @param stats  Filled in.
 *
 * @ctx{any}
 */
void xmmu_faultq_read_stats(struct xmmu_faultq *queue, struct xmmu_faultq_stats *stats);

/** @} */

#endif
