// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory as pages of the kernel: which of them are in use, and what they are given back.
 *
 * A page that is not in use has no reference. It belongs to the kernel from the moment that it is
 * given out, locked and with one reference, until the kernel says that the last one is gone.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "devmem.h"

struct xmmu_devmem *xmmu_devmem_of(const struct page *page)
{
	return container_of(xmmu_compat_pgmap(page), struct xmmu_devmem, pgmap);
}

static unsigned long xmmu_devmem_index(const struct xmmu_devmem *mem, const struct page *page)
{
	return page_to_pfn(page) - mem->first;
}

u64 xmmu_devmem_offset(const struct xmmu_devmem *mem, const struct page *page)
{
	return (u64)xmmu_devmem_index(mem, page) << PAGE_SHIFT;
}

/* ---- which pages are in use */

/* Pages in a row, aligned to how many they are; under the lock. mem->pages or above: none. */
static unsigned long xmmu_devmem_find(struct xmmu_devmem *mem, unsigned long from,
				      unsigned int order)
{
	return bitmap_find_next_zero_area(mem->used, mem->pages, from, 1U << order,
					  (1UL << order) - 1);
}

static unsigned long xmmu_devmem_take(struct xmmu_devmem *mem, unsigned int order)
{
	unsigned long index;

	if (mem->closing)
		return mem->pages;
	index = xmmu_devmem_find(mem, mem->next, order);
	if (index >= mem->pages)
		index = xmmu_devmem_find(mem, 0, order);
	if (index >= mem->pages)
		return mem->pages;
	bitmap_set(mem->used, index, 1U << order);
	mem->nr_used += 1UL << order;
	mem->next = index + (1UL << order);
	return index;
}

struct page *xmmu_devmem_get_page(struct xmmu_devmem *mem, unsigned int order)
{
	unsigned long index, irq;
	struct page *page;

	spin_lock_irqsave(&mem->lock, irq);
	index = xmmu_devmem_take(mem, order);
	spin_unlock_irqrestore(&mem->lock, irq);
	if (index == mem->pages)
		return NULL;
	page = pfn_to_page(mem->first + index);
	xmmu_compat_device_page_init(page, &mem->pgmap, order);
	return page;
}

static void xmmu_devmem_freed(struct xmmu_compat_freed *freed)
{
	unsigned int pages = 1U << xmmu_compat_freed_order(freed);
	struct page *page = xmmu_compat_freed_page(freed);
	struct xmmu_devmem *mem = xmmu_devmem_of(page);
	unsigned long irq;

	spin_lock_irqsave(&mem->lock, irq);
	bitmap_clear(mem->used, xmmu_devmem_index(mem, page), pages);
	mem->nr_used -= pages;
	spin_unlock_irqrestore(&mem->lock, irq);
}

static const struct dev_pagemap_ops xmmu_devmem_pagemap_ops =
	XMMU_COMPAT_PAGEMAP_OPS(xmmu_devmem_freed, xmmu_devmem_fault);

/* A large folio moves as a whole. What it is may change meanwhile: then it does not move at all. */
bool xmmu_devmem_is_large(struct xmmu_devmem *mem, unsigned long index)
{
	return XMMU_COMPAT_SELECT_LARGE && index < mem->pages &&
	       PageCompound(pfn_to_page(mem->first + index));
}

/*
 * The next page in use at or after an index, and how many there are in a row, up to a limit and to
 * the end of the window: there a large folio may begin, which is for the next time. Before 7.3 the
 * kernel takes a folio as a whole, wherever the row ends.
 */
unsigned long xmmu_devmem_next_used(struct xmmu_devmem *mem, unsigned long index,
				    unsigned long *count)
{
	unsigned long irq, limit;

	spin_lock_irqsave(&mem->lock, irq);
	index = find_next_bit(mem->used, mem->pages, index);
	limit = min3(mem->pages, index + *count, ALIGN(index + 1, XMMU_MOVE_PAGES));
	*count = find_next_zero_bit(mem->used, limit, index) - index;
	spin_unlock_irqrestore(&mem->lock, irq);
	if (!xmmu_devmem_is_large(mem, index))
		return index;
	*count = XMMU_MOVE_PAGES;
	return ALIGN_DOWN(index, XMMU_MOVE_PAGES);
}

unsigned long xmmu_devmem_nr_used(struct xmmu_devmem *mem)
{
	unsigned long irq, used;

	spin_lock_irqsave(&mem->lock, irq);
	used = mem->nr_used;
	spin_unlock_irqrestore(&mem->lock, irq);
	return used;
}

/* ---- its life */

bool xmmu_devmem_supported(enum xmmu_devmem_type type)
{
	return type == XMMU_DEVMEM_COHERENT ||
	       (type == XMMU_DEVMEM_PRIVATE && IS_ENABLED(CONFIG_DEVICE_PRIVATE));
}

