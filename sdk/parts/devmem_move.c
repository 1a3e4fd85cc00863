// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages move between RAM and device memory.
 *
 * The kernel takes the pages of a window out of the page tables and locks them. That invalidates,
 * so that by then no device and no processor can reach them. What is given a destination here is
 * copied; the kernel makes the exchange where it still can, and puts the rest back where it was.
 *
 * The kernel's events of a move carry the owner of the memory, which must not be that of a mirror:
 * what moves has to be zapped in all mirrors, our own included.
 */
#include <linux/highmem.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/slab.h>

#include "devmem.h"

struct xmmu_window *xmmu_window_alloc(struct xmmu_devmem *mem, bool to_device, gfp_t gfp)
{
	struct xmmu_window *window = kvzalloc(sizeof(*window), gfp);

	if (!window)
		return NULL;
	window->move = (struct xmmu_move){
		.mem = mem,
		.src = window->src,
		.dst = window->dst,
		.copies = window->copies,
		.gfp = GFP_HIGHUSER_MOVABLE,
		.to_device = to_device,
	};
	return window;
}

static unsigned int xmmu_move_order(const struct xmmu_move *move, unsigned long i)
{
	return move->src[i] & XMMU_COMPAT_PFN_LARGE ? XMMU_MOVE_ORDER : 0;
}

static unsigned long xmmu_move_unit(const struct xmmu_move *move, unsigned long i)
{
	return 1UL << xmmu_move_order(move, i);
}

/* ---- destinations: locked, and with a reference, both of which the kernel takes over */

static void xmmu_move_add(struct xmmu_move *move, unsigned long i, unsigned int order,
			  struct page *to, struct page *in_ram, struct page *in_device)
{
	u64 offset = xmmu_devmem_offset(move->mem, in_device);
	unsigned long j;

	for (j = 0; j < 1UL << order; j++) {
		struct xmmu_devmem_copy *copy = &move->copies[move->nr_copies++];

		copy->page = in_ram ? in_ram + j : NULL;
		copy->offset = offset + j * PAGE_SIZE;
	}
	move->dst[i] = migrate_pfn(page_to_pfn(to)) | (order ? XMMU_COMPAT_PFN_LARGE : 0);
}

/* Only anonymous memory can be in a device. `page` is NULL where there is none, or a zero page. */
static int xmmu_move_page_in(struct xmmu_move *move, unsigned long i, struct page *page)
{
	unsigned int order = xmmu_move_order(move, i);
	struct page *to;

	if (page && !folio_test_anon(page_folio(page)))
		return 0;
	to = xmmu_devmem_get_page(move->mem, order);
	if (to)
		xmmu_move_add(move, i, order, to, page, to);
	else
		move->missing += 1UL << order;
	return 0;
}

struct folio *xmmu_move_alloc_large(const struct xmmu_move *move)
{
	return folio_alloc((move->gfp & ~__GFP_NOFAIL) | __GFP_NOWARN, XMMU_MOVE_ORDER);
}

static struct page *xmmu_move_alloc(struct xmmu_move *move, unsigned int order)
{
	struct folio *folio;

	if (xmmu_inject_fail() && !(move->gfp & __GFP_NOFAIL))
		return NULL;
	if (!order)
		return alloc_page(move->gfp);
	folio = move->spare ?: xmmu_move_alloc_large(move);
	move->spare = NULL;
	return folio ? folio_page(folio, 0) : NULL;
}

static int xmmu_move_to(struct xmmu_move *move, unsigned long i, unsigned int order,
			struct page *page)
{
	struct page *to = xmmu_move_alloc(move, order);

	if (!to)
		return -ENOMEM;
	lock_page(to);
	xmmu_move_add(move, i, order, to, to, page);
	return 0;
}

/* Where the kernel knows the addresses, it splits a large folio that gets pages to move to. */
static int xmmu_move_split(struct xmmu_move *move, unsigned long i, unsigned int order,
			   struct page *page)
{
	unsigned long j;
	int err = 0;

	for (j = 0; j < 1UL << order && !err; j++)
		err = xmmu_move_to(move, i + j, 0, page + j);
	return err;
}

static int xmmu_move_page_out(struct xmmu_move *move, unsigned long i, struct page *page)
{
	unsigned int order = xmmu_move_order(move, i);
	int err;

	/* Another memory of the same owner moves its pages itself. */
	if (!page || xmmu_devmem_of(page) != move->mem)
		return 0;
	err = xmmu_move_to(move, i, order, page);
	return err && order && move->large ? xmmu_move_split(move, i, order, page) : err;
}

/* Of all that could be taken out of the page tables; without memory, of as many as there is. */
static int xmmu_move_fill(struct xmmu_move *move, unsigned long pages)
{
	unsigned long i;
	int err = 0;

	move->nr_copies = 0;
	move->missing = 0;
	memset(move->dst, 0, pages * sizeof(*move->dst));
	for (i = 0; i < pages && !err; i += xmmu_move_unit(move, i)) {
		struct page *page = migrate_pfn_to_page(move->src[i]);

		if (!(move->src[i] & MIGRATE_PFN_MIGRATE))
			continue;
		err = move->to_device ? xmmu_move_page_in(move, i, page) :
					xmmu_move_page_out(move, i, page);
	}
	return err;
}

/* The pages stay where they are. */
static void xmmu_move_give_up(struct xmmu_move *move, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++) {
		struct page *to = migrate_pfn_to_page(move->dst[i]);

		if (!to)
			continue;
		unlock_page(to);
		put_page(to);
		move->dst[i] = 0;
	}
}

/* They go to RAM, come what may: what can not be copied even by itself is lost. */
static void xmmu_move_copy_each(struct xmmu_move *move)
{
	const struct xmmu_devmem_copy *copy;

	for (copy = move->copies; copy < move->copies + move->nr_copies; copy++) {
		if (!move->mem->config.ops->copy_to_ram(move->mem, copy, 1))
			continue;
		clear_highpage(copy->page);
		atomic64_inc(&move->mem->lost);
	}
}

static int xmmu_move_copy(struct xmmu_move *move, unsigned long pages)
{
	const struct xmmu_devmem_ops *ops = move->mem->config.ops;
	int err;

	if (!move->nr_copies)
		return 0;
	if (move->to_device)
		err = ops->copy_to_device(move->mem, move->copies, move->nr_copies);
	else
		err = ops->copy_to_ram(move->mem, move->copies, move->nr_copies);
	if (err && move->lose)
		xmmu_move_copy_each(move);
	else if (err)
		xmmu_move_give_up(move, pages);
	return move->lose ? 0 : err;
}

int xmmu_move_prepare(struct xmmu_move *move, unsigned long pages)
{
	int no_memory = xmmu_move_fill(move, pages);

	return xmmu_move_copy(move, pages) ?: no_memory;
}

/* The kernel has made the exchange: of how many pages? */
unsigned long xmmu_move_count(struct xmmu_move *move, unsigned long pages)
{
	unsigned long i, moved = 0;

	for (i = 0; i < pages; i++)
		if (move->dst[i] && move->src[i] & MIGRATE_PFN_MIGRATE)
			moved += xmmu_move_unit(move, i);
	atomic64_add(moved, move->to_device ? &move->mem->to_device : &move->mem->to_ram);
	return moved;
}
