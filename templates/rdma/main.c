// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for an adapter with on-demand paging: a program registers memory, without pinning it,
 * and others reach it by a key. The adapter has a table for each region, and suspends work on a
 * page that has no entry.
 *
 * hardware.c is the adapter. HARDWARE marks each place where yours comes in.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/odp.h>
#include <xmmu/xmmu.h>

#include "abi.h"
#include "driver.h"

#define DEMO_REGIONS 64
/* In one region: the most pages. */
#define DEMO_PAGES 65536UL

struct demo_region {
	struct xmmu_odp odp;
	struct demo_table *table; /* written to under the mirror's lock */
};

/* One open file. */
struct demo {
	struct mutex lock; /* of all below but the mirror, and of work: one at a time */
	bool attached;
	struct demo_region *regions[DEMO_REGIONS]; /* by key */
	struct demo_hw hw;
	struct xmmu_mirror mirror;
};

static struct demo_region *to_region(struct xmmu_range *range)
{
	return container_of(range, struct demo_region, odp.range);
}

static struct demo_hw *hw_of(struct xmmu_mirror *mirror)
{
	return &container_of(mirror, struct demo, mirror)->hw;
}

static void demo_set(struct xmmu_range *range, unsigned long addr, u64 entry)
{
	demo_hw_set(hw_of(xmmu_range_mirror(range)), to_region(range)->table,
		    (addr - xmmu_range_start(range)) >> PAGE_SHIFT, entry);
}

/* ---- callbacks */

static void demo_populate(struct xmmu_walk *walk)
{
	struct xmmu_range *range = xmmu_walk_range(walk);
	unsigned long addr;
	u64 entry;

	xmmu_odp_populate(walk);
	for (addr = xmmu_walk_start(walk); addr < xmmu_walk_stop(walk); addr += PAGE_SIZE) {
		xmmu_odp_read(&to_region(range)->odp, addr, addr + PAGE_SIZE, &entry);
		/* HARDWARE: if it knows larger pages, zap has to write what is left of one, too. */
		demo_set(range, addr, entry & ~XMMU_ODP_ORDER);
	}
}

static void demo_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	xmmu_odp_zap(range, start, end, gather);
	for (; start < end; start += PAGE_SIZE)
		demo_set(range, start, 0);
}

static void demo_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	demo_hw_flush(hw_of(mirror));
	/*
	 * HARDWARE, wait: this call moves to where the adapter confirms, its completion queue for
	 * one, with the same ticket.
	 */
	xmmu_flush_done(mirror, gather->ticket);
}

static void demo_isolate(struct xmmu_mirror *mirror)
{
	demo_hw_isolate(hw_of(mirror));
}

static void demo_region_free(struct demo_region *region)
{
	xmmu_odp_exit(&region->odp);
	kvfree(region->table);
	kfree(region);
}

static void demo_range_free(struct xmmu_range *range)
{
	demo_region_free(to_region(range));
}

static const struct xmmu_ops demo_ops = {
	.prepare = xmmu_odp_prepare,
	.populate = demo_populate,
	.zap = demo_zap,
	.flush = demo_flush,
	.isolate = demo_isolate,
	.range_free = demo_range_free,
};

/* ---- regions */

static struct demo_region *demo_region_alloc(unsigned long pages, unsigned int flags)
{
	struct demo_region *region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);

	if (!region)
		return NULL;
	region->table = kvzalloc(sizeof(*region->table) + pages * sizeof(u64), GFP_KERNEL_ACCOUNT);
	if (!region->table) {
		kfree(region);
		return NULL;
	}
	region->table->pages = pages;
	xmmu_odp_init(&region->odp,
		      XMMU_ODP_REMOTE_READ | (flags & DEMO_MAY_WRITE ? XMMU_ODP_REMOTE_WRITE : 0));
	return region;
}

static int demo_free_key(struct demo *demo)
{
	unsigned int key;

	for (key = 0; key < DEMO_REGIONS; key++)
		if (!demo->regions[key])
			return key;
	return -ENOSPC;
}

static int demo_register(struct demo *demo, struct demo_register *arg)
{
	struct demo_region *region;
	int key = demo_free_key(demo), ret;

	if (arg->flags & ~DEMO_MAY_WRITE || arg->len >> PAGE_SHIFT > DEMO_PAGES)
		return -EINVAL;
	if (key < 0)
		return key;
	region = demo_region_alloc(arg->len >> PAGE_SHIFT, arg->flags);
	if (!region)
		return -ENOMEM;
	ret = xmmu_range_insert(&demo->mirror, &region->odp.range, arg->addr, arg->addr + arg->len);
	if (ret) {
		demo_region_free(region);
		return ret;
	}
	demo->regions[key] = region;
	arg->key = key;
	return 0;
}

