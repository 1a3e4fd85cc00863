/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of on-demand paging: the driver of core.h with regions for ranges. */
#ifndef TESTS_UNIT_ODP_H
#define TESTS_UNIT_ODP_H

#include "core.h"

#include <xmmu/odp.h>

#define LEN(pages) ((pages)*PAGE_SIZE)

static inline struct xmmu_odp *to_odp(struct xmmu_range *range)
{
	return container_of(range, struct xmmu_odp, range);
}

static bool odp_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	u64 entry;

	for (; start < end; start += PAGE_SIZE) {
		xmmu_odp_read(to_odp(range), start, start + PAGE_SIZE, &entry);
		if (entry)
			return true;
	}
	return false;
}

static void odp_range_free(struct xmmu_range *range)
{
	core.freed++;
	xmmu_odp_exit(to_odp(range));
	kfree(to_odp(range));
}

static inline void odp_start(unsigned long pages, enum hosted_dma_mode mode)
{
	core_start(pages, mode);
	core.ops.prepare = xmmu_odp_prepare;
	core.ops.populate = xmmu_odp_populate;
	core.ops.zap = xmmu_odp_zap;
	core.ops.translated = odp_translated;
	core.ops.range_free = odp_range_free;
	if (mode == HOSTED_DMA_IOMMU) {
		core.config.dma = XMMU_DMA_LEAF;
		core.config.dev = &core.dev;
	}
	core_attach();
}

static inline u64 entry_at(struct xmmu_odp *odp, unsigned long page)
{
	u64 entry;

	xmmu_odp_read(odp, at(page), at(page + 1), &entry);
	return entry;
}

static inline unsigned int perm_at(struct xmmu_odp *odp, unsigned long page)
{
	return entry_at(odp, page) & XMMU_ODP_PERM;
}

static inline unsigned int order_at(struct xmmu_odp *odp, unsigned long page)
{
	return (entry_at(odp, page) & XMMU_ODP_ORDER) >> XMMU_ODP_ORDER_SHIFT;
}

#define READS  XMMU_PERM_READ
#define WRITES (XMMU_PERM_READ | XMMU_PERM_WRITE)
#define ALL                                                                    \
	(XMMU_ODP_LOCAL_WRITE | XMMU_ODP_REMOTE_READ | XMMU_ODP_REMOTE_WRITE | \
	 XMMU_ODP_REMOTE_ATOMIC)

#endif
