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

#include <xmmu/pt.h>

#include "planned.h"

enum {
	GPU_FLUSH_START = 0,
	GPU_FLUSH_END = 8,
	GPU_FLUSH_TICKET = 16,
	GPU_DONE_TICKET = 24,
	GPU_ROOT = 32
};

#define GPU_VALID BIT(0)
#define GPU_WRITE BIT(1)
#define GPU_LARGE BIT(2)
#define GPU_GROUP BIT(3)
#define GPU_DIRTY BIT(6)

/* [page table] */
static const struct xmmu_pt_format gpu_format = {
	.levels = 4,
	.bits = 9,
	.address = GENMASK_ULL(51, 12),
	.table = GPU_VALID,
	.write = GPU_WRITE,
	.dirty = GPU_DIRTY,
	.sizes = { { 0, GPU_VALID }, { 4, GPU_VALID | GPU_GROUP }, { 9, GPU_VALID | GPU_LARGE } },
	.nr_sizes = 3,
};

struct gpu_context {
	struct xmmu_mirror mirror;
	struct xmmu_pt pt;
	void __iomem *regs;
	struct pci_dev *pdev;
};

static struct gpu_context *to_gpu(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct gpu_context, mirror);
}

static struct xmmu_pt *gpu_pt(struct xmmu_range *range)
{
	return &to_gpu(xmmu_range_mirror(range))->pt;
}

static int gpu_prepare(struct xmmu_walk *walk)
{
	return xmmu_pt_prepare(gpu_pt(xmmu_walk_range(walk)), walk);
}

static void gpu_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	xmmu_pt_zap(gpu_pt(range), start, end, gather);
}
/* [page table] */

/* The device reports a fault and parks the access until it is told to try again. */
static int __maybe_unused gpu_fault(struct gpu_context *gpu, unsigned long addr, bool write)
{
	struct xmmu_range *range = xmmu_range_find(&gpu->mirror, addr);
	unsigned long start = addr & PAGE_MASK;
	struct xmmu_walk walk;
	int ret;

	if (!range)
		return -EFAULT;
	/* [populate] */
	xmmu_walk_init(&walk, range, start, start + PAGE_SIZE, write ? XMMU_WRITE : 0, NULL);
	while (xmmu_walk_next(&walk)) {
		xmmu_pt_populate(&gpu->pt, &walk);
		xmmu_walk_commit(&walk);
	}
	ret = xmmu_walk_end(&walk);
	/* [populate] */
	xmmu_range_put(range);
	return ret;
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

	int err = xmmu_pt_init(&gpu->pt, &gpu_format, &gpu->pdev->dev);

	if (err)
		return err;
	err = xmmu_mirror_attach(&gpu->mirror, &config);
	if (err)
		xmmu_pt_destroy(&gpu->pt);
	else
		writeq(xmmu_pt_root(&gpu->pt), gpu->regs + GPU_ROOT);
	return err;
}

static void __maybe_unused gpu_detach(struct gpu_context *gpu)
{
	xmmu_mirror_detach(&gpu->mirror);
	xmmu_pt_destroy(&gpu->pt);
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
