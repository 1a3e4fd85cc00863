// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver to read first: a device without hardware that keeps translations of a process's pages
 * and forgets them when the kernel says so. Its page table is an array in memory.
 *
 * An open file of /dev/xmmu-skeleton is a device context. include/uapi/xmmu/skeleton.h describes
 * its commands; log.c keeps the records that a program reads from it.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "log.h"

static char *policy = "trylock";
module_param(policy, charp, 0444);
MODULE_PARM_DESC(policy, "When an invalidation must not block: refuse, trylock or atomic");

static enum xmmu_policy skeleton_policy;

/* One open file. */
struct skeleton_context {
	struct xmmu_mirror mirror;
	bool foreign;   /* attached by pid: addresses are those of that process, whoever asks */
	u64 generation; /* under the mirror's lock */
	atomic_t tables;
	struct skeleton_log log;
};

/* The device's translation of a page. */
struct skeleton_entry {
	unsigned long pfn;
	u64 generation;
	unsigned int perm; /* XMMU_PERM_*; 0 if there is no translation */
};

/* The translations of one window; under the mirror's lock. */
struct skeleton_table {
	struct skeleton_entry entry[XMMU_WINDOW >> PAGE_SHIFT];
};

/* A range, and its tables by window: those that were ever needed. */
struct skeleton_range {
	struct xmmu_range range;
	struct xarray tables;
};

static struct skeleton_context *to_context(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct skeleton_context, mirror);
}

static struct skeleton_range *to_range(struct xmmu_range *range)
{
	return container_of(range, struct skeleton_range, range);
}

static struct skeleton_entry *entry_of(struct skeleton_table *table, unsigned long addr)
{
	return &table->entry[addr % XMMU_WINDOW >> PAGE_SHIFT];
}

/* Most tables of a file: a process can ask for more than the machine has. */
#define SKELETON_TABLES 1024

/* Nothing may be allocated under the lock, so the table is made before; a retry finds it again. */
static int skeleton_prepare(struct xmmu_walk *walk)
{
	gfp_t gfp = xmmu_walk_flags(walk) & XMMU_NOWAIT ? GFP_NOWAIT : GFP_KERNEL_ACCOUNT;
	struct skeleton_range *range = to_range(xmmu_walk_range(walk));
	atomic_t *tables = &to_context(xmmu_range_mirror(&range->range))->tables;
	unsigned long window = xmmu_walk_start(walk) / XMMU_WINDOW;
	struct skeleton_table *table;
	int ret;

	if (xa_load(&range->tables, window))
		return 0;
	if (!atomic_add_unless(tables, 1, SKELETON_TABLES))
		return -ENOSPC;
	table = kzalloc(sizeof(*table), gfp);
	ret = table ? xa_insert(&range->tables, window, table, gfp) : -ENOMEM;
	if (ret) {
		kfree(table);
		atomic_dec(tables);
	}
	/* Busy: another walk has made it meanwhile. */
	return ret == -EBUSY ? 0 : ret;
}

static void skeleton_populate(struct xmmu_walk *walk)
{
	struct xmmu_range *range = xmmu_walk_range(walk);
	u64 generation = ++to_context(xmmu_range_mirror(range))->generation;
	unsigned long i, window = xmmu_walk_start(walk) / XMMU_WINDOW;
	struct skeleton_table *table = xa_load(&to_range(range)->tables, window);
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf) {
		for (i = 0; i < leaf.len >> PAGE_SHIFT; i++)
			*entry_of(table, leaf.addr + i * PAGE_SIZE) = (struct skeleton_entry){
				.pfn = page_to_pfn(leaf.page) + i,
				.generation = generation,
				.perm = leaf.perm,
			};
	}
}

static void skeleton_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
			 struct xmmu_gather *gather)
{
	unsigned long addr, stop, window;
	struct skeleton_table *table;

	xa_for_each_range(&to_range(range)->tables, window, table, start / XMMU_WINDOW,
			  (end - 1) / XMMU_WINDOW) {
		stop = min(end, (window + 1) * XMMU_WINDOW);
		for (addr = max(start, window * XMMU_WINDOW); addr < stop; addr += PAGE_SIZE) {
			if (!entry_of(table, addr)->perm)
				continue;
			*entry_of(table, addr) = (struct skeleton_entry){};
			xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
		}
	}
}

/* Only a debug build asks. */
static bool skeleton_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	unsigned long addr, stop, window;
	struct skeleton_table *table;

	xa_for_each_range(&to_range(range)->tables, window, table, start / XMMU_WINDOW,
			  (end - 1) / XMMU_WINDOW) {
		stop = min(end, (window + 1) * XMMU_WINDOW);
		for (addr = max(start, window * XMMU_WINDOW); addr < stop; addr += PAGE_SIZE)
			if (entry_of(table, addr)->perm)
				return true;
	}
	return false;
}

