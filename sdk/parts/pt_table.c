// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of page tables. A walk owns what is reserved for it; what it does not use becomes a
 * spare for the next walk, so that a fault where all tables are there allocates nothing.
 */
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "internal.h"
#include "pt_internal.h"

/* Spares of a kind: what one window needs, of most formats, and a second walk beside it. */
#define XMMU_PT_SPARES 4

static size_t xmmu_pt_table_size(const struct xmmu_pt *pt)
{
	return xmmu_pt_slots(pt) * sizeof(u64);
}

/* With what the allocator rounds up to. */
static u64 xmmu_pt_table_bytes(const struct xmmu_pt_table *table)
{
	struct xmmu_pt *pt = table->pt;

	return roundup_pow_of_two(sizeof(*table)) +
	       (PAGE_SIZE << get_order(xmmu_pt_table_size(pt))) +
	       (table->child ? xmmu_pt_slots(pt) * sizeof(*table->child) : 0);
}

static int xmmu_pt_table_map(struct xmmu_pt_table *table)
{
	struct device *dev = table->pt->dev;

	if (!dev) {
		table->addr = virt_to_phys(table->entry);
		return 0;
	}
	table->addr =
		dma_map_single(dev, table->entry, xmmu_pt_table_size(table->pt), DMA_BIDIRECTIONAL);
	return dma_mapping_error(dev, table->addr) ? -ENOMEM : 0;
}

static void xmmu_pt_table_unmap(struct xmmu_pt_table *table)
{
	struct device *dev = table->pt->dev;

	if (dev)
		dma_unmap_single(dev, table->addr, xmmu_pt_table_size(table->pt),
				 DMA_BIDIRECTIONAL);
}

/* Each side reads what the other has written, untold, at an address that entries can hold. */
static bool xmmu_pt_table_usable(const struct xmmu_pt_table *table)
{
	struct device *dev = table->pt->dev;

	return !(table->addr & ~table->pt->format->address) &&
	       !(dev && dma_need_sync(dev, table->addr));
}

static void xmmu_pt_table_release(struct xmmu_pt_table *table)
{
	if (table->entry)
		free_pages((unsigned long)table->entry, get_order(xmmu_pt_table_size(table->pt)));
	kfree(table->child);
	kfree(table);
}

static int xmmu_pt_table_fill(struct xmmu_pt_table *table, bool inner, gfp_t gfp)
{
	struct xmmu_pt *pt = table->pt;
	int err;

	table->entry = (u64 *)__get_free_pages(gfp | __GFP_ZERO, get_order(xmmu_pt_table_size(pt)));
	if (inner)
		table->child = kcalloc(xmmu_pt_slots(pt), sizeof(*table->child), gfp);
	if (!table->entry || (inner && !table->child))
		return -ENOMEM;
	err = xmmu_pt_table_map(table);
	if (err || xmmu_pt_table_usable(table))
		return err;
	xmmu_pt_table_unmap(table);
	return -EOPNOTSUPP;
}

struct xmmu_pt_table *xmmu_pt_table_new(struct xmmu_pt *pt, bool inner, gfp_t gfp)
{
	struct xmmu_pt_table *table = xmmu_inject_fail() ? NULL : kzalloc(sizeof(*table), gfp);
	int err;

	/* Less than 2 % in all, with 2 x 8 bytes for each table in the one above. */
	BUILD_BUG_ON(sizeof(*table) > 64);
	if (!table)
		return ERR_PTR(-ENOMEM);
	table->pt = pt;
	err = xmmu_pt_table_fill(table, inner, gfp);
	if (err) {
		xmmu_pt_table_release(table);
		return ERR_PTR(err);
	}
	atomic64_add(xmmu_pt_table_bytes(table), &pt->bytes);
	return table;
}

void xmmu_pt_table_free(struct xmmu_pt_table *table)
{
	struct xmmu_pt *pt = table->pt;

	atomic64_sub(xmmu_pt_table_bytes(table), &pt->bytes);
	xmmu_pt_table_unmap(table);
	xmmu_pt_table_release(table);
}

static void xmmu_pt_table_free_rcu(struct rcu_head *rcu)
{
	xmmu_pt_table_free(container_of(rcu, struct xmmu_pt_table, rcu));
}

/* The device has forgotten it; who reads it without the lock may not have. */
void xmmu_pt_table_deferred(struct xmmu_deferred *deferred)
{
	struct xmmu_pt_table *table = container_of(deferred, struct xmmu_pt_table, deferred);

	call_rcu(&table->rcu, xmmu_pt_table_free_rcu);
}

/* ---- what is not in use */

static struct xmmu_pt_table *xmmu_pt_table_of(struct llist_node *node)
{
	return llist_entry(node, struct xmmu_pt_table, deferred.node);
}

