// SPDX-License-Identifier: GPL-2.0-only
/*
 * xmmu_devmem: a device with memory for the guest tests; see abi.h. It trusts its callers and is
 * loaded in test guests only.
 *
 * Without phys= its memory is private, and its content is kept in the module. With phys= it is RAM
 * at that address which the kernel was told to leave alone (memmap= on its command line), and the
 * memory is coherent.
 */
#include <linux/highmem.h>
#include <linux/io.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include <xmmu/devmem.h>
#include <xmmu/xmmu.h>

#include "abi.h"

static unsigned long phys;
module_param(phys, ulong, 0444);
MODULE_PARM_DESC(phys, "address of reserved RAM that becomes coherent device memory");

static unsigned long size = 4UL << 20;
module_param(size, ulong, 0444);
MODULE_PARM_DESC(size, "bytes of device memory");

/* Bits of a translation; above them a page frame number, or the number of a page of the device. */
#define ENTRY_SHIFT 8

struct context {
	struct xmmu_mirror mirror;
	struct xmmu_range range;
	struct mutex lock;
	bool attached;
	u64 *table; /* a translation for each page of the range; under the mirror's lock */
};

static struct xmmu_devmem memory;
static bool has_memory;
static void *store; /* the content of private memory */
static atomic_t fail;
static atomic64_t copies;

/* ---- the device */

static struct context *context_of(struct xmmu_range *range)
{
	return container_of(range, struct context, range);
}

static u64 *entry_at(struct context *ctx, unsigned long addr)
{
	return &ctx->table[(addr - xmmu_range_start(&ctx->range)) / PAGE_SIZE];
}

static void *device_page(u64 offset)
{
	return store + offset;
}

static bool should_fail(unsigned int what)
{
	if (what == XD_FAIL_TO_RAM && atomic_read(&fail) == XD_FAIL_RAM_FOR_GOOD)
		return true;
	return atomic_cmpxchg(&fail, what, 0) == what;
}

/* XD_FAIL_RAM_PAGE: any one will do. */
static bool is_bad(u64 offset)
{
	return offset == 5 * PAGE_SIZE && atomic_read(&fail) == XD_FAIL_RAM_PAGE;
}

static int copy_to_device(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copy,
			  unsigned int count)
{
	if (should_fail(XD_FAIL_TO_DEVICE))
		return -EIO;
	atomic64_add(count, &copies);
	for (; count; count--, copy++) {
		if (copy->page)
			memcpy_from_page(device_page(copy->offset), copy->page, 0, PAGE_SIZE);
		else
			memset(device_page(copy->offset), 0, PAGE_SIZE);
	}
	return 0;
}

/* What was copied is overwritten, so that nobody can use it a second time. */
static int copy_to_ram(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copy,
		       unsigned int count)
{
	if (should_fail(XD_FAIL_TO_RAM))
		return -EIO;
	atomic64_add(count, &copies);
	for (; count; count--, copy++) {
		if (is_bad(copy->offset))
			return -EIO;
		memcpy_to_page(copy->page, 0, device_page(copy->offset), PAGE_SIZE);
	}
	return 0;
}

static const struct xmmu_devmem_ops memory_ops = {
	.copy_to_device = copy_to_device,
	.copy_to_ram = copy_to_ram,
};

static void populate(struct xmmu_walk *walk)
{
	struct context *ctx = context_of(xmmu_walk_range(walk));
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf) {
		bool in_device = leaf.perm & XMMU_PERM_DEVICE;
		u64 number = in_device ? xmmu_devmem_offset(&memory, leaf.page) / PAGE_SIZE :
					 page_to_pfn(leaf.page);
		u64 bits = XD_PRESENT | (leaf.perm & XMMU_PERM_WRITE ? XD_WRITE : 0) |
			   (in_device ? XD_IN_DEVICE : 0) |
			   (xmmu_walk_flags(walk) & XMMU_EXCLUSIVE ? XD_EXCLUSIVE : 0);
		unsigned long i;

		for (i = 0; i < leaf.len / PAGE_SIZE; i++)
			*entry_at(ctx, leaf.addr + i * PAGE_SIZE) = (number + i) << ENTRY_SHIFT |
								    bits;
	}
}

static void zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		struct xmmu_gather *gather)
{
	struct context *ctx = context_of(range);

	for (; start < end; start += PAGE_SIZE) {
		if (xchg(entry_at(ctx, start), 0))
			xmmu_gather_add(gather, start, start + PAGE_SIZE);
	}
}

static void isolate(struct xmmu_mirror *mirror)
{
}

static void range_free(struct xmmu_range *range)
{
}

