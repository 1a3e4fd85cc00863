/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Attempts to populate a span, and their budget.
 * @ingroup xmmu_walk
 */
#ifndef XMMU_WALK_H
#define XMMU_WALK_H

#include <linux/bits.h>
#include <linux/hmm.h>
#include <linux/llist.h>
#include <linux/types.h>

struct mm_struct;
struct page;
struct xmmu_range;

/**
 * @defgroup xmmu_walk Walk
 * @ingroup xmmu
 * @since 0.1
 * @brief Populate a span of a range, window by window.
 *
 * @snippet tests/sketch/gpu.c populate
 *
 * Between a successful xmmu_walk_next() and xmmu_walk_commit() the mirror's lock is held, no
 * invalidation has collided, and pages and DMA addresses of the window may be used. Nowhere else.
 * A thread opens one window of a mirror at a time; any number of threads may walk the same range.
 * A walk may run in a kernel thread or a workqueue, to serve a fault of the device.
 * @{
 */

/** @brief Walk flag: the device may write. Without it leaves are mapped for reading only. */
#define XMMU_WRITE BIT(0)

/**
 * @brief Walk flag: take what is present, never fault.
 *
 * Pages that are not present, and those of which the wanted right is missing, are left out.
 */
#define XMMU_SNAPSHOT BIT(1)

/**
 * @brief Walk flag: never wait for a lock, an invalidation, or a page.
 *
 * Process context all the same. All pages must be present with the right that is wanted.
 */
#define XMMU_NOWAIT BIT(2)

/** @brief Most bytes in a window; a window never crosses a multiple of it. */
#define XMMU_WINDOW (2UL << 20)

/** @brief Milliseconds without progress after which a walk gives up, without a budget. */
#define XMMU_BUDGET_STALL_MS 1000

/** @brief Milliseconds in total after which a walk gives up, without a budget. */
#define XMMU_BUDGET_TOTAL_MS 10000

/**
 * @brief How long one or several walks may take together.
 *
 * It is checked before each attempt and while waiting for an invalidation to end, so that it is
 * exceeded by one wait inside the kernel at most. The stall limit starts anew when a window is
 * committed, and when a page that hmm_range_fault() can not fault in was brought in otherwise.
 *
 * That one wait can be long if a program chooses so: a page of a userfaultfd, or of a file system
 * in user space. In the caller's own context a fatal signal ends the former. It can also be long if
 * an invalidation waits in a callback of another driver. xmmu_mirror_detach() waits for such walks.
 *
 * A walk without a budget has one of its own, which starts with its first retry or second window.
 */
struct xmmu_budget {
	/** @cond INTERNAL */
	unsigned long stall;
	unsigned long total_end;
	unsigned long end; /* the nearer of the two limits */
			   /** @endcond */
};

/**
 * @brief Start a budget.
 *
 * The clock runs from here; pass the same budget to all walks of one request.
 *
 * @param budget    The budget.
 * @param stall_ms  Milliseconds without a committed window, 1 to 3600000.
 * @param total_ms  Milliseconds in total, 1 to 3600000.
 *
 * @ctx{any}
 */
void xmmu_budget_init(struct xmmu_budget *budget, unsigned int stall_ms, unsigned int total_ms);

/** @brief Pages of a window that need no memory beside the walk. */
#define XMMU_WALK_INLINE_PAGES 16

/**
 * @brief One populate operation. On the caller's stack.
 */
struct xmmu_walk {
	/** @cond INTERNAL */
	struct xmmu_range *range;
	struct mm_struct *mm; /* held, or NULL */
	struct xmmu_budget *budget;
	struct xmmu_budget own_budget;
	struct hmm_range hmm; /* the window; starts with the first byte that is not committed */
	unsigned long end;
	unsigned long seq;       /* of the range, from before its bounds were looked at */
	unsigned long rearms;    /* block->nr_rearms when the walk began to wait for its worker */
	unsigned long fixed;     /* address that was given to fixup_user_fault() */
	unsigned long fixed_seq; /* seq then */
	unsigned int flags;
	int err;
	/* struct xmmu_deferred: what was reserved for the walk and is not in use. */
	struct llist_node *reserved;
	bool pinned; /* counted in mirror->users */
	bool locked; /* the window is open */
	unsigned long inline_pfns[XMMU_WALK_INLINE_PAGES];
	/** @endcond */
};

