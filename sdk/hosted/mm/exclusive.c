// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exclusive access: an entry that keeps the page mapped, and makes the next access of a processor
 * fault. That gives the page back.
 */
#include <linux/pagemap.h>
#include <linux/rmap.h>

#include "internal.h"

static struct folio *get_writable(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio;
	struct page *page;
	long err = get_user_pages_remote(mm, addr, 1, FOLL_WRITE, &page, NULL);

	if (err < 0)
		return ERR_PTR(err);
	folio = page_folio(page);
	if (folio->anon_vma)
		return folio;
	folio_put(folio);
	return ERR_PTR(-EOPNOTSUPP);
}

/* Whether the page is still there and writable; then it is the device's. */
static bool lend(struct mm_struct *mm, unsigned long addr, struct folio *folio)
{
	struct hosted_place place;
	bool lent;
	u64 entry;

	spin_lock(&mm->page_table_lock);
	place = hosted_huge_place(mm, addr);
	if (place.slot && hosted_get(&place) & HOSTED_HUGE)
		hosted_split_entry(mm, &place);
	place = hosted_place_of(mm, addr, false);
	entry = hosted_get(&place);
	lent = entry & HOSTED_PRESENT && entry & HOSTED_WRITE &&
	       hosted_folio_of(hosted_entry_pfn(entry)) == folio;
	if (lent)
		hosted_set(mm, &place,
			   hosted_entry_make(hosted_entry_pfn(entry),
					     HOSTED_LENT |
						     (entry & (HOSTED_WRITE | HOSTED_DIRTY))));
	spin_unlock(&mm->page_table_lock);
	return lent;
}

static bool lend_announced(struct mm_struct *mm, unsigned long addr, void *owner,
			   struct folio *folio)
{
	struct mmu_notifier_range event;
	bool lent;

	hosted_event_init(&event, mm, MMU_NOTIFY_EXCLUSIVE, addr, addr + PAGE_SIZE, owner);
	hosted_event_start(&event);
	lent = lend(mm, addr, folio);
	hosted_event_end(&event);
	return lent;
}

struct page *make_device_exclusive(struct mm_struct *mm, unsigned long addr, void *owner,
				   struct folio **foliop)
{
	struct folio *folio;
	struct page *page;

	mmap_assert_locked(mm);
	for (;;) {
		folio = get_writable(mm, addr);
		if (IS_ERR(folio))
			return ERR_CAST(folio);
		page = folio_page(folio, 0);
		folio_lock(folio);
		if (lend_announced(mm, addr, owner, folio))
			break;
		folio_unlock(folio);
		folio_put(folio);
	}
	*foliop = folio;
	return page;
}
