// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for a device with shared virtual memory: it works by the addresses of a program, walks a
 * page table, and faults where it finds nothing. The program says nothing about its memory
 * beforehand: where the device faults, a range is made.
 *
 * hardware.c is the device. HARDWARE marks each place where yours comes in.
 */
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/faultq.h>
#include <xmmu/pt.h>
#include <xmmu/xmmu.h>

#include "abi.h"
#include "driver.h"

/* Sizes of ranges, the largest that fits into the mapping is taken; a page is the least. */
#define DEMO_CHUNKS (SZ_512M | SZ_2M | SZ_64K)

/* One open file: an address space, as the device sees it. */
struct demo {
	struct mutex lock; /* of attaching, and of the device's work: one at a time */
	bool attached;
	struct xmmu_mirror mirror;
	struct xmmu_pt pt;
	struct xmmu_faultq faults;
	struct demo_hw hw;
};

static struct demo *of_mirror(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct demo, mirror);
}

static struct demo *of_walk(struct xmmu_walk *walk)
{
	return of_mirror(xmmu_range_mirror(xmmu_walk_range(walk)));
}

static struct demo *of_faults(struct xmmu_faultq *faults)
{
	return container_of(faults, struct demo, faults);
}

/* ---- the page table */

/* HARDWARE: without it a leaf is at its DMA address, if the mirror has .dma = XMMU_DMA_LEAF. */
static u64 demo_encode(const struct xmmu_leaf *leaf)
{
	return page_to_phys(leaf->page);
}

static const struct xmmu_pt_format demo_format = {
	.levels = DEMO_LEVELS,
	.bits = DEMO_BITS,
	.address = DEMO_ADDRESS,
	.table = DEMO_VALID,
	.write = DEMO_WRITE,
	.sizes = { { 0, DEMO_VALID }, { DEMO_BITS, DEMO_VALID | DEMO_LARGE } },
	.nr_sizes = 2,
	.encode = demo_encode,
};

static int demo_prepare(struct xmmu_walk *walk)
{
	return xmmu_pt_prepare(&of_walk(walk)->pt, walk);
}

static void demo_populate(struct xmmu_walk *walk)
{
	xmmu_pt_populate(&of_walk(walk)->pt, walk);
}

static void demo_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	xmmu_pt_zap(&of_mirror(xmmu_range_mirror(range))->pt, start, end, gather);
}

/* Asked for by the debug build only. */
static bool demo_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_pt_leaf leaf;

	return xmmu_pt_next(&of_mirror(xmmu_range_mirror(range))->pt, start, end, &leaf);
}

static void demo_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	demo_hw_flush(&of_mirror(mirror)->hw, gather->start, gather->end);
	/*
	 * HARDWARE, wait: this call moves to where the device confirms, an interrupt handler for
	 * one, with the same ticket.
	 */
	xmmu_flush_done(mirror, gather->ticket);
}

static void demo_isolate(struct xmmu_mirror *mirror)
{
	demo_hw_isolate(&of_mirror(mirror)->hw);
}

static struct xmmu_range *demo_range_alloc(struct xmmu_range *range)
{
	return kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
}

static void demo_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static const struct xmmu_ops demo_ops = {
	.prepare = demo_prepare,
	.populate = demo_populate,
	.zap = demo_zap,
	.flush = demo_flush,
	.translated = demo_translated,
	.isolate = demo_isolate,
	.range_alloc = demo_range_alloc,
	.range_free = demo_range_free,
};

/* ---- faults */

/* HARDWARE, fault read-out: the handler reads what the device says of each parked access. */
void demo_fault_irq(struct demo_hw *hw, unsigned long addr, bool write, u64 number)
{
	struct demo *demo = container_of(hw, struct demo, hw);
	const struct xmmu_fault fault = {
		.addr = addr,
		.access = write ? XMMU_WRITE : 0,
		.cookie = number,
	};

	/* HARDWARE: a device that can park more than the queue takes keeps them until ops->room. */
	if (!xmmu_faultq_push(&demo->faults, &fault))
		demo_hw_answer(hw, number, -EBUSY);
}

/* The range at an address, with a reference; it is made if there is none. */
static struct xmmu_range *demo_range(struct demo *demo, unsigned long addr)
{
	struct xmmu_range *range = xmmu_range_find(&demo->mirror, addr), *fresh;

	if (range)
		return range;
	fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return ERR_PTR(-ENOMEM);
	range = xmmu_range_find_or_insert(&demo->mirror, fresh, addr, DEMO_CHUNKS);
	if (range != fresh)
		kfree(fresh);
	return range;
}

