// SPDX-License-Identifier: GPL-2.0-only
/* Merging of pages with the same content (KSM). A merged page is never written: it is copied. */
#include "internal.h"

/* One place where a merged page is mapped; children of the process may have it as well. */
struct item {
	struct folio *folio;
	struct anon_vma *anon_vma;
	unsigned long addr;
	struct list_head node;
};

static LIST_HEAD(items);

static void item_add(struct folio *folio, struct anon_vma *anon_vma, unsigned long addr)
{
	struct item *item = hosted_alloc(sizeof(*item));

	item->folio = folio;
	item->anon_vma = anon_vma;
	item->addr = addr;
	hosted_anon_get(anon_vma);
	list_add_tail(&item->node, &items);
}

void hosted_ksm_forget(struct folio *folio)
{
	struct item *item, *next;

	list_for_each_entry_safe(item, next, &items, node) {
		if (item->folio != folio)
			continue;
		list_del(&item->node);
		hosted_anon_put(item->anon_vma);
		hosted_free(item);
	}
}

void hosted_ksm_replace(struct folio *from, struct folio *to)
{
	struct item *item;

	list_for_each_entry(item, &items, node)
		if (item->folio == from)
			item->folio = to;
}

/* False if the callback wants no more. */
static bool walk_item(const struct item *item, struct folio *folio, hosted_rmap_fn fn, void *arg)
{
	struct anon_vma_chain *link;
	bool more = true;

	down_read(hosted_anon_lock(item->anon_vma));
	list_for_each_entry(link, &item->anon_vma->chains, in_anon_vma) {
		if (item->addr < link->vma->vm_start || item->addr >= link->vma->vm_end)
			continue;
		more = fn(link->vma, item->addr, folio, arg);
		if (!more)
			break;
	}
	up_read(hosted_anon_lock(item->anon_vma));
	return more;
}

void hosted_ksm_walk(struct folio *folio, hosted_rmap_fn fn, void *arg)
{
	struct item *item;

	list_for_each_entry(item, &items, node)
		if (item->folio == folio && !walk_item(item, folio, fn, arg))
			return;
}

/* ---- merge */

static bool same_content(unsigned long pfn, unsigned long with)
{
	u64 a[HOSTED_WORDS], b[HOSTED_WORDS];

	hosted_page_read(pfn, 0, a, sizeof(a));
	hosted_page_read(with, 0, b, sizeof(b));
	return !memcmp(a, b, sizeof(a));
}

/* No more stores to the page; fails if others than page tables use it. */
static int write_protect(struct vm_area_struct *vma, unsigned long addr, struct folio *folio)
{
	struct mm_struct *mm = vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_place place;
	int err = -EAGAIN;
	u64 entry;

	hosted_event_init(&event, mm, MMU_NOTIFY_CLEAR, addr, addr + PAGE_SIZE, NULL);
	hosted_single_start(&event);
	spin_lock(&mm->page_table_lock);
	place = hosted_rmap_place(mm, addr, folio);
	if (place.slot)
		err = 0;
	if (place.slot && (hosted_get(&place) & (HOSTED_WRITE | HOSTED_DIRTY) ||
			   hosted_folio_test(folio, HOSTED_PG_EXCLUSIVE))) {
		entry = hosted_single_clear(mm, &place);
		if (folio->refs != folio->maps + 1) {
			hosted_set(mm, &place, entry);
			err = -EAGAIN;
		} else {
			hosted_folio_clear(folio, HOSTED_PG_EXCLUSIVE);
			entry &= ~(HOSTED_WRITE | HOSTED_DIRTY);
			hosted_single_replace(mm, &place, entry);
		}
	}
	spin_unlock(&mm->page_table_lock);
	hosted_single_end(&event);
	return err;
}

static int replace(struct vm_area_struct *vma, unsigned long addr, struct folio *folio,
		   struct folio *merged)
{
	struct mm_struct *mm = vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_place place;

