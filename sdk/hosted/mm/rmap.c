// SPDX-License-Identifier: GPL-2.0-only
/* From a page to the entries that map it; and what unmaps a page from all of them. */
#include "internal.h"

/* Where a mapping has the first page of the folio that it can have; false if it has none. */
static bool address_in(const struct vm_area_struct *vma, const struct folio *folio,
		       unsigned long *addr)
{
	pgoff_t pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

	if (folio->index >= vma->vm_pgoff + pages ||
	    folio->index + hosted_folio_pages(folio) <= vma->vm_pgoff)
		return false;
	*addr = vma->vm_start;
	if (folio->index > vma->vm_pgoff)
		*addr += (folio->index - vma->vm_pgoff) << PAGE_SHIFT;
	return true;
}

unsigned long hosted_rmap_end(const struct vm_area_struct *vma, unsigned long addr,
			      const struct folio *folio)
{
	pgoff_t offset = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT) - folio->index;

	if (hosted_folio_test(folio, HOSTED_PG_KSM))
		return addr + PAGE_SIZE;
	return min(vma->vm_end, addr + ((hosted_folio_pages(folio) - offset) << PAGE_SHIFT));
}

struct hosted_place hosted_rmap_place(struct mm_struct *mm, unsigned long addr,
				      const struct folio *folio)
{
	struct hosted_place place = hosted_place_of(mm, addr, false);
	u64 entry = hosted_get(&place);

	if (!hosted_entry_maps(entry))
		place.slot = NULL;
	else if (hosted_folio_of(hosted_entry_pfn(entry)) != folio)
		place.slot = NULL;
	return place;
}

static void walk_anon(struct folio *folio, hosted_rmap_fn fn, void *arg)
{
	struct anon_vma *anon_vma = folio->anon_vma;
	struct anon_vma_chain *link;
	unsigned long addr;

	down_read(hosted_anon_lock(anon_vma));
	list_for_each_entry(link, &anon_vma->chains, in_anon_vma)
		if (address_in(link->vma, folio, &addr) && !fn(link->vma, addr, folio, arg))
			break;
	up_read(hosted_anon_lock(anon_vma));
}

static void walk_file(struct folio *folio, hosted_rmap_fn fn, void *arg)
{
	struct address_space *mapping = folio->mapping;
	struct vm_area_struct *vma;
	unsigned long addr;

	down_read(&mapping->i_mmap_rwsem);
	list_for_each_entry(vma, &mapping->i_mmap, shared)
		if (address_in(vma, folio, &addr) && !fn(vma, addr, folio, arg))
			break;
	up_read(&mapping->i_mmap_rwsem);
}

/* With the folio locked, so that it stays what it is. */
void hosted_rmap_walk(struct folio *folio, hosted_rmap_fn fn, void *arg)
{
	if (hosted_folio_test(folio, HOSTED_PG_KSM))
		hosted_ksm_walk(folio, fn, arg);
	else if (folio->anon_vma)
		walk_anon(folio, fn, arg);
	else if (folio->mapping)
		walk_file(folio, fn, arg);
}

struct folio *hosted_folio_at(struct mm_struct *mm, unsigned long addr)
{
	struct hosted_place place;
	struct folio *folio = NULL;

	spin_lock(&mm->page_table_lock);
	place = hosted_place_of(mm, addr, false);
	if (hosted_get(&place) & HOSTED_PRESENT)
		folio = hosted_folio_of(hosted_place_pfn(&place, addr));
	if (folio && hosted_folio_test(folio, HOSTED_PG_ZERO))
		folio = NULL;
	if (folio)
		hosted_folio_hold(folio);
	spin_unlock(&mm->page_table_lock);
	return folio;
}

/* ---- unmap */

struct unmap {
	enum hosted_unmap_to to;
	unsigned long swap; /* slot of the folio's first page */
	struct hosted_gather gather;
	bool kept; /* somebody has written to it: it stays */
};

static bool is_worthless(const struct folio *folio, u64 entry)
{
	return !(entry & HOSTED_DIRTY) && !hosted_folio_test(folio, HOSTED_PG_DIRTY);
}

/* What stands where the page was. */
static u64 entry_instead(struct unmap *unmap, struct folio *folio, u64 entry)
{
	unsigned long pfn = hosted_entry_pfn(entry);
	unsigned long slot = unmap->swap + pfn - folio->pfn;

	switch (unmap->to) {
	case HOSTED_TO_SWAP:
		hosted_swap_get(slot);
		return hosted_entry_make(
			slot, HOSTED_SWAP | (hosted_folio_test(folio, HOSTED_PG_EXCLUSIVE) ?
						     HOSTED_EXCLUSIVE :
						     0));
	case HOSTED_TO_MIGRATION:
	case HOSTED_TO_PIECES:
		return hosted_entry_make(
			pfn,
			HOSTED_MIGRATION | (entry & (HOSTED_WRITE | HOSTED_DIRTY | HOSTED_HUGE)));
	case HOSTED_TO_POISON:
		return HOSTED_POISON;
	default:
		return 0;
	}
}

static void unmap_entry(struct mm_struct *mm, const struct hosted_place *place, struct folio *folio,
			struct unmap *unmap)
{
	u64 entry = hosted_single_clear(mm, place);

	if (unmap->to == HOSTED_TO_NOTHING && folio->anon_vma && !is_worthless(folio, entry)) {
		hosted_set(mm, place, entry);
		unmap->kept = true;
		return;
	}
	if (entry & HOSTED_DIRTY)
		folio_mark_dirty(folio);
	hosted_set(mm, place, entry_instead(unmap, folio, entry));
	hosted_unmap_folio(folio, 1);
	hosted_gather_add(&unmap->gather, folio, 1);
}

/* Swap has entries for pages only. */
static void unmap_at(struct mm_struct *mm, unsigned long addr, unsigned long end,
		     struct folio *folio, struct unmap *unmap)
{
	struct hosted_place place;

	for (; addr < end && !unmap->kept; addr = place.addr + place.size) {
		spin_lock(&mm->page_table_lock);
		place = hosted_rmap_place(mm, addr, folio);
		if (place.slot && place.level == HOSTED_PMD && unmap->to != HOSTED_TO_MIGRATION) {
			hosted_split_entry(mm, &place);
			place = hosted_rmap_place(mm, addr, folio);
		}
		if (place.slot)
			unmap_entry(mm, &place, folio, unmap);
		spin_unlock(&mm->page_table_lock);
	}
}

static bool unmap_one(struct vm_area_struct *vma, unsigned long addr, struct folio *folio,
		      void *arg)
{
	unsigned long end = hosted_rmap_end(vma, addr, folio);
	struct unmap *unmap = arg;
	struct mmu_notifier_range event;

	/* It is mapped by pages in an event of its own, if it is not; up to 6.1 for swap too. */
	if (folio->order && (unmap->to == HOSTED_TO_PIECES ||
			     (hosted_generation == HOSTED_6_1 && unmap->to != HOSTED_TO_MIGRATION)))
		hosted_split_event(vma, addr);
	hosted_event_init(&event, vma->vm_mm, MMU_NOTIFY_CLEAR, addr, end, NULL);
	hosted_single_start(&event);
	unmap_at(vma->vm_mm, addr, end, folio, unmap);
	hosted_single_end(&event);
	return folio->maps && !unmap->kept;
}

bool hosted_unmap(struct folio *folio, enum hosted_unmap_to to, unsigned long swap)
{
	struct unmap unmap = { .to = to, .swap = swap };

	hosted_rmap_walk(folio, unmap_one, &unmap);
	hosted_gather_free(&unmap.gather);
	return !folio->maps;
}
