/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief An interval of a mirror that may be populated.
 * @ingroup xmmu_range
 */
#ifndef XMMU_RANGE_H
#define XMMU_RANGE_H

#include <linux/interval_tree.h>
#include <linux/kref.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct xmmu_block;
struct xmmu_mirror;

/**
 * @defgroup xmmu_range Range
 * @ingroup xmmu
 * @since 0.1
 * @brief A half-open, page-aligned interval of a mirror that may be populated.
 *
 * A range need not be backed by mappings: they may come and go below it. Ranges may overlap; each
 * has translations of its own. Below the ranges the SDK keeps few coarse `mmu_interval_notifier`
 * blocks, so that a range can be inserted next to others without waiting for the kernel.
 * @{
 */

/**
 * @brief A range. Embed it in a structure of the driver.
 *
 * Reference counted: xmmu_range_insert() starts with one reference for the caller, and the mirror
 * holds another while the range is inserted.
 */
struct xmmu_range {
	/** @cond INTERNAL */
	struct interval_tree_node node;
	struct xmmu_mirror *mirror;
	struct xmmu_block *block;
	struct kref ref;
	/* enum xmmu_range_heat in sdk/core/internal.h. Written under the lock. */
	u8 heat;
	/* enum xmmu_range_state in sdk/core/internal.h. Written under the lock. */
	u8 state;
	/* enum xmmu_range_vmas in sdk/core/internal.h. Written under mmap_lock, or the lock. */
	u8 vmas;
	/* Bits of enum xmmu_range_flag in sdk/core/internal.h. Written under the lock. */
	u8 flags;
	/*
	 * Advanced under the mirror's lock by each invalidation that overlaps; a walk compares it
	 * under the lock with what it read before it faulted.
	 */
	unsigned long seq;
	/*
	 * All that walks have committed and no zap has taken back lies in between; nothing does if
	 * the end is not after the start. Under the lock.
	 */
	unsigned long filled_start;
	unsigned long filled_end;
	/*
	 * DMA addresses of populated pages by 2 MiB chunk, XMMU_DMA_LEAF only. The addresses are
	 * under the lock; the array has its own.
	 */
	struct xarray dma;
	/** @endcond */
};

/**
 * @brief Make an interval of the mirror's address space ready to be populated.
 *
 * @param mirror  An attached mirror.
 * @param range   Not in use; overwritten.
 * @param start   First byte, page aligned.
 * @param end     Byte after the last, page aligned, above @p start.
 *
 * @ctx{process; may sleep; mmap_lock not held\, not inside a callback or a walk}
 *
 * @retval 0       Inserted; the caller has a reference, to be dropped with xmmu_range_put().
 * @retval -EINVAL @p start or @p end is unaligned, the interval is empty or reaches beyond the
 *                 address space, or xmmu_ops::range_free is missing.
 * @retval -ESRCH  The mirror is not attached, or its address space is gone.
 * @retval -EIO    The device was isolated.
 * @retval -EINTR  A signal arrived while the locks of the mm were taken; nothing is left.
 * @retval -ENOMEM No memory; nothing is left.
 */
int __must_check xmmu_range_insert(struct xmmu_mirror *mirror, struct xmmu_range *range,
				   unsigned long start, unsigned long end);

/**
 * @brief Take a range out of its mirror.
 *
 * New walks are refused, and everything is zapped, flushed, waited for and unmapped before it
 * returns. Removing a range that is not inserted any more does nothing but wait for whoever
 * removes it. The caller's reference stays. A walk that ran at the same time fails, but it may call
 * xmmu_ops::prepare once more: what belongs to a range is freed in xmmu_ops::range_free.
 *
 * @param range  The range; the caller holds a reference.
 *
 * @ctx{process; may sleep; mmap_lock not held\, not inside a callback or a walk\, no lock held that
 *      a callback of this address space takes\, xmmu_ops::release included}
 */
void xmmu_range_remove(struct xmmu_range *range);

/**
 * @brief Zap part of a range for the driver's own reasons.
 *
 * The same order as for the kernel: zap, flush, wait, unmap. On return the device has no
 * translation of the span that existed before the call; a concurrent walk may have made a new one.
 *
 * @param range  The range; the caller holds a reference.
 * @param start  First byte, page aligned, inside the range.
 * @param end    Byte after the last, page aligned, inside the range.
 *
 * @ctx{process; may sleep; not inside a callback or a walk}
 *
 * @retval 0       Done.
 * @retval -EINVAL Unaligned, empty, or outside the range.
 * @retval -ESRCH  The range does not reach so far any more; nothing was zapped. Look for others.
 */
int xmmu_range_zap(struct xmmu_range *range, unsigned long start, unsigned long end);