	hosted_event_init(&event, mm, MMU_NOTIFY_CLEAR, addr, addr + PAGE_SIZE, NULL);
	hosted_single_start(&event);
	spin_lock(&mm->page_table_lock);
	place = hosted_rmap_place(mm, addr, folio);
	if (place.slot && !(hosted_get(&place) & HOSTED_WRITE)) {
		hosted_set(mm, &place, 0);
		hosted_map_folio(merged, 1);
		hosted_single_replace(
			mm, &place, hosted_entry_make(merged->pfn, HOSTED_PRESENT | HOSTED_YOUNG));
		hosted_unmap_folio(folio, 1);
		item_add(merged, vma->anon_vma, addr);
	} else {
		place.slot = NULL;
	}
	spin_unlock(&mm->page_table_lock);
	hosted_single_end(&event);
	if (!place.slot)
		return -EAGAIN;
	folio_put(folio);
	return 0;
}

/* Merged is one page, and not part of another. */
static void split_for(struct folio *huge)
{
	folio_lock(huge);
	if (huge->order)
		hosted_folio_split(huge);
	folio_unlock(huge);
	folio_put(huge);
}

/* A mapping that takes part, and a page in it of its own. NULL: none. */
static struct folio *candidate(struct mm_struct *mm, unsigned long addr,
			       struct vm_area_struct **vma)
{
	struct folio *folio;

	*vma = vma_lookup(mm, addr);
	if (!*vma || !((*vma)->vm_flags & VM_MERGEABLE))
		return NULL;
	folio = hosted_folio_at(mm, addr);
	if (folio && folio->order) {
		split_for(folio);
		folio = hosted_folio_at(mm, addr);
	}
	if (!folio || (folio->anon_vma && !folio->order && !folio->pgmap))
		return folio;
	folio_put(folio);
	return NULL;
}

/* The page becomes one that can be merged with. */
static int make_merged(struct mm_struct *mm, unsigned long addr, struct folio **merged)
{
	struct vm_area_struct *vma;
	struct folio *folio;
	int err = 0;

	mmap_read_lock(mm);
	folio = candidate(mm, addr, &vma);
	if (folio && !hosted_folio_test(folio, HOSTED_PG_KSM)) {
		folio_lock(folio);
		err = write_protect(vma, addr, folio);
		if (!err) {
			item_add(folio, vma->anon_vma, addr);
			hosted_folio_set(folio, HOSTED_PG_KSM);
		}
		folio_unlock(folio);
	}
	mmap_read_unlock(mm);
	*merged = folio;
	return folio ? err : -EINVAL;
}

static int merge_into(struct mm_struct *mm, unsigned long addr, struct folio *merged)
{
	struct vm_area_struct *vma;
	struct folio *folio;
	int err;

	mmap_read_lock(mm);
	folio = candidate(mm, addr, &vma);
	err = folio && folio != merged ? 0 : -EINVAL;
	if (!err) {
		folio_lock(folio);
		err = write_protect(vma, addr, folio);
		if (!err && !same_content(folio->pfn, merged->pfn))
			err = -EAGAIN;
		if (!err)
			err = replace(vma, addr, folio, merged);
		folio_unlock(folio);
	}
	if (folio)
		folio_put(folio);
	mmap_read_unlock(mm);
	return err;
}

int hosted_ksm_merge(struct mm_struct *mm, unsigned long addr, struct mm_struct *with,
		     unsigned long with_addr)
{
	struct folio *merged;
	int err = make_merged(with, with_addr, &merged);

	if (!err)
		err = merge_into(mm, addr, merged);
	if (merged)
		folio_put(merged);
	return err;
}

/* Each merged page of the range becomes one of the process's own. Under mmap_lock. */
void hosted_ksm_unmerge(struct vm_area_struct *vma, unsigned long start, unsigned long end)
{
	struct folio *folio;
	bool merged;

	for (; start < end; start += PAGE_SIZE) {
		folio = hosted_folio_at(vma->vm_mm, start);
		if (!folio)
			continue;
		merged = hosted_folio_test(folio, HOSTED_PG_KSM);
		folio_put(folio);
		if (merged)
			handle_mm_fault(vma, start, FAULT_FLAG_UNSHARE | FAULT_FLAG_REMOTE, NULL);
	}
}
