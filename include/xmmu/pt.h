/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief A page table in the device's own format.
 * @ingroup xmmu_pt
 */
#ifndef XMMU_PT_H
#define XMMU_PT_H

#include <linux/atomic.h>
#include <linux/llist.h>
#include <linux/spinlock.h>
#include <linux/types.h>

struct device;
struct xmmu_gather;
struct xmmu_leaf;
struct xmmu_pt_table;
struct xmmu_walk;

/**
 * @defgroup xmmu_pt Page table
 * @ingroup xmmu
 * @since 0.1
 * @brief A radix tree of tables that the device walks by itself, in a format given as data.
 *
 * Part `pt`: a driver names it in XMMU_PARTS and includes this header.
 *
 * The three callbacks of a driver become one call each: xmmu_ops::prepare calls xmmu_pt_prepare(),
 * xmmu_ops::populate calls xmmu_pt_populate(), xmmu_ops::zap calls xmmu_pt_zap().
 *
 * @snippet tests/sketch/gpu.c page table
 *
 * Tables are reserved without the lock, for one window of one walk, and go with that walk if they
 * are not used; so populate can not fail, and zap allocates nothing. A leaf of the walk becomes as
 * few entries as the format allows: the walk never reaches outside of its range, so neither does an
 * entry. Below a leaf of an upper level lies a table in waiting, into which a zap of a part of the
 * leaf splits it. A zap that empties a table takes it out of the tree; it is freed when the flush
 * is confirmed and no xmmu_pt_next() can be in it any more. The root stays.
 *
 * What a populated page may be used for only grows until it is zapped: a walk without ::XMMU_WRITE
 * takes no right away. Where smaller entries or a table are, they stay: no larger entry takes their
 * place before they are zapped.
 *
 * The device
 * - takes an entry of 0 for none;
 * - drops, at a flush, all it has cached of what overlaps the span: larger entries, and where
 *   tables are;
 * - looks into the table once more before it reports that it may not write: a right that is added
 *   is not flushed;
 * - sets accessed and dirty bits by atomic operations, and only in entries that are there.
 *
 * A page has 8 bytes of entry. Where xmmu_pt_format::bits is 9 or more, the tables above and what
 * describes them are less than 2 % of that once the last tables are full; a smaller table takes a
 * page of memory all the same. See xmmu_pt_bytes(). Tables are charged to the memory cgroup of the
 * process, whoever walks.
 *
 * A mirror may have several, in different formats: its callbacks call each.
 * @{
 */

/** @brief A size of leaves that a format has. */
struct xmmu_pt_size {
	/** log2 of the number of pages. */
	unsigned int order;
	/** What an entry has besides address and rights. */
	u64 bits;
};

/** @brief Most sizes of leaves in a format. */
#define XMMU_PT_SIZES 4

/**
 * @brief What the device's tables look like.
 *
 * Entries are 8 bytes with the address at its place. The order of a size says where it stands: less
 * than @ref bits in the last table, less than twice that in one above. A leaf whose order is no
 * multiple of @ref bits takes a group of entries side by side, each with the address of its part.
 * No bit may have two meanings, except that sizes and @ref table may share some; but no two of them
 * that stand in the same table are equal, and none is 0.
 */
struct xmmu_pt_format {
	/** Tables from the root to the last, 2 or more. */
	unsigned int levels;
	/** log2 of the entries in each table, 5 to 13. */
	unsigned int bits;
	/** The bits of an address, a page's or a table's: in a row, with that of PAGE_SIZE. */
	u64 address;
	/** What an entry that leads to a table has besides the address. */
	u64 table;
	/** Leaf: the device may write. Not 0. */
	u64 write;
	/** Leaf: the device has used it; 0 if it does not say. */
	u64 accessed;
	/** Leaf: the device has written to it; 0 if it does not say. */
	u64 dirty;
	/** In ascending order; the first has order 0. Larger than ::XMMU_WINDOW: never used. */
	struct xmmu_pt_size sizes[XMMU_PT_SIZES];
	/** How many. */
	unsigned int nr_sizes;
	/**
	 * @brief Where a leaf is for the device.
	 *
	 * Optional in mirrors with ::XMMU_DMA_LEAF; without it, at xmmu_leaf::dma. Called in
	 * xmmu_pt_populate().
	 *
	 * @param leaf  Of a walk.
	 * @return The address, with further bits of the driver's own.
	 */
	u64 (*encode)(const struct xmmu_leaf *leaf);
};

/**
 * @brief A page table. Embed it in the driver's context.
 *
 * It is written to under the lock of one mirror.
 */
struct xmmu_pt {
	/** @cond INTERNAL */
	const struct xmmu_pt_format *format;
	struct device *dev;
	u64 kind; /* the bits that tell sizes and tables apart */
	unsigned long reach;
	struct xmmu_pt_table *root;
	atomic64_t bytes;
	spinlock_t lock;             /* of the rest */
	struct llist_node *spare[2]; /* what walks did not use: last tables, and others */
	unsigned int spares[2];
	/** @endcond */
};

