/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief One device context attached to one address space.
 * @ingroup xmmu_mirror
 */
#ifndef XMMU_MIRROR_H
#define XMMU_MIRROR_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <xmmu/gather.h>
#include <xmmu/ops.h>
#include <xmmu/stats.h>

struct device;
struct mm_struct;

/**
 * @defgroup xmmu_mirror Mirror
 * @ingroup xmmu
 * @since 0.1
 * @brief Keep the translations of one device context coherent with one address space.
 *
 * A mirror pins neither pages nor the address space: it holds `mm_count`, and `mm_users` only
 * during registration and during a walk by somebody else than the process. When the process exits
 * while the mirror is attached, everything is zapped, flushed and waited for, and walks end with
 * -ESRCH; the driver detaches when it likes.
 *
 * Each mirror has one lock. xmmu_ops::zap, xmmu_ops::flush and what runs between xmmu_walk_next()
 * and xmmu_walk_commit() already hold it; it protects the driver's page table. Nothing that may
 * reclaim memory, fault, or copy to or from user space may happen under it, because the kernel
 * takes it while it reclaims.
 * @{
 */

/** @brief What the SDK does about DMA addresses for a mirror. */
enum xmmu_dma {
	/** Nothing: leaves carry pages only. */
	XMMU_DMA_NONE,
	/**
	 * Each leaf is mapped when it is populated and unmapped after its flush. Only for a device
	 * that can not be made to bounce: a CPU store made while a bounce buffer stands in for the
	 * page is lost when it is unmapped.
	 */
	XMMU_DMA_LEAF,
	/** Each transfer is mapped by itself, see xmmu_xfer_begin(). */
	XMMU_DMA_XFER,
};

/** @brief Milliseconds after which the watchdog isolates a device, if none are given. */
#define XMMU_WATCHDOG_DEFAULT_MS 10000

/**
 * @brief What a mirror is attached with.
 */
struct xmmu_config {
	/** The driver's callbacks; they must outlive the mirror. */
	const struct xmmu_ops *ops;
	/** What happens with invalidations that must not block. */
	enum xmmu_policy policy;
	/** How leaves get DMA addresses. */
	enum xmmu_dma dma;
	/** The device to map for; NULL with ::XMMU_DMA_NONE, needed otherwise. */
	struct device *dev;
	/**
	 * The owner that the driver passes to `migrate_vma_setup()` and to exclusive access. Events
	 * that it caused itself are then left out, so nothing is zapped: it calls xmmu_range_zap()
	 * itself, after `migrate_vma_setup()` and before it copies. NULL if it does neither.
	 */
	void *owner;
	/**
	 * Whose device memory the device can reach: pages that are in it are given to walks as they
	 * are, in leaves with ::XMMU_PERM_DEVICE. Not the same as @ref owner, since what moves must
	 * be zapped. NULL: all device-private memory is moved back to RAM first.
	 */
	void *devmem_owner;
	/**
	 * Milliseconds that an invalidation waits for the device before xmmu_ops::isolate is
	 * called; 0 means ::XMMU_WATCHDOG_DEFAULT_MS. Choose it well above the longest time that
	 * healthy hardware needs.
	 */
	unsigned int watchdog_ms;
};

/**
 * @brief One device context attached to one address space.
 *
 * Embed it in the driver's context, zeroed, and call only functions on it. It must stay until
 * xmmu_mirror_detach(), and every other call on it and on its ranges, has returned. A zeroed mirror
 * is a detached one: attach and detach may race with each other from the start, and the other
 * functions fail or find nothing.
 */
