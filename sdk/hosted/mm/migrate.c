// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration: a page is replaced by another one with the same content. Entries of page tables say
 * meanwhile that it is on its way, and faults wait until the old page is unlocked.
 */
#include "internal.h"

struct remap {
	struct folio *from;
	struct folio *to;
};

static bool is_moving(u64 entry, const struct folio *from)
{
	return hosted_entry_is(entry, HOSTED_MIGRATION) &&
	       hosted_folio_of(hosted_entry_pfn(entry)) == from;
}

static u64 entry_moved(u64 entry, const struct remap *remap)
{
	unsigned long pfn = hosted_entry_pfn(entry) - remap->from->pfn + remap->to->pfn;

	if (is_device_private_page(folio_page(remap->to, 0)))
		return hosted_entry_make(pfn, HOSTED_DEVICE | (entry & HOSTED_WRITE));
	return hosted_entry_make(
		pfn, HOSTED_PRESENT | (entry & (HOSTED_WRITE | HOSTED_DIRTY | HOSTED_HUGE)));
}

static bool remap_one(struct vm_area_struct *vma, unsigned long addr, struct folio *folio,
		      void *arg)
{
	unsigned long end = hosted_rmap_end(vma, addr, folio);
	struct mm_struct *mm = vma->vm_mm;
	struct hosted_place place;
	struct remap *remap = arg;

	for (; addr < end; addr = place.addr + place.size) {
		spin_lock(&mm->page_table_lock);
		place = hosted_place_of(mm, addr, false);
		if (is_moving(hosted_get(&place), remap->from)) {
			hosted_map_folio(remap->to, 1);
			hosted_set(mm, &place, entry_moved(hosted_get(&place), remap));
		}
		spin_unlock(&mm->page_table_lock);
	}
	return true;
}

void hosted_remap(struct folio *from, struct folio *to)
{
	struct remap remap = { .from = from, .to = to };

	hosted_rmap_walk(to, remap_one, &remap);
}

bool hosted_may_move(const struct folio *folio)
{
	return !folio->maps && folio->refs == (folio->mapping ? 2 : 1) && !folio->swap;
}

static void copy_content(struct folio *to, struct folio *from)
{
	unsigned long i;

	for (i = 0; i < hosted_folio_pages(from); i++)
		hosted_page_copy(to->pfn + i, from->pfn + i);
}

void hosted_take_over(struct folio *to, struct folio *from)
{
	to->flags |= from->flags & ~BIT(HOSTED_PG_LOCKED);
	to->index = from->index;
	to->anon_vma = from->anon_vma;
	if (to->anon_vma)
		hosted_anon_get(to->anon_vma);
	if (from->mapping)
		hosted_cache_replace(from, to);
	hosted_ksm_replace(from, to);
}

/* The folio is locked, and the caller has a reference. */
static int move(struct folio *from)
{
	struct folio *to, *moved = from;

	if (from->pgmap || (!from->anon_vma && !from->mapping))
		return -EINVAL;
	to = hosted_folio_alloc(from->order);
	if (!to)
		return -ENOMEM;
	folio_lock(to);
	hosted_unmap(from, HOSTED_TO_MIGRATION, 0);
	if (hosted_may_move(from)) {
		copy_content(to, from);
		hosted_take_over(to, from);
		moved = to;
	}
	hosted_remap(from, moved);
	folio_unlock(to);
	folio_put(to);
	return moved == to ? 0 : -EAGAIN;
}

static int move_locked(struct folio *folio)
{
	int err;

	folio_lock(folio);
	err = move(folio);
	folio_unlock(folio);
	folio_put(folio);
	return err;
}

int hosted_migrate(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio = hosted_folio_at(mm, addr);

	return folio ? move_locked(folio) : -ENOENT;
}

/* Compaction makes room for huge pages, and does not move those that are there. */
static bool is_compacted(const struct folio *folio)
{
	return folio->order < HOSTED_PMD_ORDER && !hosted_folio_test(folio, HOSTED_PG_ZERO);
}

