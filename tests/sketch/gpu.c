// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of a GPU with shared virtual memory, compiled but never run: a page table of its own with
 * tables reserved in advance, faults that a queue serves, a posted flush that an interrupt confirms,
 * events of its own migration left out, ranges that follow the process's mappings.
 */
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include <xmmu/attr.h>
#include <xmmu/faultq.h>
#include <xmmu/pt.h>

#include "planned.h"

enum {
	GPU_FLUSH_START = 0,
	GPU_FLUSH_END = 8,
	GPU_FLUSH_TICKET = 16,
	GPU_DONE_TICKET = 24,
	GPU_ROOT = 32,
	GPU_FAULT_ADDR = 40, /* of the oldest, and 1 if it writes; 0: none */
	GPU_FAULT_ACCESS = 48,
	GPU_FAULT_NEXT = 56,
	GPU_REPLAY = 64,
	GPU_CANCEL = 72
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
	struct xmmu_faultq faults;
	struct xmmu_attr places; /* where the program wants its memory: 0, or an enum gpu_place */
	spinlock_t fault_lock;   /* the device's list of faults */
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

/* [attributes] */
enum gpu_place { GPU_ANYWHERE, GPU_IN_DEVICE, GPU_IN_RAM };

/* For faults to come, and also where nothing is mapped yet. */
static int __maybe_unused gpu_place(struct gpu_context *gpu, unsigned long start, unsigned long end,
				    enum gpu_place place)
{
	return xmmu_attr_set(&gpu->places, start, end, place);
}

/* How much of a span that faults is wanted in the same place, and where. */
static enum gpu_place __maybe_unused gpu_wanted(struct gpu_context *gpu, unsigned long start,
						unsigned long *end)
{
	unsigned long stop;
	enum gpu_place place = xmmu_attr_get(&gpu->places, start, &stop);

	*end = min(*end, stop);
	return place;
}
/* [attributes] */

/* The program says that the device will work there. */
static int __maybe_unused gpu_advise(struct gpu_context *gpu, unsigned long start,
				     unsigned long end, bool write)
{
	struct xmmu_range *range = xmmu_range_find(&gpu->mirror, start);
	struct xmmu_walk walk;
	int ret;

	if (!range)
		return -EFAULT;
	/* [populate] */
	xmmu_walk_init(&walk, range, start, end, write ? XMMU_WRITE : 0, NULL);
	while (xmmu_walk_next(&walk)) {
		xmmu_pt_populate(&gpu->pt, &walk);
		xmmu_walk_commit(&walk);
	}
	ret = xmmu_walk_end(&walk);
	/* [populate] */
	xmmu_range_put(range);
	return ret;
}

static void gpu_populate(struct xmmu_walk *walk)
{
	xmmu_pt_populate(gpu_pt(xmmu_walk_range(walk)), walk);
}

/* [faults] */
/* The device parks an access that faults, and reports it; the oldest can be read first. */
static void gpu_read_faults(struct gpu_context *gpu)
{
	struct xmmu_fault fault;
	unsigned long flags;
	u64 addr;

	spin_lock_irqsave(&gpu->fault_lock, flags);
	while ((addr = readq(gpu->regs + GPU_FAULT_ADDR))) {
		fault.addr = addr & PAGE_MASK;
		fault.access = addr & 1 ? XMMU_WRITE : 0;
		fault.cookie = readq(gpu->regs + GPU_FAULT_ACCESS);
		if (!xmmu_faultq_push(&gpu->faults, &fault))
			break;
		writeq(1, gpu->regs + GPU_FAULT_NEXT);
	}
	spin_unlock_irqrestore(&gpu->fault_lock, flags);
}

static void gpu_replay(struct xmmu_faultq *faults, const u64 *cookies, unsigned int count)
{
	struct gpu_context *gpu = to_gpu(xmmu_faultq_mirror(faults));

	while (count--)
		writeq(*cookies++, gpu->regs + GPU_REPLAY);
}

static void gpu_cancel(struct xmmu_faultq *faults, const struct xmmu_fault *fault, int err)
{
	writeq(fault->cookie, to_gpu(xmmu_faultq_mirror(faults))->regs + GPU_CANCEL);
}

static void gpu_room(struct xmmu_faultq *faults)
{
	gpu_read_faults(to_gpu(xmmu_faultq_mirror(faults)));
}

/* Ranges are made where the device faults, as large as the mapping allows. */
static int gpu_make_range(struct gpu_context *gpu, unsigned long addr)
{
	struct xmmu_range *range, *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);

	if (!fresh)
		return -ENOMEM;
	range = xmmu_range_find_or_insert(&gpu->mirror, fresh, addr, SZ_2M | SZ_64K);
	if (range != fresh)
		kfree(fresh);
	if (IS_ERR(range))
		return PTR_ERR(range);
	xmmu_range_put(range);
	return 0;
}

static int gpu_serve(struct xmmu_faultq *faults, unsigned long start, unsigned long end,
		     unsigned int access)
{
	struct gpu_context *gpu = to_gpu(xmmu_faultq_mirror(faults));
	unsigned long addr;
	int err = 0;

	for (addr = start; addr < end && !err; addr += PAGE_SIZE)
		err = gpu_make_range(gpu, addr);
	return err ?: xmmu_faultq_populate(faults, start, end, access);
}

static const struct xmmu_faultq_ops gpu_fault_ops = {
	.serve = gpu_serve,
	.replay = gpu_replay,
	.cancel = gpu_cancel,
	.room = gpu_room,
};
/* [faults] */

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

	gpu_read_faults(gpu);
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

/* For what is left above when the process has unmapped the middle of a range. */
static struct xmmu_range *gpu_range_alloc(struct xmmu_range *range)
{
	return kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
}

static const struct xmmu_ops gpu_ops = {
	.prepare = gpu_prepare,
	.populate = gpu_populate,
	.zap = gpu_zap,
	.flush = gpu_flush,
	.isolate = gpu_isolate,
	.range_alloc = gpu_range_alloc,
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
	const struct xmmu_faultq_config faults = { .ops = &gpu_fault_ops, .prefetch = SZ_64K };
	int err;

	spin_lock_init(&gpu->fault_lock);
	xmmu_attr_init(&gpu->places);
	err = xmmu_pt_init(&gpu->pt, &gpu_format, &gpu->pdev->dev);
	if (err)
		return err;
	err = xmmu_faultq_init(&gpu->faults, &gpu->mirror, &faults);
	if (err)
		goto free_pt;
	err = xmmu_mirror_attach(&gpu->mirror, &config);
	if (err)
		goto free_faults;
	writeq(xmmu_pt_root(&gpu->pt), gpu->regs + GPU_ROOT);
	return 0;

free_faults:
	xmmu_faultq_exit(&gpu->faults);
free_pt:
	xmmu_pt_destroy(&gpu->pt);
	return err;
}

static void __maybe_unused gpu_detach(struct gpu_context *gpu)
{
	xmmu_mirror_detach(&gpu->mirror);
	xmmu_faultq_exit(&gpu->faults);
	xmmu_pt_destroy(&gpu->pt);
	xmmu_attr_destroy(&gpu->places);
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

/* The heap has a new end. What the process unmaps is cut off by itself, see gpu_range_alloc(). */
static int __maybe_unused gpu_grow(struct xmmu_range *range, unsigned long end)
{
	return xmmu_range_resize(range, xmmu_range_start(range), end);
}