static struct demo_region *demo_find(struct demo *demo, u32 key)
{
	return key < DEMO_REGIONS ? demo->regions[key] : NULL;
}

static int demo_deregister(struct demo *demo, u32 key)
{
	struct demo_region *region = demo_find(demo, key);

	if (!region)
		return -ENOENT;
	demo->regions[key] = NULL;
	/* HARDWARE: the key is taken back first, so that nothing new begins. */
	xmmu_range_remove(&region->odp.range);
	xmmu_range_put(&region->odp.range);
	return 0;
}

/* ---- work */

/* HARDWARE, fault: a worker calls it for the suspended queue, and has that go on. */
static int demo_serve(struct demo_region *region, u64 offset, bool write)
{
	unsigned long addr = xmmu_range_start(&region->odp.range) + (offset & PAGE_MASK);

	return xmmu_odp_fault(&region->odp, addr, addr + PAGE_SIZE,
			      write ? XMMU_ODP_REMOTE_WRITE : XMMU_ODP_REMOTE_READ, NULL);
}

static int demo_access(struct demo *demo, struct demo_access *arg)
{
	struct demo_region *region = demo_find(demo, arg->key);
	int ret;

	if (!region)
		return -ENOENT;
	if (arg->offset % sizeof(u64) || arg->offset >> PAGE_SHIFT >= region->table->pages)
		return -EINVAL;
	while ((ret = demo_hw_access(&demo->hw, region->table, arg->offset, arg->write,
				     &arg->value)) == -EAGAIN) {
		ret = demo_serve(region, arg->offset, arg->write);
		if (ret)
			break;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return ret;
}

/* ---- from open to close */

/* Not in open, which runs under a lock of all misc devices: attaching may wait for long. */
static int demo_attach(struct demo *demo)
{
	/* HARDWARE: also .dma = XMMU_DMA_LEAF and .dev; entries have DMA addresses then. */
	const struct xmmu_config config = { .ops = &demo_ops, .policy = XMMU_TRYLOCK };
	int ret = 0;

	if (!demo->attached)
		ret = xmmu_mirror_attach(&demo->mirror, &config);
	if (ret)
		return ret;
	demo->attached = true;
	/* The file may have come from another process, with addresses of its own. */
	return xmmu_mirror_is_current(&demo->mirror) ? 0 : -EXDEV;
}

/* Argument of a command, as copied from the caller. */
union demo_arg {
	struct demo_register reg;
	struct demo_access access;
	u32 key;
};

static int demo_command(struct demo *demo, unsigned int number, union demo_arg *arg)
{
	switch (number) {
	case DEMO_REGISTER:
		return demo_register(demo, &arg->reg);
	case DEMO_DEREGISTER:
		return demo_deregister(demo, arg->key);
	default:
		return demo_access(demo, &arg->access);
	}
}

/* A region whose key can not be returned goes again: nobody would know it. */
static int demo_answer(struct demo *demo, unsigned int number, const union demo_arg *arg,
		       void __user *user)
{
	if (!(_IOC_DIR(number) & _IOC_READ) || !copy_to_user(user, arg, _IOC_SIZE(number)))
		return 0;
	if (number == DEMO_REGISTER)
		demo_deregister(demo, arg->reg.key);
	return -EFAULT;
}

static int demo_run(struct demo *demo, unsigned int number, union demo_arg *arg, void __user *user)
{
	int ret;

	if (mutex_lock_killable(&demo->lock))
		return -EINTR;
	ret = demo_attach(demo)                       ?:
		      demo_command(demo, number, arg) ?:
							demo_answer(demo, number, arg, user);
	mutex_unlock(&demo->lock);
	return ret;
}

static long demo_ioctl(struct file *file, unsigned int number, unsigned long user)
{
	unsigned int size = _IOC_SIZE(number);
	union demo_arg arg;

	if (number != DEMO_REGISTER && number != DEMO_DEREGISTER && number != DEMO_ACCESS)
		return -ENOTTY;
	if (copy_from_user(&arg, (void __user *)user, size))
		return -EFAULT;
	return demo_run(file->private_data, number, &arg, (void __user *)user);
}

static int demo_open(struct inode *inode, struct file *file)
{
	struct demo *demo = kzalloc(sizeof(*demo), GFP_KERNEL_ACCOUNT);

	if (!demo)
		return -ENOMEM;
	mutex_init(&demo->lock);
	demo_hw_init(&demo->hw);
	file->private_data = demo;
	return 0;
}

static int demo_release(struct inode *inode, struct file *file)
{
	struct demo *demo = file->private_data;
	unsigned int key;

	for (key = 0; key < DEMO_REGIONS; key++)
		demo_deregister(demo, key);
	if (demo->attached)
		xmmu_mirror_detach(&demo->mirror);
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
