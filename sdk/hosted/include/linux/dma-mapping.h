/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: memory for devices; each mapping is recorded and checked. */
#ifndef HOSTED_LINUX_DMA_MAPPING_H
#define HOSTED_LINUX_DMA_MAPPING_H

#include <linux/device.h>
#include <linux/dma-direction.h>
#include <linux/gfp.h>
#include <linux/mm.h>

#define DMA_MAPPING_ERROR      (~(dma_addr_t)0)
#define DMA_BIT_MASK(n)        (((n) == 64) ? ~0ULL : ((1ULL << (n)) - 1))
#define DMA_ATTR_SKIP_CPU_SYNC (1UL << 5)

int dma_set_mask_and_coherent(struct device *dev, u64 mask);
#define dma_coerce_mask_and_coherent dma_set_mask_and_coherent
bool dma_addressing_limited(struct device *dev);
size_t dma_max_mapping_size(struct device *dev);
bool dma_need_sync(struct device *dev, dma_addr_t addr);
dma_addr_t dma_map_page_attrs(struct device *dev, struct page *page, size_t offset, size_t size,
			      enum dma_data_direction dir, unsigned long attrs);
void dma_unmap_page_attrs(struct device *dev, dma_addr_t addr, size_t size,
			  enum dma_data_direction dir, unsigned long attrs);
void *dmam_alloc_coherent(struct device *dev, size_t size, dma_addr_t *addr, gfp_t gfp);

#define dma_map_page(dev, page, offset, size, dir) \
	dma_map_page_attrs(dev, page, offset, size, dir, 0)
#define dma_unmap_page(dev, addr, size, dir) dma_unmap_page_attrs(dev, addr, size, dir, 0)

/* Memory of the kernel. */
dma_addr_t dma_map_single(struct device *dev, void *memory, size_t size,
			  enum dma_data_direction dir);
void dma_unmap_single(struct device *dev, dma_addr_t addr, size_t size,
		      enum dma_data_direction dir);

static inline int dma_mapping_error(struct device *dev, dma_addr_t addr)
{
	return addr == DMA_MAPPING_ERROR ? -ENOMEM : 0;
}

#endif
