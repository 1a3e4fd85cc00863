/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Devices with a TLB and no page table, in a whole address space.
 * @ingroup xmmu_whole
 */
#ifndef XMMU_WHOLE_H
#define XMMU_WHOLE_H

#include <linux/mmu_notifier.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

#include <xmmu/ops.h>

struct page;
struct xmmu_budget;

/**
 * @defgroup xmmu_whole Whole address spaces
 * @ingroup xmmu
 * @since 0.1
 * @brief For a device that is given translations one by one, and remembers where it likes.
 *
 * Part `whole`: a driver names it in XMMU_PARTS and includes this header.
 *
 * @snippet tests/sketch/gru.c whole
 *
 * There are no ranges and no interval notifiers. One list notifier hears of everything that happens
 * to an address space, and all contexts of the driver in that address space share it. It counts the
 * invalidations that have begun and not ended. While one of them concerns a page, and after one has
 * begun since the page was looked up, no translation of the page is loaded; and each flushes what
 * was loaded before. So a translation is either refused or flushed.
 *
 * Pages are not held beyond the load. A page leaves the process only by an invalidation, which
 * waits in its callback until the device has forgotten it; this alone keeps a translation good.
 *
 * Callbacks of the kernel never sleep here and never refuse: a list notifier with an end callback
 * may not. So xmmu_whole_ops::flush waits for the device, and can not sleep for it.
 *
 * Two callbacks are optional, and cost nothing where they are not given: xmmu_whole_ops::young
 * tells the kernel what the device uses, and xmmu_whole_ops::remap, up to Linux 6.9, hears which
 * page has replaced another.
 *
 * A module exits in the order: destroy all contexts, xmmu_whole_exit(), xmmu_module_exit().
 * @{
 */

/** @brief What has happened to one address space. */
struct xmmu_whole_stats {
	u64 events;     /**< Invalidations that have begun. */
	u64 nonblock;   /**< Of these, such that must not block. */
	u64 loads;      /**< Translations that were loaded. */
	u64 backoffs;   /**< Attempts that an open invalidation has put off. */
	u64 collisions; /**< Attempts that an invalidation has overtaken. */
	u64 timeouts;   /**< Drop-ins that have used up their budget. */
	u64 active_max; /**< Most invalidations that were open at once. */
	u64 changes;    /**< Pages that were replaced by others; 0 after Linux 6.9. */
	u64 remaps;     /**< Of these, such that xmmu_whole_ops::remap has loaded. */
	u64 overlaps;   /**< Of these, such with more than one invalidation open. */
	u64 outside;    /**< Of these, such with none open: 0 since Linux 3.7. */
};

/** @brief One address space, shared by contexts. Embed it in the driver's structure, zeroed. */
struct xmmu_whole {
	/** @cond INTERNAL */
	struct mmu_notifier notifier;
	/* All that follows, and what the driver has loaded. No interrupt takes it. */
	spinlock_t lock;
	bool dead;
	unsigned int active;      /* invalidations that have begun and not ended */
	unsigned long busy_start; /* all that those concern which began since `active` was 0 */
	unsigned long busy_end;
	u64 seq; /* advanced by each that begins */
	struct xmmu_whole_stats stats;
	/* `active` is 0, or `dead`. */
	wait_queue_head_t wait;
	/** @endcond */
};

/** @brief A translation of one page that is to be loaded. */
struct xmmu_dropin {
	unsigned long addr; /**< Page aligned. */
	struct page *page;  /**< Where it is. Not held when the load has returned. */
	unsigned int perm;  /**< ::XMMU_PERM_READ, and ::XMMU_PERM_WRITE if that was asked for. */
	void *context;      /**< As given to xmmu_whole_dropin(). */
};

/**
 * @brief The driver's callbacks.
 *
 * What is called with the lock held must not sleep, nor allocate so that it may wait.
 */
