// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of an RDMA adapter with on-demand paging, compiled but never run: memory regions that a key
 * names, a DMA address for each page, one budget for all regions of a work request.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "planned.h"

struct rdma_context {
	struct xmmu_mirror mirror;
	struct xarray regions; /* struct rdma_region by key */
	void __iomem *doorbell;
};

/* One memory region; the adapter reads entries, which are written under the mirror's lock. */
struct rdma_region {
	struct xmmu_range range;
	u32 key;
	__le64 entry[];
};

struct rdma_segment {
	u32 key;
	unsigned long addr;
	unsigned long len;
	bool write;
};

static struct rdma_region *to_region(struct xmmu_range *range)
{
	return container_of(range, struct rdma_region, range);
}

static __le64 *entry_of(struct xmmu_range *range, unsigned long addr)
{
	return &to_region(range)->entry[(addr - xmmu_range_start(range)) >> PAGE_SHIFT];
}

static void rdma_populate(struct xmmu_walk *walk)
{
	struct xmmu_range *range = xmmu_walk_range(walk);
	struct xmmu_leaf leaf;
	unsigned long i;

	xmmu_walk_for_each(walk, &leaf) {
		for (i = 0; i < leaf.len; i += PAGE_SIZE)
			*entry_of(range, leaf.addr + i) = cpu_to_le64((leaf.dma + i) | leaf.perm);
	}
}

static void rdma_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		if (!xchg(entry_of(range, addr), 0))
			continue;
		xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
	}
}

/* The adapter works this off in its command queue and completes with the ticket. */
static void rdma_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	struct rdma_context *ctx = container_of(mirror, struct rdma_context, mirror);

	writeq(gather->ticket, ctx->doorbell);
}

static void rdma_isolate(struct xmmu_mirror *mirror)
{
	struct rdma_context *ctx = container_of(mirror, struct rdma_context, mirror);

	writeq(U64_MAX, ctx->doorbell);
	readq(ctx->doorbell);
}

static void rdma_range_free(struct xmmu_range *range)
{
	kvfree(to_region(range));
}

static const struct xmmu_ops __maybe_unused rdma_ops = {
	.populate = rdma_populate,
	.zap = rdma_zap,
	.flush = rdma_flush,
	.isolate = rdma_isolate,
	.range_free = rdma_range_free,
};

/* Nothing is populated here: the adapter faults, or the program prefetches. */
static int __maybe_unused rdma_register(struct rdma_context *ctx, unsigned long start,
					unsigned long end, u32 key)
{
	struct rdma_region *region;
	int ret;

	region = kvzalloc(struct_size(region, entry, (end - start) >> PAGE_SHIFT),
			  GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;
	region->key = key;
	ret = xmmu_range_insert(&ctx->mirror, &region->range, start, end);
	if (ret) {
		kvfree(region);
		return ret;
	}
	ret = xa_insert(&ctx->regions, key, region, GFP_KERNEL);
	if (ret) {
		xmmu_range_remove(&region->range);
		xmmu_range_put(&region->range);
	}
	return ret;
}

static void __maybe_unused rdma_deregister(struct rdma_context *ctx, u32 key)
{
	struct rdma_region *region = xa_erase(&ctx->regions, key);

	if (!region)
		return;
	xmmu_range_remove(&region->range);
	xmmu_range_put(&region->range);
}

static struct rdma_region *rdma_get(struct rdma_context *ctx, u32 key)
{
	struct rdma_region *region;

	xa_lock(&ctx->regions);
	region = xa_load(&ctx->regions, key);
	if (region)
		xmmu_range_get(&region->range);
	xa_unlock(&ctx->regions);
	return region;
}

/* All segments of a request share one budget: it does not grow with their number. */
static int __maybe_unused rdma_prefetch(struct rdma_context *ctx, const struct rdma_segment *list,
					unsigned int count)
{
	struct xmmu_budget budget;
	int ret = 0;

	xmmu_budget_init(&budget, 500, 5000);
	for (; count && !ret; count--, list++) {
		struct rdma_region *region = rdma_get(ctx, list->key);

		if (!region)
			return -EINVAL;
		ret = xmmu_populate(&region->range, list->addr & PAGE_MASK,
				    PAGE_ALIGN(list->addr + list->len),
				    list->write ? XMMU_WRITE : 0, &budget, NULL);
		xmmu_range_put(&region->range);
	}
	return ret;
}
