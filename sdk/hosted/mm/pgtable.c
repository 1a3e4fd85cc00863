// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables: four levels of 512 entries. An entry of an upper level is the address of the next
 * table or, at the second level, maps a huge page.
 */
#include "internal.h"

static unsigned int level_shift(enum hosted_level level)
{
	return PAGE_SHIFT + 9 * level;
}

static unsigned int level_index(unsigned long addr, enum hosted_level level)
{
	return addr >> level_shift(level) & (HOSTED_SLOTS - 1);
}

/* Tables are aligned to 16. */
static bool is_leaf(u64 entry, enum hosted_level level)
{
	return level == HOSTED_PTE || entry & HOSTED_HUGE;
}

/* The slot for addr in the table of a level. NULL: there is no such table. */
static u64 *level_slot(struct mm_struct *mm, unsigned long addr, enum hosted_level wanted,
		       bool create)
{
	struct hosted_table *table = mm->pgd;
	enum hosted_level level;
	u64 *slot;

	for (level = HOSTED_PGD; level > wanted; level--) {
		slot = hosted_table_slot(table, level_index(addr, level), create);
		if (!slot || (*slot && is_leaf(*slot, level)))
			return NULL;
		if (!*slot && create)
			*slot = (u64)hosted_table_alloc();
		if (!*slot)
			return NULL;
		table = (struct hosted_table *)*slot;
	}
	return hosted_table_slot(table, level_index(addr, wanted), create);
}

static struct hosted_place place_at(unsigned long addr, enum hosted_level level, u64 *slot)
{
	unsigned long size = 1UL << level_shift(level);

	return (struct hosted_place){
		.slot = slot,
		.level = level,
		.addr = ALIGN_DOWN(addr, size),
		.size = size,
	};
}

struct hosted_place hosted_huge_place(struct mm_struct *mm, unsigned long addr)
{
	u64 *slot = level_slot(mm, addr, HOSTED_PMD, true);

	if (*slot && !is_leaf(*slot, HOSTED_PMD))
		slot = NULL;
	return place_at(addr, HOSTED_PMD, slot);
}

struct hosted_place hosted_place_of(struct mm_struct *mm, unsigned long addr, bool create)
{
	u64 *slot = level_slot(mm, addr, HOSTED_PMD, false);

	if (slot && *slot && is_leaf(*slot, HOSTED_PMD))
		return place_at(addr, HOSTED_PMD, slot);
	return place_at(addr, HOSTED_PTE, level_slot(mm, addr, HOSTED_PTE, create));
}

/* Without a lock: as it is now, after others had their chance. */
struct hosted_place hosted_look(struct mm_struct *mm, unsigned long addr, enum hosted_op op)
{
	u64 *slot = hosted_place_of(mm, addr, false).slot;

	hosted_point(op, slot ?: (void *)mm->pgd, sizeof(*slot));
	return hosted_place_of(mm, addr, false);
}

/* 0 if there is no table. */
u64 hosted_get(const struct hosted_place *place)
{
	return place->slot ? *place->slot : 0;
}

void hosted_set(struct mm_struct *mm, const struct hosted_place *place, u64 entry)
{
	lockdep_assert_held(&mm->page_table_lock);
	hosted_point(HOSTED_MARKED_WRITE, place->slot, sizeof(*place->slot));
	hosted_release(place->slot);
	*place->slot = entry;
}

bool pte_present(pte_t pte)
{
	return pte & HOSTED_PRESENT;
}

bool pte_special(pte_t pte)
{
	return is_zero_pfn(hosted_entry_pfn(pte));
}

struct page *pte_page(pte_t pte)
{
	return pfn_to_page(hosted_entry_pfn(pte));
}

unsigned long hosted_place_pfn(const struct hosted_place *place, unsigned long addr)
{
	return hosted_entry_pfn(hosted_get(place)) + ((addr - place->addr) >> PAGE_SHIFT);
}

unsigned long hosted_populated(struct mm_struct *mm, unsigned long addr, unsigned long end,
			       enum hosted_level level)
{
	enum hosted_level above;
	u64 *slot;

	while (addr < end) {
		/* What is empty at a higher level is skipped at once. */
		for (above = HOSTED_PGD; above > level; above--) {
			slot = level_slot(mm, addr, above, false);
			if (!slot || !*slot || is_leaf(*slot, above))
				break;
		}
		slot = level_slot(mm, addr, above, false);
		if (slot && *slot)
			return addr;
		addr = (addr | ((1UL << level_shift(above)) - 1)) + 1;
	}
	return end;
}

static void free_level(struct hosted_table *table, enum hosted_level level, unsigned long base,
		       unsigned long floor, unsigned long ceiling);

static void free_slot(u64 *slot, enum hosted_level level, unsigned long addr, unsigned long floor,
		      unsigned long ceiling)
{
	unsigned long end = addr + (1UL << level_shift(level));
	struct hosted_table *table;

	if (!slot || !*slot || is_leaf(*slot, level) || end <= floor || addr >= ceiling)
		return;
	table = (struct hosted_table *)*slot;
	free_level(table, level - 1, addr, floor, ceiling);
	if (addr < floor || end > ceiling)
		return;
	BUG_ON(!hosted_table_empty(table));
	hosted_table_free(table);
	*slot = 0;
}

static void free_level(struct hosted_table *table, enum hosted_level level, unsigned long base,
		       unsigned long floor, unsigned long ceiling)
{
	unsigned int i;

	if (level == HOSTED_PTE)
		return;
	for (i = 0; i < HOSTED_SLOTS; i++) {
		if (table->chunk[i / HOSTED_CHUNK])
			free_slot(hosted_table_slot(table, i, false), level,
				  base + ((unsigned long)i << level_shift(level)), floor, ceiling);
		else
			i |= HOSTED_CHUNK - 1;
	}
}

/* Those that lie between two mappings. Nobody finds a page there any more. */
void hosted_free_tables(struct mm_struct *mm, unsigned long floor, unsigned long ceiling)
{
	free_level(mm->pgd, HOSTED_PGD, 0, floor, ceiling);
}

void hosted_split_entry(struct mm_struct *mm, const struct hosted_place *place)
{
	struct hosted_table *table = hosted_table_alloc();
	u64 entry = hosted_get(place) & ~HOSTED_HUGE;
	unsigned int i;

	if (!hosted_entry_is(entry, HOSTED_MIGRATION))
		hosted_map_folio(hosted_folio_of(hosted_entry_pfn(entry)), HOSTED_SLOTS - 1);
	for (i = 0; i < HOSTED_SLOTS; i++)
		*hosted_table_slot(table, i, true) = entry + hosted_entry_make(i, 0);
	hosted_set(mm, place, (u64)table);
}

/* Under page_table_lock: what stands where the table of pages for addr is named; returns that. */
struct hosted_table *hosted_swap_table(struct mm_struct *mm, unsigned long addr, u64 entry)
{
	struct hosted_place place =
		place_at(addr, HOSTED_PMD, level_slot(mm, addr, HOSTED_PMD, false));
	struct hosted_table *table = (struct hosted_table *)hosted_get(&place);

	hosted_set(mm, &place, entry);
	return table;
}
