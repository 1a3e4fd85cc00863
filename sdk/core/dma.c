// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA addresses of leaves that stay populated (XMMU_DMA_LEAF).
 *
 * Kept page by page in chunks of one window, in an array on the range. A chunk is allocated before
 * the window is faulted in and stays until the range is freed, so that nothing is allocated or
 * freed under the lock. An address that was zapped is unmapped after the flush: by the invalidation
 * that zapped it or, if that one was refused, by whoever comes next.
 */
#include <linux/dma-mapping.h>
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "internal.h"

#define XMMU_CHUNK_PAGES (XMMU_WINDOW / PAGE_SIZE)

/* A page-aligned DMA address, and in its low bits: */
#define XMMU_ENTRY_MAPPED BIT(0)
#define XMMU_ENTRY_WRITE  BIT(1)
#define XMMU_ENTRY_ZAPPED BIT(2)
#define XMMU_ENTRY_NEW    BIT(3) /* the window is not committed */
#define XMMU_ENTRY_ADDR   (~(dma_addr_t)(PAGE_SIZE - 1))

struct xmmu_chunk {
	dma_addr_t entry[XMMU_CHUNK_PAGES];
};

/* Memory of a device has no address that another device could use as it is. */
bool xmmu_page_mappable(struct page *page)
{
	return !is_device_private_page(page) && !is_pci_p2pdma_page(page);
}

static dma_addr_t *xmmu_entry(struct xmmu_range *range, unsigned long addr)
{
	struct xmmu_chunk *chunk = xa_load(&range->dma, addr / XMMU_WINDOW);

	return chunk ? &chunk->entry[addr % XMMU_WINDOW / PAGE_SIZE] : NULL;
}