/* The range may be cut at the same time, by what the program unmaps: then it is tried again. */
static int demo_serve(struct xmmu_faultq *faults, unsigned long start, unsigned long end,
		      unsigned int access)
{
	struct xmmu_range *range;
	unsigned long addr = start;
	int ret;

	while (addr < end) {
		range = demo_range(of_faults(faults), addr);
		if (IS_ERR(range))
			return PTR_ERR(range);
		addr = max(addr, xmmu_range_end(range));
		xmmu_range_put(range);
	}
	ret = xmmu_faultq_populate(faults, start, end, access);
	return ret == -ENOENT ? -EAGAIN : ret;
}

static void demo_replay(struct xmmu_faultq *faults, const u64 *cookies, unsigned int count)
{
	while (count--)
		demo_hw_answer(&of_faults(faults)->hw, *cookies++, 0);
}

static void demo_cancel(struct xmmu_faultq *faults, const struct xmmu_fault *fault, int err)
{
	demo_hw_answer(&of_faults(faults)->hw, fault->cookie, err);
}

static const struct xmmu_faultq_ops demo_faultq_ops = {
	.serve = demo_serve,
	.replay = demo_replay,
	.cancel = demo_cancel,
};

/* ---- from open to close */

static int demo_mirror(struct demo *demo)
{
	const struct xmmu_faultq_config faults = { .ops = &demo_faultq_ops };
	/* HARDWARE: with DMA, also .dma and .dev, and the device in xmmu_pt_init() below. */
	const struct xmmu_config config = { .ops = &demo_ops, .policy = XMMU_TRYLOCK };
	int ret = xmmu_faultq_init(&demo->faults, &demo->mirror, &faults);

	if (ret)
		return ret;
	ret = xmmu_mirror_attach(&demo->mirror, &config);
	if (ret)
		xmmu_faultq_exit(&demo->faults);
	return ret;
}

/* Not in open, which runs under a lock of all misc devices: attaching may wait for long. */
static int demo_attach(struct demo *demo)
{
	int ret = xmmu_pt_init(&demo->pt, &demo_format, NULL);

	if (ret)
		return ret;
	demo_hw_init(&demo->hw, xmmu_pt_root(&demo->pt));
	ret = demo_mirror(demo);
	if (ret)
		xmmu_pt_destroy(&demo->pt);
	demo->attached = !ret;
	return ret;
}

static void demo_detach(struct demo *demo)
{
	/* HARDWARE: stop it here, and wait for the interrupt handlers that report its faults. */
	xmmu_mirror_detach(&demo->mirror);
	xmmu_faultq_exit(&demo->faults);
	xmmu_pt_destroy(&demo->pt);
}

static int demo_copy(struct demo *demo, const struct demo_copy *copy)
{
	int ret = 0;

	if (mutex_lock_killable(&demo->lock))
		return -EINTR;
	if (!demo->attached)
		ret = demo_attach(demo);
	/* The file has come from another process, with addresses of its own. */
	if (!ret && !xmmu_mirror_is_current(&demo->mirror))
		ret = -EXDEV;
	if (!ret)
		ret = demo_hw_copy(&demo->hw, copy->dst, copy->src, copy->len);
	mutex_unlock(&demo->lock);
	return ret;
}

static long demo_ioctl(struct file *file, unsigned int number, unsigned long user)
{
	struct demo_copy copy;

	if (number != DEMO_COPY)
		return -ENOTTY;
	if (copy_from_user(&copy, (void __user *)user, sizeof(copy)))
		return -EFAULT;
	return demo_copy(file->private_data, &copy);
}

static int demo_open(struct inode *inode, struct file *file)
{
	struct demo *demo = kzalloc(sizeof(*demo), GFP_KERNEL_ACCOUNT);

	if (!demo)
		return -ENOMEM;
	mutex_init(&demo->lock);
	file->private_data = demo;
	return 0;
}

static int demo_release(struct inode *inode, struct file *file)
{
	struct demo *demo = file->private_data;

	if (demo->attached)
		demo_detach(demo);
	kfree(demo);
	return 0;
}

static const struct file_operations demo_fops = {
	.owner = THIS_MODULE,
	.open = demo_open,
	.release = demo_release,
	.unlocked_ioctl = demo_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
static struct miscdevice demo_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "demo",
	.fops = &demo_fops,
};

static int __init demo_init(void)
{
	int ret = xmmu_module_init();

	if (ret)
		return ret;
	ret = misc_register(&demo_device);
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(demo_init);

static void __exit demo_exit(void)
{
	misc_deregister(&demo_device);
	xmmu_module_exit();
}
module_exit(demo_exit);

MODULE_DESCRIPTION("A driver on xmmu");
MODULE_AUTHOR("Your Name <you@example.org>");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
