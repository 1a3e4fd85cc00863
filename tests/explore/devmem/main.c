// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for scenarios of device memory. Each open file is a device with a page table; all of them
 * can reach RAM, and those that attach so the one memory that there is. It is an array, which the
 * explorer watches: an access that is not ordered with a copy is a data race.
 */
#include <linux/atomic.h>
#include <linux/highmem.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/devmem.h>
#include <xmmu/xmmu.h>

#include "../../../sdk/hosted/kernel/internal.h"
#include "../../../sdk/hosted/mm/cpu.h"
#include "abi.h"

#define DEVMEM_SIZE SZ_2M

/* So many copies fail. */
static unsigned int failures;
module_param(failures, uint, 0444);
static atomic_t failing;

static struct xmmu_devmem devmem;
static u64 store[DEVMEM_SIZE / PAGE_SIZE]; /* the first word of each page */

struct devmem_entry {
	unsigned long pfn; /* 0: none */
	bool write;
	u64 *store; /* NULL: in RAM */
};

struct devmem_context {
	struct xmmu_mirror mirror;
	unsigned long base;
	struct devmem_entry table[DEVMEM_PAGES]; /* under the mirror's lock */
};

static struct devmem_entry *entry_of(struct xmmu_mirror *mirror, unsigned long addr)
{
	struct devmem_context *context = container_of(mirror, struct devmem_context, mirror);

	return &context->table[(addr - context->base) / PAGE_SIZE];
}

/* ---- callbacks of the mirror */

static void devmem_populate(struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_range_mirror(xmmu_walk_range(walk));
	struct devmem_entry *entry;
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf) {
		entry = entry_of(mirror, leaf.addr);
		entry->pfn = page_to_pfn(leaf.page);
		entry->write = leaf.perm & XMMU_PERM_WRITE;
		entry->store = NULL;
		if (leaf.perm & XMMU_PERM_DEVICE)
			entry->store = &store[xmmu_devmem_offset(&devmem, leaf.page) / PAGE_SIZE];
	}
}

static void devmem_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		       struct xmmu_gather *gather)
{
	struct devmem_entry *entry;

	for (; start < end; start += PAGE_SIZE) {
		entry = entry_of(xmmu_range_mirror(range), start);
		if (entry->pfn)
			xmmu_gather_add(gather, start, start + PAGE_SIZE);
		entry->pfn = 0;
	}
}

static void devmem_isolate(struct xmmu_mirror *mirror)
{
}

static void devmem_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static const struct xmmu_ops mirror_ops = {
	.populate = devmem_populate,
	.zap = devmem_zap,
	.isolate = devmem_isolate,
	.range_free = devmem_range_free,
};

/* ---- callbacks of the memory */

static int devmem_copy_to_device(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copy,
				 unsigned int count)
{
	if (atomic_add_unless(&failing, -1, 0))
		return -EIO;
	for (; count; count--, copy++) {
		store[copy->offset / PAGE_SIZE] = 0;
		if (copy->page)
			memcpy_from_page((char *)&store[copy->offset / PAGE_SIZE], copy->page, 0,
					 sizeof(*store));
	}
	return 0;
}

static int devmem_copy_to_ram(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copy,
			      unsigned int count)
{
	u64 word;

	if (atomic_add_unless(&failing, -1, 0))
		return -EIO;
	for (; count; count--, copy++) {
		word = store[copy->offset / PAGE_SIZE];
		memcpy_to_page(copy->page, 0, (char *)&word, sizeof(word));
	}
	return 0;
}

static const struct xmmu_devmem_ops memory_ops = {
	.copy_to_device = devmem_copy_to_device,
	.copy_to_ram = devmem_copy_to_ram,
};

/* ---- commands */

static int devmem_attach(struct devmem_context *context, const struct devmem_span *span)
{
	const struct xmmu_config config = { .ops = &mirror_ops,
					    .policy = XMMU_TRYLOCK,
					    .devmem_owner = span->write ? &devmem : NULL };
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	int err;

	if (!range)
		return -ENOMEM;
	context->base = span->addr;
	err = xmmu_mirror_attach(&context->mirror, &config);
	if (!err)
		err = xmmu_range_insert(&context->mirror, range, span->addr,
					span->addr + span->pages * PAGE_SIZE);
	if (err)
		kfree(range);
	else
		xmmu_range_put(range);
	return err;
}

