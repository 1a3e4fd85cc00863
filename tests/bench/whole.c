// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for the same device that follows the whole address space: one list notifier, a counter of
 * open invalidations, and translations that are dropped in page by page. What it has in a table is
 * what the device remembers; ranges are nothing that the kernel knows of.
 */
#include <linux/slab.h>

#include <xmmu/whole.h>
#include <xmmu/xmmu.h>

#include "bench.h"

/* Of an address space, in which there is one context. */
struct whole_space {
	struct xmmu_whole whole;
	/* Under the lock of the whole. */
	struct whole_context *ctx;
	struct list_head ranges;
};

struct whole_context {
	struct bench_context base;
	struct whole_space *space;
	u64 posted; /* under the lock of the whole */
	u64 confirmed;
};

struct whole_range {
	struct list_head node;
	struct bench_table table;
};

static struct whole_context *to_context(struct bench_context *ctx)
{
	return container_of(ctx, struct whole_context, base);
}

static struct whole_space *to_space(struct xmmu_whole *whole)
{
	return container_of(whole, struct whole_space, whole);
}

static struct whole_range *to_range(struct bench_table *table)
{
	return container_of(table, struct whole_range, table);
}

static void whole_confirm(struct bench_context *ctx, u64 ticket)
{
	WRITE_ONCE(to_context(ctx)->confirmed, ticket);
}

/* The device forgets the span before this returns. Under the lock. */
static void whole_zap(struct whole_context *ctx, struct bench_table *table, unsigned long start,
		      unsigned long end)
{
	if (start >= end || !table_zap(table, start, end))
		return;
	device_post(&ctx->base.device, start, end, ++ctx->posted);
	while (READ_ONCE(ctx->confirmed) != ctx->posted)
		cpu_relax();
}

static struct xmmu_whole *whole_alloc_space(void)
{
	struct whole_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	INIT_LIST_HEAD(&space->ranges);
	return &space->whole;
}

static void whole_free_space(struct xmmu_whole *whole)
{
	kfree(to_space(whole));
}

static int whole_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	const unsigned long frame = page_to_pfn(dropin->page);

	table_fill(dropin->context, dropin->addr, dropin->addr + PAGE_SIZE, &frame,
		   dropin->perm & XMMU_PERM_WRITE);
	return 0;
}

static void whole_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct whole_space *space = to_space(whole);
	struct whole_range *range;

	list_for_each_entry(range, &space->ranges, node)
		whole_zap(space->ctx, &range->table, max(start, range->table.start),
			  min(end, range->table.end));
}

const struct xmmu_whole_ops whole_ops = {
	.alloc = whole_alloc_space,
	.free = whole_free_space,
	.load = whole_load,
	.flush = whole_flush,
};

static int whole_insert(struct bench_context *ctx, struct bench_table *table)
{
	struct whole_space *space = to_context(ctx)->space;

	xmmu_whole_lock(&space->whole);
	list_add_tail(&to_range(table)->node, &space->ranges);
	xmmu_whole_unlock(&space->whole);
	return 0;
}

static void whole_remove(struct bench_context *ctx, struct bench_table *table)
{
	struct whole_space *space = to_context(ctx)->space;

	xmmu_whole_lock(&space->whole);
	whole_zap(to_context(ctx), table, table->start, table->end);
	list_del(&to_range(table)->node);
	xmmu_whole_unlock(&space->whole);
}

static int whole_populate(struct bench_context *ctx, struct bench_table *table, unsigned long start,
			  unsigned long end, bool write)
{
	struct whole_space *space = to_context(ctx)->space;
	int err = 0;

	for (; !err && start < end; start += PAGE_SIZE)
		err = xmmu_whole_dropin(&space->whole, start, write ? XMMU_WRITE : 0, NULL, table);
	return err;
}

static struct bench_table *whole_alloc(unsigned long pages)
{
	struct whole_range *range;

	range = kvzalloc(struct_size(range, table.entries, pages), GFP_KERNEL_ACCOUNT);
	return range ? &range->table : NULL;
}

static void whole_free(struct bench_table *table, bool inserted)
{
	kvfree(to_range(table));
}

static struct bench_context *whole_open(void)
{
	struct whole_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);

	if (!ctx)
		return NULL;
	ctx->base.device.confirm = whole_confirm;
	return &ctx->base;
}

static int whole_attach(struct bench_context *base)
{
	struct whole_context *ctx = to_context(base);
	struct xmmu_whole *whole = xmmu_whole_get();

	if (IS_ERR(whole))
		return PTR_ERR(whole);
	ctx->space = to_space(whole);
	ctx->space->ctx = ctx;
	base->mm = current->mm;
	return 0;
}

static void whole_close(struct bench_context *base)
{
	struct whole_context *ctx = to_context(base);

	if (ctx->space)
		xmmu_whole_put(&ctx->space->whole);
	device_drain(&base->device);
	kfree(ctx);
}

static void whole_lock(struct bench_context *ctx) __acquires(whole)
{
	xmmu_whole_lock(&to_context(ctx)->space->whole);
}

static void whole_unlock(struct bench_context *ctx) __releases(whole)
{
	xmmu_whole_unlock(&to_context(ctx)->space->whole);
}

const struct bench_driver whole_driver = {
	.open = whole_open,
	.attach = whole_attach,
	.close = whole_close,
	.alloc = whole_alloc,
	.free = whole_free,
	.insert = whole_insert,
	.remove = whole_remove,
	.populate = whole_populate,
	.lock = whole_lock,
	.unlock = whole_unlock,
};
