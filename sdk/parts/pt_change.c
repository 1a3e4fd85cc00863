// SPDX-License-Identifier: GPL-2.0-only
/* What writes to a page table: populate, zap, and the split of leaves. Under the mirror's lock. */
#include "internal.h"
#include "pt_internal.h"

/* What is to be entered. */
struct xmmu_pt_fill {
	struct xmmu_pt *pt;
	struct xmmu_walk *walk;
	unsigned long addr; /* goes up to the end */
	unsigned long end;
	u64 value; /* the entry of addr without the bits of a size */
};

static u64 xmmu_pt_table_entry(const struct xmmu_pt *pt, const struct xmmu_pt_table *child)
{
	return child->addr | pt->format->table;
}

/* The largest leaves that a last table can have. */
static const struct xmmu_pt_size *xmmu_pt_largest_last(const struct xmmu_pt *pt)
{
	const struct xmmu_pt_size *size = &pt->format->sizes[pt->format->nr_sizes - 1];

	while (xmmu_pt_level(pt, size))
		size--;
	return size;
}

/* ---- split */

/* What the device did in one entry of a group it did in all. */
static void xmmu_pt_spread(struct xmmu_pt *pt, u64 *entry, unsigned int count)
{
	unsigned int i;
	u64 done = 0;

	for (i = 0; i < count; i++)
		done |= READ_ONCE(entry[i]);
	done &= pt->format->accessed | pt->format->dirty;
	for (i = 0; i < count; i++)
		xmmu_pt_change(&entry[i], 0, done);
}

/* The entries of a group become leaves of one page. */
static void xmmu_pt_split_group(struct xmmu_pt *pt, u64 *entry, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		xmmu_pt_change(&entry[i], pt->kind, pt->format->sizes[0].bits);
	xmmu_pt_spread(pt, entry, count);
}

/* The entry of a leaf becomes one of the table that waits below it, with the same translations. */
static void xmmu_pt_split_entry(struct xmmu_pt *pt, u64 *entry, struct xmmu_pt_table *child)
{
	u64 bits = xmmu_pt_largest_last(pt)->bits, old = READ_ONCE(*entry);
	unsigned int i;

	child->live = xmmu_pt_slots(pt);
	do {
		for (i = 0; i < child->live; i++)
			WRITE_ONCE(child->entry[i],
				   ((old & ~pt->kind) + ((u64)i << PAGE_SHIFT)) | bits);
		/* The device finds the table complete. */
		dma_wmb();
	} while (!try_cmpxchg(entry, &old, xmmu_pt_table_entry(pt, child)));
}

/* The leaf at an address becomes smaller ones. */
static void xmmu_pt_split(struct xmmu_pt *pt, struct xmmu_pt_table *table, unsigned int level,
			  unsigned long addr, const struct xmmu_pt_size *size)
{
	unsigned int count = xmmu_pt_group(pt, size), i;
	unsigned int first = ALIGN_DOWN(xmmu_pt_index(pt, addr, level), count);

	if (!level) {
		xmmu_pt_split_group(pt, &table->entry[first], count);
		return;
	}
	xmmu_pt_spread(pt, &table->entry[first], count);
	for (i = first; i < first + count; i++)
		xmmu_pt_split_entry(pt, &table->entry[i], xmmu_pt_child(table, i));
}

/* See to it that no leaf of the table has bytes on both sides of an address. */
static void xmmu_pt_cut(struct xmmu_pt *pt, struct xmmu_pt_table *table, unsigned int level,
			unsigned long addr)
{
	u64 entry = READ_ONCE(table->entry[xmmu_pt_index(pt, addr, level)]);
	const struct xmmu_pt_size *size = xmmu_pt_size(pt, entry, level);

	if (size && !IS_ALIGNED(addr, xmmu_pt_len(size)))
		xmmu_pt_split(pt, table, level, addr, size);
}

/* ---- populate */

static void xmmu_pt_link(struct xmmu_pt *pt, struct xmmu_pt_table *table, unsigned int i,
			 struct xmmu_pt_table *child)
{
	rcu_assign_pointer(table->child[i], child);
	/* The device finds the table as it is. */
	dma_wmb();
	WRITE_ONCE(table->entry[i], xmmu_pt_table_entry(pt, child));
	table->live++;
}

