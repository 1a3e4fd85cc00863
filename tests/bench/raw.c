// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver by hand: an interval notifier for each range, one mutex, and nothing that the device
 * or the kernel's rules do not ask for. It is what the SDK is measured against.
 */
#include <linux/hmm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "bench.h"
#include "timed.h"

#define RAW_TIMEOUT_MS   1000
#define RAW_INLINE_PAGES 16

struct raw_context {
	struct bench_context base;
	const struct mmu_interval_notifier_ops *ops;
	struct mutex lock; /* page tables, posted */
	u64 posted;
	u64 confirmed;
	wait_queue_head_t wait;
};

struct raw_range {
	struct mmu_interval_notifier notifier;
	struct raw_context *ctx;
	bool removed; /* under the lock */
	struct bench_table table;
};

static struct raw_context *to_raw(struct bench_context *ctx)
{
	return container_of(ctx, struct raw_context, base);
}

static struct raw_range *to_range(struct bench_table *table)
{
	return container_of(table, struct raw_range, table);
}

static void raw_confirm(struct bench_context *ctx, u64 ticket)
{
	struct raw_context *raw = to_raw(ctx);

	WRITE_ONCE(raw->confirmed, ticket);
	if (wq_has_sleeper(&raw->wait))
		wake_up_all(&raw->wait);
}

/*
 * The device forgets the span before this returns. The lock is held all the time, so a second
 * invalidation, which finds nothing left to zap, waits as well.
 */
static void raw_zap(struct raw_range *range, unsigned long start, unsigned long end)
{
	struct raw_context *raw = range->ctx;
	u64 ticket;

	if (!table_zap(&range->table, start, end))
		return;
	ticket = ++raw->posted;
	device_post(&raw->base.device, start, end, ticket);
	wait_event(raw->wait, READ_ONCE(raw->confirmed) == ticket);
}

static bool raw_invalidate(struct mmu_interval_notifier *notifier,
			   const struct mmu_notifier_range *event, unsigned long seq)
{
	struct raw_range *range = container_of(notifier, struct raw_range, notifier);

	/* The kernel comes back when it may wait. */
	if (!mmu_notifier_range_blockable(event))
		return false;
	mutex_lock(&range->ctx->lock);
	mmu_interval_set_seq(notifier, seq);
	raw_zap(range, max(event->start, range->table.start), min(event->end, range->table.end));
	mutex_unlock(&range->ctx->lock);
	return true;
}

static const struct mmu_interval_notifier_ops raw_ops = {
	.invalidate = raw_invalidate,
};

static int raw_insert(struct bench_context *ctx, struct bench_table *table)
{
	struct raw_range *range = to_range(table);

	range->ctx = to_raw(ctx);
	return mmu_interval_notifier_insert(&range->notifier, ctx->mm, table->start,
					    table->end - table->start, range->ctx->ops);
}

/* The device forgets everything while the kernel still calls back, and gets nothing after that. */
static void raw_remove(struct bench_context *ctx, struct bench_table *table)
{
	struct raw_range *range = to_range(table);

	mutex_lock(&range->ctx->lock);
	range->removed = true;
	raw_zap(range, table->start, table->end);
	mutex_unlock(&range->ctx->lock);
	mmu_interval_notifier_remove(&range->notifier);
}

/*
 * The program's own page table does not say of every page that it is written to. RCU keeps a swap
 * device from going away meanwhile. Under the lock.
 */
static void raw_mark_dirty(const struct hmm_range *hmm)
{
	unsigned long i, pages = (hmm->end - hmm->start) >> PAGE_SHIFT;

	rcu_read_lock();
	for (i = 0; i < pages; i++)
		set_page_dirty(hmm_pfn_to_page(hmm->hmm_pfns[i]));
	rcu_read_unlock();
}

