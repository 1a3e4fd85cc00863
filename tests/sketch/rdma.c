// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of an RDMA adapter with on-demand paging, compiled but never run: memory regions that a key
 * names, one that stands for all addresses, one budget for all regions of a work request.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <xmmu/odp.h>

#include "planned.h"

struct rdma_context {
	struct xmmu_mirror mirror;
	struct xarray regions; /* struct rdma_region by key */
	void __iomem *doorbell;
};

/* One memory region; the adapter has a table of its own for it. */
struct rdma_region {
	struct xmmu_odp odp;
	u32 key;
	__le64 __iomem *table; /* an entry for each page, written under the mirror's lock */
};

struct rdma_segment {
	u32 key;
	unsigned long addr;
	unsigned long len;
	unsigned int access; /* XMMU_ODP_REMOTE_READ and the like */
};

static struct rdma_region *to_region(struct xmmu_range *range)
{
	return container_of(range, struct rdma_region, odp.range);
}

/* [regions] */
static __le64 __iomem *entry_of(struct rdma_region *region, unsigned long addr)
{
	return &region->table[(addr - xmmu_range_start(&region->odp.range)) >> PAGE_SHIFT];
}

/* The adapter's table gets the entries of the window; it knows pages only. */
static void rdma_populate(struct xmmu_walk *walk)
{
	struct rdma_region *region = to_region(xmmu_walk_range(walk));
	unsigned long addr;
	u64 entry;

	xmmu_odp_populate(walk);
	for (addr = xmmu_walk_start(walk); addr < xmmu_walk_stop(walk); addr += PAGE_SIZE) {
		xmmu_odp_read(&region->odp, addr, addr + PAGE_SIZE, &entry);
		writeq(entry & ~XMMU_ODP_ORDER, entry_of(region, addr));
	}
}

static void rdma_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	xmmu_odp_zap(range, start, end, gather);
	for (; start < end; start += PAGE_SIZE)
		writeq(0, entry_of(to_region(range), start));
}

/* Bytes of one region: of a fault, or of advice that the program waits for. */
static int rdma_serve(struct rdma_region *region, const struct rdma_segment *segment,
		      struct xmmu_budget *budget)
{
	return xmmu_odp_fault(&region->odp, segment->addr & PAGE_MASK,
			      PAGE_ALIGN(segment->addr + segment->len), segment->access, budget);
}
/* [regions] */

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
	struct rdma_region *region = to_region(range);

	xmmu_odp_exit(&region->odp);
	kfree(region);
}

static const struct xmmu_ops __maybe_unused rdma_ops = {
	.prepare = xmmu_odp_prepare,
	.populate = rdma_populate,
	.zap = rdma_zap,
	.flush = rdma_flush,
	.isolate = rdma_isolate,
	.range_free = rdma_range_free,
};

/* Nothing is populated here: the adapter faults, or the program prefetches. */
static int __maybe_unused rdma_register(struct rdma_context *ctx, unsigned long start,
					unsigned long end, u32 key, unsigned int access,
					__le64 __iomem *table)
{
	struct rdma_region *region;
	int ret;

	region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;
	region->key = key;
	region->table = table;
	xmmu_odp_init(&region->odp, access);
	ret = xmmu_range_insert(&ctx->mirror, &region->odp.range, start, end);
	if (ret) {
		xmmu_odp_exit(&region->odp);
		kfree(region);
		return ret;
	}
	ret = xa_insert(&ctx->regions, key, region, GFP_KERNEL);
	if (ret) {
		xmmu_range_remove(&region->odp.range);
		xmmu_range_put(&region->odp.range);
	}
	return ret;
}

static void __maybe_unused rdma_deregister(struct rdma_context *ctx, u32 key)
{
	struct rdma_region *region = xa_erase(&ctx->regions, key);

	if (!region)
		return;
	xmmu_range_remove(&region->odp.range);
	xmmu_range_put(&region->odp.range);
}

static struct rdma_region *rdma_get(struct rdma_context *ctx, u32 key)
{
	struct rdma_region *region;

	xa_lock(&ctx->regions);
	region = xa_load(&ctx->regions, key);
	if (region)
		xmmu_range_get(&region->odp.range);
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
		ret = rdma_serve(region, list, &budget);
		xmmu_range_put(&region->odp.range);
	}
	return ret;
}
