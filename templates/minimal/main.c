// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver to start from, the smallest complete one. A program opens /dev/minimal and writes a
 * buffer to it: no byte is copied, the device gets translations of the buffer's pages instead,
 * until the kernel takes a page away or the file is closed. Reading the file says how many there
 * are.
 *
 * There is no hardware yet; HARDWARE marks each place where it comes in.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <xmmu/xmmu.h>

#define MINIMAL_MAX_PAGES 256

/* One open file. */
struct minimal {
	struct xmmu_mirror mirror;
	struct xmmu_range range;
	unsigned long in_use; /* bit 0: the range */
	/* The page table, and how many entries it has: under the mirror's lock. */
	struct page *entry[MINIMAL_MAX_PAGES];
	unsigned int present;
};

static struct page **entry_of(struct xmmu_range *range, unsigned long addr)
{
	struct minimal *minimal = container_of(range, struct minimal, range);

	return &minimal->entry[(addr - xmmu_range_start(range)) >> PAGE_SHIFT];
}

static void minimal_populate(struct xmmu_walk *walk)
{
	struct xmmu_range *range = xmmu_walk_range(walk);
	struct minimal *minimal = container_of(range, struct minimal, range);
	struct xmmu_leaf leaf;
	unsigned long i;

	xmmu_walk_for_each(walk, &leaf) {
		for (i = 0; i < leaf.len >> PAGE_SHIFT; i++) {
			struct page **entry = entry_of(range, leaf.addr + i * PAGE_SIZE);

			minimal->present += !*entry;
			/* HARDWARE: write its entry, with the rights of leaf.perm. */
			*entry = leaf.page + i;
		}
	}
}

static void minimal_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
			struct xmmu_gather *gather)
{
	struct minimal *minimal = container_of(range, struct minimal, range);
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		if (!*entry_of(range, addr))
			continue;
		/* HARDWARE: clear its entry. */
		*entry_of(range, addr) = NULL;
		minimal->present--;
		xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
	}
}

/* Asked for by the debug build only. HARDWARE: ask it too, if it tells what it has cached. */
static bool minimal_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	for (; start < end; start += PAGE_SIZE)
		if (*entry_of(range, start))
			return true;
	return false;
}

static void minimal_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	/*
	 * HARDWARE: tell it to forget gather->start to gather->end, and do not wait. The call below
	 * moves to where it confirms, an interrupt handler for one, with the same ticket.
	 */
	xmmu_flush_done(mirror, gather->ticket);
}

static void minimal_isolate(struct xmmu_mirror *mirror)
{
	/* HARDWARE: it did not confirm. Cut it off: PCI bus mastering off, and read back. */
}

/* Nothing to free: the range is part of struct minimal. */
static void minimal_range_free(struct xmmu_range *range)
{
}

static const struct xmmu_ops minimal_ops = {
	.populate = minimal_populate,
	.zap = minimal_zap,
	.flush = minimal_flush,
	.translated = minimal_translated,
	.isolate = minimal_isolate,
	.range_free = minimal_range_free,
};

/* Not in open, which runs under a lock of all misc devices: attaching may wait for long. */
static int minimal_attach(struct minimal *minimal)
{
	/* HARDWARE: with DMA, also .dma and .dev. */
	const struct xmmu_config config = { .ops = &minimal_ops, .policy = XMMU_TRYLOCK };

	int ret = xmmu_mirror_attach(&minimal->mirror, &config);

	/* The file has come from another process, with addresses of its own. */
	return ret == -EBUSY ? -EXDEV : ret;
}

static int minimal_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct minimal), GFP_KERNEL_ACCOUNT);
	return file->private_data ? 0 : -ENOMEM;
}

static int minimal_release(struct inode *inode, struct file *file)
{
	struct minimal *minimal = file->private_data;

	xmmu_mirror_detach(&minimal->mirror);
	if (minimal->in_use)
		xmmu_range_put(&minimal->range);
	kfree(minimal);
	return 0;
}

static ssize_t minimal_write(struct file *file, const char __user *data, size_t len, loff_t *pos)
{
	unsigned long start = (unsigned long)data & PAGE_MASK;
	unsigned long end = PAGE_ALIGN((unsigned long)data + len);
	struct minimal *minimal = file->private_data;
	int ret;

	ret = minimal_attach(minimal);
	if (ret)
		return ret;
	if (!len || (end - start) >> PAGE_SHIFT > MINIMAL_MAX_PAGES)
		return -EINVAL;
	if (test_and_set_bit(0, &minimal->in_use))
		return -EBUSY;
	ret = xmmu_range_insert(&minimal->mirror, &minimal->range, start, end);
	if (ret)
		goto unused;
	/* XMMU_WRITE instead of 0 if the device is going to write. */
	ret = xmmu_populate(&minimal->range, start, end, 0, NULL, NULL);
	if (!ret)
		return len;
	xmmu_range_remove(&minimal->range);
	xmmu_range_put(&minimal->range);
unused:
	clear_bit_unlock(0, &minimal->in_use);
	return ret;
}

static ssize_t minimal_read(struct file *file, char __user *data, size_t len, loff_t *pos)
{
	struct minimal *minimal = file->private_data;
	char text[16];
	int size;

	size = scnprintf(text, sizeof(text), "%u\n", READ_ONCE(minimal->present));
	return simple_read_from_buffer(data, len, pos, text, size);
}

static const struct file_operations minimal_fops = {
	.owner = THIS_MODULE,
	.open = minimal_open,
	.release = minimal_release,
	.read = minimal_read,
	.write = minimal_write,
};

static struct miscdevice minimal_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "minimal",
	.fops = &minimal_fops,
};

static int __init minimal_init(void)
{
	int ret = xmmu_module_init();

	if (ret)
		return ret;
	ret = misc_register(&minimal_device);
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(minimal_init);

static void __exit minimal_exit(void)
{
	misc_deregister(&minimal_device);
	xmmu_module_exit();
}
module_exit(minimal_exit);

MODULE_DESCRIPTION("The smallest driver on xmmu");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
