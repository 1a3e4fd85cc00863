// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of the drivers: checks what a call asks for, and reads the clock around the driver's
 * function. See abi.h. Loaded in test guests only.
 */
#include <linux/fs.h>
#include <linux/hmm.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/msr.h>

#include <xmmu/whole.h>
#include <xmmu/xmmu.h>

#include "bench.h"
#include "timed.h"

#define BENCH_MAX_PAGES 32768

static int do_attach(struct bench_context *ctx, void *arg)
{
	return ctx->mm ? -EBUSY : ctx->driver->attach(ctx);
}

static int do_insert(struct bench_context *ctx, void *arg)
{
	struct bench_range *request = arg;
	unsigned long pages = (request->end - request->start) >> PAGE_SHIFT;
	struct bench_table *table;
	int err;

	if (request->id >= BENCH_RANGES || ctx->tables[request->id])
		return -EBUSY;
	if (!PAGE_ALIGNED(request->start | request->end) || request->start >= request->end ||
	    pages > BENCH_MAX_PAGES)
		return -EINVAL;
	table = ctx->driver->alloc(pages);
	if (!table)
		return -ENOMEM;
	table->start = request->start;
	table->end = request->end;
	request->cycles = rdtsc_ordered();
	err = ctx->driver->insert(ctx, table);
	request->cycles = rdtsc_ordered() - request->cycles;
	if (err)
		ctx->driver->free(table, false);
	else
		ctx->tables[request->id] = table;
	return err;
}

static struct bench_table *find_table(struct bench_context *ctx, u32 id)
{
	return id < BENCH_RANGES ? ctx->tables[id] : NULL;
}

static int do_remove(struct bench_context *ctx, void *arg)
{
	struct bench_range *request = arg;
	struct bench_table *table = find_table(ctx, request->id);

	if (!table)
		return -ENOENT;
	request->cycles = rdtsc_ordered();
	ctx->driver->remove(ctx, table);
	request->cycles = rdtsc_ordered() - request->cycles;
	ctx->tables[request->id] = NULL;
	ctx->driver->free(table, true);
	return 0;
}

/* Whether a request is for a page or more of a table. */
static bool is_inside(const struct bench_table *table, u64 start, u64 end)
{
	return PAGE_ALIGNED(start | end) && start < end && start >= table->start &&
	       end <= table->end;
}

static int do_populate(struct bench_context *ctx, void *arg)
{
	struct bench_range *request = arg;
	struct bench_table *table = find_table(ctx, request->id);
	int err;

	if (!table)
		return -ENOENT;
	if (!is_inside(table, request->start, request->end))
		return -EINVAL;
	request->cycles = rdtsc_ordered();
	err = ctx->driver->populate(ctx, table, request->start, request->end,
				    request->flags & BENCH_WRITE);
	request->cycles = rdtsc_ordered() - request->cycles;
	return err;
}

/* What both drivers call inside, by itself. */
static int do_hmm(struct bench_context *ctx, void *arg)
{
	struct bench_range *request = arg;
	struct bench_table *table = find_table(ctx, request->id);
	struct hmm_range hmm = {
		.start = request->start,
		.end = request->end,
		.default_flags = HMM_PFN_REQ_FAULT |
				 (request->flags & BENCH_WRITE ? HMM_PFN_REQ_WRITE : 0),
	};
	int err;

	if (!table || ctx->driver != &raw_driver)
		return -ENOENT;
	if (!is_inside(table, request->start, request->end))
		return -EINVAL;
	hmm.hmm_pfns =
		kvcalloc((hmm.end - hmm.start) >> PAGE_SHIFT, sizeof(*hmm.hmm_pfns), GFP_KERNEL);
	if (!hmm.hmm_pfns)
		return -ENOMEM;
	hmm.notifier = raw_notifier(table);
	hmm.notifier_seq = mmu_interval_read_begin(hmm.notifier);
	mmap_read_lock(ctx->mm);
	request->cycles = rdtsc_ordered();
	err = hmm_range_fault(&hmm);
	request->cycles = rdtsc_ordered() - request->cycles;
	mmap_read_unlock(ctx->mm);
	kvfree(hmm.hmm_pfns);
	return err;
}

static int access(struct bench_context *ctx, struct bench_word *request, bool store)
{
	struct bench_table *table = find_table(ctx, request->id);

	if (!table)
		return -ENOENT;
	if (!IS_ALIGNED(request->addr, sizeof(u64)) || request->addr < table->start ||
	    request->addr >= table->end)
		return -EINVAL;
	return device_access(ctx, table, request->addr, &request->value, store);
}

static int do_load(struct bench_context *ctx, void *arg)
{
	return access(ctx, arg, false);
}

static int do_store(struct bench_context *ctx, void *arg)
{
	return access(ctx, arg, true);
}

static int do_confirm(struct bench_context *ctx, void *arg)
{
	ctx->device.at_once = *(u32 *)arg == BENCH_AT_ONCE;
	return 0;
}

static int do_callbacks(struct bench_context *ctx, void *arg)
{
	struct bench_callbacks *callbacks = arg;

	callbacks->events = timed_events.count;
	callbacks->cycles = timed_events.cycles;
	callbacks->flushes = ctx->device.flushes;
	timed_events = (struct timed_calls){};
	ctx->device.flushes = 0;
	return 0;
}

/* A known number of instructions, to see what the clock counts. */
static int do_loop(struct bench_context *ctx, void *arg)
{
	struct bench_loop *loop = arg;
	u64 count = clamp_t(u64, loop->count, 1, 1000000);

	loop->cycles = rdtsc_ordered();
	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(count) : : "cc");
	loop->cycles = rdtsc_ordered() - loop->cycles;
	return 0;
}