static struct xmmu_pt_table *xmmu_pt_spare_get(struct xmmu_pt *pt, bool inner)
{
	struct llist_node *node;

	spin_lock(&pt->lock);
	node = pt->spare[inner];
	if (node) {
		pt->spare[inner] = node->next;
		pt->spares[inner]--;
	}
	spin_unlock(&pt->lock);
	return node ? xmmu_pt_table_of(node) : NULL;
}

/* The walk that it was reserved for has ended. */
static void xmmu_pt_table_unused(struct xmmu_deferred *deferred)
{
	struct xmmu_pt_table *table = container_of(deferred, struct xmmu_pt_table, deferred);
	struct xmmu_pt *pt = table->pt;
	bool inner = table->child, keep;

	spin_lock(&pt->lock);
	keep = pt->spares[inner] < XMMU_PT_SPARES;
	if (keep) {
		deferred->node.next = pt->spare[inner];
		pt->spare[inner] = &deferred->node;
		pt->spares[inner]++;
	}
	spin_unlock(&pt->lock);
	if (!keep)
		xmmu_pt_table_free(table);
}

void xmmu_pt_free_spares(struct xmmu_pt *pt)
{
	struct xmmu_pt_table *table;
	unsigned int inner;

	for (inner = 0; inner < 2; inner++)
		while ((table = xmmu_pt_spare_get(pt, inner)))
			xmmu_pt_table_free(table);
}

/* Whoever walks, the process pays. */
static struct xmmu_pt_table *xmmu_pt_table_charged(struct xmmu_pt *pt, struct xmmu_walk *walk,
						   bool inner)
{
	gfp_t gfp = xmmu_walk_gfp(walk);
	struct mem_cgroup *before = xmmu_charge_begin(xmmu_walk_mm(walk));
	struct xmmu_pt_table *table = xmmu_pt_table_new(pt, inner, gfp);

	xmmu_charge_end(before);
	return table;
}

static int xmmu_pt_reserve(struct xmmu_pt *pt, struct xmmu_walk *walk, bool inner)
{
	struct xmmu_pt_table *table = xmmu_pt_spare_get(pt, inner);

	if (!table)
		table = xmmu_pt_table_charged(pt, walk, inner);
	if (IS_ERR(table))
		return PTR_ERR(table);
	table->deferred.free = xmmu_pt_table_unused;
	table->deferred.node.next = walk->reserved;
	walk->reserved = &table->deferred.node;
	return 0;
}

/* As many as nobody could need more of: each table that the window has a place in. */
static unsigned int xmmu_pt_needed(const struct xmmu_pt *pt, const struct xmmu_walk *walk,
				   bool inner)
{
	unsigned int shift = xmmu_pt_shift(pt, 1);

	/* The window lies in one table above the last ones, and the root is there. */
	if (inner)
		return pt->format->levels - 2;
	return ((xmmu_walk_stop(walk) - 1) >> shift) - (xmmu_walk_start(walk) >> shift) + 1;
}

/* Whether it is one of this kind; a walk may have reserved for other page tables, too. */
static bool xmmu_pt_fits_in(const struct xmmu_pt *pt, struct llist_node *node, bool inner)
{
	const struct xmmu_pt_table *table = xmmu_pt_table_of(node);

	return table->pt == pt && !!table->child == inner;
}

static unsigned int xmmu_pt_reserved(const struct xmmu_pt *pt, const struct xmmu_walk *walk,
				     bool inner)
{
	struct llist_node *node;
	unsigned int count = 0;

	for (node = walk->reserved; node; node = node->next)
		count += xmmu_pt_fits_in(pt, node, inner);
	return count;
}

int xmmu_pt_prepare(struct xmmu_pt *pt, struct xmmu_walk *walk)
{
	unsigned int inner, count;
	int err = xmmu_walk_stop(walk) > pt->reach ? -ERANGE : 0;

	/* Only there a leaf has an address for the device by itself. */
	if (WARN_ON_ONCE(!pt->format->encode && !xmmu_dma_used(walk->range)))
		return -EINVAL;

	for (inner = 0; inner < 2; inner++)
		for (count = xmmu_pt_reserved(pt, walk, inner);
		     !err && count < xmmu_pt_needed(pt, walk, inner); count++)
			err = xmmu_pt_reserve(pt, walk, inner);
	return err;
}

/* One that was reserved. Under the lock. */
struct xmmu_pt_table *xmmu_pt_take(struct xmmu_pt *pt, struct xmmu_walk *walk, bool inner)
{
	struct llist_node **link = &walk->reserved;
	struct xmmu_pt_table *table;

	while (!xmmu_pt_fits_in(pt, *link, inner))
		link = &(*link)->next;
	table = xmmu_pt_table_of(*link);
	*link = (*link)->next;
	return table;
}
