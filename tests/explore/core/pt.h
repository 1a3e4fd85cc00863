/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device of the core's scenarios with a page table that it walks by itself (pt=1). It remembers
 * in which last table it was, until a flush.
 */
#ifndef TESTS_EXPLORE_CORE_PT_H
#define TESTS_EXPLORE_CORE_PT_H

#include <xmmu/pt.h>
#include <xmmu/xmmu.h>

/* Small tables, so that there is little to explore: 32 entries; leaves of 1, 4 and 32 pages. */
#define CORE_PT_WRITE    BIT_ULL(1)
#define CORE_PT_ADDRESS  0x000ffffffffff000ULL
#define CORE_PT_ACCESSED BIT_ULL(5)
#define CORE_PT_DIRTY    BIT_ULL(6)

struct core_pt {
	struct xmmu_pt pt;
	/* The device's, under its lock. */
	u64 last; /* address of a table, 0: none */
	unsigned long last_addr;
};

int core_pt_init(struct core_pt *pt);

/* ---- the device, under its lock */

/* The entry of a page, 0 if there is none. That it is used, or written to, is set in it. */
u64 core_pt_walk(struct core_pt *pt, unsigned long addr, bool write);
void core_pt_forget(struct core_pt *pt, unsigned long start, unsigned long end);

/* ---- who looks without the mirror's lock */

/* How many pages of the span there are. */
unsigned long core_pt_count(struct core_pt *pt, unsigned long start, unsigned long end);

#endif
