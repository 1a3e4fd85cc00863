// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of a GPU with shared virtual memory, compiled but never run: a page table of its own with
 * tables reserved in advance, a posted flush that an interrupt confirms, events of its own migration
 * left out, ranges that follow the process's mappings.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "planned.h"

#define GPU_SLOTS (XMMU_WINDOW >> PAGE_SHIFT)
#define GPU_VALID BIT(0)
#define GPU_WRITE BIT(1)

enum { GPU_FLUSH_START = 0, GPU_FLUSH_END = 8, GPU_FLUSH_TICKET = 16, GPU_DONE_TICKET = 24 };

/* The device's entries for one window; under the mirror's lock. */
struct gpu_table {
	u64 slot[GPU_SLOTS];
};

struct gpu_context {
	struct xmmu_mirror mirror;
	struct xarray tables; /* struct gpu_table by window; only added to while attached */
	void __iomem *regs;
	struct pci_dev *pdev;
};

static struct gpu_context *to_gpu(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct gpu_context, mirror);
}

/* A retry finds the table that the attempt before it stored. */
static int gpu_prepare(struct xmmu_walk *walk)
{
	struct gpu_context *gpu = to_gpu(xmmu_range_mirror(xmmu_walk_range(walk)));
	gfp_t gfp = xmmu_walk_flags(walk) & XMMU_NOWAIT ? GFP_NOWAIT : GFP_KERNEL_ACCOUNT;
	unsigned long window = xmmu_walk_start(walk) / XMMU_WINDOW;
	struct gpu_table *table;
	int ret;

	if (xa_load(&gpu->tables, window))
		return 0;
	table = kzalloc(sizeof(*table), gfp);
	if (!table)
		return -ENOMEM;
	ret = xa_insert(&gpu->tables, window, table, gfp);
	if (ret)
		kfree(table);
	return ret == -EBUSY ? 0 : ret;
}

static void gpu_set(struct gpu_context *gpu, const struct xmmu_leaf *leaf)
{
	struct gpu_table *table = xa_load(&gpu->tables, leaf->addr / XMMU_WINDOW);
	unsigned long i, first = leaf->addr % XMMU_WINDOW >> PAGE_SHIFT;
	u64 bits = GPU_VALID | (leaf->perm & XMMU_PERM_WRITE ? GPU_WRITE : 0);

	for (i = 0; i < leaf->len >> PAGE_SHIFT; i++)
		table->slot[first + i] = (leaf->dma + (i << PAGE_SHIFT)) | bits;
}

/* The device reports a fault and parks the access until it is told to try again. */
static int __maybe_unused gpu_fault(struct gpu_context *gpu, unsigned long addr, bool write)
{
	struct xmmu_range *range = xmmu_range_find(&gpu->mirror, addr);
	unsigned long start = addr & PAGE_MASK;
	struct xmmu_walk walk;
	struct xmmu_leaf leaf;
	int ret;

	if (!range)
		return -EFAULT;
	/* [populate] */
	xmmu_walk_init(&walk, range, start, start + PAGE_SIZE, write ? XMMU_WRITE : 0, NULL);
	while (xmmu_walk_next(&walk)) {
		xmmu_walk_for_each(&walk, &leaf)
			gpu_set(gpu, &leaf);
		xmmu_walk_commit(&walk);
	}
	ret = xmmu_walk_end(&walk);
	/* [populate] */
	xmmu_range_put(range);
	return ret;
}

static void gpu_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	struct gpu_context *gpu = to_gpu(xmmu_range_mirror(range));
	unsigned long addr, stop, window;
	struct gpu_table *table;

	xa_for_each_range(&gpu->tables, window, table, start / XMMU_WINDOW,
			  (end - 1) / XMMU_WINDOW) {
		stop = min(end, (window + 1) * XMMU_WINDOW);
		for (addr = max(start, window * XMMU_WINDOW); addr < stop; addr += PAGE_SIZE) {
			if (xchg(&table->slot[addr % XMMU_WINDOW >> PAGE_SHIFT], 0))
				xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
		}
	}
}

static void gpu_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	void __iomem *regs = to_gpu(mirror)->regs;

	writeq(gather->start, regs + GPU_FLUSH_START);
	writeq(gather->end, regs + GPU_FLUSH_END);
	writeq(gather->ticket, regs + GPU_FLUSH_TICKET);
}

/* The device echoes the ticket of each flush that it has finished. */
static irqreturn_t __maybe_unused gpu_irq(int irq, void *data)
{
	struct gpu_context *gpu = data;

	xmmu_flush_done(&gpu->mirror, readq(gpu->regs + GPU_DONE_TICKET));
	return IRQ_HANDLED;
}

static void gpu_isolate(struct xmmu_mirror *mirror)
{
	struct pci_dev *pdev = to_gpu(mirror)->pdev;
	u16 command;

	pci_clear_master(pdev);
	pci_read_config_word(pdev, PCI_COMMAND, &command);
}

static void gpu_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static const struct xmmu_ops gpu_ops = {
	.prepare = gpu_prepare,
	.zap = gpu_zap,
	.flush = gpu_flush,
	.isolate = gpu_isolate,
	.range_free = gpu_range_free,
};

static int __maybe_unused gpu_attach(struct gpu_context *gpu)
{
	const struct xmmu_config config = {
		.ops = &gpu_ops,
		.policy = XMMU_TRYLOCK,
		.dma = XMMU_DMA_LEAF,
		.dev = &gpu->pdev->dev,
		.owner = gpu, /* what the driver passes to migrate_vma_setup() too */
	};

	xa_init(&gpu->tables);
	return xmmu_mirror_attach(&gpu->mirror, &config);
}

/* The upper part gets attributes of its own. */
static int __maybe_unused gpu_split(struct xmmu_range *range, unsigned long at)
{
	struct xmmu_range *upper = kzalloc(sizeof(*upper), GFP_KERNEL);
	int ret;

	if (!upper)
		return -ENOMEM;
	ret = xmmu_range_split(range, upper, at);
	if (ret)
		kfree(upper);
	else
		xmmu_range_put(upper);
	return ret;
}

/* The heap has a new end: cover it, without what the process has unmapped there since. */
static int __maybe_unused gpu_grow(struct xmmu_range *range, unsigned long end)
{
	unsigned long gone, gone_end;

	while (xmmu_range_next_unmapped(range, &gone, &gone_end)) {
		if (gone_end == xmmu_range_end(range))
			end = gone;
	}
	return xmmu_range_resize(range, xmmu_range_start(range), end);
}
