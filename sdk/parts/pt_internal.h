/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the page table share.
 *
 * A table is written to under the mirror's lock. Who reads without it is in an RCU read section:
 * tables are freed by RCU. The device reads all the time, and sets accessed and dirty bits.
 */
#ifndef XMMU_PT_INTERNAL_H
#define XMMU_PT_INTERNAL_H

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

#include <xmmu/gather.h>
#include <xmmu/pt.h>

/*
 * A table of the device, and what only the processor needs to know of it. Below an entry that is a
 * leaf the child is the table in waiting: empty, and unknown to the device.
 */
struct xmmu_pt_table {
	u64 *entry;
	struct xmmu_pt_table __rcu **child; /* NULL in a last table */
	struct xmmu_pt *pt;
	dma_addr_t addr;   /* for the device */
	unsigned int live; /* entries that are not 0 */
	union {
		struct xmmu_deferred deferred; /* node: in a list of tables not in use, too */
		struct rcu_head rcu;
	};
};

static inline unsigned int xmmu_pt_slots(const struct xmmu_pt *pt)
{
	return 1U << pt->format->bits;
}

static inline unsigned int xmmu_pt_shift(const struct xmmu_pt *pt, unsigned int level)
{
	return PAGE_SHIFT + level * pt->format->bits;
}

static inline unsigned int xmmu_pt_index(const struct xmmu_pt *pt, unsigned long addr,
					 unsigned int level)
{
	return (addr >> xmmu_pt_shift(pt, level)) & (xmmu_pt_slots(pt) - 1);
}

/* The first byte that is not under the same entry. */
static inline unsigned long xmmu_pt_stop(const struct xmmu_pt *pt, unsigned long addr,
					 unsigned int level)
{
	return (addr | (BIT(xmmu_pt_shift(pt, level)) - 1)) + 1;
}

/* In which tables leaves of a size are: last ones, or those above. */
static inline unsigned int xmmu_pt_level(const struct xmmu_pt *pt, const struct xmmu_pt_size *size)
{
	return size->order >= pt->format->bits;
}

static inline unsigned long xmmu_pt_len(const struct xmmu_pt_size *size)
{
	return PAGE_SIZE << size->order;
}

/* How many entries a leaf of a size takes. */
static inline unsigned int xmmu_pt_group(const struct xmmu_pt *pt, const struct xmmu_pt_size *size)
{
	return 1U << (size->order - xmmu_pt_level(pt, size) * pt->format->bits);
}

/* The size of a leaf; NULL if the entry is none. */
static inline const struct xmmu_pt_size *xmmu_pt_size(const struct xmmu_pt *pt, u64 entry,
						      unsigned int level)
{
	const struct xmmu_pt_size *size = pt->format->sizes;
	unsigned int i;

	if (!entry)
		return NULL;
	for (i = 0; i < pt->format->nr_sizes; i++, size++)
		if ((entry & pt->kind) == size->bits && xmmu_pt_level(pt, size) == level)
			return size;
	return NULL;
}

/* Not for an entry of a last table, which may have the same bits. */
static inline bool xmmu_pt_is_table(const struct xmmu_pt *pt, u64 entry)
{
	return entry && (entry & pt->kind) == pt->format->table;
}

/* Under the lock. */
static inline struct xmmu_pt_table *xmmu_pt_child(const struct xmmu_pt_table *table, unsigned int i)
{
	return rcu_dereference_protected(table->child[i], true);
}

/* Clear and set bits of an entry that the device may change too; returns what it was. */
static inline u64 xmmu_pt_change(u64 *entry, u64 clear, u64 set)
{
	u64 old = READ_ONCE(*entry);

	while (old != ((old & ~clear) | set))
		if (try_cmpxchg(entry, &old, (old & ~clear) | set))
			break;
	return old;
}

/* pt_format.c */
u64 xmmu_pt_kind(const struct xmmu_pt_format *format);
int xmmu_pt_format_check(const struct xmmu_pt_format *format);

/* pt_table.c */
struct xmmu_pt_table *xmmu_pt_table_new(struct xmmu_pt *pt, bool inner, gfp_t gfp);
void xmmu_pt_table_free(struct xmmu_pt_table *table);
void xmmu_pt_table_deferred(struct xmmu_deferred *deferred);
struct xmmu_pt_table *xmmu_pt_take(struct xmmu_pt *pt, struct xmmu_walk *walk, bool inner);
void xmmu_pt_free_spares(struct xmmu_pt *pt);

#endif