/**
 * @brief Make two ranges of one.
 *
 * The part from @p at on becomes the range @p upper. There is no moment in which an invalidation
 * misses either of them. What is populated stays populated, except with ::XMMU_DMA_LEAF: then the
 * upper part is zapped, flushed and waited for first. The driver's page table must be one for the
 * mirror: xmmu_ops::zap is called with the range that has a translation now.
 *
 * A walk that reaches beyond @p at fails with -ESRCH.
 *
 * @param range  The range; the caller holds a reference.
 * @param upper  Not in use; overwritten. As after xmmu_range_insert() the caller has a reference.
 * @param at     First byte of the upper part, page aligned, inside the range.
 *
 * @ctx{as xmmu_range_insert()}
 *
 * @retval 0       Split.
 * @retval -EINVAL @p at is unaligned, or leaves one of the parts empty; @p upper is not used.
 * @retval -ESRCH  The range was removed, or the address space is gone; @p upper is not used.
 * @retval -EIO    The device was isolated; @p upper is not used.
 */
int __must_check xmmu_range_split(struct xmmu_range *range, struct xmmu_range *upper,
				  unsigned long at);

/**
 * @brief Grow or shrink a range, at either end or both.
 *
 * What leaves the range is zapped, flushed and waited for; what joins it is empty, and what stays
 * in it is watched all the time and stays populated. There is one exception: a range that grows
 * out of the stretch which the kernel watches for it, of 512 MiB at least and twice its size later,
 * loses all translations; walks make new ones.
 *
 * A walk that is under way and reaches into what leaves fails with -ESRCH. The new bounds may
 * overlap another range. Each time a range goes out of the stretch that is watched it keeps some
 * 300 bytes for as long as it lives: to slide far is for another range.
 *
 * @param range  The range; the caller holds a reference.
 * @param start  New first byte, page aligned.
 * @param end    New byte after the last, page aligned, above @p start.
 *
 * @ctx{as xmmu_range_remove()}
 *
 * @retval 0       The range has the new bounds.
 * @retval -EINVAL @p start or @p end is unaligned, the interval is empty or reaches beyond the
 *                 address space.
 * @retval -ESRCH  The range was removed, or the address space is gone.
 * @retval -EIO    The device was isolated.
 * @retval -EINTR  A signal arrived while the locks of the mm were taken; the bounds are as before.
 * @retval -ENOMEM No memory; the bounds are as before.
 */
int __must_check xmmu_range_resize(struct xmmu_range *range, unsigned long start,
				   unsigned long end);

/**
 * @brief Find a range that contains an address.
 *
 * @param mirror  The mirror.
 * @param addr    The address.
 *
 * @ctx{process; may sleep unless ::XMMU_ATOMIC; the mirror's lock is not held}
 * @return The range with a reference for the caller, or NULL.
 */
struct xmmu_range *xmmu_range_find(struct xmmu_mirror *mirror, unsigned long addr);

/**
 * @brief Find the range that contains an address, or make one on a grid around it.
 *
 * For drivers whose ranges come with the device's faults. A new range is the largest aligned piece
 * of one of the sizes that contains the address, lies in one mapping of the process and has nothing
 * in common with another range; one page fits always.
 *
 * @param mirror  An attached mirror.
 * @param fresh   Not in use; overwritten if it becomes the range, else not touched.
 * @param addr    The address.
 * @param sizes   Bytes, powers of two, combined by `|`, of a page at least: `SZ_2M | SZ_64K`.
 *
 * @ctx{as xmmu_range_insert()}
 *
 * @retval fresh            It is inserted, as by xmmu_range_insert().
 * @retval ERR_PTR(-EFAULT) There is no mapping at the address.
 * @retval ERR_PTR(-EINVAL) @p sizes has something smaller than a page.
 * @retval ERR_PTR(-EINTR)  A fatal signal.
 * @return A range that was there, with a reference for the caller; otherwise an error as of
 *         xmmu_range_insert().
 */
struct xmmu_range *xmmu_range_find_or_insert(struct xmmu_mirror *mirror, struct xmmu_range *fresh,
					     unsigned long addr, unsigned long sizes);

/**
 * @brief Take another reference.
 *
 * @param range  A range on which the caller, or the mirror's lock, holds a reference.
 *
 * @ctx{any}
 */
static inline void xmmu_range_get(struct xmmu_range *range)
{
	kref_get(&range->ref);
}

/**
 * @brief Drop a reference; the last one calls xmmu_ops::range_free.
 *
 * @param range  The range.
 *
 * @ctx{process; may sleep; the mirror's lock is not held}
 */
void xmmu_range_put(struct xmmu_range *range);

/**
 * @brief First byte of a range.
 *
 * A hint if somebody may change the bounds: walks check them again.
 *
 * @param range  The range.
 * @return The address.
 *
 * @ctx{any}
 */
static inline unsigned long xmmu_range_start(const struct xmmu_range *range)
{
	return READ_ONCE(range->node.start);
}

/**
 * @brief Byte after the last of a range.
 *
 * A hint if somebody may change the bounds: walks check them again.
 *
 * @param range  The range.
 * @return The address.
 *
 * @ctx{any}
 */
static inline unsigned long xmmu_range_end(const struct xmmu_range *range)
{
	return READ_ONCE(range->node.last) + 1;
}

/**
 * @brief The mirror that a range was inserted into.
 *
 * @param range  The range.
 * @return The mirror.
 *
 * @ctx{any}
 */
static inline struct xmmu_mirror *xmmu_range_mirror(const struct xmmu_range *range)
{
	return range->mirror;
}

/** @} */

#endif
