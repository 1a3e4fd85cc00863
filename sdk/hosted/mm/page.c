// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages. A number is never given out a second time: a page that was freed stays freed, so that an
 * access to it by a device is seen for what it is. The content is a few words, over and over, until
 * somebody maps the page.
 */
#include <linux/highmem.h>

#include "internal.h"

/* Numbers are counted from here, and huge pages from the second one. */
#define FIRST_PFN      0x1000UL
#define FIRST_HUGE_PFN (FIRST_PFN + HOSTED_SLOTS * HOSTED_SLOTS / 2)

/* By number; a huge page is at its first one, until it is broken. */
static struct hosted_table folios;
static unsigned long small_pages;
static unsigned long huge_pages;
static unsigned long in_use;
static struct folio *zero_folio, *huge_zero_folio;

unsigned long hosted_page_limit = ULONG_MAX;

static DECLARE_WAIT_QUEUE_HEAD(locked_wq);

/* Content of a page: as many of its bytes as are kept, the others repeat them. */
struct words {
	size_t size;
	u64 word[];
};

#define SOME_WORDS (HOSTED_WORDS * sizeof(u64))

struct folio *hosted_folio_of(unsigned long pfn)
{
	struct folio *folio;

	if (pfn < FIRST_PFN)
		return NULL;
	folio = hosted_index_get(&folios, pfn - FIRST_PFN);
	if (folio || pfn < FIRST_HUGE_PFN)
		return folio;
	folio = hosted_index_get(&folios, ALIGN_DOWN(pfn, HOSTED_PMD_PAGES) - FIRST_PFN);
	return folio && folio->order ? folio : NULL;
}

/* NULL: out of memory. */
struct folio *hosted_folio_alloc(unsigned int order)
{
	struct folio *folio;

	if (in_use + (1UL << order) > hosted_page_limit)
		return NULL;
	in_use += 1UL << order;
	folio = hosted_alloc(sizeof(*folio));
	folio->order = order;
	folio->pfn = order ? FIRST_HUGE_PFN + huge_pages++ * HOSTED_PMD_PAGES :
			     FIRST_PFN + small_pages++;
	folio->refs = 1;
	INIT_LIST_HEAD(&folio->node);
	hosted_index_set(&folios, folio->pfn - FIRST_PFN, folio);
	return folio;
}

/* Nobody has it yet. */
struct folio *hosted_folio_at_pfn(unsigned long pfn)
{
	struct folio *folio = hosted_alloc(sizeof(*folio));

	folio->pfn = pfn;
	folio->flags = BIT(HOSTED_PG_FREED);
	INIT_LIST_HEAD(&folio->node);
	hosted_index_set(&folios, pfn - FIRST_PFN, folio);
	return folio;
}

void hosted_folio_remove(struct folio *folio)
{
	hosted_index_set(&folios, folio->pfn - FIRST_PFN, NULL);
	hosted_free(folio);
}

static struct folio *zeros(struct folio **folio, unsigned int order)
{
	if (!*folio) {
		*folio = hosted_folio_alloc(order);
		if (*folio)
			hosted_folio_set(*folio, HOSTED_PG_ZERO);
	}
	return *folio;
}

struct folio *hosted_zero_folio(void)
{
	return zeros(&zero_folio, 0);
}

struct folio *hosted_huge_zero_folio(void)
{
	return zeros(&huge_zero_folio, HOSTED_PMD_ORDER);
}

static void free_content(struct folio *folio)
{
	unsigned long i;
	u64 *slot;

	if (!folio->content)
		return;
	for (i = 0; i < hosted_folio_pages(folio); i++) {
		slot = hosted_table_slot(folio->content, i, false);
		if (slot && *slot)
			hosted_free((void *)*slot);
	}
	hosted_table_free(folio->content);
	folio->content = NULL;
}