static enum dma_data_direction xmmu_entry_dir(dma_addr_t entry)
{
	return entry & XMMU_ENTRY_WRITE ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

/* Room for the window of the walk, before the lock is taken. */
int xmmu_dma_reserve(struct xmmu_walk *walk)
{
	struct xmmu_range *range = walk->range;
	gfp_t gfp = xmmu_walk_gfp(walk);
	unsigned long index = walk->hmm.start / XMMU_WINDOW;
	struct xmmu_chunk *chunk;
	int err;

	if (xa_load(&range->dma, index))
		return 0;
	if (xmmu_inject_fail())
		return -ENOMEM;
	chunk = kzalloc(sizeof(*chunk), gfp);
	if (!chunk)
		return -ENOMEM;
	err = xa_insert(&range->dma, index, chunk, gfp);
	if (err)
		kfree(chunk);
	/* Another walk was faster: its chunk serves as well. */
	return err == -EBUSY ? 0 : err;
}

/*
 * Processor and device see each other without help, or the mapping is refused. With this said, a page
 * may be mapped by several ranges of a device, which the DMA API's checks take for a mistake else.
 */
#define XMMU_ENTRY_ATTRS DMA_ATTR_SKIP_CPU_SYNC

static void xmmu_entry_unmap(struct xmmu_range *range, dma_addr_t *entry)
{
	dma_unmap_page_attrs(range->mirror->config.dev, *entry & XMMU_ENTRY_ADDR, PAGE_SIZE,
			     xmmu_entry_dir(*entry), XMMU_ENTRY_ATTRS);
	*entry = 0;
}

typedef void (*xmmu_entry_fn)(struct xmmu_range *range, dma_addr_t *entry);

/* Call back for each entry of the span that is mapped. Under the lock. */
static void xmmu_dma_for_each(struct xmmu_range *range, unsigned long start, unsigned long end,
			      xmmu_entry_fn fn)
{
	struct xmmu_chunk *chunk;
	unsigned long index, addr, stop;

	start = max(start, xmmu_range_start(range));
	end = min(end, xmmu_range_end(range));
	xa_for_each_range(&range->dma, index, chunk, start / XMMU_WINDOW, (end - 1) / XMMU_WINDOW) {
		stop = min(end, (index + 1) * XMMU_WINDOW);
		for (addr = max(start, index * XMMU_WINDOW); addr < stop; addr += PAGE_SIZE) {
			dma_addr_t *entry = &chunk->entry[addr % XMMU_WINDOW / PAGE_SIZE];

			if (*entry & XMMU_ENTRY_MAPPED)
				fn(range, entry);
		}
	}
}

static void xmmu_entry_mark(struct xmmu_range *range, dma_addr_t *entry)
{
	*entry |= XMMU_ENTRY_ZAPPED;
}

void xmmu_dma_mark_zapped(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	xmmu_dma_for_each(range, start, end, xmmu_entry_mark);
}

static void xmmu_entry_unmap_zapped(struct xmmu_range *range, dma_addr_t *entry)
{
	if (*entry & XMMU_ENTRY_ZAPPED)
		xmmu_entry_unmap(range, entry);
}

void xmmu_dma_unmap(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	xmmu_dma_for_each(range, start, end, xmmu_entry_unmap_zapped);
}

static bool xmmu_entry_serves(dma_addr_t entry, bool write)
{
	return (entry & XMMU_ENTRY_MAPPED) && !(entry & XMMU_ENTRY_ZAPPED) &&
	       (!write || (entry & XMMU_ENTRY_WRITE));
}

/*
 * Whether the window holds a live mapping for reading of a page that is now wanted for writing. The
 * device must forget it before it can be mapped again. Under the lock.
 */
bool xmmu_dma_upgrades(struct xmmu_walk *walk)
{
	unsigned long addr, *pfn = walk->hmm.hmm_pfns;

	for (addr = walk->hmm.start; addr < walk->hmm.end; addr += PAGE_SIZE, pfn++) {
		dma_addr_t entry = *xmmu_entry(walk->range, addr);

		if (xmmu_entry_serves(entry, false) && xmmu_walk_wants_write(walk, *pfn) &&
		    !xmmu_entry_serves(entry, true))
			return true;
	}
	return false;
}

static int xmmu_entry_map(struct xmmu_walk *walk, dma_addr_t *entry, unsigned long pfn)
{
	struct device *dev = walk->range->mirror->config.dev;
	bool write = xmmu_walk_wants_write(walk, pfn);
	dma_addr_t flags = XMMU_ENTRY_MAPPED | (write ? XMMU_ENTRY_WRITE : 0);
	dma_addr_t addr;

	if (xmmu_entry_serves(*entry, write))
		return 0;
	/* Left behind by an event that was refused; its flush is confirmed. */
	if (*entry & XMMU_ENTRY_MAPPED)
		xmmu_entry_unmap(walk->range, entry);
	if (xmmu_walk_in_device(walk, pfn))
		return 0;
	if (xmmu_inject_fail())
		return -ENOMEM;
	if (!xmmu_page_mappable(hmm_pfn_to_page(pfn)))
		return -EOPNOTSUPP;
	addr = dma_map_page_attrs(dev, hmm_pfn_to_page(pfn), 0, PAGE_SIZE, xmmu_entry_dir(flags),
				  XMMU_ENTRY_ATTRS);
	if (dma_mapping_error(dev, addr))
		return -ENOMEM;
	*entry = addr | flags | XMMU_ENTRY_NEW;
	/* It bounces after all, or is not coherent: CPU and device would not see each other. */
	return dma_need_sync(dev, addr) ? -EOPNOTSUPP : 0;
}

/* Map the window; after an error xmmu_dma_abandon() follows. Under the lock. */
int xmmu_dma_map(struct xmmu_walk *walk)
{
	unsigned long addr, *pfn = walk->hmm.hmm_pfns;
	int err = 0;

	for (addr = walk->hmm.start; addr < walk->hmm.end && !err; addr += PAGE_SIZE, pfn++)
		if (xmmu_walk_takes(walk, *pfn))
			err = xmmu_entry_map(walk, xmmu_entry(walk->range, addr), *pfn);
	return err;
}

static void xmmu_entry_keep(struct xmmu_range *range, dma_addr_t *entry)
{
	*entry &= ~XMMU_ENTRY_NEW;
}

static void xmmu_entry_abandon(struct xmmu_range *range, dma_addr_t *entry)
{
	if (*entry & XMMU_ENTRY_NEW)
		xmmu_entry_unmap(range, entry);
}

/* The device has the window. Under the lock. */
void xmmu_dma_keep(struct xmmu_walk *walk)
{
	xmmu_dma_for_each(walk->range, walk->hmm.start, walk->hmm.end, xmmu_entry_keep);
}

/* The device does not get the window: unmap what was mapped for it. Under the lock. */
void xmmu_dma_abandon(struct xmmu_walk *walk)
{
	if (xmmu_dma_used(walk->range))
		xmmu_dma_for_each(walk->range, walk->hmm.start, walk->hmm.end, xmmu_entry_abandon);
}

/* The DMA address of a page of the open window. Under the lock. */
dma_addr_t xmmu_dma_addr(struct xmmu_range *range, unsigned long addr)
{
	return xmmu_dma_used(range) ? *xmmu_entry(range, addr) & XMMU_ENTRY_ADDR : 0;
}

/* The last reference is gone, and with it every translation. */
void xmmu_dma_free(struct xmmu_range *range)
{
	struct xmmu_chunk *chunk;
	unsigned long index;

	xa_for_each(&range->dma, index, chunk)
		kfree(chunk);
	xa_destroy(&range->dma);
}
