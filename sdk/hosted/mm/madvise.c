// SPDX-License-Identifier: GPL-2.0-only
/* madvise(): mapping by mapping. */
#include "internal.h"

/* ---- advice about the pages, under mmap_lock for reading */

/* The program does not need the content any more, unless it writes to the page again. */
static void free_lazily(struct vm_area_struct *vma, const struct hosted_place *place)
{
	struct folio *folio = hosted_folio_of(hosted_entry_pfn(hosted_get(place)));

	if (hosted_folio_test(folio, HOSTED_PG_ZERO) || folio->maps != 1 || folio->swap)
		return;
	hosted_set(vma->vm_mm, place, hosted_get(place) & ~(HOSTED_DIRTY | HOSTED_YOUNG));
	hosted_folio_clear(folio, HOSTED_PG_DIRTY);
	hosted_folio_set(folio, HOSTED_PG_LAZYFREE);
}

static void free_entry(struct vm_area_struct *vma, const struct hosted_place *place)
{
	u64 entry = hosted_get(place);

	if (entry & HOSTED_PRESENT) {
		free_lazily(vma, place);
	} else if (hosted_entry_is(entry, HOSTED_SWAP)) {
		hosted_set(vma->vm_mm, place, 0);
		hosted_swap_put(hosted_entry_pfn(entry));
	}
}

/* The huge page there becomes pages, if nobody else uses it. */
static bool split_page(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio = hosted_folio_at(mm, addr);
	bool done = false;

	if (!folio)
		return false;
	if (folio_trylock(folio)) {
		done = !hosted_folio_split(folio);
		folio_unlock(folio);
	}
	folio_put(folio);
	return done;
}

/* A huge page of which only a part is given up. */
static void split_at(struct vm_area_struct *vma, unsigned long addr)
{
	struct hosted_place place = hosted_place_of(vma->vm_mm, addr, false);

	if (place.level == HOSTED_PMD && place.addr != addr)
		split_page(vma->vm_mm, addr);
}

/* The page at the place, unless others map it, too. */
static const struct folio *own_folio(const struct hosted_place *place)
{
	u64 entry = hosted_get(place);
	const struct folio *folio;

	if (!(entry & HOSTED_PRESENT))
		return NULL;
	folio = hosted_folio_of(hosted_entry_pfn(entry));
	if (folio->maps != 1 && folio->maps != hosted_folio_pages(folio))
		return folio->order && place->level == HOSTED_PTE ? folio : NULL;
	return hosted_folio_test(folio, HOSTED_PG_ZERO) ? NULL : folio;
}

/* Whether a huge page would go out as a whole. Up to 6.1 one that is mapped by pages does not. */
static bool takes_all(const struct folio *folio, const struct hosted_place *place,
		      unsigned long end)
{
	if (place->level == HOSTED_PMD)
		return place->addr + PMD_SIZE <= end;
	return hosted_generation > HOSTED_6_1 && folio->maps == hosted_folio_pages(folio) &&
	       hosted_entry_pfn(hosted_get(place)) == folio->pfn &&
	       place->addr + hosted_folio_pages(folio) * PAGE_SIZE <= end;
}

/* Zeros that are not all in the range stay. */
static bool is_huge_zero(struct mm_struct *mm, unsigned long addr)
{
	struct hosted_place place = hosted_place_of(mm, addr, false);
	u64 entry = hosted_get(&place);

	return place.level == HOSTED_PMD && entry & HOSTED_PRESENT && place.addr != addr &&
	       hosted_folio_test(hosted_folio_of(hosted_entry_pfn(entry)), HOSTED_PG_ZERO);
}

/* Huge pages that are mapped by pages, and would be given up in part. */
static void split_pieces(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct hosted_place place;
	const struct folio *folio;

	while ((start = hosted_populated(mm, start, end, HOSTED_PTE)) < end) {
		place = hosted_place_of(mm, start, false);
		folio = own_folio(&place);
		start = place.addr + place.size;
		if (!folio || !folio->order || place.level == HOSTED_PMD)
			continue;
		if (takes_all(folio, &place, end))
			start = place.addr + hosted_folio_pages(folio) * PAGE_SIZE;
		else
			split_page(mm, place.addr);
	}
}

static int advise_free(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct mm_struct *mm = vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_place place = {};

	if (!hosted_vma_is_anon(vma))
		return -EINVAL;
	hosted_event_init(&event, mm, MMU_NOTIFY_CLEAR, start, end, NULL);
	hosted_event_start(&event);
	if (is_huge_zero(mm, start))
		start = min(end, ALIGN(start, PMD_SIZE));
	if (is_huge_zero(mm, end))
		end = max(start, ALIGN_DOWN(end, PMD_SIZE));
	split_at(vma, start);
	split_at(vma, end);
	split_pieces(mm, start, end);
	while (hosted_lock_next(vma, &start, end, &place)) {
		free_entry(vma, &place);
		start = place.addr + place.size;
	}
	hosted_event_end(&event);
	return 0;
}