struct xmmu_whole_ops {
	/**
	 * @brief The first context comes to an address space. Mandatory.
	 * @return Zeroed memory; NULL if there is none.
	 * @ctx{process; mmap_lock held for writing}
	 */
	struct xmmu_whole *(*alloc)(void);
	/**
	 * @brief Nobody uses it any more, neither a context nor a callback. Mandatory.
	 * @param whole  What `alloc` has returned.
	 * @ctx{softirq or process; must not sleep}
	 */
	void (*free)(struct xmmu_whole *whole);
	/**
	 * @brief Put one translation into the TLB. Mandatory.
	 * @param whole   The address space.
	 * @param dropin  What to load; gone when this returns.
	 * @return 0, or what xmmu_whole_dropin() is to return, but not -EAGAIN: if the context
	 *         has lost its place in the device, for one.
	 * @ctx{the lock is held; must not sleep}
	 */
	int (*load)(struct xmmu_whole *whole, const struct xmmu_dropin *dropin);
	/**
	 * @brief Make all contexts forget a span. Mandatory.
	 *
	 * When it returns, no access by a translation of the span that was loaded before can reach
	 * memory any more. Accesses that are parked on a fault are not waited for.
	 *
	 * @param whole  The address space.
	 * @param start  First byte, page aligned.
	 * @param end    Byte after the last, page aligned; ULONG_MAX is the end of all addresses.
	 * @ctx{the lock is held; must not sleep\, and the process that frees the pages waits}
	 */
	void (*flush)(struct xmmu_whole *whole, unsigned long start, unsigned long end);
	/**
	 * @brief Whether the TLB has a translation of the span. The debug build asks after a flush.
	 *        Optional.
	 * @param whole  The address space.
	 * @param start  As above.
	 * @param end    As above.
	 * @return true if there is one.
	 * @ctx{the lock is held; must not sleep}
	 */
	bool (*loaded)(struct xmmu_whole *whole, unsigned long start, unsigned long end);
	/**
	 * @brief Whether a context has used a page of a span since that was cleared. Optional.
	 *
	 * The lock is not held, and must not be taken: it is held while the device forgets, and
	 * who asks holds a lock of the page table. So contexts are found in an RCU list, and freed
	 * after a grace period; marks are read and cleared by atomic operations. A mark that is
	 * kept with the translation, and set at each access, needs no flush, however the kernel
	 * asks.
	 *
	 * @param whole  The address space.
	 * @param start  First byte, page aligned.
	 * @param end    Byte after the last, page aligned.
	 * @param how    Whether to clear what says so.
	 *
	 * @ctx{in an RCU read section\, under a spinlock of the kernel\, in reclaim among others:
	 *      must not sleep\, wait or allocate}
	 * @return true if one has.
	 */
	bool (*young)(struct xmmu_whole *whole, unsigned long start, unsigned long end,
		      enum xmmu_aging how);
	/**
	 * @brief A page was replaced: put the translation of the new one where that of the old one
	 *        was. Optional.
	 *
	 * What KSM merges, and what is copied on a write, need not be asked for again. The old
	 * translation was flushed before; which contexts had it, the driver must remember. The new
	 * one is for reading, whatever the process may do with the page. It is offered only while
	 * the invalidation around the change is the only one that is open. Kernels after 6.9 offer
	 * nothing; debugfs `features` says whether this one has `change_pte`.
	 *
	 * @param whole   The address space.
	 * @param dropin  What to load, with no context; gone when this returns.
	 * @return true if a context has it now.
	 * @ctx{the lock is held\, under a spinlock of the kernel; must not sleep\, or allocate}
	 */
	bool (*remap)(struct xmmu_whole *whole, const struct xmmu_dropin *dropin);
};

/**
 * @brief Say how the driver's device works, before the first context.
 *
 * @param ops  Must outlive the module's contexts.
 *
 * @ctx{module init}
 *
 * @retval 0       Ready.
 * @retval -EINVAL A mandatory callback is missing.
 */
int __must_check xmmu_whole_init(const struct xmmu_whole_ops *ops);

/**
 * @brief Wait until every address space is freed and no callback runs any more.
 *
 * The kernel frees them late. Without this the module's code would be gone by then.
 *
 * @ctx{module exit; may sleep; all contexts have been put}
 */
void xmmu_whole_exit(void);

