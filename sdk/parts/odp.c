// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory regions with on-demand paging: a range and its table. odp_parent.c has those that come and
 * go.
 *
 * Entries are kept in chunks of one window, allocated before the lock is taken and freed with the
 * region. All pages of a leaf say its order, so that the device may load any of them for all; what
 * takes one of them away, or gives it other rights, sets the others to order 0.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include <xmmu/odp.h>

#include "internal.h"

struct xmmu_odp_chunk {
	u64 entry[XMMU_WINDOW / PAGE_SIZE];
};

struct xmmu_odp_prefetch {
	struct work_struct work;
	struct xmmu_odp *odp; /* held */
	unsigned long start;
	unsigned long end;
	unsigned int access;
};

static struct xmmu_odp *xmmu_odp_of(struct xmmu_range *range)
{
	return container_of(range, struct xmmu_odp, range);
}

void xmmu_odp_init(struct xmmu_odp *odp, unsigned int access)
{
	odp->access = access;
	odp->used = false;
	xa_init(&odp->table);
	odp->pages = 0;
	odp->parent = NULL;
}

/* Once the last child is counted down, the parent may go. */
static void xmmu_odp_leave(struct xmmu_odp_parent *parent)
{
	spin_lock(&parent->lock);
	if (!--parent->alive)
		wake_up_all(&parent->wait);
	spin_unlock(&parent->lock);
}

void xmmu_odp_exit(struct xmmu_odp *odp)
{
	struct xmmu_odp_chunk *chunk;
	unsigned long index;

	xa_for_each(&odp->table, index, chunk)
		kfree(chunk);
	xa_destroy(&odp->table);
	if (odp->parent)
		xmmu_odp_leave(odp->parent);
}

int xmmu_odp_prepare(struct xmmu_walk *walk)
{
	struct xarray *table = &xmmu_odp_of(walk->range)->table;
	gfp_t gfp = xmmu_walk_gfp(walk);
	unsigned long index = walk->hmm.start / XMMU_WINDOW;
	struct xmmu_odp_chunk *chunk;
	int err;

	if (xa_load(table, index))
		return 0;
	chunk = kzalloc(sizeof(*chunk), gfp);
	if (!chunk)
		return -ENOMEM;
	err = xa_insert(table, index, chunk, gfp);
	if (err)
		kfree(chunk);
	/* Another walk was faster: its chunk serves as well. */
	return err == -EBUSY ? 0 : err;
}

/* ---- entries of one chunk, under the lock */

static u64 *xmmu_odp_entry(struct xmmu_odp_chunk *chunk, unsigned long addr)
{
	return &chunk->entry[addr % XMMU_WINDOW / PAGE_SIZE];
}

static unsigned int xmmu_odp_order(u64 entry)
{
	return (entry & XMMU_ODP_ORDER) >> XMMU_ODP_ORDER_SHIFT;
}

/* No leaf reaches across the address any more. */
static void xmmu_odp_split(struct xmmu_odp_chunk *chunk, unsigned long addr)
{
	unsigned long len, first;
	u64 *entry;

	if (IS_ALIGNED(addr, XMMU_WINDOW))
		return;
	len = PAGE_SIZE << xmmu_odp_order(*xmmu_odp_entry(chunk, addr));
	first = ALIGN_DOWN(addr, len);
	if (first == addr)
		return;
	for (entry = xmmu_odp_entry(chunk, first); len; len -= PAGE_SIZE, entry++)
		WRITE_ONCE(*entry, *entry & ~XMMU_ODP_ORDER);
}

static bool xmmu_odp_serves(u64 entry, unsigned int perm)
{
	return (entry & perm) == perm;
}

/* What the entries of a leaf have in common. Rights that only some have keep it in pieces. */
static u64 xmmu_odp_leaf_bits(struct xmmu_odp_chunk *chunk, const struct xmmu_leaf *leaf)
{
	const u64 *entry = xmmu_odp_entry(chunk, leaf->addr);
	unsigned long i;

	for (i = 0; i < 1UL << leaf->order; i++)
		if (entry[i] & XMMU_ODP_PERM & ~leaf->perm)
			return leaf->perm;
	return leaf->perm | ((u64)leaf->order << XMMU_ODP_ORDER_SHIFT);
}

static void xmmu_odp_enter(struct xmmu_odp *odp, struct xmmu_odp_chunk *chunk,
			   const struct xmmu_leaf *leaf)
{
	u64 *entry = xmmu_odp_entry(chunk, leaf->addr), addr, bits;
	unsigned long i, fresh = 0;

	/* It is part of one as large that may do all this: nothing to do. */
	if (xmmu_odp_serves(*entry, leaf->perm) && xmmu_odp_order(*entry) >= leaf->order)
		return;
	xmmu_odp_split(chunk, leaf->addr);
	xmmu_odp_split(chunk, leaf->addr + leaf->len);
	bits = xmmu_odp_leaf_bits(chunk, leaf);
	addr = leaf->dma ?: page_to_phys(leaf->page);
	for (i = 0; i < 1UL << leaf->order; i++, addr += PAGE_SIZE) {
		fresh += !entry[i];
		WRITE_ONCE(entry[i], addr | bits | (entry[i] & XMMU_ODP_PERM));
	}
	WRITE_ONCE(odp->pages, odp->pages + fresh);
}