struct xmmu_mirror {
	/** @cond INTERNAL */
	struct xmmu_config config;
	struct mm_struct *mm;
	unsigned long watchdog; /* jiffies */
	/* Bits of enum xmmu_flag in sdk/core/internal.h; waited for as bits, so zeroed is valid. */
	unsigned long flags;
	/* enum xmmu_state in sdk/core/internal.h. Written under the lock. */
	unsigned int state;
	/* The mirror's lock: one of the two, chosen by the policy of the first attach. */
	bool atomic;
	struct mutex mutex;
	spinlock_t spin;
	/* Outermost: whoever changes the bounds of a range. */
	struct mutex bounds;
	/* At addresses that no program has: to hear when the address space goes. */
	struct mmu_interval_notifier exit;
	/* Callbacks that wait for the device. */
	atomic_t open;
	/* Under the lock. */
	struct rb_root_cached blocks;
	/*
	 * What whoever holds the lock has zapped, or nothing, and the last number that was given to
	 * a ticket. Under the lock.
	 */
	struct xmmu_gather gather;
	/* The flush that whoever holds the lock is posting, until it is confirmed or listed. */
	atomic64_t posted;
	/* Innermost lock: tickets, listed. */
	spinlock_t ticket_lock;
	struct list_head tickets;
	/* How many. Read without the lock, by whoever has nothing to do if there is none. */
	unsigned int listed;
	/* What is freed when all that was posted is confirmed, and the worker that does it. */
	struct llist_head deferred;
	struct work_struct free_deferred;
	/* The worker that cuts off what was unmapped, and where it looks for that. Under the lock. */
	struct work_struct collect;
	unsigned long gone_start;
	unsigned long gone_end;
	/*
	 * Walks, zaps by the driver, and whatever makes, removes or looks for a block; and one for
	 * being attached. Detach waits for them.
	 */
	atomic_t users;
	/* Any of the above changed in a way that somebody may wait for. */
	wait_queue_head_t wait;
	struct xmmu_counters counters;
	struct list_head driver_node;
	/* In the list of the mm if the driver has xmmu_ops::young. */
	struct mmu_notifier aging;
	/** @endcond */
};

/**
 * @brief Attach to the caller's own address space.
 *
 * On success the address space may call back at any time. Attaching an attached mirror again
 * changes nothing if the address space is the same.
 *
 * @param mirror  Zeroed, or detached before.
 * @param config  Copied.
 *
 * @ctx{process; may sleep; no lock of the mm held\, because mmu_notifier_register() takes all of
 *      them}
 *
 * @retval 0           Attached.
 * @retval -EINVAL     A mandatory callback or the device is missing, an enum value is unknown,
 *                     xmmu_module_init() was not called, or only one of this and an earlier attach
 *                     has ::XMMU_ATOMIC: what kind of lock a mirror has does not change.
 * @retval -EOPNOTSUPP ::XMMU_DMA_LEAF for a device that may bounce, or ::XMMU_DMA_XFER with
 *                     ::XMMU_ATOMIC.
 * @retval -EBUSY      The mirror is attached to another address space.
 * @retval -ESRCH      The caller has no address space, or it is being torn down.
 * @retval -EINTR      A signal arrived while the locks of the mm were taken; nothing is left.
 * @retval -ENOMEM     No memory; nothing is left.
 *
 * @see xmmu_mirror_detach
 */
int __must_check xmmu_mirror_attach(struct xmmu_mirror *mirror, const struct xmmu_config *config);

/**
 * @brief Attach to the address space of another process.
 *
 * Allowed to the tracer of the process only: the user's tool calls `ptrace(PTRACE_SEIZE)` first, so
 * that the kernel and its security modules decide, and may detach from it when this call has
 * returned. The check and the reference to the address space happen under the process's
 * `exec_update_lock`, so that it can not become another program's in between.
 *
 * @param mirror  Zeroed, or detached before.
 * @param config  Copied.
 * @param pid     Process id in the caller's pid namespace.
 *
 * @ctx{as xmmu_mirror_attach()}
 *
 * @retval 0       Attached.
 * @retval -EPERM  The caller is not the tracer of the process, or the process has made itself
 *                 undumpable and the caller lacks `CAP_SYS_PTRACE`.
 * @retval -ESRCH  No such process, or it has no address space any more.
 * @retval -EINTR  A signal arrived; nothing is left.
 * @return Otherwise as xmmu_mirror_attach().
 */