static void xmmu_pt_advance(struct xmmu_pt_fill *fill, unsigned long addr)
{
	addr = min(addr, fill->end);
	fill->value += addr - fill->addr;
	fill->addr = addr;
}

static bool xmmu_pt_vacant(const struct xmmu_pt_table *table, unsigned int first,
			   unsigned int count)
{
	unsigned int i;

	for (i = first; i < first + count; i++)
		if (READ_ONCE(table->entry[i]))
			return false;
	return true;
}

static bool xmmu_pt_fits(const struct xmmu_pt_fill *fill, const struct xmmu_pt_size *size)
{
	unsigned long len = xmmu_pt_len(size);

	return len <= fill->end - fill->addr &&
	       IS_ALIGNED(fill->addr | (fill->value & fill->pt->format->address), len);
}

/* The largest leaf that may be made there, in this table; NULL if none. */
static const struct xmmu_pt_size *xmmu_pt_choose(const struct xmmu_pt_fill *fill,
						 const struct xmmu_pt_table *table,
						 unsigned int level)
{
	const struct xmmu_pt *pt = fill->pt;
	const struct xmmu_pt_size *size = &pt->format->sizes[pt->format->nr_sizes];

	while (size-- > pt->format->sizes)
		if (xmmu_pt_level(pt, size) == level && xmmu_pt_fits(fill, size) &&
		    xmmu_pt_vacant(table, xmmu_pt_index(pt, fill->addr, level),
				   xmmu_pt_group(pt, size)))
			return size;
	return NULL;
}

static void xmmu_pt_enter(struct xmmu_pt_fill *fill, struct xmmu_pt_table *table,
			  unsigned int level, const struct xmmu_pt_size *size)
{
	struct xmmu_pt *pt = fill->pt;
	unsigned int i = xmmu_pt_index(pt, fill->addr, level), count = xmmu_pt_group(pt, size);

	table->live += count;
	for (; count; count--, i++) {
		if (level)
			rcu_assign_pointer(table->child[i], xmmu_pt_take(pt, fill->walk, false));
		WRITE_ONCE(table->entry[i], fill->value | size->bits);
		xmmu_pt_advance(fill, xmmu_pt_stop(pt, fill->addr, level));
	}
}

/* A leaf is there. It may be used for what it was, and for what is entered now. */
static void xmmu_pt_upgrade(struct xmmu_pt_fill *fill, struct xmmu_pt_table *table,
			    unsigned int level, const struct xmmu_pt_size *size)
{
	struct xmmu_pt *pt = fill->pt;
	unsigned int i = xmmu_pt_index(pt, fill->addr, level), count = xmmu_pt_group(pt, size);
	unsigned long start = ALIGN_DOWN(fill->addr, xmmu_pt_len(size));
	unsigned long end = start + xmmu_pt_len(size);
	u64 write = fill->value & pt->format->write;

	if (write & ~READ_ONCE(table->entry[i])) {
		if (fill->addr != start || fill->end < end) {
			xmmu_pt_split(pt, table, level, fill->addr, size);
			return;
		}
		while (count--)
			xmmu_pt_change(&table->entry[i++], 0, write);
	}
	xmmu_pt_advance(fill, end);
}

/* Enter what lies before an address, all of it under one table. */
static void xmmu_pt_fill(struct xmmu_pt_fill *fill, struct xmmu_pt_table *table, unsigned int level,
			 unsigned long stop)
{
	struct xmmu_pt *pt = fill->pt;
	const struct xmmu_pt_size *size;
	unsigned int i;
	u64 entry;

	while (fill->addr < stop) {
		i = xmmu_pt_index(pt, fill->addr, level);
		entry = READ_ONCE(table->entry[i]);
		size = xmmu_pt_size(pt, entry, level);
		if (size) {
			xmmu_pt_upgrade(fill, table, level, size);
			continue;
		}
		size = entry ? NULL : xmmu_pt_choose(fill, table, level);
		if (size) {
			xmmu_pt_enter(fill, table, level, size);
			continue;
		}
		if (!entry)
			xmmu_pt_link(pt, table, i, xmmu_pt_take(pt, fill->walk, false));
		xmmu_pt_fill(fill, xmmu_pt_child(table, i), level - 1,
			     min(stop, xmmu_pt_stop(pt, fill->addr, level)));
	}
}