/** @brief A leaf of the table, as the device sees it. */
struct xmmu_pt_leaf {
	/** First byte. */
	unsigned long addr;
	/** Bytes. */
	unsigned long len;
	/** The entry of the first byte, which says all: address, rights, accessed, dirty. */
	u64 entry;
};

/**
 * @brief Make an empty table.
 *
 * @param pt      Not in use; overwritten.
 * @param format  Must outlive the table.
 * @param dev     The device to map tables for, or NULL: it knows them by physical address.
 *
 * @ctx{process; may sleep}
 *
 * @retval 0           Ready.
 * @retval -EINVAL     The format contradicts itself; the kernel's log says in what.
 * @retval -EOPNOTSUPP The device would not see what is written to a table, or can not address it.
 * @retval -ENOMEM     No memory; nothing is left.
 */
int __must_check xmmu_pt_init(struct xmmu_pt *pt, const struct xmmu_pt_format *format,
			      struct device *dev);

/**
 * @brief Free the table.
 *
 * The mirror is detached, so everything was zapped. What was not is left alone, with a warning: the
 * device may be in it.
 *
 * @param pt  The table.
 *
 * @ctx{process; may sleep; nobody else uses the table}
 */
void xmmu_pt_destroy(struct xmmu_pt *pt);

/**
 * @brief The address of the root, for the device's register.
 *
 * @param pt  The table.
 *
 * @ctx{any}
 * @return A DMA address, or a physical one if there is no device.
 */
dma_addr_t xmmu_pt_root(const struct xmmu_pt *pt);

/**
 * @brief Reserve tables for the window of a walk.
 *
 * What is reserved belongs to the walk. Called again, it adds what is missing.
 *
 * @param pt    The table.
 * @param walk  The walk.
 *
 * @ctx{xmmu_ops::prepare}
 *
 * @retval 0           As many as the window may need.
 * @retval -ERANGE     The window lies beyond what the format's tables reach.
 * @retval -EINVAL     No xmmu_pt_format::encode, and leaves have no DMA address; with a warning.
 * @retval -EOPNOTSUPP As for xmmu_pt_init().
 * @retval -ENOMEM     No memory.
 */
int __must_check xmmu_pt_prepare(struct xmmu_pt *pt, struct xmmu_walk *walk);

/**
 * @brief Enter all leaves of the open window.
 *
 * @param pt    The table.
 * @param walk  The walk, for which xmmu_pt_prepare() has reserved.
 *
 * @ctx{process; under the mirror's lock}
 */
void xmmu_pt_populate(struct xmmu_pt *pt, struct xmmu_walk *walk);

/**
 * @brief Remove all leaves of a span, and report them.
 *
 * Spans without tables cost next to nothing.
 *
 * @param pt      The table.
 * @param start   First byte, page aligned.
 * @param end     Byte after the last, page aligned.
 * @param gather  Gets what was removed, and the tables that are not needed any more.
 *
 * @ctx{inside xmmu_ops::zap}
 */
void xmmu_pt_zap(struct xmmu_pt *pt, unsigned long start, unsigned long end,
		 struct xmmu_gather *gather);

/**
 * @brief Find the first leaf that has a byte in a span.
 *
 * Takes no lock. What it finds may be zapped or split at the same time; under the mirror's lock it
 * is the truth.
 *
 * @param pt     The table.
 * @param start  First byte.
 * @param end    Byte after the last.
 * @param leaf   Filled in; it may begin before @p start and end after @p end.
 *
 * @ctx{any}
 * @return false if there is none.
 */
bool xmmu_pt_next(struct xmmu_pt *pt, unsigned long start, unsigned long end,
		  struct xmmu_pt_leaf *leaf);

/**
 * @brief Go through the leaves of a span.
 *
 * @param pt     The table.
 * @param leaf   `struct xmmu_pt_leaf *`, filled in for each.
 * @param start  First byte.
 * @param end    Byte after the last.
 */
#define xmmu_pt_for_each(pt, leaf, start, end)        \
	for ((leaf)->addr = (start), (leaf)->len = 0; \
	     xmmu_pt_next(pt, (leaf)->addr + (leaf)->len, end, leaf);)

/**
 * @brief Read, and clear, the accessed and dirty bits of a span.
 *
 * Takes no lock. Of a leaf that is partly in the span all is read and cleared. What the device does
 * while a leaf is split is seen when that is done. A translation that the device has cached sets no
 * bit again until it is flushed.
 *
 * @param pt     The table.
 * @param start  First byte.
 * @param end    Byte after the last.
 * @param clear  Which to clear: xmmu_pt_format::accessed, xmmu_pt_format::dirty, both, or 0.
 *
 * @ctx{any; for more than ::XMMU_WINDOW\, process; may sleep}
 * @return Which of the two were set in any leaf.
 */
u64 xmmu_pt_age(struct xmmu_pt *pt, unsigned long start, unsigned long end, u64 clear);

/**
 * @brief The memory that the table takes.
 *
 * @param pt  The table.
 *
 * @ctx{any}
 * @return Bytes: tables, what describes them, and what is reserved.
 */
static inline u64 xmmu_pt_bytes(const struct xmmu_pt *pt)
{
	return atomic64_read(&pt->bytes);
}

/** @} */

#endif
