/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief What a program wants of its addresses.
 * @ingroup xmmu_attr
 */
#ifndef XMMU_ATTR_H
#define XMMU_ATTR_H

#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>

/**
 * @defgroup xmmu_attr Attributes
 * @ingroup xmmu
 * @since 0.1
 * @brief Numbers that a driver keeps for spans of addresses, for advice of a program.
 *
 * Part `attr`: a driver names it in XMMU_PARTS and includes this header.
 *
 * @snippet tests/sketch/gpu.c attributes
 *
 * Ranges come with the device's faults and go with the mappings of the process. What a program has
 * said of its addresses must be there before the first fault and stay when a range is cut, so it is
 * kept beside them. It belongs to the addresses, whatever is mapped there, until it is set anew:
 * where there is no range, nobody hears what the process unmaps.
 *
 * What was not set is 0, and takes no memory. What is set takes as much as there are places where
 * the number changes, whatever was set there before. The memory is charged to whoever sets it.
 * @{
 */

/** @brief What is set for the addresses of one mirror. Embed it beside the mirror. */
struct xmmu_attr {
	/** @cond INTERNAL */
	struct mutex lock;
	/* Apart from each other, none with 0; under the lock. */
	struct rb_root_cached spans;
	/** @endcond */
};

/**
 * @brief Make it: everything is 0.
 *
 * @param attr  Overwritten.
 *
 * @ctx{any}
 */
void xmmu_attr_init(struct xmmu_attr *attr);

/**
 * @brief Free what it needs; before it is used again it must be made again.
 *
 * @param attr  Nobody else uses it.
 *
 * @ctx{process}
 */
void xmmu_attr_destroy(struct xmmu_attr *attr);

/**
 * @brief Set what holds for a span of addresses from now on.
 *
 * @param attr   The attributes.
 * @param start  First byte, page aligned.
 * @param end    Byte after the last, page aligned, above @p start.
 * @param value  The driver's own; 0 forgets what was set.
 *
 * @ctx{process; may sleep}
 *
 * @retval 0       Set.
 * @retval -EINVAL @p start or @p end is unaligned, or the span is empty.
 * @retval -ENOMEM No memory; nothing has changed.
 */
int __must_check xmmu_attr_set(struct xmmu_attr *attr, unsigned long start, unsigned long end,
			       unsigned long value);

/**
 * @brief What holds at an address.
 *
 * @param attr  The attributes.
 * @param addr  The address.
 * @param end   Set to the byte after the last that it holds for, or to ULONG_MAX if it holds for all
 *              that follows; may be NULL.
 *
 * @ctx{process; may sleep}
 * @return The value.
 */
unsigned long xmmu_attr_get(struct xmmu_attr *attr, unsigned long addr, unsigned long *end);

/** @} */

#endif