int __must_check xmmu_mirror_attach_pid(struct xmmu_mirror *mirror,
					const struct xmmu_config *config, pid_t pid);

/**
 * @brief Let go of the address space.
 *
 * Refuses new work and lets no running walk commit any more, zaps, flushes, waits and unmaps all
 * ranges while the kernel can still call back, only then removes the notifiers, and waits until
 * running walks have ended and what was deferred is freed. Ranges leave the mirror; the driver
 * drops its references itself. It may run at the same time as the exit of the process: the work is done
 * once, and both return after it is complete. Detaching a mirror that is not attached does nothing.
 *
 * @param mirror  The mirror.
 *
 * @ctx{process; may sleep; not inside a callback or a walk\, no lock held that a callback or a walk
 *      of this mirror takes\, mmap_lock not held}
 */
void xmmu_mirror_detach(struct xmmu_mirror *mirror);

/**
 * @brief Whether the mirror is attached and the address space still lives.
 *
 * A hint unless the mirror's lock is held.
 *
 * @param mirror  The mirror.
 * @return true if a walk may succeed.
 *
 * @ctx{any}
 */
bool xmmu_mirror_alive(const struct xmmu_mirror *mirror);

/**
 * @brief Whether the mirror belongs to the caller's address space.
 *
 * A file descriptor is inherited by fork and can be sent to another process; the mirror stays with
 * the address space it was attached to. A driver that takes addresses from its caller checks this
 * first.
 *
 * @param mirror  The mirror.
 * @return true if the addresses of the caller are those of the mirror.
 *
 * @ctx{process}
 */
bool xmmu_mirror_is_current(const struct xmmu_mirror *mirror);

/**
 * @brief Cut the device off and complete everything that waits for it.
 *
 * For a driver that finds its device dead or gone before the watchdog does. Walks end with -EIO
 * from now on. If somebody else does it, returns when it is done.
 *
 * @param mirror  An attached mirror.
 *
 * @ctx{process; may sleep unless ::XMMU_ATOMIC; the mirror's lock is not held}
 */
void xmmu_mirror_isolate(struct xmmu_mirror *mirror);

/**
 * @brief Take the lock that protects the driver's page table.
 *
 * For code outside callbacks and walks, such as a query.
 *
 * @param mirror  A mirror that was attached.
 *
 * @ctx{process; may sleep unless ::XMMU_ATOMIC}
 */
static inline void xmmu_mirror_lock(struct xmmu_mirror *mirror)
{
	/*
	 * Which lock it is sparse can not follow: __acquire() and __release() hide the spinlock
	 * from it. Lockdep checks both.
	 */
	if (unlikely(mirror->atomic)) {
		spin_lock(&mirror->spin);
		__release(&mirror->spin);
	} else {
		mutex_lock(&mirror->mutex);
	}
}

/**
 * @brief Drop the lock taken by xmmu_mirror_lock().
 *
 * @param mirror  The mirror.
 *
 * @ctx{process}
 */
static inline void xmmu_mirror_unlock(struct xmmu_mirror *mirror)
{
	if (unlikely(mirror->atomic)) {
		__acquire(&mirror->spin);
		spin_unlock(&mirror->spin);
	} else {
		mutex_unlock(&mirror->mutex);
	}
}

/**
 * @brief Tell lockdep that the mirror's lock must be held here.
 *
 * @param mirror  The mirror.
 *
 * @ctx{any}
 */
static inline void xmmu_mirror_assert_locked(const struct xmmu_mirror *mirror)
{
	if (mirror->atomic)
		lockdep_assert_held(&mirror->spin);
	else
		lockdep_assert_held(&mirror->mutex);
}

/** @} */

#endif
