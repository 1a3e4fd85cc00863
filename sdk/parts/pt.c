// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page table in a device's format: what reads it, and its beginning and end. pt_change.c writes
 * to it, pt_table.c has the memory, pt_format.c says what formats there are.
 */
#include <linux/err.h>
#include <linux/log2.h>

#include "internal.h"
#include "pt_internal.h"

/* A leaf that a search has found. */
struct xmmu_pt_spot {
	u64 *entry; /* the first of its group */
	unsigned int count;
	unsigned int level;
	unsigned long addr;
	unsigned long len;
	u64 value; /* of the first entry */
};

static void xmmu_pt_spot(const struct xmmu_pt *pt, struct xmmu_pt_spot *spot, u64 *entry,
			 unsigned long addr, u64 value, const struct xmmu_pt_size *size)
{
	unsigned int level = xmmu_pt_level(pt, size), shift = xmmu_pt_shift(pt, level), i;

	spot->level = level;
	spot->count = xmmu_pt_group(pt, size);
	spot->len = xmmu_pt_len(size);
	spot->addr = ALIGN_DOWN(addr, spot->len);
	i = (addr - spot->addr) >> shift;
	spot->entry = entry - i;
	spot->value = value - ((u64)i << shift);
}

/* Go down to the address: a leaf, or else the level at which there is nothing. Under RCU. */
static bool xmmu_pt_look(struct xmmu_pt *pt, unsigned long addr, struct xmmu_pt_spot *spot,
			 unsigned int *level)
{
	struct xmmu_pt_table *table = pt->root;
	const struct xmmu_pt_size *size;
	u64 *entry, value;

	for (*level = pt->format->levels - 1; table; (*level)--) {
		entry = &table->entry[xmmu_pt_index(pt, addr, *level)];
		value = READ_ONCE(*entry);
		size = xmmu_pt_size(pt, value, *level);
		if (size) {
			xmmu_pt_spot(pt, spot, entry, addr, value, size);
			return true;
		}
		if (!*level)
			return false;
		table = rcu_dereference(table->child[xmmu_pt_index(pt, addr, *level)]);
	}
	(*level)++;
	return false;
}

/* Under RCU. */
static bool xmmu_pt_find(struct xmmu_pt *pt, unsigned long start, unsigned long end,
			 struct xmmu_pt_spot *spot)
{
	unsigned int level;

	end = min(end, pt->reach);
	for (; start < end; start = xmmu_pt_stop(pt, start, level))
		if (xmmu_pt_look(pt, start, spot, &level))
			return true;
	return false;
}

bool xmmu_pt_next(struct xmmu_pt *pt, unsigned long start, unsigned long end,
		  struct xmmu_pt_leaf *leaf)
{
	struct xmmu_pt_spot spot;
	bool found;

	rcu_read_lock();
	found = xmmu_pt_find(pt, start, end, &spot);
	rcu_read_unlock();
	if (found)
		*leaf = (struct xmmu_pt_leaf){ spot.addr, spot.len, spot.value };
	return found;
}

/*
 * The device says what it did in whichever entry of a group it has read. Where a leaf has become a
 * table since it was found, what it said is below now: go on there. Returns where. Under RCU.
 */
static unsigned long xmmu_pt_age_leaf(struct xmmu_pt *pt, const struct xmmu_pt_spot *spot,
				      unsigned long start, u64 clear, u64 *found)
{
	unsigned long addr, step = spot->len / spot->count;
	unsigned int i;
	u64 old;

	for (i = 0; i < spot->count; i++) {
		addr = spot->addr + i * step;
		old = xmmu_pt_change(&spot->entry[i], clear, 0);
		if (!spot->level || !xmmu_pt_is_table(pt, old))
			*found |= old;
		else if (addr + step > start)
			return max(addr, start);
	}
	return spot->addr + spot->len;
}

/* One leaf, so that no reader is in the tables for long. False if there is none. */
static bool xmmu_pt_age_next(struct xmmu_pt *pt, unsigned long *start, unsigned long end, u64 clear,
			     u64 *found)
{
	struct xmmu_pt_spot spot;
	bool any;

	rcu_read_lock();
	any = xmmu_pt_find(pt, *start, end, &spot);
	if (any)
		*start = xmmu_pt_age_leaf(pt, &spot, *start, clear, found);
	rcu_read_unlock();
	return any;
}

u64 xmmu_pt_age(struct xmmu_pt *pt, unsigned long start, unsigned long end, u64 clear)
{
	const struct xmmu_pt_format *format = pt->format;
	unsigned long first = start;
	u64 found = 0;

	while (xmmu_pt_age_next(pt, &start, end, clear, &found))
		if (start < end && start - first >= XMMU_WINDOW)
			cond_resched();
	return found & (format->accessed | format->dirty);
}

dma_addr_t xmmu_pt_root(const struct xmmu_pt *pt)
{
	return pt->root->addr;
}

int xmmu_pt_init(struct xmmu_pt *pt, const struct xmmu_pt_format *format, struct device *dev)
{
	int err = xmmu_pt_format_check(format);

	if (err)
		return err;
	*pt = (struct xmmu_pt){ .format = format, .dev = dev, .kind = xmmu_pt_kind(format) };
	pt->reach = BIT(xmmu_pt_shift(pt, format->levels));
	spin_lock_init(&pt->lock);
	pt->root = xmmu_pt_table_new(pt, true, GFP_KERNEL_ACCOUNT);
	return PTR_ERR_OR_ZERO(pt->root);
}

void xmmu_pt_destroy(struct xmmu_pt *pt)
{
	/* Tables that were deferred are with RCU by now. */
	rcu_barrier();
	xmmu_pt_free_spares(pt);
	if (!WARN_ON(pt->root->live))
		xmmu_pt_table_free(pt->root);
}