static int do_crowd(struct bench_context *ctx, void *arg)
{
	return crowd_measure(arg);
}

static int do_faults(struct bench_context *ctx, void *arg)
{
	return gpu_measure_faults(arg);
}

static int do_tables(struct bench_context *ctx, void *arg)
{
	return gpu_measure_tables(arg);
}

static const struct {
	unsigned int cmd;
	int (*call)(struct bench_context *ctx, void *arg);
} calls[] = {
	{ BENCH_IOC_ATTACH, do_attach },
	{ BENCH_IOC_INSERT, do_insert },
	{ BENCH_IOC_REMOVE, do_remove },
	{ BENCH_IOC_POPULATE, do_populate },
	{ BENCH_IOC_HMM, do_hmm },
	{ BENCH_IOC_LOAD, do_load },
	{ BENCH_IOC_STORE, do_store },
	{ BENCH_IOC_CONFIRM, do_confirm },
	{ BENCH_IOC_CALLBACKS, do_callbacks },
	{ BENCH_IOC_LOOP, do_loop },
	{ BENCH_IOC_CROWD, do_crowd },
	{ BENCH_IOC_FAULTS, do_faults },
	{ BENCH_IOC_TABLES, do_tables },
};

/* A file that was inherited or sent belongs to the address space that it is attached to. */
static int call(struct bench_context *ctx, unsigned int i, void *arg)
{
	int err;

	if (ctx->mm && ctx->mm != current->mm)
		return -EXDEV;
	mutex_lock(&ctx->calls);
	if (ctx->mm || calls[i].cmd == BENCH_IOC_ATTACH || calls[i].cmd == BENCH_IOC_LOOP)
		err = calls[i].call(ctx, arg);
	else
		err = -ENOTCONN;
	mutex_unlock(&ctx->calls);
	return err;
}

static long bench_ioctl(struct file *file, unsigned int cmd, unsigned long user)
{
	union {
		struct bench_range range;
		struct bench_word word;
		struct bench_callbacks callbacks;
		struct bench_loop loop;
		struct bench_crowd crowd;
		struct bench_faults faults;
		struct bench_tables tables;
	} arg = {};
	unsigned int i;
	long err;

	for (i = 0; i < ARRAY_SIZE(calls) && calls[i].cmd != cmd; i++)
		;
	if (i == ARRAY_SIZE(calls))
		return -ENOTTY;
	if (_IOC_DIR(cmd) & _IOC_WRITE && copy_from_user(&arg, (void __user *)user, _IOC_SIZE(cmd)))
		return -EFAULT;
	err = call(file->private_data, i, &arg);
	if (_IOC_DIR(cmd) & _IOC_READ && copy_to_user((void __user *)user, &arg, _IOC_SIZE(cmd)))
		return -EFAULT;
	return err;
}

static int bench_open(struct file *file, const struct bench_driver *driver)
{
	struct bench_context *ctx = driver->open();

	if (!ctx)
		return -ENOMEM;
	ctx->driver = driver;
	mutex_init(&ctx->calls);
	device_init(&ctx->device);
	file->private_data = ctx;
	return 0;
}

static int raw_file_open(struct inode *inode, struct file *file)
{
	return bench_open(file, &raw_driver);
}

static int sdk_file_open(struct inode *inode, struct file *file)
{
	return bench_open(file, &sdk_driver);
}

static int whole_file_open(struct inode *inode, struct file *file)
{
	return bench_open(file, &whole_driver);
}

static int bench_release(struct inode *inode, struct file *file)
{
	struct bench_context *ctx = file->private_data;
	unsigned int i;

	for (i = 0; i < BENCH_RANGES; i++) {
		if (!ctx->tables[i])
			continue;
		ctx->driver->remove(ctx, ctx->tables[i]);
		ctx->driver->free(ctx->tables[i], true);
	}
	ctx->driver->close(ctx);
	return 0;
}

static const struct file_operations raw_fops = {
	.owner = THIS_MODULE,
	.open = raw_file_open,
	.release = bench_release,
	.unlocked_ioctl = bench_ioctl,
};

static const struct file_operations sdk_fops = {
	.owner = THIS_MODULE,
	.open = sdk_file_open,
	.release = bench_release,
	.unlocked_ioctl = bench_ioctl,
};

static const struct file_operations whole_fops = {
	.owner = THIS_MODULE,
	.open = whole_file_open,
	.release = bench_release,
	.unlocked_ioctl = bench_ioctl,
};

static struct miscdevice raw_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_bench_raw",
	.fops = &raw_fops,
};

static struct miscdevice sdk_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_bench_sdk",
	.fops = &sdk_fops,
};

static struct miscdevice whole_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_bench_whole",
	.fops = &whole_fops,
};

static int __init bench_init(void)
{
	int err = xmmu_module_init();

	if (err)
		return err;
	err = xmmu_whole_init(&whole_ops);
	if (err)
		goto stop_sdk;
	err = misc_register(&raw_device);
	if (err)
		goto stop_sdk;
	err = misc_register(&sdk_device);
	if (err)
		goto deregister_raw;
	err = misc_register(&whole_device);
	if (err)
		goto deregister_sdk;
	return 0;

deregister_sdk:
	misc_deregister(&sdk_device);
deregister_raw:
	misc_deregister(&raw_device);
stop_sdk:
	xmmu_module_exit();
	return err;
}
module_init(bench_init);

static void __exit bench_exit(void)
{
	misc_deregister(&raw_device);
	misc_deregister(&sdk_device);
	misc_deregister(&whole_device);
	xmmu_whole_exit();
	xmmu_module_exit();
}
module_exit(bench_exit);

MODULE_DESCRIPTION("A driver by hand and two on xmmu, to compare");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
