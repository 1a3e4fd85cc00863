// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver to start from, the smallest complete one. A program opens /dev/demo and writes a buffer
 * to it: no byte is copied, the device gets translations of the buffer's pages instead, until the
 * kernel takes a page away or the file is closed. Reading the file shows the buffer as the device
 * sees it.
 *
 * hardware.c is the device. HARDWARE marks each place where yours comes in.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/xmmu.h>

#include "driver.h"

/* One open file. */
struct demo {
	struct xmmu_mirror mirror;
	struct xmmu_range range;
	unsigned long in_use; /* bit 0: the range */
	struct demo_hw hw;    /* written to under the mirror's lock */
};

static struct demo_hw *hw_of(struct xmmu_range *range)
{
	return &container_of(range, struct demo, range)->hw;
}

static unsigned long index_of(struct xmmu_range *range, unsigned long addr)
{
	return (addr - xmmu_range_start(range)) >> PAGE_SHIFT;
}

static void demo_populate(struct xmmu_walk *walk)
{
	struct xmmu_range *range = xmmu_walk_range(walk);
	struct xmmu_leaf leaf;
	unsigned long i;

	xmmu_walk_for_each(walk, &leaf)
		for (i = 0; i < leaf.len >> PAGE_SHIFT; i++)
			demo_hw_set(hw_of(range), index_of(range, leaf.addr) + i, leaf.page + i);
}

static void demo_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE)
		if (demo_hw_clear(hw_of(range), index_of(range, addr)))
			xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
}

/* Asked for by the debug build only. */
static bool demo_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE)
		if (demo_hw_has(hw_of(range), index_of(range, start)))
			return true;
	return false;
}

static void demo_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	demo_hw_flush(&container_of(mirror, struct demo, mirror)->hw);
	/*
	 * HARDWARE: this call moves to where the device confirms, an interrupt handler for one,
	 * with the same ticket.
	 */
	xmmu_flush_done(mirror, gather->ticket);
}

static void demo_isolate(struct xmmu_mirror *mirror)
{
	demo_hw_isolate(&container_of(mirror, struct demo, mirror)->hw);
}

/* Nothing to free: the range is part of struct demo. */
static void demo_range_free(struct xmmu_range *range)
{
}

static const struct xmmu_ops demo_ops = {
	.populate = demo_populate,
	.zap = demo_zap,
	.flush = demo_flush,
	.translated = demo_translated,
	.isolate = demo_isolate,
	.range_free = demo_range_free,
};

/* Not in open, which runs under a lock of all misc devices: attaching may wait for long. */
static int demo_attach(struct demo *demo)
{
	/* HARDWARE: with DMA, also .dma and .dev, and leaf.dma in demo_populate(). */
	const struct xmmu_config config = { .ops = &demo_ops, .policy = XMMU_TRYLOCK };
	int ret = xmmu_mirror_attach(&demo->mirror, &config);

	/* The file has come from another process, with addresses of its own. */
	return ret == -EBUSY ? -EXDEV : ret;
}

static int demo_open(struct inode *inode, struct file *file)
{
	struct demo *demo = kzalloc(sizeof(*demo), GFP_KERNEL_ACCOUNT);

	if (!demo)
		return -ENOMEM;
	demo_hw_init(&demo->hw);
	file->private_data = demo;
	return 0;
}

static int demo_release(struct inode *inode, struct file *file)
{
	struct demo *demo = file->private_data;

	xmmu_mirror_detach(&demo->mirror);
	if (demo->in_use)
		xmmu_range_put(&demo->range);
	kfree(demo);
	return 0;
}

static int demo_give(struct demo *demo, unsigned long start, unsigned long end)
{
	int ret = xmmu_range_insert(&demo->mirror, &demo->range, start, end);

	if (ret)
		return ret;
	/* XMMU_WRITE instead of 0 if the device is going to write. */
	ret = xmmu_populate(&demo->range, start, end, 0, NULL, NULL);
	if (ret) {
		xmmu_range_remove(&demo->range);
		xmmu_range_put(&demo->range);
	}
	return ret;
}

static ssize_t demo_write(struct file *file, const char __user *data, size_t len, loff_t *pos)
{
	unsigned long start = (unsigned long)data & PAGE_MASK;
	unsigned long end = PAGE_ALIGN((unsigned long)data + len);
	struct demo *demo = file->private_data;
	int ret;

	ret = demo_attach(demo);
	if (ret)
		return ret;
	if (!len || (end - start) >> PAGE_SHIFT > DEMO_PAGES)
		return -EINVAL;
	if (test_and_set_bit(0, &demo->in_use))
		return -EBUSY;
	ret = demo_give(demo, start, end);
	if (!ret)
		return len;
	clear_bit_unlock(0, &demo->in_use);
	return ret;
}

/* As much as lies in one page; *pos counts from the page in which the buffer begins. */
static ssize_t demo_read(struct file *file, char __user *data, size_t len, loff_t *pos)
{
	struct demo *demo = file->private_data;
	unsigned int offset = offset_in_page(*pos);
	char bytes[64];
	int ret;

	if (*pos < 0 || *pos >> PAGE_SHIFT >= DEMO_PAGES)
		return 0;
	len = min3(len, sizeof(bytes), PAGE_SIZE - offset);
	ret = demo_hw_read(&demo->hw, *pos >> PAGE_SHIFT, offset, bytes, len);
	if (ret)
		return ret;
	if (copy_to_user(data, bytes, len))
		return -EFAULT;
	*pos += len;
	return len;
}

static const struct file_operations demo_fops = {
	.owner = THIS_MODULE,
	.open = demo_open,
	.release = demo_release,
	.read = demo_read,
	.write = demo_write,
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
