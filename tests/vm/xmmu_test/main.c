// SPDX-License-Identifier: GPL-2.0-only
/*
 * xmmu_test: gives the guest tests every call of the SDK as an ioctl of /dev/xmmu_test; see abi.h.
 * It trusts its callers and is loaded in test guests only.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/kmemleak.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "xmmu_test.h"

static_assert((int)XT_REFUSE == XMMU_REFUSE && (int)XT_TRYLOCK == XMMU_TRYLOCK &&
	      (int)XT_ATOMIC == XMMU_ATOMIC);
static_assert((int)XT_DMA_NONE == XMMU_DMA_NONE && (int)XT_DMA_LEAF == XMMU_DMA_LEAF &&
	      (int)XT_DMA_XFER == XMMU_DMA_XFER);
static_assert(XT_WRITE == XMMU_WRITE && XT_SNAPSHOT == XMMU_SNAPSHOT && XT_NOWAIT == XMMU_NOWAIT);
static_assert(sizeof(struct xt_core_stats) == sizeof(struct xmmu_stats));

/* For DMA addresses: a device of no bus. */
static struct platform_device *dma_device;

/* An id that a test never got, 0, is nobody's, even after it has been erased. */
#define TEST_IDS XA_LIMIT(1, INT_MAX)

/* What mmap() of the device shows: memory without a struct page for whoever walks. */
static struct page *io_page;

/* ---- attach and detach */

static void choose_ops(struct test_context *ctx, u32 without)
{
	ctx->ops = test_ops;
	if (without & XT_WITHOUT_ZAP)
		ctx->ops.zap = NULL;
	if (without & XT_WITHOUT_ISOLATE)
		ctx->ops.isolate = NULL;
	if (without & XT_WITHOUT_RANGE_FREE)
		ctx->ops.range_free = NULL;
	if (without & XT_WITHOUT_POPULATE)
		ctx->ops.populate = NULL;
	if (without & XT_WITHOUT_FLUSH)
		ctx->ops.flush = NULL;
}

static int do_attach(struct test_context *ctx, void *arg)
{
	const struct xt_attach *attach = arg;
	struct xmmu_config config = {
		.ops = attach->without & XT_WITHOUT_OPS ? NULL : &ctx->ops,
		.policy = attach->policy,
		.dma = attach->dma,
		.watchdog_ms = attach->watchdog_ms,
	};
	bool first = !READ_ONCE(ctx->expect_callbacks);
	int ret;

	if (attach->dma != XMMU_DMA_NONE && !(attach->without & XT_WITHOUT_DEV)) {
		config.dev = &dma_device->dev;
		ret = dma_set_mask_and_coherent(config.dev, DMA_BIT_MASK(attach->dma_bits ?: 64));
		if (ret)
			return ret;
	}
	if (first) {
		choose_ops(ctx, attach->without);
		ctx->isolated = false;
		ctx->atomic = attach->policy == XMMU_ATOMIC;
		WRITE_ONCE(ctx->expect_callbacks, true);
	}
	if (attach->pid)
		ret = xmmu_mirror_attach_pid(&ctx->mirror, &config, attach->pid);
	else
		ret = xmmu_mirror_attach(&ctx->mirror, &config);
	if (ret && first)
		WRITE_ONCE(ctx->expect_callbacks, false);
	return ret;
}

static int do_detach(struct test_context *ctx, void *arg)
{
	xmmu_mirror_detach(&ctx->mirror);
	if (xchg(&ctx->expect_callbacks, false))
		test_total_detach(ctx);
	return 0;
}

/* ---- ranges */

/* The range of an id, with a reference. */
static struct test_range *get_range(struct test_context *ctx, u32 id)
{
	struct test_range *range;

	xa_lock(&ctx->ranges);
	range = xa_load(&ctx->ranges, id);
	if (range)
		xmmu_range_get(&range->range);
	xa_unlock(&ctx->ranges);
	return range;
}

static int do_insert(struct test_context *ctx, void *arg)
{
	struct test_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	struct xt_range *request = arg;
	int ret;

	if (!range)
		return -ENOMEM;
	xa_init(&range->tables);
	ret = xmmu_range_insert(&ctx->mirror, &range->range, request->start, request->end);
	if (ret) {
		kfree(range);
		return ret;
	}
	/* No id twice: threads may hold those of ranges that are gone. It is 1 after the last one. */
	ret = xa_alloc_cyclic(&ctx->ranges, &request->id, range, TEST_IDS, &ctx->last_range,
			      GFP_KERNEL);
	if (ret < 0) {
		xmmu_range_remove(&range->range);
		xmmu_range_put(&range->range);
		return ret;
	}
	return 0;
}

