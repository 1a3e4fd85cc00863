/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief DMA mappings that live as long as one transfer.
 * @ingroup xmmu_xfer
 */
#ifndef XMMU_XFER_H
#define XMMU_XFER_H

#include <linux/dma-direction.h>
#include <linux/list.h>
#include <linux/types.h>

struct xmmu_mirror;
struct xmmu_walk;

/**
 * @defgroup xmmu_xfer Transfer
 * @ingroup xmmu
 * @since 0.1
 * @brief One transfer between the device and user memory, safe with bounce buffers.
 *
 * The mapping covers exactly the bytes moved, in one direction, and ends with the transfer: a CPU
 * store to a neighbouring byte is never lost. While a transfer runs, every invalidation, range
 * removal and detach that overlaps it waits for its end; one that must not block is refused.
 * @{
 */

/** @cond INTERNAL */
enum xmmu_ticket_kind {
	XMMU_TICKET_FLUSH,
	XMMU_TICKET_XFER,
};
/** @endcond */

/**
 * @brief Something in flight that invalidations of its span wait for.
 */
struct xmmu_ticket {
	/** @cond INTERNAL */
	struct list_head node; /* in mirror->tickets while pending */
	u64 id;
	unsigned long start;
	unsigned long end;
	enum xmmu_ticket_kind kind;
	bool confirmed; /* flushes only: a transfer leaves the list instead */
	bool stays;     /* in the list when confirmed, until its owner takes it out */
	bool orphan;    /* nobody waits: freed when confirmed */
			/** @endcond */
};

/**
 * @brief A transfer. Embed it in the driver's job.
 */
struct xmmu_xfer {
	/** @cond INTERNAL */
	struct xmmu_ticket ticket;
	struct xmmu_mirror *mirror;
	enum dma_data_direction dir;
	bool ending;
	/** @endcond */
	/** Where the device finds the bytes; valid until xmmu_xfer_end(). */
	dma_addr_t dma;
	/** How many bytes. */
	unsigned int len;
};

/**
 * @brief Map bytes of the open window for one transfer.
 *
 * Start the device before xmmu_walk_commit(), or soon after: the transfer counts from this call,
 * and invalidations wait for it. Its end must not depend on another walk, an allocation or user
 * space.
 *
 * @param walk  A walk with an open window, of a mirror with ::XMMU_DMA_XFER.
 * @param xfer  Not in use; must stay until xmmu_xfer_end().
 * @param addr  First byte, in the window.
 * @param len   Bytes, 1 up to the end of the page of @p addr.
 * @param dir   `DMA_TO_DEVICE`, or `DMA_FROM_DEVICE` in a walk with ::XMMU_WRITE.
 *
 * @ctx{process; under the mirror's lock}
 *
 * @retval 0           Mapped. xmmu_xfer_end() must follow.
 * @retval -EINVAL     The bytes are not in one page of the window, or the direction is wrong.
 * @retval -EOPNOTSUPP The mirror is not one with ::XMMU_DMA_XFER.
 * @retval -EFAULT     The page is not present (::XMMU_SNAPSHOT).
 * @retval -ENOMEM     No DMA address, or no room in the bounce buffer.
 * @retval -EIO        The device was isolated.
 */
int __must_check xmmu_xfer_begin(struct xmmu_walk *walk, struct xmmu_xfer *xfer, unsigned long addr,
				 unsigned int len, enum dma_data_direction dir);

/**
 * @brief The device will not touch the bytes any more: unmap them.
 *
 * Invalidations that waited go on. The mirror must still exist: detach waits for transfers, but not
 * for those that an isolation has ended, so their owner calls this before it frees the mirror.
 *
 * @param xfer  The transfer.
 *
 * @ctx{any\, hard interrupt included}
 *
 * @retval 0    Ended; for `DMA_FROM_DEVICE` the bytes are in the user's memory.
 * @retval -EIO The device was isolated meanwhile, and the transfer was ended then.
 */
int xmmu_xfer_end(struct xmmu_xfer *xfer);

/** @} */

#endif
