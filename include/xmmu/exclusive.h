/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Access of a device that no processor has at the same time.
 * @ingroup xmmu_exclusive
 */
#ifndef XMMU_EXCLUSIVE_H
#define XMMU_EXCLUSIVE_H

#include <linux/bits.h>
#include <linux/types.h>

struct xmmu_budget;
struct xmmu_range;

/**
 * @defgroup xmmu_exclusive Exclusive access
 * @ingroup xmmu
 * @since 0.1
 * @brief Atomic operations of a device that can not make them visible to processors as such.
 *
 * The pages are taken out of the page table of the process while the device has them. When a
 * processor touches one it gets it back, after an invalidation as any other: the device has
 * forgotten the page by then.
 * @{
 */

/** @brief Flag in xmmu_walk_flags() only: no processor has what is populated. */
#define XMMU_EXCLUSIVE BIT(3)

/**
 * @brief Whether this kernel has exclusive access.
 *
 * @return false if xmmu_exclusive() would give -EOPNOTSUPP whatever it is asked for.
 *
 * @ctx{any}
 */
bool xmmu_exclusive_supported(void);

/**
 * @brief Populate a span page by page, each taken away from the processors.
 *
 * As xmmu_populate() with ::XMMU_WRITE, and with ::XMMU_EXCLUSIVE in xmmu_walk_flags(). Only for
 * anonymous memory. Pages may be gone again when it returns.
 *
 * @param range   The range; the caller holds a reference.
 * @param start   First byte, page aligned, inside the range.
 * @param end     Byte after the last, page aligned, inside the range.
 * @param budget  As for xmmu_walk_init().
 * @param done    Set to the first byte that was not populated, also on error; may be NULL.
 *
 * @ctx{process; may sleep; mmap_lock\, and the mirror's lock\, not held}
 *
 * @retval -EINVAL     xmmu_ops::populate is missing, or as xmmu_walk_end().
 * @retval -EOPNOTSUPP The kernel has no such thing, or not for this memory: shared, or hugetlb.
 * @retval -ETIMEDOUT  The budget is used up. Before 6.15 also where a transparent huge page is.
 * @return Otherwise as xmmu_walk_end().
 */
int __must_check xmmu_exclusive(struct xmmu_range *range, unsigned long start, unsigned long end,
				struct xmmu_budget *budget, unsigned long *done);

/** @} */

#endif