/* What the processor has used does not count; up to 6.1 what devices have used does. */
static void page_out(struct mm_struct *mm, unsigned long addr)
{
	struct hosted_place place;

	if (hosted_generation > HOSTED_6_1) {
		hosted_page_out(mm, addr);
		return;
	}
	spin_lock(&mm->page_table_lock);
	place = hosted_place_of(mm, addr, false);
	if (hosted_get(&place) & HOSTED_YOUNG)
		hosted_set(mm, &place, hosted_get(&place) & ~HOSTED_YOUNG);
	spin_unlock(&mm->page_table_lock);
	hosted_reclaim(mm, addr);
}

/* Returns what comes next. Pages that can not be had are left, and so are those of others. */
static unsigned long pageout_place(struct mm_struct *mm, unsigned long addr, unsigned long end)
{
	struct hosted_place place = hosted_place_of(mm, addr, false);
	const struct folio *folio = own_folio(&place);

	if (folio && folio->order && (place.addr != addr || !takes_all(folio, &place, end)) &&
	    split_page(mm, addr))
		return addr;
	if (folio && place.addr == addr)
		page_out(mm, addr);
	return place.addr + place.size;
}

static int advise_pageout(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	while ((start = hosted_populated(vma->vm_mm, start, end, HOSTED_PTE)) < end)
		start = pageout_place(vma->vm_mm, start, end);
	return 0;
}

static int advise_pages(struct vm_area_struct *vma, unsigned long start, unsigned long end,
			enum hosted_advice advice)
{
	switch (advice) {
	case HOSTED_DONTNEED:
		hosted_zap_event(vma, start, end, false);
		return 0;
	case HOSTED_FREE:
		return advise_free(vma, start, end);
	default:
		return advise_pageout(vma, start, end);
	}
}

/* ---- advice about the mapping, under mmap_lock for writing */

static void advise_flags(struct vm_area_struct *vma, enum hosted_advice advice)
{
	if (advice == HOSTED_HUGEPAGE)
		vma->vm_flags = (vma->vm_flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE;
	else if (advice == HOSTED_NOHUGEPAGE)
		vma->vm_flags = (vma->vm_flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE;
	else if (advice == HOSTED_MERGEABLE)
		vma->vm_flags |= VM_MERGEABLE;
	else if (advice == HOSTED_DONTFORK)
		vma->vm_flags |= VM_DONTCOPY;
	else if (advice == HOSTED_UNMERGEABLE)
		vma->vm_flags &= ~VM_MERGEABLE;
}

static void advise_mapping(struct mm_struct *mm, unsigned long start, unsigned long end,
			   enum hosted_advice advice)
{
	struct vm_area_struct *vma;

	hosted_vma_split(mm, start);
	hosted_vma_split(mm, end);
	for (vma = find_vma(mm, start); vma && vma->vm_start < end; vma = hosted_vma_next(vma)) {
		if (advice == HOSTED_UNMERGEABLE && vma->vm_flags & VM_MERGEABLE)
			hosted_ksm_unmerge(vma, vma->vm_start, vma->vm_end);
		advise_flags(vma, advice);
	}
	hosted_vma_merge(mm, start, end);
}

/* ---- the rest */

static int advise_collapse(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	int err = 0;

	for (start = ALIGN(start, PMD_SIZE); !err && start + PMD_SIZE <= end; start += PMD_SIZE)
		err = hosted_collapse(mm, start);
	return err;
}

/* The file is kept while mmap_lock is not held. */
static int advise_remove(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;
	struct file *file = NULL;
	pgoff_t first = 0;
	int err;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, start);
	if (vma && vma->vm_file && vma->vm_flags & VM_SHARED && end <= vma->vm_end) {
		file = vma->vm_file;
		hosted_file_get(file);
		first = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	}
	mmap_read_unlock(mm);
	if (!file)
		return -EINVAL;
	err = hosted_punch_hole(file, first, (end - start) >> PAGE_SHIFT);
	hosted_file_put(file);
	return err;
}

static int advise_range(struct mm_struct *mm, unsigned long start, unsigned long end,
			enum hosted_advice advice)
{
	struct vm_area_struct *vma;
	int err = 0;

	mmap_read_lock(mm);
	for (vma = find_vma(mm, start); vma && vma->vm_start < end && !err;
	     vma = hosted_vma_next(vma))
		err = advise_pages(vma, max(start, vma->vm_start), min(end, vma->vm_end), advice);
	/* What is mapped has been done. */
	if (!err && !hosted_vma_covers(mm, start, end))
		err = -ENOMEM;
	mmap_read_unlock(mm);
	return err;
}

int hosted_madvise(struct mm_struct *mm, unsigned long addr, unsigned long len,
		   enum hosted_advice advice)
{
	int err = hosted_range_check(addr, len);

	if (err)
		return err;
	switch (advice) {
	case HOSTED_DONTNEED:
	case HOSTED_FREE:
	case HOSTED_PAGEOUT:
		return advise_range(mm, addr, addr + len, advice);
	case HOSTED_COLLAPSE:
		return advise_collapse(mm, addr, addr + len);
	case HOSTED_REMOVE:
		return advise_remove(mm, addr, addr + len);
	default:
		mmap_write_lock(mm);
		advise_mapping(mm, addr, addr + len, advice);
		mmap_write_unlock(mm);
		return 0;
	}
}