static void folio_free(struct folio *folio)
{
	BUG_ON(folio->maps);
	BUG_ON(hosted_folio_test(folio, HOSTED_PG_LOCKED));
	hosted_swap_forget(folio);
	if (hosted_folio_test(folio, HOSTED_PG_KSM))
		hosted_ksm_forget(folio);
	if (folio->anon_vma)
		hosted_anon_put(folio->anon_vma);
	free_content(folio);
	folio->flags = BIT(HOSTED_PG_FREED);
	if (hosted_folio_is_managed(folio))
		folio->pgmap->ops->folio_free(folio);
	else
		in_use -= hosted_folio_pages(folio);
}

void hosted_folio_put_many(struct folio *folio, int refs)
{
	hosted_point(HOSTED_ATOMIC, &folio->refs, sizeof(folio->refs));
	BUG_ON(folio->refs < refs);
	hosted_acquire(&folio->refs);
	hosted_release(&folio->refs);
	folio->refs -= refs;
	if (!folio->refs)
		folio_free(folio);
}

void folio_get(struct folio *folio)
{
	hosted_point(HOSTED_ATOMIC, &folio->refs, sizeof(folio->refs));
	WARN(!folio->refs, "page %lx is used after it was freed", folio->pfn);
	folio->refs++;
}

/* Whoever has just found the page holds it, before anybody else runs. */
struct folio *hosted_folio_hold(struct folio *folio)
{
	BUG_ON(!folio->refs);
	folio->refs++;
	return folio;
}

void folio_put(struct folio *folio)
{
	hosted_folio_put_many(folio, 1);
}

bool pfn_valid(unsigned long pfn)
{
	return hosted_folio_of(pfn);
}

struct folio *page_folio(const struct page *page)
{
	struct folio *folio = hosted_folio_of(page_to_pfn(page));

	BUG_ON(!folio);
	return folio;
}

bool folio_mapped(const struct folio *folio)
{
	return folio->maps;
}

bool folio_test_anon(const struct folio *folio)
{
	return folio->anon_vma;
}

struct folio *folio_alloc(gfp_t gfp, unsigned int order)
{
	struct folio *folio;

	might_alloc(gfp);
	folio = hosted_folio_alloc(order);
	BUG_ON(!folio && gfp & __GFP_NOFAIL);
	return folio;
}

struct page *alloc_page(gfp_t gfp)
{
	struct folio *folio = folio_alloc(gfp, 0);

	return folio ? folio_page(folio, 0) : NULL;
}

bool PageCompound(const struct page *page)
{
	return page_folio(page)->order;
}

struct page *hosted_zero_page(void)
{
	return folio_page(hosted_zero_folio(), 0);
}

/* Writes that depend on it come after what others did before they dropped theirs. */
int page_count(const struct page *page)
{
	const struct folio *folio = page_folio(page);

	hosted_point(HOSTED_MARKED_READ, &folio->refs, sizeof(folio->refs));
	hosted_acquire(&folio->refs);
	return folio->refs;
}

int page_mapcount(const struct page *page)
{
	return page_folio(page)->maps;
}

void get_page(struct page *page)
{
	folio_get(page_folio(page));
}

void put_page(struct page *page)
{
	folio_put(page_folio(page));
}

bool folio_trylock(struct folio *folio)
{
	hosted_point(HOSTED_TRYLOCK, folio, sizeof(*folio));
	if (hosted_folio_test(folio, HOSTED_PG_LOCKED))
		return false;
	hosted_folio_set(folio, HOSTED_PG_LOCKED);
	hosted_acquire(folio);
	return true;
}

void folio_lock(struct folio *folio)
{
	might_sleep();
	wait_event(locked_wq, folio_trylock(folio));
}

/* A page that was freed in the meantime is not locked either. */
void hosted_folio_wait_unlocked(struct folio *folio)
{
	wait_event(locked_wq, !hosted_folio_test(folio, HOSTED_PG_LOCKED));
}