/** @brief Leaf right: the device may read. Always set. */
#define XMMU_PERM_READ BIT(0)
/** @brief Leaf right: the device may write. Set only in a walk with ::XMMU_WRITE. */
#define XMMU_PERM_WRITE BIT(1)
/**
 * @brief The page is in device memory of xmmu_config::devmem_owner.
 *
 * It has no DMA address; xmmu_devmem_offset() says where it is.
 */
#define XMMU_PERM_DEVICE BIT(2)

/**
 * @brief A piece of the window that is contiguous in memory, and in DMA addresses if it has any.
 *
 * Trimmed to the window, so it never reaches outside of the range, whatever the size of the page
 * behind it.
 */
struct xmmu_leaf {
	/** First byte. */
	unsigned long addr;
	/** Bytes: the page size shifted by @ref order. */
	unsigned long len;
	/** log2 of the number of pages; @ref addr is aligned to @ref len. */
	unsigned int order;
	/** ::XMMU_PERM_READ, ::XMMU_PERM_WRITE, ::XMMU_PERM_DEVICE. */
	unsigned int perm;
	/** First page; no reference is held, it may be used until the commit. */
	struct page *page;
	/** DMA address with ::XMMU_DMA_LEAF and without ::XMMU_PERM_DEVICE, else 0. */
	dma_addr_t dma;
};

/**
 * @brief Begin a walk.
 *
 * Errors are kept for xmmu_walk_end().
 *
 * @param walk    The walk.
 * @param range   The range; the caller holds a reference until xmmu_walk_end().
 * @param start   First byte, page aligned, inside the range.
 * @param end     Byte after the last, page aligned, inside the range.
 * @param flags   ::XMMU_WRITE, ::XMMU_SNAPSHOT, ::XMMU_NOWAIT. Ask for writing only if the device
 *                is about to write: it breaks copy-on-write. Never derive it from the mapping.
 * @param budget  How long it may take, or NULL for ::XMMU_BUDGET_STALL_MS and
 *                ::XMMU_BUDGET_TOTAL_MS.
 *
 * @ctx{process; mmap_lock\, and the mirror's lock\, not held}
 */
void xmmu_walk_init(struct xmmu_walk *walk, struct xmmu_range *range, unsigned long start,
		    unsigned long end, unsigned int flags, struct xmmu_budget *budget);

/**
 * @brief Prepare, fault, lock and check the next window, as often as it takes.
 *
 * A window that is still open, because the caller neither committed it nor ended the walk, is a
 * bug and ends the walk with -EINVAL.
 *
 * @param walk  The walk.
 *
 * @ctx{process; may sleep unless ::XMMU_NOWAIT}
 * @return true with the mirror's lock held and a window to read; false at the end or on error.
 */
bool __must_check xmmu_walk_next(struct xmmu_walk *walk);

/**
 * @brief The window is in the device's page table: drop the lock.
 *
 * Pages of a walk with ::XMMU_WRITE are marked dirty here, while the page can not go away. The
 * leaves are the device's until xmmu_ops::zap takes them back.
 *
 * @param walk  The walk, with an open window.
 *
 * @ctx{process; under the mirror's lock\, which is dropped}
 */
void xmmu_walk_commit(struct xmmu_walk *walk);

/**
 * @brief End a walk, always.
 *
 * A window that was not committed is abandoned: the lock is dropped, what was mapped for the window
 * is unmapped again, and the driver must not have put it into its page table. Windows that were
 * committed stay, whatever the result.
 *
 * @param walk  The walk.
 *
 * @ctx{process; may sleep unless ::XMMU_NOWAIT; the mirror's lock is held only if a window is open}
 *
 * @retval 0            All of the span is populated, or what is present with ::XMMU_SNAPSHOT.
 * @retval -EINVAL      Unaligned, empty, or outside the range; an unknown flag.
 * @retval -EFAULT      No mapping, or one that can not be read at all (`PROT_NONE`, I/O memory,
 *                      `memfd_secret()`), or memory of a userfaultfd, in a kernel thread that has
 *                      not allowed `SIGKILL`; workers of @ref xmmu_faultq have.
 * @retval -EPERM       ::XMMU_WRITE into a mapping without that right.
 * @retval -EAGAIN      With ::XMMU_NOWAIT only: it would have had to wait.
 * @retval -ETIMEDOUT   The budget is used up.
 * @retval -EINTR       A fatal signal.
 * @retval -ESRCH       The address space is gone, the mirror detached, or the range removed. Also
 *                      what a range that has changed its bounds does not cover: look for another.
 * @retval -ENOMEM      No memory, or no DMA address.
 * @retval -EOPNOTSUPP  ::XMMU_DMA_LEAF of a page that lives in a device of another owner, or whose
 *                      mapping bounces or is not coherent.
 * @retval -EHWPOISON   The memory is broken.
 * @retval -EIO         The device was isolated.
 * @return Otherwise what xmmu_ops::prepare returned.
 */