static int do_withdraw(struct test_context *ctx, void *arg)
{
	const struct xt_range *request = arg;
	struct test_range *range = get_range(ctx, request->id);

	if (!range)
		return -ENOENT;
	xmmu_range_remove(&range->range);
	WRITE_ONCE(range->removed, true);
	xmmu_range_put(&range->range);
	return 0;
}

static int do_remove(struct test_context *ctx, void *arg)
{
	const struct xt_range *request = arg;
	struct test_range *range = xa_erase(&ctx->ranges, request->id);

	if (!range)
		return -ENOENT;
	xmmu_range_remove(&range->range);
	WRITE_ONCE(range->removed, true);
	xmmu_range_put(&range->range);
	return 0;
}

static int do_zap(struct test_context *ctx, void *arg)
{
	const struct xt_range *request = arg;
	struct test_range *range = get_range(ctx, request->id);
	int ret;

	if (!range)
		return -ENOENT;
	ret = xmmu_range_zap(&range->range, request->start, request->end);
	xmmu_range_put(&range->range);
	return ret;
}

static int do_find(struct test_context *ctx, void *arg)
{
	struct xt_range *request = arg;
	struct xmmu_range *found = xmmu_range_find(&ctx->mirror, request->start);
	struct test_range *range;
	unsigned long id;

	if (!found)
		return -ENOENT;
	request->start = xmmu_range_start(found);
	request->end = xmmu_range_end(found);
	request->id = 0;
	xa_for_each(&ctx->ranges, id, range) {
		if (&range->range == found)
			request->id = id;
	}
	xmmu_range_put(found);
	return 0;
}

/* ---- walks and accesses */

static void tally(struct xmmu_walk *walk, struct xt_walk *request)
{
	struct xmmu_leaf leaf;

	request->windows++;
	xmmu_walk_for_each(walk, &leaf) {
		request->leaves++;
		request->pages += leaf.len >> PAGE_SHIFT;
		if (leaf.perm & XMMU_PERM_WRITE)
			request->writable += leaf.len >> PAGE_SHIFT;
		request->mapped += !!leaf.dma;
		request->max_order = max(request->max_order, leaf.order);
	}
}

static void look_late(struct xmmu_walk *walk, struct xt_walk *request)
{
	struct xmmu_leaf leaf;

	request->late_pfn = *walk->hmm.hmm_pfns;
	xmmu_walk_for_each(walk, &leaf)
		request->leaves++;
}

static int loop(struct xmmu_range *range, struct xt_walk *request, struct xmmu_budget *budget)
{
	struct xmmu_walk walk;
	int ret;

	xmmu_walk_init(&walk, range, request->start, request->end, request->flags, budget);
	while (xmmu_walk_next(&walk)) {
		if (request->mode == XT_ABANDON)
			break;
		if (request->mode == XT_NEXT_TWICE)
			continue;
		if (request->mode == XT_LOOP)
			tally(&walk, request);
		test_fill(&walk);
		xmmu_walk_commit(&walk);
		if (request->mode == XT_LATE_LEAF)
			look_late(&walk, request);
	}
	ret = xmmu_walk_end(&walk);
	request->done = xmmu_walk_start(&walk);
	return ret;
}

static int do_walk(struct test_context *ctx, void *arg)
{
	struct xt_walk *request = arg;
	struct test_range *range = get_range(ctx, request->id);
	struct xmmu_budget budget, *given = NULL;
	unsigned long done = 0;
	int ret;

	if (!range)
		return -ENOENT;
	if (request->stall_ms) {
		xmmu_budget_init(&budget, request->stall_ms, request->total_ms);
		given = &budget;
	}
	if (request->mode == XT_ONE_CALL) {
		ret = xmmu_populate(&range->range, request->start, request->end, request->flags,
				    given, &done);
		request->done = done;
	} else {
		ret = loop(&range->range, request, given);
	}
	xmmu_range_put(&range->range);
	return ret;
}

static int do_access(struct test_context *ctx, void *arg)
{
	struct xt_access *access = arg;
	struct test_range *range = get_range(ctx, access->id);

	if (!range)
		return -ENOENT;
	access->done = access->wrong = access->denied = 0;
	test_access(ctx, range, access);
	xmmu_range_put(&range->range);
	return 0;
}

