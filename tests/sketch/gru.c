// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of a copy engine with a TLB and no page table, compiled but never run: the whole address
 * space is mirrored without ranges, nothing sleeps, translations are dropped into the TLB one by one,
 * and none while an invalidation is under way.
 */
#include <linux/io.h>
#include <linux/mm.h>

#include "planned.h"

enum {
	GRU_DROPIN_ADDR = 0,
	GRU_DROPIN_PTE = 8,
	GRU_FLUSH_START = 16,
	GRU_FLUSH_END = 24,
	GRU_FLUSH_BUSY = 32,
	GRU_RETRY = 40,
	GRU_RESET = 48
};

struct gru_context {
	struct xmmu_mirror mirror;
	void __iomem *regs;
	bool loaded; /* the TLB may hold something; under the lock */
};

static struct gru_context *to_gru(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct gru_context, mirror);
}

static void gru_populate(struct xmmu_walk *walk)
{
	struct gru_context *gru = to_gru(xmmu_range_mirror(xmmu_walk_range(walk)));
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf) {
		gru->loaded = true;
		writeq(leaf.addr, gru->regs + GRU_DROPIN_ADDR);
		writeq(page_to_phys(leaf.page) | leaf.order << 2 | leaf.perm,
		       gru->regs + GRU_DROPIN_PTE);
	}
}

/* Nobody knows what the TLB holds, so everything in the span counts as removed. */
static void gru_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	if (to_gru(xmmu_range_mirror(range))->loaded)
		xmmu_gather_add(gather, start, end);
}

static void gru_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	struct gru_context *gru = to_gru(mirror);

	writeq(gather->start, gru->regs + GRU_FLUSH_START);
	writeq(gather->end, gru->regs + GRU_FLUSH_END);
	while (readq(gru->regs + GRU_FLUSH_BUSY))
		cpu_relax();
	xmmu_flush_done(mirror, gather->ticket);
}

static void gru_isolate(struct xmmu_mirror *mirror)
{
	writeq(1, to_gru(mirror)->regs + GRU_RESET);
	readq(to_gru(mirror)->regs + GRU_RESET);
}

static const struct xmmu_ops gru_ops = {
	.populate = gru_populate,
	.zap = gru_zap,
	.flush = gru_flush,
	.isolate = gru_isolate,
};

/* No page table of the device has accessed bits: say yes while the TLB may hold the page. */
static bool gru_young(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		      bool clear)
{
	return READ_ONCE(to_gru(mirror)->loaded);
}

static const struct xmmu_whole_ops gru_whole_ops = {
	.young = gru_young,
};

static int __maybe_unused gru_attach(struct gru_context *gru)
{
	const struct xmmu_config config = { .ops = &gru_ops, .policy = XMMU_ATOMIC };

	return xmmu_mirror_attach_whole(&gru->mirror, &config, &gru_whole_ops);
}

/* A TLB miss, in the interrupt thread: try without waiting, else leave it to the polling user. */
static void __maybe_unused gru_miss(struct gru_context *gru, unsigned long addr, bool write)
{
	unsigned int flags = XMMU_NOWAIT | (write ? XMMU_WRITE : 0);
	unsigned long start = addr & PAGE_MASK;
	int ret = -EAGAIN;

	if (!xmmu_mirror_active(&gru->mirror))
		ret = xmmu_populate(xmmu_mirror_whole(&gru->mirror), start, start + PAGE_SIZE,
				    flags, NULL, NULL);
	if (ret)
		writeq(addr, gru->regs + GRU_RETRY);
}

/* The user's call for a miss that could not be served: here it may wait. */
static int __maybe_unused gru_miss_wait(struct gru_context *gru, unsigned long addr, bool write)
{
	unsigned long start = addr & PAGE_MASK;

	return xmmu_populate(xmmu_mirror_whole(&gru->mirror), start, start + PAGE_SIZE,
			     write ? XMMU_WRITE : 0, NULL, NULL);
}
