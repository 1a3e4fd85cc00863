// SPDX-License-Identifier: GPL-2.0-only
/* Collapse: 512 pages in a row become one huge page, as khugepaged and MADV_COLLAPSE do it. */
#include "internal.h"

/* Whether the page at the place can be copied and let go of. */
static bool can_collapse(u64 entry)
{
	struct folio *folio;

	if (!entry)
		return true;
	if (!(entry & HOSTED_PRESENT) || entry & HOSTED_PROTNONE)
		return false;
	folio = hosted_folio_of(hosted_entry_pfn(entry));
	if (hosted_folio_test(folio, HOSTED_PG_ZERO))
		return true;
	return folio->anon_vma && !hosted_folio_test(folio, HOSTED_PG_KSM) &&
	       folio->refs == folio->maps;
}

static u64 table_entry(struct hosted_table *table, unsigned int i)
{
	u64 *slot = hosted_table_slot(table, i, false);

	return slot ? *slot : 0;
}

static bool table_can_collapse(struct hosted_table *table)
{
	unsigned int i;

	for (i = 0; i < HOSTED_SLOTS; i++)
		if (!can_collapse(table_entry(table, i)))
			return false;
	return true;
}

static void copy_table(struct folio *huge, struct hosted_table *table, struct hosted_gather *gather)
{
	struct folio *folio;
	unsigned int i;
	u64 entry;

	for (i = 0; i < HOSTED_SLOTS; i++) {
		entry = table_entry(table, i);
		if (!entry)
			continue;
		hosted_page_copy(huge->pfn + i, hosted_entry_pfn(entry));
		folio = hosted_folio_of(hosted_entry_pfn(entry));
		if (hosted_folio_test(folio, HOSTED_PG_ZERO))
			continue;
		hosted_unmap_folio(folio, 1);
		hosted_gather_add(gather, folio, 1);
	}
}

/*
 * The table is taken out inside the event, so that the processor and devices fault and wait for
 * mmap_lock. If a page can not be had, it is put back. Under mmap_lock for writing.
 */
static int collapse(struct vm_area_struct *vma, unsigned long addr, struct folio *huge)
{
	struct hosted_gather gather = {};
	struct mm_struct *mm = vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_table *table;
	bool able;

	down_write(hosted_anon_lock(vma->anon_vma));
	hosted_event_init(&event, mm, MMU_NOTIFY_CLEAR, addr, addr + PMD_SIZE, NULL);
	hosted_event_start(&event);
	spin_lock(&mm->page_table_lock);
	table = hosted_swap_table(mm, addr, 0);
	spin_unlock(&mm->page_table_lock);
	hosted_event_end(&event);

	spin_lock(&mm->page_table_lock);
	able = table_can_collapse(table);
	if (able) {
		copy_table(huge, table, &gather);
		hosted_new_anon(huge, vma, addr, true);
		hosted_map_folio(huge, 1);
		hosted_swap_table(
			mm, addr,
			hosted_entry_make(huge->pfn,
					  HOSTED_PRESENT | HOSTED_HUGE | HOSTED_DIRTY |
						  HOSTED_YOUNG |
						  (vma->vm_flags & VM_WRITE ? HOSTED_WRITE : 0)));
		hosted_table_free(table);
	} else {
		hosted_swap_table(mm, addr, (u64)table);
	}
	spin_unlock(&mm->page_table_lock);
	up_write(hosted_anon_lock(vma->anon_vma));
	hosted_gather_free(&gather);
	return able ? 0 : -EAGAIN;
}

static bool any_writable(struct mm_struct *mm, unsigned long addr)
{
	unsigned long end = addr + PMD_SIZE;
	struct hosted_place place;

	while ((addr = hosted_populated(mm, addr, end, HOSTED_PTE)) < end) {
		place = hosted_place_of(mm, addr, false);
		if (hosted_get(&place) & HOSTED_PRESENT && hosted_get(&place) & HOSTED_WRITE)
			return true;
		addr += PAGE_SIZE;
	}
	return false;
}

/* What is in swap comes back first. */
static void swap_in_all(struct vm_area_struct *vma, unsigned long addr)
{
	unsigned long end = addr + PMD_SIZE;
	struct hosted_place place;

	while ((addr = hosted_populated(vma->vm_mm, addr, end, HOSTED_PTE)) < end) {
		place = hosted_place_of(vma->vm_mm, addr, false);
		if (hosted_entry_is(hosted_get(&place), HOSTED_SWAP))
			handle_mm_fault(vma, addr, FAULT_FLAG_REMOTE, NULL);
		addr += PAGE_SIZE;
	}
}

/* Up to 6.12 nothing is done for pages of which none can be written. */
static int prepare(struct mm_struct *mm, unsigned long addr)
{
	struct vm_area_struct *vma;
	int err = -EINVAL;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && addr + PMD_SIZE <= vma->vm_end &&
	    (hosted_generation >= HOSTED_7_3 || any_writable(mm, addr))) {
		swap_in_all(vma, addr);
		err = 0;
	}
	mmap_read_unlock(mm);
	return err;
}

/* Alone under mmap_lock, after the memory was found. */
static int collapse_locked(struct mm_struct *mm, unsigned long addr, struct folio *huge)
{
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	struct hosted_place place = hosted_place_of(mm, addr, false);

	if (!vma || !hosted_vma_is_anon(vma) || addr + PMD_SIZE > vma->vm_end)
		return -EINVAL;
	if (place.level == HOSTED_PMD)
		return 0;
	if (!vma->anon_vma ||
	    hosted_populated(mm, addr, addr + PMD_SIZE, HOSTED_PTE) == addr + PMD_SIZE)
		return -EINVAL;
	return collapse(vma, addr, huge);
}

int hosted_collapse(struct mm_struct *mm, unsigned long addr)
{
	struct folio *huge = hosted_folio_alloc(HOSTED_PMD_ORDER);
	int err;

	if (!huge)
		return -ENOMEM;
	err = prepare(mm, addr);
	if (!err) {
		mmap_write_lock(mm);
		err = collapse_locked(mm, addr, huge);
		mmap_write_unlock(mm);
	}
	folio_put(huge);
	return err;
}