static int devmem_make(struct devmem_context *context, const struct devmem_span *span)
{
	struct xmmu_range *range = xmmu_range_find(&context->mirror, span->addr);
	int err;

	if (!range)
		return -ENOENT;
	err = xmmu_populate(range, span->addr, span->addr + span->pages * PAGE_SIZE,
			    span->write ? XMMU_WRITE : 0, NULL, NULL);
	xmmu_range_put(range);
	return err;
}

static long devmem_move(struct devmem_context *context, unsigned int number,
			const struct devmem_span *span)
{
	unsigned long end = span->addr + span->pages * PAGE_SIZE, moved;
	int err;

	if (number == DEVMEM_TO_DEVICE)
		err = xmmu_devmem_to_device(&devmem, &context->mirror, span->addr, end, &moved);
	else
		err = xmmu_devmem_to_ram(&devmem, &context->mirror, span->addr, end, &moved);
	return err ?: moved;
}

static void use(struct devmem_context *context, const struct devmem_entry *entry,
		struct devmem_span *span)
{
	hosted_device_access(context->mirror.mm, span->addr, entry->pfn, span->write);
	if (entry->store && span->write)
		*entry->store = span->value;
	else if (entry->store)
		span->value = *entry->store;
	else if (span->write)
		hosted_page_write(entry->pfn, 0, &span->value, sizeof(span->value));
	else
		hosted_page_read(entry->pfn, 0, &span->value, sizeof(span->value));
}

static int devmem_access(struct devmem_context *context, struct devmem_span *span)
{
	const struct devmem_entry *entry = entry_of(&context->mirror, span->addr);
	bool used;

	xmmu_mirror_lock(&context->mirror);
	used = entry->pfn && entry->write >= span->write;
	if (used)
		use(context, entry, span);
	xmmu_mirror_unlock(&context->mirror);
	return used;
}

static long devmem_command(struct devmem_context *context, unsigned int number,
			   struct devmem_span *span)
{
	switch (number) {
	case DEVMEM_ATTACH:
		return devmem_attach(context, span);
	case DEVMEM_TO_DEVICE:
	case DEVMEM_TO_RAM:
		return devmem_move(context, number, span);
	case DEVMEM_EVICT:
		return xmmu_devmem_evict(&devmem, span->pages);
	case DEVMEM_CLOSE:
		xmmu_devmem_destroy(&devmem);
		return 0;
	case DEVMEM_POPULATE:
		return devmem_make(context, span);
	case DEVMEM_ACCESS:
		return devmem_access(context, span);
	default:
		return -ENOTTY;
	}
}

static long devmem_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct devmem_span span = {};
	long result;

	if (copy_from_user(&span, (void __user *)argument, _IOC_SIZE(number)))
		return -EFAULT;
	result = devmem_command(file->private_data, number, &span);
	if (_IOC_DIR(number) & _IOC_READ &&
	    copy_to_user((void __user *)argument, &span, _IOC_SIZE(number)))
		return -EFAULT;
	return result;
}

static int devmem_open(struct inode *inode, struct file *file)
{
	file->private_data = kzalloc(sizeof(struct devmem_context), GFP_KERNEL);
	return file->private_data ? 0 : -ENOMEM;
}

static int devmem_release(struct inode *inode, struct file *file)
{
	struct devmem_context *context = file->private_data;

	xmmu_mirror_detach(&context->mirror);
	kfree(context);
	return 0;
}

static const struct file_operations devmem_fops = {
	.owner = THIS_MODULE,
	.open = devmem_open,
	.release = devmem_release,
	.unlocked_ioctl = devmem_ioctl,
};

static struct miscdevice devmem_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "devmem",
	.fops = &devmem_fops,
};

static int __init devmem_init(void)
{
	const struct xmmu_devmem_config config = { .ops = &memory_ops,
						   .type = XMMU_DEVMEM_PRIVATE,
						   .size = DEVMEM_SIZE,
						   .owner = &devmem };
	int err;

	atomic_set(&failing, failures);
	err = xmmu_module_init();
	if (err)
		return err;
	err = xmmu_devmem_init(&devmem, &config);
	if (!err)
		err = misc_register(&devmem_misc);
	if (err) {
		xmmu_devmem_destroy(&devmem);
		xmmu_module_exit();
	}
	return err;
}
module_init(devmem_init);

static void __exit devmem_exit(void)
{
	misc_deregister(&devmem_misc);
	xmmu_devmem_destroy(&devmem);
	xmmu_module_exit();
}
module_exit(devmem_exit);

MODULE_DESCRIPTION("A driver for scenarios of device memory");
MODULE_LICENSE("GPL");