static int do_query(struct test_context *ctx, void *arg)
{
	struct xt_query *query = arg;
	struct test_range *range = get_range(ctx, query->id);

	if (!range && query->id)
		return -ENOENT;
	query->present = query->tlb = query->writable = query->pfn = 0;
	test_query(ctx, range, query);
	if (range)
		xmmu_range_put(&range->range);
	return 0;
}

/* ---- transfers */

/* Once it is asked for, let others have the lock in the middle of a walk. */
static void hold_unlocked(struct test_context *ctx)
{
	if (READ_ONCE(ctx->hold_at) != XT_AT_XFER)
		return;
	xmmu_mirror_unlock(&ctx->mirror);
	test_hold(ctx, XT_AT_XFER);
	xmmu_mirror_lock(&ctx->mirror);
}

static int begin_xfer(struct xmmu_range *range, struct xmmu_xfer *xfer,
		      const struct xt_xfer *request)
{
	unsigned long page = request->addr & PAGE_MASK;
	struct xmmu_walk walk;
	int ret = 0, end;

	xmmu_walk_init(&walk, range, page, page + PAGE_SIZE, request->to_device ? 0 : XMMU_WRITE,
		       NULL);
	while (!ret && xmmu_walk_next(&walk)) {
		hold_unlocked(to_context(xmmu_range_mirror(range)));
		ret = xmmu_xfer_begin(&walk, xfer, request->addr, request->len,
				      request->to_device ? DMA_TO_DEVICE : DMA_FROM_DEVICE);
		if (!ret)
			xmmu_walk_commit(&walk);
	}
	end = xmmu_walk_end(&walk);
	return ret ?: end;
}

static int do_xfer_begin(struct test_context *ctx, void *arg)
{
	struct xt_xfer *request = arg;
	struct test_range *range = get_range(ctx, request->id);
	struct xmmu_xfer *xfer = kzalloc(sizeof(*xfer), GFP_KERNEL);
	int ret = -ENOENT;

	if (!range)
		goto free_xfer;
	ret = -ENOMEM;
	if (!xfer)
		goto put_range;
	ret = begin_xfer(&range->range, xfer, request);
	if (ret)
		goto put_range;
	ret = xa_alloc(&ctx->xfers, &request->id, xfer, TEST_IDS, GFP_KERNEL);
	if (ret)
		xmmu_xfer_end(xfer);

put_range:
	xmmu_range_put(&range->range);
free_xfer:
	if (ret)
		kfree(xfer);
	return ret;
}

static int do_xfer_end(struct test_context *ctx, void *arg)
{
	const struct xt_xfer *request = arg;
	struct xmmu_xfer *xfer = xa_erase(&ctx->xfers, request->id);
	int ret;

	if (!xfer)
		return -ENOENT;
	ret = xmmu_xfer_end(xfer);
	if (test_planted(ctx, XT_PLANT_UNMAP_TWICE))
		dma_unmap_page(&dma_device->dev, xfer->dma, xfer->len, xfer->dir);
	kfree(xfer);
	return ret;
}

/* What the device would do with the addresses that it got. */
static void move_stamps(struct test_context *ctx, struct xmmu_xfer *xfer, struct xt_move *move)
{
	u64 *words = kmap_local_page(pfn_to_page(PHYS_PFN(xfer->dma)));
	u32 gen = test_stamp_gen(ctx, move->addr);

	if (move->us)
		usleep_range(move->us, 2 * move->us);
	test_stamp_check(ctx, move->addr, words);
	if (!move->to_device)
		test_stamp_store(ctx, move->addr, gen, words);
	kunmap_local(words);
}

static int do_move(struct test_context *ctx, void *arg)
{
	struct xt_move *move = arg;
	struct xt_xfer request = { .addr = move->addr,
				   .len = XT_WORDS * sizeof(u64),
				   .to_device = move->to_device };
	struct test_range *range;
	struct xmmu_xfer xfer;
	int ret;

	if (!test_stamped(ctx, move->addr))
		return -EINVAL;
	range = get_range(ctx, move->id);
	if (!range)
		return -ENOENT;
	ret = begin_xfer(&range->range, &xfer, &request);
	if (!ret) {
		move_stamps(ctx, &xfer, move);
		ret = xmmu_xfer_end(&xfer);
	}
	xmmu_range_put(&range->range);
	return ret;
}

/* ---- everything else */

