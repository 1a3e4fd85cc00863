// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers: user memory mapped for DMA byte for byte, for as long as the device works on it.
 */
#include <linux/dma-mapping.h>
#include <linux/mm.h>

#include "internal.h"

static bool xmmu_xfer_fits(const struct xmmu_walk *walk, unsigned long addr, unsigned int len)
{
	return addr >= walk->hmm.start && addr < walk->hmm.end && len &&
	       len <= PAGE_SIZE - offset_in_page(addr);
}

static bool xmmu_xfer_allowed(const struct xmmu_walk *walk, const struct xmmu_leaf *leaf,
			      enum dma_data_direction dir)
{
	return dir == DMA_TO_DEVICE || (dir == DMA_FROM_DEVICE && (leaf->perm & XMMU_PERM_WRITE));
}

int xmmu_xfer_begin(struct xmmu_walk *walk, struct xmmu_xfer *xfer, unsigned long addr,
		    unsigned int len, enum dma_data_direction dir)
{
	struct xmmu_mirror *mirror = walk->range->mirror;
	struct device *dev = mirror->config.dev;
	unsigned long page_addr = addr & PAGE_MASK;
	struct xmmu_leaf leaf;

	if (mirror->config.dma != XMMU_DMA_XFER)
		return -EOPNOTSUPP;
	if (!xmmu_xfer_fits(walk, addr, len))
		return -EINVAL;
	if (!xmmu_walk_leaf(walk, &leaf, page_addr) || leaf.addr != page_addr)
		return -EFAULT;
	if (!xmmu_xfer_allowed(walk, &leaf, dir))
		return -EINVAL;

	if (!xmmu_page_mappable(leaf.page))
		return -EOPNOTSUPP;
	if (xmmu_inject_fail())
		return -ENOMEM;
	xfer->dma = dma_map_page(dev, leaf.page, offset_in_page(addr), len, dir);
	if (dma_mapping_error(dev, xfer->dma))
		return -ENOMEM;
	xfer->mirror = mirror;
	xfer->len = len;
	xfer->dir = dir;
	xfer->ending = false;
	xmmu_ticket_add(mirror, &xfer->ticket, XMMU_TICKET_XFER, ++mirror->gather.ticket, addr,
			addr + len);
	if (xfer->ticket.confirmed) {
		xmmu_xfer_end(xfer);
		return -EIO;
	}
	xmmu_count(mirror, xfers);
	return 0;
}

/*
 * The mapping ends before the ticket does: with a bounce buffer it is the unmapping that writes to
 * the user's page. `ending` keeps an isolation in between from unmapping it a second time.
 */
int xmmu_xfer_end(struct xmmu_xfer *xfer)
{
	struct xmmu_mirror *mirror = xfer->mirror;
	unsigned long irq;
	bool abandoned;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	abandoned = list_empty(&xfer->ticket.node);
	xfer->ending = true;
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
	if (abandoned)
		return -EIO;
	dma_unmap_page(mirror->config.dev, xfer->dma, xfer->len, xfer->dir);
	xmmu_ticket_del(mirror, &xfer->ticket);
	return 0;
}

/*
 * The device was cut off in the middle: give the mapping back without copying, since the page may
 * be freed at once, and what a bounce buffer holds is worth nothing. Under ticket_lock.
 */
void xmmu_xfer_abandon(struct xmmu_xfer *xfer)
{
	struct xmmu_mirror *mirror = xfer->mirror;

	lockdep_assert_held(&mirror->ticket_lock);
	if (xfer->ending)
		return;
	dma_unmap_page_attrs(mirror->config.dev, xfer->dma, xfer->len, xfer->dir,
			     DMA_ATTR_SKIP_CPU_SYNC);
	xmmu_ticket_unlist(mirror, &xfer->ticket);
}
