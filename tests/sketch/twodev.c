// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sketch of one driver with two devices in one address space, compiled but never run: a mirror each,
 * the flushes of both posted before the first is waited for, each confirmed by its own device.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "planned.h"

#define TWO_DEVICES 2

struct two_device {
	struct xmmu_mirror mirror;
	void __iomem *regs;
};

struct two_context {
	struct xmmu_group group;
	struct two_device device[TWO_DEVICES];
};

/* The same interval on each device, with its translations there; under that mirror's lock. */
struct two_buffer {
	struct xmmu_range range;
	u64 entry[];
};

static struct two_device *to_device(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct two_device, mirror);
}

static u64 *entry_of(struct xmmu_range *range, unsigned long addr)
{
	struct two_buffer *buffer = container_of(range, struct two_buffer, range);

	return &buffer->entry[(addr - xmmu_range_start(range)) >> PAGE_SHIFT];
}

static void two_populate(struct xmmu_walk *walk)
{
	struct xmmu_leaf leaf;
	unsigned long i;

	xmmu_walk_for_each(walk, &leaf) {
		for (i = 0; i < leaf.len; i += PAGE_SIZE)
			*entry_of(xmmu_walk_range(walk), leaf.addr + i) =
				(page_to_phys(leaf.page) + i) | leaf.perm;
	}
}

static void two_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		if (xchg(entry_of(range, addr), 0))
			xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
	}
}

static void two_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	writeq(gather->ticket, to_device(mirror)->regs);
}

static void __maybe_unused two_interrupt(struct two_device *device)
{
	xmmu_flush_done(&device->mirror, readq(device->regs + 8));
}

/* One device is broken, the other goes on: its mirror has tickets of its own. */
static void two_isolate(struct xmmu_mirror *mirror)
{
	writeq(0, to_device(mirror)->regs + 16);
	readq(to_device(mirror)->regs + 16);
}

static void two_range_free(struct xmmu_range *range)
{
	kvfree(container_of(range, struct two_buffer, range));
}

static const struct xmmu_ops two_ops = {
	.populate = two_populate,
	.zap = two_zap,
	.flush = two_flush,
	.isolate = two_isolate,
	.range_free = two_range_free,
};

static int __maybe_unused two_attach(struct two_context *ctx)
{
	const struct xmmu_config config = { .ops = &two_ops, .policy = XMMU_REFUSE };
	int i, ret;

	xmmu_group_init(&ctx->group);
	for (i = 0; i < TWO_DEVICES; i++) {
		ret = xmmu_mirror_attach_group(&ctx->device[i].mirror, &config, &ctx->group);
		if (ret)
			goto undo;
	}
	return 0;

undo:
	while (i--)
		xmmu_mirror_detach(&ctx->device[i].mirror);
	return ret;
}

static int __maybe_unused two_add(struct two_device *device, unsigned long start, unsigned long end)
{
	struct two_buffer *buffer;
	int ret;

	buffer = kvzalloc(struct_size(buffer, entry, (end - start) >> PAGE_SHIFT), GFP_KERNEL);
	if (!buffer)
		return -ENOMEM;
	ret = xmmu_range_insert(&device->mirror, &buffer->range, start, end);
	if (ret) {
		kvfree(buffer);
		return ret;
	}
	ret = xmmu_populate(&buffer->range, start, end, 0, NULL, NULL);
	if (ret)
		xmmu_range_remove(&buffer->range);
	xmmu_range_put(&buffer->range);
	return ret;
}
