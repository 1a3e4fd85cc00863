// SPDX-License-Identifier: GPL-2.0-only
/*
 * An address space, as all contexts in it share it. Only those that have a place in the engine can
 * have translations, so only they are loaded and flushed.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "gru.h"

/* From so many pages on it costs less to forget everything. */
#define GRU_FLUSH_PAGES 1024UL

static_assert(PAGE_SHIFT == SOFTDEV_PAGE_SHIFT);

static struct gru_space *to_space(struct xmmu_whole *whole)
{
	return container_of(whole, struct gru_space, whole);
}

static struct xmmu_whole *gru_alloc(void)
{
	struct gru_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	INIT_LIST_HEAD(&space->loaded);
	return &space->whole;
}

static void gru_free(struct xmmu_whole *whole)
{
	kfree(to_space(whole));
}

static int gru_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	struct gru_context *context = dropin->context;
	u64 entry = page_to_phys(dropin->page) | SOFTDEV_VALID;

	if (!context->loaded)
		return -ENXIO;
	if (dropin->perm & XMMU_PERM_WRITE)
		entry |= SOFTDEV_WRITE;
	softdev_dropin(context->tlb, dropin->addr, entry);
	return 0;
}

static void gru_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct gru_space *space = to_space(whole);
	struct gru_context *context;
	bool full = end - start > GRU_FLUSH_PAGES * PAGE_SIZE;

	list_for_each_entry(context, &space->loaded, node) {
		softdev_dropout(context->tlb, full ? 0 : start, full ? U64_MAX : end);
		space->full_flushes += full;
		space->flushes += !full;
	}
}

static bool gru_loaded(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct gru_context *context;

	list_for_each_entry(context, &to_space(whole)->loaded, node)
		if (softdev_loaded(context->tlb, start, end))
			return true;
	return false;
}

const struct xmmu_whole_ops gru_whole_ops = {
	.alloc = gru_alloc,
	.free = gru_free,
	.load = gru_load,
	.flush = gru_flush,
	.loaded = gru_loaded,
};

struct gru_space *gru_space_get(void)
{
	struct xmmu_whole *whole = xmmu_whole_get();

	return IS_ERR(whole) ? ERR_CAST(whole) : to_space(whole);
}

void gru_space_put(struct gru_space *space)
{
	xmmu_whole_put(&space->whole);
}

/* -ENXIO: the context has no place in the engine. */
int gru_dropin(struct gru_context *context, const struct softdev_fault *fault, unsigned int flags)
{
	return xmmu_whole_dropin(&context->space->whole, fault->addr,
				 flags | (fault->write ? XMMU_WRITE : 0), NULL, context);
}

void gru_space_load(struct gru_context *context)
{
	struct gru_space *space = context->space;

	xmmu_whole_lock(&space->whole);
	context->loaded = true;
	list_add_tail(&context->node, &space->loaded);
	xmmu_whole_unlock(&space->whole);
}

void gru_space_unload(struct gru_context *context)
{
	struct gru_space *space = context->space;

	xmmu_whole_lock(&space->whole);
	context->loaded = false;
	list_del(&context->node);
	softdev_dropout(context->tlb, 0, U64_MAX);
	xmmu_whole_unlock(&space->whole);
}