/**
 * @brief Take part in the caller's address space.
 *
 * Each context takes one reference. The first makes the object, with xmmu_whole_ops::alloc.
 *
 * @ctx{process; may sleep; no lock of the mm held}
 *
 * @return The object, or an error pointer: -EINVAL without xmmu_whole_init(), -ESRCH if the caller
 *         has no address space, -EINTR if a signal arrived while the locks of the mm were taken,
 *         -ENOMEM; nothing is left then.
 */
struct xmmu_whole *xmmu_whole_get(void);

/**
 * @brief Give a reference back.
 *
 * By then the device has forgotten everything of the context, and no drop-in for it runs or begins:
 * what that loads nobody would flush. With the last reference the object
 * goes, after a grace period. It may run at the same time as the exit of the process.
 *
 * @param whole  The object. Not to be used any more.
 *
 * @ctx{any but interrupts; the lock is not held}
 */
void xmmu_whole_put(struct xmmu_whole *whole);

/**
 * @brief Give the device the translation of one page.
 *
 * Looks the page up, faults it in if it may, and calls xmmu_whole_ops::load in a moment when
 * nothing can take the page away. A page that the device may write to is marked dirty before that.
 *
 * Runs in a thread of the process, or in a kernel thread or worker, which borrows the address
 * space; not in an interrupt, where there is no address space to look into.
 *
 * @param whole    The address space.
 * @param addr     Any byte of the page, without a tag in the upper bits.
 * @param flags    ::XMMU_WRITE if the device is to write; else a page that may be written to is
 *                 loaded for reading all the same, and none is copied. ::XMMU_NOWAIT tries once,
 *                 and waits neither for an invalidation, nor for a lock, nor for a page.
 * @param budget   How long it may take, or NULL for the limits that a walk has. Not for NOWAIT.
 * @param context  For xmmu_dropin::context.
 *
 * @ctx{process; may sleep unless ::XMMU_NOWAIT; the lock is not held}
 *
 * @retval 0          Loaded. The device may have been told to forget it since.
 * @retval -EAGAIN    ::XMMU_NOWAIT, and the page is not there, or an invalidation is under way.
 * @retval -EFAULT    No mapping, or not with the right that is wanted, or memory of a userfaultfd
 *                    that is missing, in a kernel thread that has not allowed `SIGKILL`.
 * @retval -ETIMEDOUT The budget was used up: invalidations went on without a pause, of this page or
 *                    on both sides of it at once.
 * @retval -EINTR     A fatal signal.
 * @retval -ESRCH     The address space is gone.
 * @retval -EXDEV     The caller is a process with another address space.
 * @retval -ENOMEM    No memory for the page.
 * @retval -EINVAL    An unknown flag.
 * @return What xmmu_whole_ops::load has returned.
 */
int __must_check xmmu_whole_dropin(struct xmmu_whole *whole, unsigned long addr, unsigned int flags,
				   struct xmmu_budget *budget, void *context);

/**
 * @brief Whether the object belongs to the caller's address space, and that lives.
 *
 * @param whole  The object.
 * @return true if the addresses of the caller are those of the object.
 *
 * @ctx{process}
 */
bool xmmu_whole_is_current(const struct xmmu_whole *whole);

/**
 * @brief Read the statistics.
 *
 * @param whole  The object.
 * @param stats  Overwritten.
 *
 * @ctx{process; the lock is not held}
 */
void xmmu_whole_read_stats(struct xmmu_whole *whole, struct xmmu_whole_stats *stats);

/**
 * @brief Keep loads and flushes out: for changes of which contexts there are, and where.
 *
 * @param whole  The object.
 *
 * @ctx{any but interrupts; nothing that sleeps may follow}
 */
static inline void xmmu_whole_lock(struct xmmu_whole *whole) __acquires(&whole->lock)
{
	spin_lock(&whole->lock);
}

/**
 * @brief Drop the lock taken by xmmu_whole_lock().
 *
 * @param whole  The object.
 *
 * @ctx{any but interrupts}
 */
static inline void xmmu_whole_unlock(struct xmmu_whole *whole) __releases(&whole->lock)
{
	spin_unlock(&whole->lock);
}

/** @} */

#endif
