// SPDX-License-Identifier: GPL-2.0-only
/*
 * The DMA API. Every mapping is recorded: an access of the device where nothing
 * is mapped for it, or the other way round, and an unmapping that does not fit
 * end the schedule. Addresses of an IOMMU and of bounce buffers are not given
 * out again.
 */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

#include <hosted/kernel.h>

#include "../mm/cpu.h"
#include "internal.h"

/* The memory of the machine lies below, and so does what a device of 28 bits
 * reaches. */
#define HOSTED_MEMORY_END  (1ULL << 28)
#define HOSTED_IOVA_START  0x08000000ULL
#define HOSTED_BOUNCE_SIZE 0x40000UL

struct hosted_mapping {
	struct list_head node; /* in dev->mappings */
	dma_addr_t addr;
	size_t size;
	enum dma_data_direction dir;
	unsigned long pfn;
	size_t offset;
	char *memory; /* instead of the page: a bounce buffer, or memory of the kernel */
	bool coherent;
	bool single; /* the memory is its caller's */
};

static dma_addr_t next_iova = HOSTED_IOVA_START;
static unsigned int fail_in;

void hosted_dma_fail(unsigned int n)
{
	fail_in = n;
}

int dma_set_mask_and_coherent(struct device *dev, u64 mask)
{
	dev->dma_mask = mask;
	return 0;
}

bool dma_addressing_limited(struct device *dev)
{
	return dev->dma_mode != HOSTED_DMA_IOMMU && dev->dma_mask < HOSTED_MEMORY_END - 1;
}

size_t dma_max_mapping_size(struct device *dev)
{
	return dev->dma_mode == HOSTED_DMA_BOUNCE ? HOSTED_BOUNCE_SIZE : SIZE_MAX;
}

bool dma_need_sync(struct device *dev, dma_addr_t addr)
{
	return dev->dma_mode == HOSTED_DMA_BOUNCE;
}

struct iommu_domain *iommu_get_domain_for_dev(struct device *dev)
{
	static struct iommu_domain translates = { .type = IOMMU_DOMAIN_DMA };

	return dev->dma_mode == HOSTED_DMA_IOMMU ? &translates : NULL;
}

static dma_addr_t new_iova(size_t size)
{
	dma_addr_t addr = next_iova;

	next_iova += ALIGN(size, PAGE_SIZE) + PAGE_SIZE;
	return addr;
}

static struct hosted_mapping *mapping_add(struct device *dev, dma_addr_t addr, size_t size,
					  enum dma_data_direction dir)
{
	struct hosted_mapping *mapping = hosted_alloc(sizeof(*mapping));

	if (addr + size - 1 > dev->dma_mask)
		hosted_fail("dma", "%s: %#llx is beyond its mask %#llx", dev->name, addr,
			    dev->dma_mask);
	mapping->addr = addr;
	mapping->size = size;
	mapping->dir = dir;
	hosted_point(HOSTED_MARKED_WRITE, &dev->mappings, sizeof(dev->mappings));
	list_add_tail(&mapping->node, &dev->mappings);
	return mapping;
}

static void mapping_del(struct hosted_mapping *mapping)
{
	list_del(&mapping->node);
	if (mapping->memory && !mapping->single)
		hosted_free(mapping->memory);
	hosted_free(mapping);
}

/* A real bounce buffer gets what is in the page for any direction: the device
 * may not fill it. */
static void bounce_fill(struct hosted_mapping *mapping)
{
	mapping->memory = hosted_alloc(mapping->size);
	hosted_page_read(mapping->pfn, mapping->offset, mapping->memory, mapping->size);
}

dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction dir, unsigned long attrs)
{
	dma_addr_t addr = page_to_phys(page) + offset;
	struct hosted_mapping *mapping;

	if (size > dma_max_mapping_size(dev) || (fail_in && !--fail_in))
		return DMA_MAPPING_ERROR;
	if (dev->dma_mode != HOSTED_DMA_DIRECT)
		addr = new_iova(offset + size) + offset;
	mapping = mapping_add(dev, addr, size, dir);
	mapping->pfn = page_to_pfn(page) + (offset >> PAGE_SHIFT);
	mapping->offset = offset & ~PAGE_MASK;
	if (dev->dma_mode == HOSTED_DMA_BOUNCE)
		bounce_fill(mapping);
	return addr;
}

/* Without a copy: whoever would need one asks dma_need_sync(), and lets it be. */
dma_addr_t dma_map_single(struct device *dev, void *memory, size_t size,
			  enum dma_data_direction dir)
{
	struct hosted_mapping *mapping;