static bool is_locked(unsigned long pfn)
{
	const struct folio *folio = hosted_folio_of(pfn);

	return folio && hosted_folio_test(folio, HOSTED_PG_LOCKED);
}

void hosted_pfn_wait_unlocked(unsigned long pfn)
{
	wait_event(locked_wq, !is_locked(pfn));
}

void folio_unlock(struct folio *folio)
{
	hosted_point(HOSTED_UNLOCK, folio, sizeof(*folio));
	BUG_ON(!hosted_folio_test(folio, HOSTED_PG_LOCKED));
	hosted_release(folio);
	hosted_folio_clear(folio, HOSTED_PG_LOCKED);
	wake_up_all(&locked_wq);
}

unsigned long hosted_dirty_marks;

/* Only while the page is mapped or locked: otherwise it may have left its file. */
bool folio_mark_dirty(struct folio *folio)
{
	hosted_dirty_marks++;
	hosted_point(HOSTED_ATOMIC, &folio->flags, sizeof(folio->flags));
	WARN(hosted_folio_test(folio, HOSTED_PG_FREED), "page %lx is dirtied after it was freed",
	     folio->pfn);
	if (hosted_folio_test(folio, HOSTED_PG_DIRTY))
		return false;
	hosted_folio_set(folio, HOSTED_PG_DIRTY);
	return true;
}

bool set_page_dirty(struct page *page)
{
	return folio_mark_dirty(page_folio(page));
}

bool is_device_private_page(const struct page *page)
{
	const struct folio *folio = page_folio(page);

	return folio->pgmap && folio->pgmap->type == MEMORY_DEVICE_PRIVATE;
}

bool is_device_coherent_page(const struct page *page)
{
	const struct folio *folio = page_folio(page);

	return folio->pgmap && folio->pgmap->type == MEMORY_DEVICE_COHERENT;
}

struct dev_pagemap *page_pgmap(const struct page *page)
{
	return page_folio(page)->pgmap;
}

bool is_pci_p2pdma_page(const struct page *page)
{
	const struct folio *folio = page_folio(page);

	return folio->pgmap && folio->pgmap->type == MEMORY_DEVICE_PCI_P2PDMA;
}

/* ---- content */

static void words_fill(struct words *words, const struct words *from)
{
	size_t i;

	for (i = 0; i < words->size / sizeof(u64); i++)
		words->word[i] = from->word[i % (from->size / sizeof(u64))];
}

static struct words *words_alloc(const struct words *from, size_t size)
{
	struct words *words = hosted_alloc(sizeof(*words) + size);

	words->size = size;
	if (from)
		words_fill(words, from);
	return words;
}

/* At least so many bytes of it; with 0, NULL if nobody has ever written to it. */
static struct words *words_of(unsigned long pfn, size_t size)
{
	struct folio *folio = hosted_folio_of(pfn);
	struct words *words;
	u64 *slot;

	BUG_ON(!folio || hosted_folio_test(folio, HOSTED_PG_FREED));
	BUG_ON(size && hosted_folio_test(folio, HOSTED_PG_ZERO));
	if (!folio->content && size)
		folio->content = hosted_table_alloc();
	if (!folio->content)
		return NULL;
	slot = hosted_table_slot(folio->content, pfn - folio->pfn, size);
	words = slot ? (struct words *)*slot : NULL;
	if (size && (!words || words->size < size)) {
		*slot = (u64)words_alloc(words, size);
		hosted_free(words);
		words = (struct words *)*slot;
	}
	return words;
}

static void words_copy(unsigned long to, const struct words *from)
{
	if (from)
		words_fill(words_of(to, from->size), from);
}

void hosted_page_copy(unsigned long to, unsigned long from)
{
	words_copy(to, words_of(from, 0));
}