static int xmmu_devmem_check(const struct xmmu_devmem_config *config)
{
	const struct xmmu_devmem_ops *ops = config->ops;

	if (!ops || !ops->copy_to_device || !ops->copy_to_ram || !config->owner)
		return -EINVAL;
	if (!config->size || !IS_ALIGNED(config->size | config->phys, XMMU_WINDOW))
		return -EINVAL;
	if (config->type == XMMU_DEVMEM_COHERENT && !config->phys)
		return -EINVAL;
	return xmmu_devmem_supported(config->type) ? 0 : -EOPNOTSUPP;
}

/* Addresses for it: where the processor finds it, or some that nothing answers to. */
static int xmmu_devmem_request(struct xmmu_devmem *mem)
{
	const struct xmmu_devmem_config *config = &mem->config;
	struct resource *resource;

	if (config->type == XMMU_DEVMEM_PRIVATE)
		resource = request_free_mem_region(&iomem_resource, config->size, XMMU_DRIVER_NAME);
	else
		resource = request_mem_region(config->phys, config->size, XMMU_DRIVER_NAME);
	if (IS_ERR(resource))
		return PTR_ERR(resource);
	if (!resource)
		return -EBUSY;
	mem->resource = resource;
	mem->first = PHYS_PFN(resource->start);
	return 0;
}

static int xmmu_devmem_map(struct xmmu_devmem *mem)
{
	bool coherent = mem->config.type == XMMU_DEVMEM_COHERENT;
	void *mapped;

	mem->pgmap.type = coherent ? MEMORY_DEVICE_COHERENT : MEMORY_DEVICE_PRIVATE;
	mem->pgmap.ops = &xmmu_devmem_pagemap_ops;
	mem->pgmap.owner = mem->config.owner;
	mem->pgmap.nr_range = 1;
	mem->pgmap.range.start = mem->resource->start;
	mem->pgmap.range.end = mem->resource->end;
	mapped = memremap_pages(&mem->pgmap, numa_node_id());
	return PTR_ERR_OR_ZERO(mapped);
}

static void xmmu_devmem_free(struct xmmu_devmem *mem)
{
	if (mem->resource)
		release_mem_region(mem->resource->start, resource_size(mem->resource));
	mem->resource = NULL;
	if (mem->stand_in)
		put_page(mem->stand_in);
	bitmap_free(mem->faulted);
	bitmap_free(mem->used);
	mem->used = NULL;
}

int xmmu_devmem_init(struct xmmu_devmem *mem, const struct xmmu_devmem_config *config)
{
	int err = xmmu_devmem_check(config);

	if (err)
		return err;
	memset(mem, 0, sizeof(*mem));
	mem->config = *config;
	mem->pages = config->size / PAGE_SIZE;
	spin_lock_init(&mem->lock);
	init_waitqueue_head(&mem->wait);
	mem->used = bitmap_zalloc(mem->pages, GFP_KERNEL);
	mem->faulted = bitmap_zalloc(mem->pages, GFP_KERNEL);
	mem->stand_in = alloc_page(GFP_KERNEL);
	err = mem->used && mem->faulted && mem->stand_in ? xmmu_devmem_request(mem) : -ENOMEM;
	if (!err)
		err = xmmu_devmem_map(mem);
	if (err)
		xmmu_devmem_free(mem);
	return err;
}

static void xmmu_devmem_close(struct xmmu_devmem *mem)
{
	unsigned long irq;

	spin_lock_irqsave(&mem->lock, irq);
	mem->closing = true;
	spin_unlock_irqrestore(&mem->lock, irq);
}

void xmmu_devmem_destroy(struct xmmu_devmem *mem)
{
	if (!mem->used)
		return;
	xmmu_devmem_close(mem);
	/* A page that somebody else has locked, or is about to free, stays for the next round. */
	while (xmmu_devmem_nr_used(mem) || page_count(mem->stand_in) > 1) {
		xmmu_devmem_rescue(mem);
		msleep(1);
	}
	memunmap_pages(&mem->pgmap);
	if (atomic64_read(&mem->lost))
		pr_err("xmmu: %s: %lld pages of device memory could not be saved\n",
		       XMMU_DRIVER_NAME, atomic64_read(&mem->lost));
	xmmu_devmem_free(mem);
}

void xmmu_devmem_read_stats(struct xmmu_devmem *mem, struct xmmu_devmem_stats *stats)
{
	stats->used = xmmu_devmem_nr_used(mem);
	stats->to_device = atomic64_read(&mem->to_device);
	stats->to_ram = atomic64_read(&mem->to_ram);
	stats->faults = atomic64_read(&mem->faults);
	stats->around = atomic64_read(&mem->around);
	stats->evicted = atomic64_read(&mem->evicted);
	stats->lost = atomic64_read(&mem->lost);
}
