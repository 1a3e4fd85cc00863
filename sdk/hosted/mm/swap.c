// SPDX-License-Identifier: GPL-2.0-only
/* Swap: slots with the content of a page, and how many entries of page tables name them. */
#include "internal.h"

struct slot {
	unsigned int entries;
	struct folio *cache; /* a page in memory with the same content */
	u64 word[HOSTED_WORDS];
};

static struct hosted_table slots;
static unsigned long nr_slots; /* the first one is 1 */

static struct slot *slot_of(unsigned long number)
{
	struct slot *slot = hosted_index_get(&slots, number);

	BUG_ON(!slot);
	return slot;
}

/* Slots in a row for the pages of a folio; the first one is returned. */
unsigned long hosted_swap_add(struct folio *folio, unsigned int pages)
{
	unsigned long first = nr_slots + 1;
	unsigned int i;

	for (i = 0; i < pages; i++)
		hosted_index_set(&slots, ++nr_slots, hosted_alloc(sizeof(struct slot)));
	if (pages == 1) {
		slot_of(first)->cache = folio;
		folio->swap = first;
	}
	return first;
}

void hosted_swap_get(unsigned long number)
{
	slot_of(number)->entries++;
}

void hosted_swap_put(unsigned long number)
{
	struct slot *slot = slot_of(number);

	if (--slot->entries)
		return;
	if (slot->cache)
		slot->cache->swap = 0;
	hosted_index_set(&slots, number, NULL);
	hosted_free(slot);
}

void hosted_swap_write(unsigned long number, unsigned long pfn)
{
	hosted_page_read(pfn, 0, slot_of(number)->word, sizeof(slot_of(number)->word));
}

struct folio *hosted_swap_in(unsigned long number)
{
	struct slot *slot = slot_of(number);

	if (slot->cache)
		return hosted_folio_hold(slot->cache);
	slot->cache = hosted_folio_alloc(0);
	if (!slot->cache)
		return NULL;
	slot->cache->swap = number;
	hosted_page_write(slot->cache->pfn, 0, slot->word, sizeof(slot->word));
	return slot->cache;
}

void hosted_swap_forget(struct folio *folio)
{
	if (folio->swap)
		slot_of(folio->swap)->cache = NULL;
	folio->swap = 0;
}
