// SPDX-License-Identifier: GPL-2.0-only
/* The page-table walker: reads tables in memory, sets ACCESSED and DIRTY in leaves. */
#include <linux/atomic.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "internal.h"

static unsigned int level_shift(unsigned int level)
{
	return SOFTDEV_PAGE_SHIFT + level * SOFTDEV_INDEX_BITS;
}

static u64 *entry_of(u64 table, u64 addr, unsigned int level)
{
	u64 *entries = phys_to_virt(table);

	return &entries[(addr >> level_shift(level)) & (BIT(SOFTDEV_INDEX_BITS) - 1)];
}

/* The leaf for an address; NULL if there is none. */
static u64 *find(u64 root, u64 addr, u64 *entry, unsigned int *shift)
{
	unsigned int level = SOFTDEV_LEVELS;
	u64 table = root;
	u64 *place;

	if (root == SOFTDEV_NO_TABLE || addr >> level_shift(SOFTDEV_LEVELS))
		return NULL;
	do {
		place = entry_of(table, addr, --level);
		*entry = READ_ONCE(*place);
		*shift = level_shift(level);
		if (!(*entry & SOFTDEV_VALID))
			return NULL;
		table = *entry & SOFTDEV_ADDRESS;
	} while (level > 1 || (level == 1 && !(*entry & SOFTDEV_LARGE)));
	return place;
}

/* The lock keeps walks and flushes apart, not walks and the driver. */
bool softdev_walk(const struct softdev_space *space, u64 addr, bool write,
		  struct softdev_leaf *leaf)
{
	u64 marks = SOFTDEV_ACCESSED | (write ? SOFTDEV_DIRTY : 0);
	u64 entry, *place;

	do {
		place = find(space->root, addr, &entry, &leaf->shift);
		if (!place || (write && !(entry & SOFTDEV_WRITE)))
			return false;
	} while ((entry & marks) != marks && cmpxchg(place, entry, entry | marks) != entry);
	if (leaf->shift == SOFTDEV_PAGE_SHIFT && entry & SOFTDEV_CONT)
		leaf->shift = SOFTDEV_CONT_SHIFT;
	leaf->base = addr & ~(BIT_ULL(leaf->shift) - 1);
	leaf->entry = (entry | marks) & ~(SOFTDEV_ADDRESS & (BIT_ULL(leaf->shift) - 1));
	return true;
}