/* The table above the last ones, for an address; with those that are missing on the way. */
static struct xmmu_pt_table *xmmu_pt_above_last(struct xmmu_pt *pt, struct xmmu_walk *walk,
						unsigned long addr)
{
	struct xmmu_pt_table *table = pt->root;
	unsigned int level, i;

	for (level = pt->format->levels - 1; level > 1; level--) {
		i = xmmu_pt_index(pt, addr, level);
		if (!xmmu_pt_child(table, i))
			xmmu_pt_link(pt, table, i, xmmu_pt_take(pt, walk, true));
		table = xmmu_pt_child(table, i);
	}
	return table;
}

void xmmu_pt_populate(struct xmmu_pt *pt, struct xmmu_walk *walk)
{
	const struct xmmu_pt_format *format = pt->format;
	struct xmmu_pt_fill fill = { .pt = pt, .walk = walk };
	struct xmmu_pt_table *table = NULL;
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf) {
		/* One for the whole window; none if there is nothing to enter. */
		if (!table)
			table = xmmu_pt_above_last(pt, walk, leaf.addr);
		fill.addr = leaf.addr;
		fill.end = leaf.addr + leaf.len;
		fill.value = (format->encode ? format->encode(&leaf) : leaf.dma) |
			     (leaf.perm & XMMU_PERM_WRITE ? format->write : 0);
		xmmu_pt_fill(&fill, table, 1, fill.end);
	}
}

/* ---- zap */

/* In a last table. */
static void xmmu_pt_zap_leaves(struct xmmu_pt *pt, struct xmmu_pt_table *table, unsigned long start,
			       unsigned long end, struct xmmu_gather *gather)
{
	u64 *entry = &table->entry[xmmu_pt_index(pt, start, 0)];
	unsigned long from = start; /* of what was removed up to here, without a gap */

	for (; start < end; start += PAGE_SIZE, entry++) {
		if (READ_ONCE(*entry)) {
			WRITE_ONCE(*entry, 0);
			table->live--;
			continue;
		}
		if (from < start)
			xmmu_gather_add(gather, from, start);
		from = start + PAGE_SIZE;
	}
	if (from < end)
		xmmu_gather_add(gather, from, end);
}

static void xmmu_pt_zap_table(struct xmmu_pt *pt, struct xmmu_pt_table *table, unsigned int level,
			      unsigned long start, unsigned long end, struct xmmu_gather *gather);

/* What lies below one entry; the table there goes if nothing else does. */
static void xmmu_pt_zap_below(struct xmmu_pt *pt, struct xmmu_pt_table *table, unsigned int level,
			      unsigned long start, unsigned long end, struct xmmu_gather *gather)
{
	unsigned int i = xmmu_pt_index(pt, start, level);
	struct xmmu_pt_table *child = xmmu_pt_child(table, i);

	if (!child)
		return;
	if (xmmu_pt_is_table(pt, READ_ONCE(table->entry[i])))
		xmmu_pt_zap_table(pt, child, level - 1, start, end, gather);
	else
		xmmu_gather_add(gather, start, end);
	if (child->live)
		return;
	WRITE_ONCE(table->entry[i], 0);
	RCU_INIT_POINTER(table->child[i], NULL);
	table->live--;
	xmmu_gather_defer(gather, &child->deferred, xmmu_pt_table_deferred);
}

/* Calls itself for the tables below; there are few levels. */
static void xmmu_pt_zap_table(struct xmmu_pt *pt, struct xmmu_pt_table *table, unsigned int level,
			      unsigned long start, unsigned long end, struct xmmu_gather *gather)
{
	unsigned long next;

	xmmu_pt_cut(pt, table, level, start);
	/* Unless it is the first byte behind the table. */
	if (!IS_ALIGNED(end, BIT(xmmu_pt_shift(pt, level + 1))))
		xmmu_pt_cut(pt, table, level, end);
	if (!level) {
		xmmu_pt_zap_leaves(pt, table, start, end, gather);
		return;
	}
	for (; start < end; start = next) {
		next = min(end, xmmu_pt_stop(pt, start, level));
		xmmu_pt_zap_below(pt, table, level, start, next, gather);
	}
}

void xmmu_pt_zap(struct xmmu_pt *pt, unsigned long start, unsigned long end,
		 struct xmmu_gather *gather)
{
	end = min(end, pt->reach);
	if (start < end)
		xmmu_pt_zap_table(pt, pt->root, pt->format->levels - 1, start, end, gather);
}