void xmmu_odp_populate(struct xmmu_walk *walk)
{
	struct xmmu_odp *odp = xmmu_odp_of(walk->range);
	struct xmmu_odp_chunk *chunk = xa_load(&odp->table, walk->hmm.start / XMMU_WINDOW);
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf)
		xmmu_odp_enter(odp, chunk, &leaf);
}

static void xmmu_odp_zap_chunk(struct xmmu_odp *odp, struct xmmu_odp_chunk *chunk,
			       unsigned long start, unsigned long end, struct xmmu_gather *gather)
{
	u64 *entry = xmmu_odp_entry(chunk, start);
	unsigned long gone = 0;

	xmmu_odp_split(chunk, start);
	xmmu_odp_split(chunk, end);
	for (; start < end; start += PAGE_SIZE, entry++) {
		if (!*entry)
			continue;
		WRITE_ONCE(*entry, 0);
		gone++;
		xmmu_gather_add(gather, start, start + PAGE_SIZE);
	}
	WRITE_ONCE(odp->pages, odp->pages - gone);
}

void xmmu_odp_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		  struct xmmu_gather *gather)
{
	struct xmmu_odp *odp = xmmu_odp_of(range);
	struct xmmu_odp_chunk *chunk;
	unsigned long index;

	xa_for_each_range(&odp->table, index, chunk, start / XMMU_WINDOW, (end - 1) / XMMU_WINDOW)
		xmmu_odp_zap_chunk(odp, chunk, max(start, index * XMMU_WINDOW),
				   min(end, (index + 1) * XMMU_WINDOW), gather);
	if (odp->parent && !odp->pages)
		queue_work(xmmu_wq, &odp->parent->collect);
}

/* ---- what drivers call */

static u64 xmmu_odp_look(struct xmmu_odp *odp, unsigned long addr)
{
	struct xmmu_odp_chunk *chunk = xa_load(&odp->table, addr / XMMU_WINDOW);

	return chunk ? READ_ONCE(*xmmu_odp_entry(chunk, addr)) : 0;
}

void xmmu_odp_read(struct xmmu_odp *odp, unsigned long start, unsigned long end, u64 *entries)
{
	for (; start < end; start += PAGE_SIZE)
		*entries++ = xmmu_odp_look(odp, start);
}

static bool xmmu_odp_is_served(struct xmmu_odp *odp, unsigned long start, unsigned long end,
			       unsigned int perm)
{
	while (start < end && xmmu_odp_serves(xmmu_odp_look(odp, start), perm))
		start += PAGE_SIZE;
	return start == end;
}

static int xmmu_odp_serve(struct xmmu_odp *odp, unsigned long start, unsigned long end,
			  unsigned int access, struct xmmu_budget *budget)
{
	bool write = access & ~XMMU_ODP_REMOTE_READ;
	unsigned int perm = XMMU_PERM_READ | (write ? XMMU_PERM_WRITE : 0);

	if (access & ~odp->access)
		return -EACCES;
	if (start < end && xmmu_odp_is_served(odp, start, end, perm))
		return 0;
	return xmmu_populate(&odp->range, start, end, write ? XMMU_WRITE : 0, budget, NULL);
}

int xmmu_odp_fault(struct xmmu_odp *odp, unsigned long start, unsigned long end,
		   unsigned int access, struct xmmu_budget *budget)
{
	return xmmu_odp_serve(odp, start, end, access, budget);
}

static void xmmu_odp_prefetch_work(struct work_struct *work)
{
	struct xmmu_odp_prefetch *prefetch = container_of(work, struct xmmu_odp_prefetch, work);
	struct xmmu_mirror *mirror = prefetch->odp->range.mirror;
	struct mem_cgroup *before;

	if (xmmu_mirror_pin(mirror)) {
		before = xmmu_charge_begin(mirror->mm);
		/* It is advice: whoever needs the pages faults, and is told. */
		xmmu_odp_serve(prefetch->odp, prefetch->start, prefetch->end, prefetch->access,
			       NULL);
		xmmu_charge_end(before);
		xmmu_mirror_unpin(mirror);
	}
	xmmu_range_put(&prefetch->odp->range);
	kfree(prefetch);
}

int xmmu_odp_prefetch(struct workqueue_struct *wq, struct xmmu_odp *odp, unsigned long start,
		      unsigned long end, unsigned int access)
{
	struct xmmu_odp_prefetch *prefetch;

	if (access & ~odp->access)
		return -EACCES;
	prefetch = kmalloc(sizeof(*prefetch), GFP_KERNEL_ACCOUNT);
	if (!prefetch)
		return -ENOMEM;
	INIT_WORK(&prefetch->work, xmmu_odp_prefetch_work);
	prefetch->odp = odp;
	prefetch->start = start;
	prefetch->end = end;
	prefetch->access = access;
	xmmu_range_get(&odp->range);
	queue_work(wq, &prefetch->work);
	return 0;
}