static int set_agent(struct test_context *ctx, unsigned int us)
{
	int ret = 0;

	mutex_lock(&ctx->agent_mutex);
	if (!us && ctx->agent) {
		kthread_stop(ctx->agent);
		ctx->agent = NULL;
	} else if (us && !ctx->agent) {
		struct task_struct *agent;

		ctx->agent_us = us;
		agent = kthread_run(test_agent, ctx, "xmmu_test");
		ret = PTR_ERR_OR_ZERO(agent);
		if (!ret)
			ctx->agent = agent;
	}
	mutex_unlock(&ctx->agent_mutex);
	return ret;
}

/* Nothing protects the counter. */
static noinline int race(struct test_context *ctx, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	for (; time_before(jiffies, end); cpu_relax())
		ctx->raced++;
	return 0;
}

/* Of the memory kmemleak need not speak. */
static int leak_range(struct test_context *ctx, u32 id)
{
	struct test_range *range = get_range(ctx, id);

	if (!range)
		return -ENOENT;
	kmemleak_not_leak(range);
	return 0;
}

static int do_set(struct test_context *ctx, void *arg)
{
	const struct xt_set *set = arg;

	switch (set->what) {
	case XT_FLUSH_MODE:
		WRITE_ONCE(ctx->flush_mode, set->value);
		return 0;
	case XT_FLUSH_MS:
		WRITE_ONCE(ctx->flush_ms, set->value);
		return 0;
	case XT_CONFIRM:
		test_confirm(ctx);
		return 0;
	case XT_HOLD_AT:
		WRITE_ONCE(ctx->go, 0);
		WRITE_ONCE(ctx->hold_at, set->value);
		return 0;
	case XT_GO:
		WRITE_ONCE(ctx->go, 1);
		return 0;
	case XT_PREPARE_ERROR:
		WRITE_ONCE(ctx->prepare_error, set->value);
		return 0;
	case XT_AGENT:
		return set_agent(ctx, set->value);
	case XT_BUSY_US:
		WRITE_ONCE(ctx->busy_us, set->value);
		return 0;
	case XT_ISOLATE:
		xmmu_mirror_isolate(&ctx->mirror);
		return 0;
	case XT_LEAK_RANGE:
		return leak_range(ctx, set->value);
	case XT_LEAK_MEMORY:
		return kmalloc(set->value, GFP_KERNEL) ? 0 : -ENOMEM;
	case XT_RACE:
		return race(ctx, set->value);
	case XT_PLANT:
		WRITE_ONCE(ctx->plant, set->value);
		return 0;
	}
	return -EINVAL;
}

static int do_stats(struct test_context *ctx, void *arg)
{
	struct xt_stats *stats = arg;
	struct xmmu_stats core;

	xmmu_mirror_stats(&ctx->mirror, &core);
	memcpy(&stats->core, &core, sizeof(core));
	stats->prepares = atomic64_read(&ctx->prepares);
	stats->populates = atomic64_read(&ctx->populates);
	stats->zaps = atomic64_read(&ctx->zaps);
	stats->flushes = atomic64_read(&ctx->nr_flushes);
	stats->isolates = atomic64_read(&ctx->isolates);
	stats->releases = atomic64_read(&ctx->releases);
	stats->range_frees = atomic64_read(&ctx->range_frees);
	stats->accesses = atomic64_read(&ctx->accesses);
	stats->stale = atomic64_read(&ctx->stale);
	stats->late = atomic64_read(&ctx->late);
	stats->bad_leaves = atomic64_read(&ctx->bad_leaves);
	stats->held = READ_ONCE(ctx->held);
	stats->pending = test_pending(ctx);
	stats->alive = xmmu_mirror_alive(&ctx->mirror);
	stats->is_current = xmmu_mirror_is_current(&ctx->mirror);
	return 0;
}

static int do_stamps(struct test_context *ctx, void *arg)
{
	const struct xt_stamps *stamps = arg;

	if (stamps->start > stamps->end ||
	    stamps->page + (stamps->end - stamps->start) / PAGE_SIZE > XT_PAGES)
		return -EINVAL;
	ctx->stamps = *stamps;
	return 0;
}

static int do_totals(struct test_context *ctx, void *arg)
{
	test_totals(arg);
	return 0;
}

static int do_reports(struct test_context *ctx, void *arg)
{
	spin_lock(&ctx->log_lock);
	memcpy(arg, &ctx->log, sizeof(ctx->log));
	ctx->log.count = 0;
	spin_unlock(&ctx->log_lock);
	return 0;
}

/* ---- the file */

