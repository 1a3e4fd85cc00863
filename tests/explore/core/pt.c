// SPDX-License-Identifier: GPL-2.0-only
/* The page table of the device: its format, and how the device walks it. */
#include <linux/atomic.h>
#include <linux/mm.h>

#include "pt.h"

#define VALID  BIT_ULL(0)
#define LARGE  BIT_ULL(2)
#define LEVELS 4
#define BITS   5
#define SLOTS  (1UL << BITS)

static u64 core_pt_encode(const struct xmmu_leaf *leaf)
{
	return page_to_phys(leaf->page);
}

static const struct xmmu_pt_format core_pt_format = {
	.levels = LEVELS,
	.bits = BITS,
	.address = CORE_PT_ADDRESS,
	.table = VALID,
	.write = CORE_PT_WRITE,
	.accessed = CORE_PT_ACCESSED,
	.dirty = CORE_PT_DIRTY,
	.sizes = { { 0, VALID }, { 2, VALID | BIT_ULL(3) }, { 5, VALID | LARGE } },
	.nr_sizes = 3,
	.encode = core_pt_encode,
};

int core_pt_init(struct core_pt *pt)
{
	return xmmu_pt_init(&pt->pt, &core_pt_format, NULL);
}

static u64 *entry_in(u64 table, unsigned long addr, unsigned int level)
{
	return (u64 *)phys_to_virt(table) + (addr >> (PAGE_SHIFT + level * BITS) & (SLOTS - 1));
}

/* Use an entry as it was read; false if it is another one meanwhile. */
static bool use(u64 *entry, u64 value, bool write)
{
	u64 done = CORE_PT_ACCESSED | (write ? CORE_PT_DIRTY : 0);

	if (!(value & VALID) || (write && !(value & CORE_PT_WRITE)))
		return true;
	return try_cmpxchg(entry, &value, value | done);
}

static bool is_last(const struct core_pt *pt, unsigned long addr)
{
	return pt->last && (addr ^ pt->last_addr) < PAGE_SIZE << BITS;
}

u64 core_pt_walk(struct core_pt *pt, unsigned long addr, bool write)
{
	unsigned int level = is_last(pt, addr) ? 0 : LEVELS - 1;
	u64 table = level ? xmmu_pt_root(&pt->pt) : pt->last;
	u64 *entry, value;

	for (;; level--) {
		entry = entry_in(table, addr, level);
		value = READ_ONCE(*entry);
		if (!(value & VALID) || !level || value & LARGE)
			break;
		table = value & CORE_PT_ADDRESS;
	}
	if (!level) {
		pt->last = table;
		pt->last_addr = addr;
	}
	if (!use(entry, value, write))
		return core_pt_walk(pt, addr, write);
	/* Of this page in a leaf of more. */
	return value ? value + (addr & ((PAGE_SIZE << level * BITS) - 1)) : 0;
}

void core_pt_forget(struct core_pt *pt, unsigned long start, unsigned long end)
{
	unsigned long first = pt->last_addr & -(PAGE_SIZE << BITS);

	if (start < first + (PAGE_SIZE << BITS) && end > first)
		pt->last = 0;
}

unsigned long core_pt_count(struct core_pt *pt, unsigned long start, unsigned long end)
{
	struct xmmu_pt_leaf leaf;
	unsigned long bytes = 0;

	xmmu_pt_for_each(&pt->pt, &leaf, start, end)
		bytes += min(end, leaf.addr + leaf.len) - max(start, leaf.addr);
	return bytes / PAGE_SIZE;
}