/* Hardware would be told here, and an interrupt would confirm later. */
static void skeleton_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	xmmu_flush_done(mirror, gather->ticket);
}

/* No hardware reaches memory through the page table, and the SDK refuses to fill it again. */
static void skeleton_isolate(struct xmmu_mirror *mirror)
{
}

static void skeleton_report(struct xmmu_mirror *mirror, const struct xmmu_report *report)
{
	skeleton_log_add(&to_context(mirror)->log, report);
}

/* The process is gone. The context stays until its file is closed. */
static void skeleton_gone(struct xmmu_mirror *mirror)
{
	skeleton_log_end(&to_context(mirror)->log);
}

static void skeleton_range_free(struct xmmu_range *range)
{
	struct skeleton_table *table;
	unsigned long window;

	xa_for_each(&to_range(range)->tables, window, table) {
		kfree(table);
		atomic_dec(&to_context(xmmu_range_mirror(range))->tables);
	}
	xa_destroy(&to_range(range)->tables);
	kfree(to_range(range));
}

static const struct xmmu_ops skeleton_ops = {
	.prepare = skeleton_prepare,
	.populate = skeleton_populate,
	.zap = skeleton_zap,
	.flush = skeleton_flush,
	.translated = skeleton_translated,
	.isolate = skeleton_isolate,
	.report = skeleton_report,
	.release = skeleton_gone,
	.range_free = skeleton_range_free,
};

static int skeleton_attach(struct skeleton_context *context, struct xmmu_skeleton_attach *arg)
{
	const struct xmmu_config config = { .ops = &skeleton_ops, .policy = skeleton_policy };
	int ret;

	if (arg->pad || arg->pid < 0)
		return -EINVAL;
	if (arg->pid)
		ret = xmmu_mirror_attach_pid(&context->mirror, &config, arg->pid);
	else
		ret = xmmu_mirror_attach(&context->mirror, &config);
	if (!ret)
		context->foreign = arg->pid;
	return ret;
}

static int skeleton_range_add(struct skeleton_context *context, struct xmmu_skeleton_range *arg)
{
	struct skeleton_range *range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!range)
		return -ENOMEM;
	xa_init_flags(&range->tables, XA_FLAGS_ACCOUNT);
	ret = xmmu_range_insert(&context->mirror, &range->range, arg->addr, arg->addr + arg->len);
	if (ret)
		kfree(range);
	else
		xmmu_range_put(&range->range); /* the mirror has one of its own */
	return ret;
}

static int skeleton_make(struct xmmu_range *range, struct xmmu_skeleton_populate *arg)
{
	unsigned long done = arg->addr;
	int ret;

	if (arg->pad)
		return -EINVAL;
	/* The SDK refuses flags that it does not know. */
	ret = xmmu_populate(range, arg->addr, arg->addr + arg->len, arg->flags, NULL, &done);
	arg->done = done - arg->addr;
	return ret;
}

static int skeleton_query(struct xmmu_range *range, struct xmmu_skeleton_query *arg)
{
	struct skeleton_table *table = xa_load(&to_range(range)->tables, arg->addr / XMMU_WINDOW);
	struct skeleton_entry entry = {};

	if (arg->pad)
		return -EINVAL;
	if (table) {
		xmmu_mirror_lock(xmmu_range_mirror(range));
		entry = *entry_of(table, arg->addr);
		xmmu_mirror_unlock(xmmu_range_mirror(range));
	}
	arg->access = entry.perm;
	arg->generation = entry.generation;
	return 0;
}

union skeleton_argument {
	struct xmmu_skeleton_attach attach;
	struct xmmu_skeleton_range range;
	struct xmmu_skeleton_populate populate;
	struct xmmu_skeleton_query query;
	struct xmmu_stats stats; /* the same as struct xmmu_skeleton_stats */
};

/* Whether the caller's addresses mean something: those of the attached process, which lives. */
static int skeleton_check_mm(struct skeleton_context *context)
{
	if (!xmmu_mirror_alive(&context->mirror))
		return -ESRCH;
	return context->foreign || xmmu_mirror_is_current(&context->mirror) ? 0 : -EXDEV;
}

static int skeleton_on_range(struct skeleton_context *context, unsigned int command,
			     union skeleton_argument *arg)
{
	unsigned long start = arg->range.addr, end = start + arg->range.len;
	struct xmmu_range *range = xmmu_range_find(&context->mirror, start);
	int ret = 0;