/* Every access is under the mirror's lock, so that there is nothing to flush. */
static const struct xmmu_ops context_ops = {
	.populate = populate,
	.zap = zap,
	.isolate = isolate,
	.range_free = range_free,
};

static u64 *map_entry(u64 entry)
{
	if (entry & XD_IN_DEVICE)
		return device_page((entry >> ENTRY_SHIFT) * PAGE_SIZE);
	return kmap_local_page(pfn_to_page(entry >> ENTRY_SHIFT));
}

static void unmap_entry(u64 entry, void *words)
{
	if (!(entry & XD_IN_DEVICE))
		kunmap_local(words);
}

/* ---- accesses: by the translation, if it is good enough */

enum access { LOAD, STORE, ADD };

static bool access_once(struct context *ctx, struct xd_call *call, enum access access)
{
	static const u64 needs[] = { XD_PRESENT, XD_PRESENT | XD_WRITE, XD_PRESENT | XD_EXCLUSIVE };
	unsigned long page = call->start & PAGE_MASK;
	u64 entry, *words, *word;
	bool good;

	xmmu_mirror_lock(&ctx->mirror);
	entry = *entry_at(ctx, page);
	good = (entry & needs[access]) == needs[access];
	if (good) {
		words = map_entry(entry);
		word = words + offset_in_page(call->start) / sizeof(*word);
		if (access == LOAD)
			call->value = READ_ONCE(*word);
		else
			WRITE_ONCE(*word, call->value + (access == ADD ? READ_ONCE(*word) : 0));
		unmap_entry(entry, words);
	}
	xmmu_mirror_unlock(&ctx->mirror);
	return good;
}

static int fault(struct context *ctx, unsigned long addr, enum access access)
{
	unsigned long page = addr & PAGE_MASK;

	if (access == ADD)
		return xmmu_exclusive(&ctx->range, page, page + PAGE_SIZE, NULL, NULL);
	return xmmu_populate(&ctx->range, page, page + PAGE_SIZE, access == STORE ? XMMU_WRITE : 0,
			     NULL, NULL);
}

static int do_access(struct context *ctx, struct xd_call *call, enum access access)
{
	int ret = 0;

	if (call->start < xmmu_range_start(&ctx->range) ||
	    call->start >= xmmu_range_end(&ctx->range) || !IS_ALIGNED(call->start, sizeof(u64)))
		return -EINVAL;
	while (!ret && !access_once(ctx, call, access))
		ret = fault(ctx, call->start, access);
	return ret;
}

/* ---- calls */

static int do_attach(struct context *ctx, struct xd_call *call)
{
	struct xmmu_config config = {
		.ops = &context_ops,
		.policy = XMMU_TRYLOCK,
		.owner = ctx,
		.devmem_owner = call->value & XD_STRANGER ? NULL : &memory,
	};
	int ret;

	if (ctx->attached)
		return -EBUSY;
	ctx->table =
		kvcalloc((call->end - call->start) / PAGE_SIZE, sizeof(*ctx->table), GFP_KERNEL);
	if (!ctx->table)
		return -ENOMEM;
	ret = xmmu_mirror_attach(&ctx->mirror, &config);
	if (!ret)
		ret = xmmu_range_insert(&ctx->mirror, &ctx->range, call->start, call->end);
	ctx->attached = !ret;
	if (ret) {
		xmmu_mirror_detach(&ctx->mirror);
		kvfree(ctx->table);
	}
	return ret;
}

static int do_move(struct context *ctx, struct xd_call *call, bool to_device)
{
	unsigned long moved = 0;
	int ret;

	if (to_device)
		ret = xmmu_devmem_to_device(&memory, &ctx->mirror, call->start, call->end, &moved);
	else
		ret = xmmu_devmem_to_ram(&memory, &ctx->mirror, call->start, call->end, &moved);
	call->value = moved;
	return ret;
}

static int do_query(struct context *ctx, struct xd_call *call)
{
	xmmu_mirror_lock(&ctx->mirror);
	call->value = *entry_at(ctx, call->start) & (BIT(ENTRY_SHIFT) - 1);
	xmmu_mirror_unlock(&ctx->mirror);
	return 0;
}

/* A kernel that has no such memory is one to test, too: there is a device without memory. */
static int make_memory(void)
{
	const struct xmmu_devmem_config config = {
		.ops = &memory_ops,
		.type = phys ? XMMU_DEVMEM_COHERENT : XMMU_DEVMEM_PRIVATE,
		.size = size,
		.phys = phys,
		.owner = &memory,
	};
	int ret = xmmu_devmem_init(&memory, &config);

	has_memory = !ret;
	return ret == -EOPNOTSUPP && !xmmu_devmem_supported(config.type) ? 0 : ret;
}

