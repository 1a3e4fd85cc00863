// SPDX-License-Identifier: GPL-2.0-only
/* Reclaim: asks whether a page is in use, and takes it away from everybody if not. */
#include "internal.h"

/* ---- aging */

enum ask {
	ASK_CLEAR_FLUSH,
	ASK_CLEAR,
	ASK_TEST,
};

struct aging {
	enum ask ask;
	bool young;
};

static bool ask_notifiers(enum ask ask, struct mm_struct *mm, const struct hosted_place *place)
{
	unsigned long end = place->addr + place->size;

	switch (ask) {
	case ASK_CLEAR_FLUSH:
		return hosted_notify_clear_flush_young(mm, place->addr, end);
	case ASK_CLEAR:
		return hosted_notify_clear_young(mm, place->addr, end);
	default:
		return hosted_notify_test_young(mm, place->addr);
	}
}

/* The notifiers are asked whatever the entry says, unless it is enough to know. */
static void age_entry(struct mm_struct *mm, const struct hosted_place *place, struct aging *aging)
{
	u64 entry = hosted_get(place);

	if (entry & HOSTED_YOUNG && aging->ask != ASK_TEST)
		hosted_set(mm, place, entry & ~HOSTED_YOUNG);
	aging->young |= !!(entry & HOSTED_YOUNG);
	if (aging->ask != ASK_TEST || !aging->young)
		aging->young |= ask_notifiers(aging->ask, mm, place);
}

static bool age_one(struct vm_area_struct *vma, unsigned long addr, struct folio *folio, void *arg)
{
	unsigned long end = hosted_rmap_end(vma, addr, folio);
	struct mm_struct *mm = vma->vm_mm;
	struct hosted_place place;

	for (; addr < end; addr = place.addr + place.size) {
		spin_lock(&mm->page_table_lock);
		place = hosted_rmap_place(mm, addr, folio);
		if (place.slot)
			age_entry(mm, &place, arg);
		spin_unlock(&mm->page_table_lock);
	}
	return true;
}

/* -ENOENT, or whether the page was used. */
static int age(struct mm_struct *mm, unsigned long addr, enum ask ask)
{
	struct folio *folio = hosted_folio_at(mm, addr);
	struct aging aging = { .ask = ask };

	if (!folio)
		return -ENOENT;
	folio_lock(folio);
	hosted_rmap_walk(folio, age_one, &aging);
	folio_unlock(folio);
	folio_put(folio);
	return aging.young;
}

int hosted_test_young(struct mm_struct *mm, unsigned long addr)
{
	return age(mm, addr, ASK_TEST);
}

int hosted_clear_young(struct mm_struct *mm, unsigned long addr)
{
	return age(mm, addr, ASK_CLEAR);
}

/* ---- pages go to swap, or to their file */

static void write_to_swap(struct folio *folio, unsigned long slot)
{
	unsigned long i;

	for (i = 0; i < hosted_folio_pages(folio); i++)
		hosted_swap_write(slot + i, folio->pfn + i);
}

/* Each slot is held until all is done: page tables may be torn down meanwhile. */
static int swap_out(struct folio *folio)
{
	unsigned long i, slot = folio->swap ?: hosted_swap_add(folio, hosted_folio_pages(folio));
	bool unmapped;

	for (i = 0; i < hosted_folio_pages(folio); i++)
		hosted_swap_get(slot + i);
	unmapped = hosted_unmap(folio, HOSTED_TO_SWAP, slot);
	write_to_swap(folio, slot);
	for (i = 0; i < hosted_folio_pages(folio); i++)
		hosted_swap_put(slot + i);
	return unmapped ? 0 : -EAGAIN;
}

/* What MADV_FREE has given up, unless it was written to again. */
static int drop_lazyfree(struct folio *folio)
{
	if (folio->refs == folio->maps + 1 && hosted_unmap(folio, HOSTED_TO_NOTHING, 0))
		return 0;
	hosted_folio_clear(folio, HOSTED_PG_LAZYFREE);
	return -EAGAIN;
}

static int write_to_file(struct folio *folio)
{
	if (!hosted_unmap(folio, HOSTED_TO_NOTHING, 0))
		return -EAGAIN;
	hosted_cache_write(folio);
	/* Others who use the page keep it. */
	if (folio->refs == 2)
		hosted_cache_remove(folio);
	return 0;
}

/* The folio is locked, and the caller has a reference. */
static int page_out(struct folio *folio)
{
	if (folio->pgmap)
		return -EINVAL;
	if (!folio->anon_vma)
		return folio->mapping ? write_to_file(folio) : -EAGAIN;
	if (hosted_folio_test(folio, HOSTED_PG_LAZYFREE))
		return drop_lazyfree(folio);
	/* A huge page is in swap as a whole, and has no copy in memory then. */
	if (folio->order && folio->refs != folio->maps + 1)
		return -EAGAIN;
	return swap_out(folio);
}

int hosted_page_out(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio = hosted_folio_at(mm, addr);
	int err;

	if (!folio)
		return -ENOENT;
	folio_lock(folio);
	err = page_out(folio);
	folio_unlock(folio);
	folio_put(folio);
	return err;
}

int hosted_reclaim(struct mm_struct *mm, unsigned long addr)
{
	int young = age(mm, addr, ASK_CLEAR_FLUSH);

	if (young)
		return young < 0 ? young : -EAGAIN;
	return hosted_page_out(mm, addr);
}

/* ---- memory errors */

int hosted_poison(struct mm_struct *mm, unsigned long addr)
{
	struct folio *folio = hosted_folio_at(mm, addr);

	if (!folio)
		return -ENOENT;
	folio_lock(folio);
	hosted_unmap(folio, HOSTED_TO_POISON, 0);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}