/* All pages that can be moved, to the end of memory; returns how many it has moved. */
unsigned long hosted_compact(void)
{
	unsigned long pfn, last = 0, moved = 0;
	struct folio *folio;

	for (folio = hosted_folio_next(0); folio; folio = hosted_folio_next(last + 1))
		last = folio->pfn;
	for (pfn = 0; (folio = hosted_folio_next(pfn)) && folio->pfn <= last;) {
		pfn = folio->pfn + hosted_folio_pages(folio);
		if (is_compacted(folio))
			moved += !move_locked(hosted_folio_hold(folio));
	}
	return moved;
}

/* ---- a huge page goes to pieces */

static void remap_piece(struct mm_struct *mm, unsigned long addr, const struct folio *whole)
{
	struct hosted_place place = hosted_place_of(mm, addr, false);
	u64 entry = hosted_get(&place);
	unsigned long pfn = hosted_entry_pfn(entry);

	if (!hosted_entry_is(entry, HOSTED_MIGRATION) || pfn < whole->pfn ||
	    pfn >= whole->pfn + hosted_folio_pages(whole))
		return;
	hosted_map_folio(hosted_folio_of(pfn), 1);
	hosted_set(mm, &place,
		   hosted_entry_make(pfn,
				     HOSTED_PRESENT | (entry & (HOSTED_WRITE | HOSTED_DIRTY))));
}

static bool remap_pieces(struct vm_area_struct *vma, unsigned long addr, struct folio *whole,
			 void *unused)
{
	unsigned long end = hosted_rmap_end(vma, addr, whole);
	struct mm_struct *mm = vma->vm_mm;

	for (; addr < end; addr += PAGE_SIZE) {
		spin_lock(&mm->page_table_lock);
		remap_piece(mm, addr, whole);
		spin_unlock(&mm->page_table_lock);
	}
	return true;
}

static void free_piece(struct folio *folio)
{
	folio_unlock(folio);
	folio_put(folio);
}

/* The walk goes by what the huge page was; pages that nobody maps any more are freed. */
int hosted_folio_split(struct folio *folio)
{
	struct folio whole = *folio;
	unsigned long i;
	bool able;

	hosted_unmap(folio, HOSTED_TO_PIECES, 0);
	able = hosted_may_move(folio);
	if (able)
		hosted_folio_break(folio);
	hosted_rmap_walk(&whole, remap_pieces, NULL);
	for (i = 1; able && i < hosted_folio_pages(&whole); i++)
		free_piece(hosted_folio_of(whole.pfn + i));
	return able ? 0 : -EAGAIN;
}

/* ---- memory of devices */

/*
 * As a driver does it for a page that nobody else has: one event, which carries its owner. The
 * entry says where the page is then.
 */
static int to_device(struct vm_area_struct *vma, unsigned long addr, struct folio *from,
		     struct folio *to)
{
	struct mm_struct *mm = vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_place place;
	u64 entry;

	hosted_event_init(&event, mm, MMU_NOTIFY_MIGRATE, addr, addr + PAGE_SIZE, to->pgmap->owner);
	hosted_event_start(&event);
	spin_lock(&mm->page_table_lock);
	place = hosted_rmap_place(mm, addr, from);
	if (place.slot && from->refs == 2 && from->maps == 1) {
		entry = hosted_get(&place);
		hosted_set(mm, &place, 0);
		hosted_page_copy(to->pfn, from->pfn);
		hosted_new_anon(to, vma, addr, true);
		hosted_map_folio(to, 1);
		hosted_set(mm, &place,
			   hosted_entry_make(to->pfn, HOSTED_DEVICE | (entry & HOSTED_WRITE)));
		hosted_unmap_folio(from, 1);
	}
	spin_unlock(&mm->page_table_lock);
	hosted_event_end(&event);
	if (from->maps)
		return -EAGAIN;
	folio_put(from);
	return 0;
}

int hosted_to_device(struct mm_struct *mm, unsigned long addr, struct dev_pagemap *pgmap)
{
	struct vm_area_struct *vma;
	struct folio *from, *to;
	int err = -EINVAL;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	from = hosted_folio_at(mm, addr);
	to = hosted_folio_alloc(0);
	if (vma && from && to && from->anon_vma && !from->order && !from->pgmap) {
		to->pgmap = pgmap;
		folio_lock(from);
		err = to_device(vma, addr, from, to);
		folio_unlock(from);
	}
	if (to)
		folio_put(to);
	if (from)
		folio_put(from);
	mmap_read_unlock(mm);
	return err;
}