	if (!range)
		return -ENOENT;
	if (command == XMMU_SKELETON_POPULATE)
		ret = skeleton_make(range, &arg->populate);
	else if (command == XMMU_SKELETON_QUERY)
		ret = skeleton_query(range, &arg->query);
	else if (command == XMMU_SKELETON_ZAP)
		ret = xmmu_range_zap(range, start, end);
	else if (start != xmmu_range_start(range) || end != xmmu_range_end(range))
		ret = -ENOENT;
	else
		xmmu_range_remove(range);
	xmmu_range_put(range);
	return ret;
}

static bool skeleton_knows(unsigned int command)
{
	switch (command) {
	case XMMU_SKELETON_ATTACH:
	case XMMU_SKELETON_DETACH:
	case XMMU_SKELETON_STATS:
	case XMMU_SKELETON_RANGE_ADD:
	case XMMU_SKELETON_RANGE_DEL:
	case XMMU_SKELETON_POPULATE:
	case XMMU_SKELETON_ZAP:
	case XMMU_SKELETON_QUERY:
		return true;
	default:
		return false;
	}
}

static int skeleton_run(struct skeleton_context *context, unsigned int command,
			union skeleton_argument *arg)
{
	switch (command) {
	case XMMU_SKELETON_ATTACH:
		return skeleton_attach(context, &arg->attach);
	case XMMU_SKELETON_DETACH:
		xmmu_mirror_detach(&context->mirror);
		skeleton_log_end(&context->log);
		return 0;
	case XMMU_SKELETON_STATS:
		xmmu_mirror_stats(&context->mirror, &arg->stats);
		return 0;
	case XMMU_SKELETON_RANGE_ADD:
		return skeleton_check_mm(context) ?: skeleton_range_add(context, &arg->range);
	default:
		return skeleton_check_mm(context) ?: skeleton_on_range(context, command, arg);
	}
}

static long skeleton_ioctl(struct file *file, unsigned int command, unsigned long pointer)
{
	void __user *user = (void __user *)pointer;
	unsigned int size = _IOC_SIZE(command);
	union skeleton_argument arg;
	int ret;

	if (!skeleton_knows(command))
		return -ENOTTY;
	memset(&arg, 0, sizeof(arg));
	if (_IOC_DIR(command) & _IOC_WRITE && copy_from_user(&arg, user, size))
		return -EFAULT;
	ret = skeleton_run(file->private_data, command, &arg);
	/* After an error too: it tells how far populate came. */
	if (_IOC_DIR(command) & _IOC_READ && copy_to_user(user, &arg, size))
		return -EFAULT;
	return ret;
}

static int skeleton_open(struct inode *inode, struct file *file)
{
	struct skeleton_context *context = kvzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);

	if (!context)
		return -ENOMEM;
	skeleton_log_init(&context->log, &context->mirror);
	file->private_data = context;
	return stream_open(inode, file);
}

static int skeleton_release(struct inode *inode, struct file *file)
{
	struct skeleton_context *context = file->private_data;

	xmmu_mirror_detach(&context->mirror);
	kvfree(context);
	return 0;
}

static ssize_t skeleton_read(struct file *file, char __user *data, size_t len, loff_t *pos)
{
	return skeleton_log_read(&((struct skeleton_context *)file->private_data)->log, file, data,
				 len);
}

static __poll_t skeleton_poll(struct file *file, struct poll_table_struct *table)
{
	return skeleton_log_poll(&((struct skeleton_context *)file->private_data)->log, file,
				 table);
}

static const struct file_operations skeleton_fops = {
	.owner = THIS_MODULE,
	.open = skeleton_open,
	.release = skeleton_release,
	.read = skeleton_read,
	.poll = skeleton_poll,
	.unlocked_ioctl = skeleton_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice skeleton_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu-skeleton",
	.fops = &skeleton_fops,
};

static int __init skeleton_init(void)
{
	static const char *const names[] = { "refuse", "trylock", "atomic", NULL };
	int ret = sysfs_match_string(names, policy);

	if (ret < 0) {
		pr_err("policy=%s is unknown: use refuse, trylock or atomic\n", policy);
		return ret;
	}
	skeleton_policy = ret;
	ret = xmmu_module_init();
	if (ret)
		return ret;
	ret = misc_register(&skeleton_device);
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(skeleton_init);

static void __exit skeleton_exit(void)
{
	misc_deregister(&skeleton_device);
	xmmu_module_exit();
}
module_exit(skeleton_exit);

MODULE_DESCRIPTION("Skeleton of a driver on xmmu: a device without hardware");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