int xmmu_walk_end(struct xmmu_walk *walk);

/**
 * @brief First byte of the window; after the walk, first byte that was not populated.
 *
 * @param walk  The walk.
 * @return The address.
 *
 * @ctx{any}
 */
static inline unsigned long xmmu_walk_start(const struct xmmu_walk *walk)
{
	return walk->hmm.start;
}

/**
 * @brief Byte after the last of the window.
 *
 * @param walk  The walk.
 * @return The address.
 *
 * @ctx{inside xmmu_ops::prepare\, xmmu_ops::populate\, or an open window}
 */
static inline unsigned long xmmu_walk_stop(const struct xmmu_walk *walk)
{
	return walk->hmm.end;
}

/**
 * @brief The range of a walk.
 *
 * @param walk  The walk.
 * @return The range.
 *
 * @ctx{any}
 */
static inline struct xmmu_range *xmmu_walk_range(const struct xmmu_walk *walk)
{
	return walk->range;
}

/**
 * @brief The flags of a walk.
 *
 * @param walk  The walk.
 * @return ::XMMU_WRITE, ::XMMU_SNAPSHOT, ::XMMU_NOWAIT.
 *
 * @ctx{any}
 */
static inline unsigned int xmmu_walk_flags(const struct xmmu_walk *walk)
{
	return walk->flags;
}

/**
 * @brief Read the leaf at or after an address. The work behind xmmu_walk_for_each().
 *
 * @param walk  The walk, with an open window.
 * @param leaf  Filled in.
 * @param addr  Where to look from.
 *
 * @ctx{process; under the mirror's lock}
 * @return false if the window holds no more leaves.
 */
bool xmmu_walk_leaf(struct xmmu_walk *walk, struct xmmu_leaf *leaf, unsigned long addr);

/**
 * @brief Go through the leaves of the open window.
 *
 * @param walk  The walk.
 * @param leaf  `struct xmmu_leaf *`, filled in for each.
 */
#define xmmu_walk_for_each(walk, leaf)                              \
	for ((leaf)->addr = xmmu_walk_start(walk), (leaf)->len = 0; \
	     xmmu_walk_leaf(walk, leaf, (leaf)->addr + (leaf)->len);)

/**
 * @brief The pages of the open window as an array, one frame for each.
 *
 * For a page table with an entry for each page this takes less time than leaves. Every page is
 * there, with the rights of the walk: the device may write if it has ::XMMU_WRITE, and else it must
 * not, whatever a frame says. Not for walks with ::XMMU_SNAPSHOT, nor for DMA addresses or device
 * memory.
 *
 * @param walk  The walk, with an open window.
 *
 * @ctx{process; under the mirror's lock}
 * @return The frame at xmmu_walk_start() and those after it, or NULL for a snapshot.
 */
static inline const unsigned long *xmmu_walk_frames(const struct xmmu_walk *walk)
{
	return walk->flags & XMMU_SNAPSHOT ? NULL : walk->hmm.hmm_pfns;
}

/**
 * @brief The page frame number in a frame.
 *
 * @param frame  Out of the array of xmmu_walk_frames().
 * @return The number.
 *
 * @ctx{any}
 */
static inline unsigned long xmmu_frame_pfn(unsigned long frame)
{
	return frame & ~HMM_PFN_FLAGS;
}

/**
 * @brief Walk a span with xmmu_ops::populate as the body of the loop.
 *
 * @param range   The range; the caller holds a reference.
 * @param start   First byte, page aligned, inside the range.
 * @param end     Byte after the last, page aligned, inside the range.
 * @param flags   As for xmmu_walk_init().
 * @param budget  As for xmmu_walk_init().
 * @param done    Set to the first byte that was not populated, also on error; may be NULL.
 *
 * @ctx{as xmmu_walk_init()}
 * @retval -EINVAL xmmu_ops::populate is missing.
 * @return Otherwise as xmmu_walk_end().
 */
int __must_check xmmu_populate(struct xmmu_range *range, unsigned long start, unsigned long end,
			       unsigned int flags, struct xmmu_budget *budget, unsigned long *done);

/** @} */

#endif
