// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same driver on xmmu, in the release build: statistics are on, tracepoints off.
 */
#include <linux/slab.h>

#include <xmmu/xmmu.h>

#include "bench.h"

struct sdk_context {
	struct bench_context base;
	struct xmmu_mirror mirror;
};

struct sdk_range {
	struct xmmu_range range;
	struct bench_table table;
};

static struct sdk_context *to_sdk(struct bench_context *ctx)
{
	return container_of(ctx, struct sdk_context, base);
}

static struct xmmu_range *to_range(struct bench_table *table)
{
	return &container_of(table, struct sdk_range, table)->range;
}

static struct bench_table *to_table(struct xmmu_range *range)
{
	return &container_of(range, struct sdk_range, range)->table;
}

static void sdk_confirm(struct bench_context *ctx, u64 ticket)
{
	xmmu_flush_done(&to_sdk(ctx)->mirror, ticket);
}

static void sdk_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	if (table_zap(to_table(range), start, end))
		xmmu_gather_add(gather, start, end);
}

static void sdk_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	struct sdk_context *sdk = container_of(mirror, struct sdk_context, mirror);

	device_post(&sdk->base.device, gather->start, gather->end, gather->ticket);
}

/* The device of this module always answers. */
static void sdk_isolate(struct xmmu_mirror *mirror)
{
}

static void sdk_populate_window(struct xmmu_walk *walk)
{
	table_fill(to_table(xmmu_walk_range(walk)), xmmu_walk_start(walk), xmmu_walk_stop(walk),
		   xmmu_walk_frames(walk), xmmu_walk_flags(walk) & XMMU_WRITE);
}

static void sdk_range_free(struct xmmu_range *range)
{
	kvfree(container_of(range, struct sdk_range, range));
}

static const struct xmmu_ops sdk_ops = {
	.populate = sdk_populate_window,
	.zap = sdk_zap,
	.flush = sdk_flush,
	.isolate = sdk_isolate,
	.range_free = sdk_range_free,
};

static int sdk_insert(struct bench_context *ctx, struct bench_table *table)
{
	return xmmu_range_insert(&to_sdk(ctx)->mirror, to_range(table), table->start, table->end);
}

static void sdk_remove(struct bench_context *ctx, struct bench_table *table)
{
	xmmu_range_remove(to_range(table));
}

static int sdk_populate(struct bench_context *ctx, struct bench_table *table, unsigned long start,
			unsigned long end, bool write)
{
	return xmmu_populate(to_range(table), start, end, write ? XMMU_WRITE : 0, NULL, NULL);
}

static struct bench_table *sdk_alloc(unsigned long pages)
{
	struct sdk_range *range;

	range = kvzalloc(struct_size(range, table.entries, pages), GFP_KERNEL_ACCOUNT);
	return range ? &range->table : NULL;
}

static void sdk_free(struct bench_table *table, bool inserted)
{
	if (inserted)
		xmmu_range_put(to_range(table));
	else
		sdk_range_free(to_range(table));
}

static struct bench_context *sdk_open(void)
{
	struct sdk_context *sdk = kzalloc(sizeof(*sdk), GFP_KERNEL_ACCOUNT);

	if (!sdk)
		return NULL;
	sdk->base.device.confirm = sdk_confirm;
	return &sdk->base;
}

static int sdk_attach(struct bench_context *ctx)
{
	const struct xmmu_config config = { .ops = &sdk_ops, .policy = XMMU_REFUSE };
	int err = xmmu_mirror_attach(&to_sdk(ctx)->mirror, &config);

	if (!err)
		ctx->mm = current->mm;
	return err;
}

static void sdk_close(struct bench_context *ctx)
{
	xmmu_mirror_detach(&to_sdk(ctx)->mirror);
	device_drain(&ctx->device);
	kfree(to_sdk(ctx));
}

static void sdk_lock(struct bench_context *ctx)
{
	xmmu_mirror_lock(&to_sdk(ctx)->mirror);
}

static void sdk_unlock(struct bench_context *ctx)
{
	xmmu_mirror_unlock(&to_sdk(ctx)->mirror);
}

const struct bench_driver sdk_driver = {
	.open = sdk_open,
	.attach = sdk_attach,
	.close = sdk_close,
	.alloc = sdk_alloc,
	.free = sdk_free,
	.insert = sdk_insert,
	.remove = sdk_remove,
	.populate = sdk_populate,
	.lock = sdk_lock,
	.unlock = sdk_unlock,
};
