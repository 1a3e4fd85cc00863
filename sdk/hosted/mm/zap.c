// SPDX-License-Identifier: GPL-2.0-only
/* Removal of pages: entries of page tables go first, then the event ends, then pages are freed. */
#include "internal.h"

void hosted_gather_add(struct hosted_gather *gather, struct folio *folio, int refs)
{
	struct hosted_gathered *more;

	if (gather->used && gather->item[gather->used - 1].folio == folio) {
		gather->item[gather->used - 1].refs += refs;
		return;
	}
	if (gather->used == gather->room) {
		gather->room = 2 * gather->room + 8;
		more = hosted_alloc(gather->room * sizeof(*more));
		if (gather->item) {
			memcpy(more, gather->item, gather->used * sizeof(*more));
			hosted_free(gather->item);
		}
		gather->item = more;
	}
	gather->item[gather->used++] = (struct hosted_gathered){ folio, refs };
}

void hosted_gather_free(struct hosted_gather *gather)
{
	unsigned int i;

	for (i = 0; i < gather->used; i++)
		hosted_folio_put_many(gather->item[i].folio, gather->item[i].refs);
	if (gather->item)
		hosted_free(gather->item);
}

/* One entry for each: a huge page may be mapped as a whole, or by pages. */
void hosted_map_folio(struct folio *folio, int count)
{
	if (hosted_folio_test(folio, HOSTED_PG_ZERO))
		return;
	folio->maps += count;
	folio->refs += count;
}

/* The references stay, for the gather. */
void hosted_unmap_folio(struct folio *folio, int count)
{
	if (hosted_folio_test(folio, HOSTED_PG_ZERO))
		return;
	BUG_ON(folio->maps < count);
	folio->maps -= count;
}

static void zap_page(u64 entry, struct hosted_gather *gather)
{
	struct folio *folio = hosted_folio_of(hosted_entry_pfn(entry));

	if (hosted_folio_test(folio, HOSTED_PG_ZERO))
		return;
	if (entry & HOSTED_DIRTY)
		folio_mark_dirty(folio);
	hosted_unmap_folio(folio, 1);
	hosted_gather_add(gather, folio, 1);
}

/* A migration entry has no reference: whoever moves the page finds it gone. */
static void zap_entry(u64 entry, struct hosted_gather *gather)
{
	if (hosted_entry_maps(entry))
		zap_page(entry, gather);
	else if (hosted_entry_is(entry, HOSTED_SWAP))
		hosted_swap_put(hosted_entry_pfn(entry));
}

static bool is_of_file(u64 entry)
{
	if (hosted_entry_is(entry, HOSTED_SWAP))
		return false;
	return !hosted_folio_of(hosted_entry_pfn(entry))->anon_vma;
}

void hosted_zap(struct vm_area_struct *vma, unsigned long start, unsigned long end, bool only_file,
		struct hosted_gather *gather)
{
	struct mm_struct *mm = vma->vm_mm;
	struct hosted_place place = {};
	u64 entry;

	while (hosted_lock_next(vma, &start, end, &place)) {
		entry = hosted_get(&place);
		if (!only_file || is_of_file(entry)) {
			hosted_set(mm, &place, 0);
			zap_entry(entry, gather);
		}
		start = place.addr + place.size;
	}
}

void hosted_zap_event(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		      bool only_file)
{
	struct hosted_gather gather = {};
	struct mmu_notifier_range event;

	hosted_event_init(&event, vma->vm_mm, MMU_NOTIFY_CLEAR, start, end, NULL);
	hosted_event_start(&event);
	hosted_zap(vma, start, end, only_file, &gather);
	hosted_event_end(&event);
	hosted_gather_free(&gather);
}

void hosted_split_event(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long start = ALIGN_DOWN(addr, PMD_SIZE);
	struct mm_struct *mm = vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_place place;

	hosted_event_init(&event, mm, MMU_NOTIFY_CLEAR, start, start + PMD_SIZE, NULL);
	hosted_event_start(&event);
	spin_lock(&mm->page_table_lock);
	place = hosted_place_of(mm, addr, false);
	if (place.level == HOSTED_PMD)
		hosted_split_entry(mm, &place);
	spin_unlock(&mm->page_table_lock);
	hosted_event_end(&event);
}

void hosted_split_huge(struct vm_area_struct *vma, unsigned long addr)
{
	if (hosted_place_of(vma->vm_mm, addr, false).level == HOSTED_PMD)
		hosted_split_event(vma, addr);
}

/*
 * The next entry in the range, with page_table_lock held; without it, false if there is none. The
 * lock is kept from one entry to the next as long as they are in one table, for which the place
 * begins empty and stays as it is. An entry that others have cleared for a moment is there as well:
 * they hold the lock meanwhile. A huge page that is not all in the range is mapped by pages.
 */
bool hosted_lock_next(struct vm_area_struct *vma, unsigned long *addr, unsigned long end,
		      struct hosted_place *place)
{
	struct mm_struct *mm = vma->vm_mm;
	bool locked = place->slot;

	if (locked && *addr >> PMD_SHIFT != place->addr >> PMD_SHIFT) {
		spin_unlock(&mm->page_table_lock);
		locked = false;
	}
	for (;; locked = false) {
		if (!locked)
			spin_lock(&mm->page_table_lock);
		*addr = hosted_populated(mm, *addr, end, HOSTED_PTE);
		*place = hosted_place_of(mm, *addr, false);
		if (*addr < end && place->addr >= *addr && place->addr + place->size <= end)
			return true;
		spin_unlock(&mm->page_table_lock);
		if (*addr >= end)
			return false;
		hosted_split_huge(vma, *addr);
	}
}
