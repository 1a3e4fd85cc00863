// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of a copy engine with a TLB and no page table, compiled but never run: the whole address
 * space is mirrored without ranges, nothing sleeps, translations are dropped into the TLB one by
 * one, and none while an invalidation is under way.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <xmmu/whole.h>
#include <xmmu/xmmu.h>

enum {
	GRU_DROPIN_ADDR = 0,
	GRU_DROPIN_PTE = 8,
	GRU_FLUSH_START = 16,
	GRU_FLUSH_END = 24,
	GRU_FLUSH_BUSY = 32,
	GRU_RETRY = 40
};

struct gru_space {
	struct xmmu_whole whole;
	void __iomem *regs;
	bool loaded; /* the TLB may hold something; under the lock of the whole */
};

static struct gru_space *to_gru(struct xmmu_whole *whole)
{
	return container_of(whole, struct gru_space, whole);
}

//! [whole]
static struct xmmu_whole *gru_alloc(void)
{
	struct gru_space *gru = kzalloc(sizeof(*gru), GFP_KERNEL_ACCOUNT);

	return gru ? &gru->whole : NULL;
}

static void gru_free(struct xmmu_whole *whole)
{
	kfree(to_gru(whole));
}

static int gru_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	struct gru_space *gru = to_gru(whole);

	gru->loaded = true;
	writeq(dropin->addr, gru->regs + GRU_DROPIN_ADDR);
	writeq(page_to_phys(dropin->page) | dropin->perm, gru->regs + GRU_DROPIN_PTE);
	return 0;
}

static void gru_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct gru_space *gru = to_gru(whole);

	if (!gru->loaded)
		return;
	writeq(start, gru->regs + GRU_FLUSH_START);
	writeq(end, gru->regs + GRU_FLUSH_END);
	while (readq(gru->regs + GRU_FLUSH_BUSY))
		cpu_relax();
}

static const struct xmmu_whole_ops gru_ops = {
	.alloc = gru_alloc,
	.free = gru_free,
	.load = gru_load,
	.flush = gru_flush,
};
//! [whole]

static int __maybe_unused gru_init(void)
{
	return xmmu_whole_init(&gru_ops);
}

/* A TLB miss, in the interrupt thread: try without waiting, else leave it to the polling user. */
static void __maybe_unused gru_miss(struct gru_space *gru, unsigned long addr, bool write)
{
	unsigned int flags = XMMU_NOWAIT | (write ? XMMU_WRITE : 0);

	if (xmmu_whole_dropin(&gru->whole, addr, flags, NULL, NULL))
		writeq(addr, gru->regs + GRU_RETRY);
}

/* The user's call for a miss that could not be served: here it may wait. */
static int __maybe_unused gru_miss_wait(struct gru_space *gru, unsigned long addr, bool write)
{
	return xmmu_whole_dropin(&gru->whole, addr, write ? XMMU_WRITE : 0, NULL, NULL);
}