	if (fail_in && !--fail_in)
		return DMA_MAPPING_ERROR;
	mapping = mapping_add(
		dev, dev->dma_mode == HOSTED_DMA_DIRECT ? virt_to_phys(memory) : new_iova(size),
		size, dir);
	mapping->memory = memory;
	mapping->single = true;
	return mapping->addr;
}

static struct hosted_mapping *find_same(struct device *dev, dma_addr_t addr, size_t size,
					enum dma_data_direction dir)
{
	struct hosted_mapping *mapping;

	list_for_each_entry(mapping, &dev->mappings, node)
		if (mapping->addr == addr && mapping->size == size && mapping->dir == dir &&
		    !mapping->coherent)
			return mapping;
	return NULL;
}

void dma_unmap_page_attrs(struct device *dev, dma_addr_t addr, size_t size,
			  enum dma_data_direction dir, unsigned long attrs)
{
	struct hosted_mapping *mapping;

	hosted_point(HOSTED_MARKED_WRITE, &dev->mappings, sizeof(dev->mappings));
	mapping = find_same(dev, addr, size, dir);
	if (!mapping)
		hosted_fail("dma", "%s: unmaps %zu bytes at %#llx, direction %d: not mapped so",
			    dev->name, size, addr, dir);
	if (mapping->memory && dir != DMA_TO_DEVICE && !(attrs & DMA_ATTR_SKIP_CPU_SYNC)) {
		hosted_device_access_pfn(mapping->pfn);
		hosted_page_write(mapping->pfn, mapping->offset, mapping->memory, size);
	}
	mapping_del(mapping);
}

static void free_coherent(void *data)
{
	struct hosted_mapping *mapping = data;

	mapping_del(mapping);
}

void dma_unmap_single(struct device *dev, dma_addr_t addr, size_t size, enum dma_data_direction dir)
{
	struct hosted_mapping *mapping = find_same(dev, addr, size, dir);

	hosted_point(HOSTED_MARKED_WRITE, &dev->mappings, sizeof(dev->mappings));
	if (!mapping || !mapping->single)
		hosted_fail("dma", "%s: unmaps %zu bytes of the kernel at %#llx: not mapped so",
			    dev->name, size, addr);
	mapping_del(mapping);
}

void *dmam_alloc_coherent(struct device *dev, size_t size, dma_addr_t *addr, gfp_t gfp)
{
	struct hosted_mapping *mapping;

	might_alloc(gfp);
	*addr = new_iova(size);
	mapping = mapping_add(dev, *addr, size, DMA_BIDIRECTIONAL);
	mapping->memory = hosted_alloc(size);
	mapping->coherent = true;
	return devm_add_action_or_reset(dev, free_coherent, mapping) ? NULL : mapping->memory;
}

/* ---- the device's side */

static struct hosted_mapping *find_access(struct device *dev, dma_addr_t addr, size_t size,
					  enum dma_data_direction dir)
{
	struct hosted_mapping *mapping;

	hosted_point(HOSTED_MARKED_READ, &dev->mappings, sizeof(dev->mappings));
	list_for_each_entry(mapping, &dev->mappings, node)
		if (addr >= mapping->addr && addr + size <= mapping->addr + mapping->size &&
		    (mapping->dir == dir || mapping->dir == DMA_BIDIRECTIONAL))
			return mapping;
	hosted_fail("stale access", "%s: %s %zu bytes at %#llx, which is not mapped for it",
		    dev->name, dir == DMA_TO_DEVICE ? "reads" : "writes", size, addr);
}

void hosted_dma_read(struct device *dev, dma_addr_t addr, void *to, size_t size)
{
	struct hosted_mapping *mapping = find_access(dev, addr, size, DMA_TO_DEVICE);
	size_t skip = addr - mapping->addr;

	if (mapping->memory) {
		memcpy(to, mapping->memory + skip, size);
		return;
	}
	hosted_device_access_pfn(mapping->pfn);
	hosted_page_read(mapping->pfn, mapping->offset + skip, to, size);
}

void hosted_dma_write(struct device *dev, dma_addr_t addr, const void *from, size_t size)
{
	struct hosted_mapping *mapping = find_access(dev, addr, size, DMA_FROM_DEVICE);
	size_t skip = addr - mapping->addr;

	if (mapping->memory) {
		memcpy(mapping->memory + skip, from, size);
		return;
	}
	hosted_device_access_pfn(mapping->pfn);
	hosted_page_write(mapping->pfn, mapping->offset + skip, from, size);
}

void hosted_dma_check_unmapped(const struct device *dev)
{
	struct hosted_mapping *mapping;

	list_for_each_entry(mapping, &dev->mappings, node)
		hosted_fail("leak", "%s: %zu bytes are still mapped at %#llx", dev->name,
			    mapping->size, mapping->addr);
}