static const struct {
	unsigned int cmd;
	int (*call)(struct test_context *ctx, void *arg);
} calls[] = {
	{ XT_IOC_ATTACH, do_attach },
	{ XT_IOC_DETACH, do_detach },
	{ XT_IOC_INSERT, do_insert },
	{ XT_IOC_REMOVE, do_remove },
	{ XT_IOC_WITHDRAW, do_withdraw },
	{ XT_IOC_ZAP, do_zap },
	{ XT_IOC_FIND, do_find },
	{ XT_IOC_WALK, do_walk },
	{ XT_IOC_ACCESS, do_access },
	{ XT_IOC_QUERY, do_query },
	{ XT_IOC_XFER_BEGIN, do_xfer_begin },
	{ XT_IOC_XFER_END, do_xfer_end },
	{ XT_IOC_SET, do_set },
	{ XT_IOC_STATS, do_stats },
	{ XT_IOC_REPORTS, do_reports },
	{ XT_IOC_STAMPS, do_stamps },
	{ XT_IOC_MOVE, do_move },
	{ XT_IOC_TOTALS, do_totals },
};

/* Results are copied out after errors too: a walk says how far it came. */
static long call(struct test_context *ctx, unsigned int i, void __user *user)
{
	size_t size = _IOC_SIZE(calls[i].cmd);
	void *arg = kzalloc(size + 1, GFP_KERNEL);
	long ret = -EFAULT;

	if (!arg)
		return -ENOMEM;
	if (!(_IOC_DIR(calls[i].cmd) & _IOC_WRITE) || !copy_from_user(arg, user, size)) {
		ret = calls[i].call(ctx, arg);
		if (_IOC_DIR(calls[i].cmd) & _IOC_READ && copy_to_user(user, arg, size))
			ret = -EFAULT;
	}
	kfree(arg);
	return ret;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (calls[i].cmd == cmd)
			return call(file->private_data, i, (void __user *)arg);
	}
	return -ENOTTY;
}

static int test_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff == XT_STAMPS_OFFSET / PAGE_SIZE)
		return test_stamp_mmap(vma);
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(io_page), PAGE_SIZE,
			       vma->vm_page_prot);
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_context *ctx = kvzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	test_device_init(ctx);
	file->private_data = ctx;
	return 0;
}

static int test_close(struct inode *inode, struct file *file)
{
	struct test_context *ctx = file->private_data;
	struct test_range *range;
	struct xmmu_xfer *xfer;
	unsigned long id;

	if (test_planted(ctx, XT_PLANT_STAY_ATTACHED)) {
		kmemleak_not_leak(ctx);
		return 0;
	}
	set_agent(ctx, 0);
	xa_for_each(&ctx->xfers, id, xfer) {
		xmmu_xfer_end(xfer);
		kfree(xfer);
	}
	/* What a failed test left pending must not keep the next ones waiting. */
	ctx->flush_mode = XT_FLUSH_NOW;
	test_confirm(ctx);
	do_detach(ctx, NULL);
	xa_for_each(&ctx->ranges, id, range)
		xmmu_range_put(&range->range);
	test_device_drain(ctx);
	xa_destroy(&ctx->xfers);
	xa_destroy(&ctx->ranges);
	kvfree(ctx);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_close,
	.unlocked_ioctl = test_ioctl,
	.mmap = test_mmap,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_test",
	.fops = &test_fops,
};

static int __init test_init(void)
{
	int ret = xmmu_module_init();

	if (ret)
		return ret;
	ret = test_stamp_init();
	if (ret)
		goto stop_sdk;
	ret = -ENOMEM;
	io_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!io_page)
		goto free_stamps;
	dma_device = platform_device_register_simple("xmmu_test", PLATFORM_DEVID_NONE, NULL, 0);
	ret = PTR_ERR_OR_ZERO(dma_device);
	if (ret)
		goto free_page;
	ret = misc_register(&test_device);
	if (ret)
		goto unregister_device;
	return 0;

unregister_device:
	platform_device_unregister(dma_device);
free_page:
	__free_page(io_page);
free_stamps:
	test_stamp_exit();
stop_sdk:
	xmmu_module_exit();
	return ret;
}
module_init(test_init);

static void __exit test_exit(void)
{
	misc_deregister(&test_device);
	platform_device_unregister(dma_device);
	__free_page(io_page);
	test_stamp_exit();
	xmmu_module_exit();
}
module_exit(test_exit);

MODULE_DESCRIPTION("Lets tests drive the xmmu SDK");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