/* Fault the span in, and fill it in unless an invalidation came in between: -EBUSY. */
static int raw_try(struct bench_context *ctx, struct raw_range *range, struct hmm_range *hmm,
		   bool write)
{
	int err;

	hmm->notifier_seq = mmu_interval_read_begin(&range->notifier);
	mmap_read_lock(ctx->mm);
	err = hmm_range_fault(hmm);
	mmap_read_unlock(ctx->mm);
	if (err)
		return err;
	mutex_lock(&range->ctx->lock);
	if (range->removed)
		err = -ESRCH;
	else if (mmu_interval_read_retry(&range->notifier, hmm->notifier_seq))
		err = -EBUSY;
	else
		table_fill(&range->table, hmm->start, hmm->end, hmm->hmm_pfns, write);
	if (!err && write)
		raw_mark_dirty(hmm);
	mutex_unlock(&range->ctx->lock);
	return err;
}

static int raw_populate(struct bench_context *ctx, struct bench_table *table, unsigned long start,
			unsigned long end, bool write)
{
	unsigned long limit = jiffies + msecs_to_jiffies(RAW_TIMEOUT_MS);
	unsigned long pages = (end - start) >> PAGE_SHIFT;
	unsigned long inline_pfns[RAW_INLINE_PAGES] __uninitialized;
	struct raw_range *range = to_range(table);
	struct hmm_range hmm = {
		.notifier = &range->notifier,
		.start = start,
		.end = end,
		.hmm_pfns = inline_pfns,
		.default_flags = HMM_PFN_REQ_FAULT | (write ? HMM_PFN_REQ_WRITE : 0),
	};
	int err;

	if (pages > RAW_INLINE_PAGES)
		hmm.hmm_pfns = kvmalloc_array(pages, sizeof(*hmm.hmm_pfns), GFP_KERNEL);
	if (!hmm.hmm_pfns)
		return -ENOMEM;
	do {
		err = raw_try(ctx, range, &hmm, write);
	} while (err == -EBUSY && time_before(jiffies, limit) && !fatal_signal_pending(current));
	if (hmm.hmm_pfns != inline_pfns)
		kvfree(hmm.hmm_pfns);
	return err == -EBUSY ? -ETIMEDOUT : err;
}

struct mmu_interval_notifier *raw_notifier(struct bench_table *table)
{
	return &to_range(table)->notifier;
}

static struct bench_table *raw_alloc(unsigned long pages)
{
	struct raw_range *range;

	range = kvzalloc(struct_size(range, table.entries, pages), GFP_KERNEL_ACCOUNT);
	return range ? &range->table : NULL;
}

static void raw_free(struct bench_table *table, bool inserted)
{
	kvfree(to_range(table));
}

static struct bench_context *raw_open(void)
{
	struct raw_context *raw = kzalloc(sizeof(*raw), GFP_KERNEL_ACCOUNT);

	if (!raw)
		return NULL;
	mutex_init(&raw->lock);
	init_waitqueue_head(&raw->wait);
	raw->base.device.confirm = raw_confirm;
	return &raw->base;
}

static int raw_attach(struct bench_context *ctx)
{
	to_raw(ctx)->ops = timed_interval_ops(&raw_ops);
	ctx->mm = current->mm;
	mmgrab(ctx->mm);
	return 0;
}

static void raw_close(struct bench_context *ctx)
{
	if (ctx->mm)
		mmdrop(ctx->mm);
	device_drain(&ctx->device);
	kfree(to_raw(ctx));
}

static void raw_lock(struct bench_context *ctx)
{
	mutex_lock(&to_raw(ctx)->lock);
}

static void raw_unlock(struct bench_context *ctx)
{
	mutex_unlock(&to_raw(ctx)->lock);
}

const struct bench_driver raw_driver = {
	.open = raw_open,
	.attach = raw_attach,
	.close = raw_close,
	.alloc = raw_alloc,
	.free = raw_free,
	.insert = raw_insert,
	.remove = raw_remove,
	.populate = raw_populate,
	.lock = raw_lock,
	.unlock = raw_unlock,
};