void hosted_page_read(unsigned long pfn, size_t offset, void *to, size_t len)
{
	const struct words *words = words_of(pfn, 0);
	size_t i;

	BUG_ON(offset + len > PAGE_SIZE);
	for (i = 0; i < len; i++)
		((char *)to)[i] = words ? ((char *)words->word)[(offset + i) % words->size] : 0;
}

void hosted_page_write(unsigned long pfn, size_t offset, const void *from, size_t len)
{
	struct words *words = words_of(pfn, SOME_WORDS);
	size_t i;

	BUG_ON(offset + len > PAGE_SIZE);
	for (i = 0; i < len; i++)
		((char *)words->word)[(offset + i) % words->size] = ((const char *)from)[i];
}

void *kmap_local_page(struct page *page)
{
	static u64 zeros[PAGE_SIZE / sizeof(u64)];
	unsigned long pfn = page_to_pfn(page);

	hosted_device_access_pfn(pfn);
	if (hosted_folio_test(hosted_folio_of(pfn), HOSTED_PG_ZERO))
		return zeros;
	return words_of(pfn, PAGE_SIZE)->word;
}

void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	hosted_device_access_pfn(page_to_pfn(page));
	hosted_page_read(page_to_pfn(page), offset, to, len);
}

void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	hosted_device_access_pfn(page_to_pfn(page));
	hosted_page_write(page_to_pfn(page), offset, from, len);
}

void clear_highpage(struct page *page)
{
	struct words *words = words_of(page_to_pfn(page), SOME_WORDS);

	memset(words->word, 0, words->size);
}

/* One page of a huge page by itself, with a reference for the caller, and locked. */
static void break_off(struct folio *huge, unsigned long i)
{
	const struct words *words = words_of(huge->pfn + i, 0);
	struct folio *folio = hosted_alloc(sizeof(*folio));

	*folio = *huge;
	folio->order = 0;
	folio->pfn += i;
	folio->index += i;
	folio->refs = 1;
	folio->content = NULL;
	INIT_LIST_HEAD(&folio->node);
	hosted_anon_get(folio->anon_vma);
	hosted_index_set(&folios, folio->pfn - FIRST_PFN, folio);
	words_copy(folio->pfn, words);
}

/* The huge page is mapped nowhere, and becomes its first page. */
void hosted_folio_break(struct folio *huge)
{
	const struct words *words = words_of(huge->pfn, 0);
	struct folio whole = *huge;
	unsigned long i;

	for (i = 1; i < HOSTED_PMD_PAGES; i++)
		break_off(huge, i);
	huge->order = 0;
	huge->content = NULL;
	words_copy(huge->pfn, words);
	free_content(&whole);
}

/* ---- oracles */

void hosted_device_access_pfn(unsigned long pfn)
{
	const struct folio *folio = hosted_folio_of(pfn);

	if (!folio)
		hosted_fail("stale access", "there is no page %lx", pfn);
	/* Whoever gives up the last reference might have come before. */
	hosted_point(HOSTED_MARKED_READ, &folio->refs, sizeof(folio->refs));
	if (hosted_folio_test(folio, HOSTED_PG_FREED))
		hosted_fail("stale access", "page %lx was freed", pfn);
}

struct folio *hosted_folio_next(unsigned long pfn)
{
	struct folio *folio;

	for (pfn = max(pfn, FIRST_PFN); pfn < FIRST_PFN + small_pages; pfn++) {
		folio = hosted_folio_of(pfn);
		if (!hosted_folio_test(folio, HOSTED_PG_FREED))
			return folio;
	}
	for (pfn = max(pfn, FIRST_HUGE_PFN); pfn < FIRST_HUGE_PFN + huge_pages * HOSTED_PMD_PAGES;
	     pfn = folio->pfn + hosted_folio_pages(folio)) {
		folio = hosted_folio_of(pfn);
		if (folio->pfn >= pfn && !hosted_folio_test(folio, HOSTED_PG_FREED))
			return folio;
	}
	return NULL;
}
