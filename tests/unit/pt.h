/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the page table: the driver of core.h with one, and what its device would find in it,
 * read from the root by address as the device does.
 */
#ifndef TESTS_UNIT_PT_H
#define TESTS_UNIT_PT_H

#include "core.h"

#include <xmmu/pt.h>

#define VALID    BIT_ULL(0)
#define WRITE    BIT_ULL(1)
#define LARGE    BIT_ULL(2) /* a leaf of 2 MiB, or a part of one */
#define GROUP    BIT_ULL(3) /* a part of a leaf of 64 KiB */
#define ACCESSED BIT_ULL(5)
#define DIRTY    BIT_ULL(6)
#define ADDRESS  0x000ffffffffff000ULL

#define GROUP_PAGES 16UL
#define LARGE_PAGES 512UL

static struct xmmu_pt pt;

static inline u64 pt_encode(const struct xmmu_leaf *leaf)
{
	return page_to_phys(leaf->page);
}

static struct xmmu_pt_format format = {
	.levels = 4,
	.bits = 9,
	.address = ADDRESS,
	.table = VALID,
	.write = WRITE,
	.accessed = ACCESSED,
	.dirty = DIRTY,
	.sizes = { { 0, VALID }, { 4, VALID | GROUP }, { 9, VALID | LARGE } },
	.nr_sizes = 3,
	.encode = pt_encode,
};

/* ---- the driver */

static inline int pt_prepare(struct xmmu_walk *walk)
{
	return xmmu_pt_prepare(&pt, walk);
}

static inline void pt_populate(struct xmmu_walk *walk)
{
	xmmu_pt_populate(&pt, walk);
}

static inline void pt_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
			  struct xmmu_gather *gather)
{
	xmmu_pt_zap(&pt, start, end, gather);
}

static inline bool pt_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_pt_leaf leaf;

	return xmmu_pt_next(&pt, start, end, &leaf);
}

static inline void pt_driver(unsigned long pages, enum hosted_dma_mode mode)
{
	core_start(pages, mode);
	core.ops.prepare = pt_prepare;
	core.ops.populate = pt_populate;
	core.ops.zap = pt_zap;
	core.ops.translated = pt_translated;
}

static inline void pt_start(unsigned long pages)
{
	pt_driver(pages, HOSTED_DMA_DIRECT);
	expect(xmmu_pt_init(&pt, &format, NULL), 0);
	core_attach();
}

static inline void pt_stop(void)
{
	xmmu_mirror_detach(&core.mirror);
	check(!pt_translated(NULL, 0, ULONG_MAX));
	xmmu_pt_destroy(&pt);
	expect(xmmu_pt_bytes(&pt), 0);
	core_stop();
}

/* Let the CPU have a huge page at the first of its pages. */
static inline void pt_huge(unsigned long page)
{
	expect(hosted_madvise(mm, at(page), LARGE_PAGES * PAGE_SIZE, HOSTED_HUGEPAGE), 0);
	expect(hosted_store(mm, at(page), 1), 0);
}

/* ---- the device */

static inline u64 *pt_device_entry(unsigned long addr, unsigned int *level)
{
	u64 *entry, table = xmmu_pt_root(&pt);

	for (*level = format.levels - 1;; (*level)--) {
		entry = phys_to_virt(table);
		entry += addr >> (PAGE_SHIFT + *level * format.bits) & ((1UL << format.bits) - 1);
		check(*entry & VALID || !*entry);
		if (!*entry || !*level || *entry & LARGE)
			return entry;
		table = *entry & ADDRESS;
	}
}

/* The leaf of a page is whole, and has addresses that fit. */
static inline void pt_check_leaf(unsigned long addr, unsigned int level, unsigned long pages)
{
	unsigned long step = 1UL << (level * format.bits), i;
	unsigned long base = addr & -(pages * PAGE_SIZE);
	u64 *first = pt_device_entry(base, &level), *entry;

	check(!(*first & ADDRESS & (pages * PAGE_SIZE - 1)));
	for (i = 0; i < pages; i += step) {
		entry = pt_device_entry(base + i * PAGE_SIZE, &level);
		check((*entry & ~(ACCESSED | DIRTY)) ==
		      (*first & ~(ACCESSED | DIRTY)) + i * PAGE_SIZE);
	}
}

/* How many pages the leaf at an address has, 0 if there is none; and what it says of this one. */
static inline unsigned long pt_device_read(unsigned long addr, u64 *what)
{
	unsigned int level;
	u64 entry = *pt_device_entry(addr, &level);
	unsigned long pages = entry & LARGE ? LARGE_PAGES : entry & GROUP ? GROUP_PAGES : !!entry;
	unsigned long inside = addr & ((PAGE_SIZE << (level * format.bits)) - 1);

	*what = entry ? (entry & (ADDRESS | WRITE)) + inside : 0;
	if (pages > 1)
		pt_check_leaf(addr, level, pages);
	return pages;
}

/* The size of the leaf at a page of the process. */
static inline unsigned long pt_pages(unsigned long page)
{
	u64 what;

	return pt_device_read(at(page), &what);
}

static inline bool pt_writable(unsigned long page)
{
	u64 what;

	pt_device_read(at(page), &what);
	return what & WRITE;
}

#endif