static int do_renew(void)
{
	xmmu_devmem_destroy(&memory);
	return make_memory();
}

static int do_info(struct xd_stats __user *to)
{
	struct xmmu_devmem_stats stats;
	struct xd_stats out = { .coherent = !!phys };

	if (!has_memory)
		return -ENODEV;
	xmmu_devmem_read_stats(&memory, &stats);
	out.pages = size / PAGE_SIZE;
	out.used = stats.used;
	out.to_device = stats.to_device;
	out.to_ram = stats.to_ram;
	out.faults = stats.faults;
	out.around = stats.around;
	out.evicted = stats.evicted;
	out.lost = stats.lost;
	out.copies = atomic64_read(&copies);
	return copy_to_user(to, &out, sizeof(out)) ? -EFAULT : 0;
}

static int do_attached(struct context *ctx, unsigned int cmd, struct xd_call *call)
{
	switch (cmd) {
	case XD_IOC_TO_DEVICE:
	case XD_IOC_TO_RAM:
		return do_move(ctx, call, cmd == XD_IOC_TO_DEVICE);
	case XD_IOC_LOAD:
		return do_access(ctx, call, LOAD);
	case XD_IOC_STORE:
		return do_access(ctx, call, STORE);
	case XD_IOC_ADD:
		return do_access(ctx, call, ADD);
	case XD_IOC_EXCLUSIVE:
		return xmmu_exclusive(&ctx->range, call->start, call->end, NULL, NULL);
	case XD_IOC_QUERY:
		return do_query(ctx, call);
	default:
		return -ENOTTY;
	}
}

static int do_call(struct context *ctx, unsigned int cmd, struct xd_call *call)
{
	switch (cmd) {
	case XD_IOC_ATTACH:
		return do_attach(ctx, call);
	case XD_IOC_EVICT:
		call->value = xmmu_devmem_evict(&memory, call->value);
		return 0;
	case XD_IOC_FAIL:
		atomic_set(&fail, call->value);
		return 0;
	case XD_IOC_RENEW:
		return do_renew();
	default:
		return READ_ONCE(ctx->attached) ? do_attached(ctx, cmd, call) : -EINVAL;
	}
}

static long context_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct context *ctx = file->private_data;
	struct xd_call call = {};
	int ret;

	if (cmd == XD_IOC_INFO)
		return do_info((void __user *)arg);
	if (cmd != XD_IOC_RENEW && copy_from_user(&call, (void __user *)arg, sizeof(call)))
		return -EFAULT;
	if (cmd == XD_IOC_ATTACH)
		mutex_lock(&ctx->lock);
	ret = do_call(ctx, cmd, &call);
	if (cmd == XD_IOC_ATTACH)
		mutex_unlock(&ctx->lock);
	if (cmd != XD_IOC_RENEW && copy_to_user((void __user *)arg, &call, sizeof(call)))
		return -EFAULT;
	return ret;
}

static int context_open(struct inode *inode, struct file *file)
{
	struct context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	mutex_init(&ctx->lock);
	file->private_data = ctx;
	return 0;
}

static int context_close(struct inode *inode, struct file *file)
{
	struct context *ctx = file->private_data;

	if (ctx->attached) {
		xmmu_mirror_detach(&ctx->mirror);
		xmmu_range_put(&ctx->range);
		kvfree(ctx->table);
	}
	kfree(ctx);
	return 0;
}

static const struct file_operations context_fops = {
	.owner = THIS_MODULE,
	.open = context_open,
	.release = context_close,
	.unlocked_ioctl = context_ioctl,
};

static struct miscdevice misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_devmem",
	.fops = &context_fops,
};

/* ---- module */

static void free_store(void)
{
	if (phys)
		memunmap(store);
	else
		vfree(store);
}

static int __init devmem_init(void)
{
	int ret = xmmu_module_init();

	if (ret)
		return ret;
	ret = -ENOMEM;
	store = phys ? memremap(phys, size, MEMREMAP_WB) : vzalloc(size);
	if (!store)
		goto stop_sdk;
	ret = make_memory();
	if (ret)
		goto free;
	ret = misc_register(&misc);
	if (ret)
		goto destroy;
	return 0;

destroy:
	xmmu_devmem_destroy(&memory);
free:
	free_store();
stop_sdk:
	xmmu_module_exit();
	return ret;
}
module_init(devmem_init);

static void __exit devmem_exit(void)
{
	misc_deregister(&misc);
	xmmu_devmem_destroy(&memory);
	free_store();
	xmmu_module_exit();
}
module_exit(devmem_exit);

MODULE_DESCRIPTION("A device with memory, for the tests of xmmu");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
