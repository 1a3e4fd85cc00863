// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver to start from: the smallest one that keeps translations of user memory coherent.
 *
 * A process opens /dev/minimal and writes a buffer to it. The driver does not copy the buffer: it
 * makes translations of its pages, as a device would need them to work there, and keeps them until
 * the kernel takes a page away or the file is closed. Reading the file says how many there are.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/xmmu.h>

#define MINIMAL_MAX_PAGES 256

/* One open file: one address space that the device works in. */
struct minimal_context {
	struct xmmu_mirror mirror;
	/* Translations of all ranges; under the mirror's lock. */
	unsigned int present;
};

/* One buffer, with the device's page table for it; entries are under the mirror's lock. */
struct minimal_buffer {
	struct xmmu_range range;
	struct page *entries[];
};

static struct minimal_context *to_context(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct minimal_context, mirror);
}

static struct minimal_buffer *to_buffer(struct xmmu_range *range)
{
	return container_of(range, struct minimal_buffer, range);
}

static struct page **entry_of(struct xmmu_range *range, unsigned long addr)
{
	return &to_buffer(range)->entries[(addr - xmmu_range_start(range)) >> PAGE_SHIFT];
}

static void minimal_populate(struct xmmu_walk *walk)
{
	struct xmmu_range *range = xmmu_walk_range(walk);
	struct minimal_context *ctx = to_context(xmmu_range_mirror(range));
	struct xmmu_leaf leaf;
	unsigned int i;

	xmmu_walk_for_each(walk, &leaf) {
		for (i = 0; i < leaf.len >> PAGE_SHIFT; i++) {
			struct page **entry = entry_of(range, leaf.addr + i * PAGE_SIZE);

			ctx->present += !*entry;
			*entry = leaf.page + i;
		}
	}
}

/* A device with a TLB also has xmmu_ops::flush, which tells it to forget what was gathered here. */
static void minimal_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
			struct xmmu_gather *gather)
{
	struct minimal_context *ctx = to_context(xmmu_range_mirror(range));
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		struct page **entry = entry_of(range, addr);

		if (!*entry)
			continue;
		*entry = NULL;
		ctx->present--;
		xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
	}
}

/* No hardware works with these translations. A PCI driver turns bus mastering off, and reads back. */
static void minimal_isolate(struct xmmu_mirror *mirror)
{
}

static void minimal_range_free(struct xmmu_range *range)
{
	kvfree(to_buffer(range));
}

static const struct xmmu_ops minimal_ops = {
	.populate = minimal_populate,
	.zap = minimal_zap,
	.isolate = minimal_isolate,
	.range_free = minimal_range_free,
};

static int minimal_open(struct inode *inode, struct file *file)
{
	const struct xmmu_config config = { .ops = &minimal_ops, .policy = XMMU_TRYLOCK };
	struct minimal_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);
	int ret;

	if (!ctx)
		return -ENOMEM;
	ret = xmmu_mirror_attach(&ctx->mirror, &config);
	if (ret) {
		kfree(ctx);
		return ret;
	}
	file->private_data = ctx;
	return 0;
}

static int minimal_release(struct inode *inode, struct file *file)
{
	struct minimal_context *ctx = file->private_data;

	xmmu_mirror_detach(&ctx->mirror);
	kfree(ctx);
	return 0;
}

static ssize_t minimal_write(struct file *file, const char __user *data, size_t len, loff_t *pos)
{
	struct minimal_context *ctx = file->private_data;
	unsigned long start = (unsigned long)data & PAGE_MASK;
	unsigned long end = PAGE_ALIGN((unsigned long)data + len);
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	struct minimal_buffer *buffer;
	int ret;

	/* The file may have come from another process, with addresses of its own. */
	if (!xmmu_mirror_is_current(&ctx->mirror))
		return -EINVAL;
	if (!len || pages > MINIMAL_MAX_PAGES)
		return -EINVAL;
	buffer = kvzalloc(struct_size(buffer, entries, pages), GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;
	ret = xmmu_range_insert(&ctx->mirror, &buffer->range, start, end);
	if (ret) {
		kvfree(buffer);
		return ret;
	}
	ret = xmmu_populate(&buffer->range, start, end, 0, NULL, NULL);
	if (ret)
		xmmu_range_remove(&buffer->range);
	/* From here on the mirror holds the only reference. */
	xmmu_range_put(&buffer->range);
	return ret ?: len;
}

static ssize_t minimal_read(struct file *file, char __user *data, size_t len, loff_t *pos)
{
	struct minimal_context *ctx = file->private_data;
	char text[16];
	int size;

	xmmu_mirror_lock(&ctx->mirror);
	size = scnprintf(text, sizeof(text), "%u\n", ctx->present);
	xmmu_mirror_unlock(&ctx->mirror);
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
