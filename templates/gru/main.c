// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for an engine with a TLB and no page table: the driver drops translations into it, one
 * by one, where it faults. One notifier hears of all that happens to an address space, and the
 * files that a process has open share it.
 *
 * hardware.c is the device. HARDWARE marks each place where yours comes in.
 */
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/walk.h>
#include <xmmu/whole.h>
#include <xmmu/xmmu.h>

#include "abi.h"
#include "driver.h"

/* The most that the device copies at once. */
#define DEMO_STEP 64UL

/* An address space. */
struct demo_space {
	struct xmmu_whole whole;
	struct list_head files; /* under the lock of the whole */
};

/* One open file. */
struct demo {
	struct mutex lock;        /* of attaching, and of the device's work: one at a time */
	struct demo_space *space; /* NULL: not attached */
	struct list_head node;
	struct demo_hw hw;
};

static struct demo_space *to_space(struct xmmu_whole *whole)
{
	return container_of(whole, struct demo_space, whole);
}

/* ---- callbacks */

static struct xmmu_whole *demo_alloc(void)
{
	struct demo_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	INIT_LIST_HEAD(&space->files);
	return &space->whole;
}

static void demo_free(struct xmmu_whole *whole)
{
	kfree(to_space(whole));
}

static int demo_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	struct demo *demo = dropin->context;
	const struct demo_entry entry = {
		.addr = dropin->addr,
		.page = dropin->page,
		.write = dropin->perm & XMMU_PERM_WRITE,
	};

	/* It is being detached: nobody would flush this. */
	if (list_empty(&demo->node))
		return -ENXIO;
	demo_hw_load(&demo->hw, &entry);
	return 0;
}

static void demo_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct demo *demo;

	list_for_each_entry(demo, &to_space(whole)->files, node)
		demo_hw_flush(&demo->hw, start, end);
}

/* Asked for by the debug build only. */
static bool demo_loaded(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct demo *demo;

	list_for_each_entry(demo, &to_space(whole)->files, node)
		if (demo_hw_loaded(&demo->hw, start, end))
			return true;
	return false;
}

static const struct xmmu_whole_ops demo_ops = {
	.alloc = demo_alloc,
	.free = demo_free,
	.load = demo_load,
	.flush = demo_flush,
	.loaded = demo_loaded,
};

/* ---- from open to close */

/* Not in open, which runs under a lock of all misc devices: attaching may wait for long. */
static int demo_attach(struct demo *demo)
{
	struct xmmu_whole *whole = xmmu_whole_get();

	if (IS_ERR(whole))
		return PTR_ERR(whole);
	demo->space = to_space(whole);
	xmmu_whole_lock(whole);
	list_add(&demo->node, &demo->space->files);
	xmmu_whole_unlock(whole);
	return 0;
}

/* What is loaded would not be flushed any more. */
static void demo_detach(struct demo *demo)
{
	struct xmmu_whole *whole = &demo->space->whole;

	xmmu_whole_lock(whole);
	list_del_init(&demo->node);
	demo_hw_flush(&demo->hw, 0, ULONG_MAX);
	xmmu_whole_unlock(whole);
	/* HARDWARE: stop it, and wait for handlers and workers that serve its faults. */
	xmmu_whole_put(whole);
}

/*
 * HARDWARE: in an interrupt thread try with XMMU_NOWAIT, and leave the rest to a thread of the
 * process, or to a worker, which is refused memory of a userfaultfd.
 */
static int demo_serve(struct demo *demo, const struct demo_fault *fault)
{
	return xmmu_whole_dropin(&demo->space->whole, fault->addr, fault->write ? XMMU_WRITE : 0,
				 NULL, demo);
}

static int demo_step(struct demo *demo, unsigned long dst, unsigned long src, size_t len)
{
	struct demo_fault fault;
	int ret;

	while (!demo_hw_step(&demo->hw, dst, src, len, &fault)) {
		ret = demo_serve(demo, &fault);
		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static int demo_work(struct demo *demo, unsigned long dst, unsigned long src, u64 len)
{
	size_t step;
	int ret = 0;

	for (; len && !ret; dst += step, src += step, len -= step) {
		step = min3(DEMO_STEP, PAGE_SIZE - offset_in_page(src),
			    PAGE_SIZE - offset_in_page(dst));
		step = min_t(u64, step, len);
		ret = demo_step(demo, dst, src, step);
		cond_resched();
	}
	return ret;
}

static int demo_copy(struct demo *demo, const struct demo_copy *copy)
{
	int ret = 0;

	if (mutex_lock_killable(&demo->lock))
		return -EINTR;
	if (!demo->space)
		ret = demo_attach(demo);
	/* The file has come from another process, with addresses of its own. */
	if (!ret && !xmmu_whole_is_current(&demo->space->whole))
		ret = -EXDEV;
	if (!ret)
		ret = demo_work(demo, copy->dst, copy->src, copy->len);
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
	INIT_LIST_HEAD(&demo->node);
	demo_hw_init(&demo->hw);
	file->private_data = demo;
	return 0;
}

static int demo_release(struct inode *inode, struct file *file)
{
	struct demo *demo = file->private_data;

	if (demo->space)
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
	ret = xmmu_whole_init(&demo_ops) ?: misc_register(&demo_device);
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(demo_init);

static void __exit demo_exit(void)
{
	misc_deregister(&demo_device);
	xmmu_whole_exit();
	xmmu_module_exit();
}
module_exit(demo_exit);

MODULE_DESCRIPTION("A driver on xmmu");
MODULE_AUTHOR("Your Name <you@example.org>");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
