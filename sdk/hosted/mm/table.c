// SPDX-License-Identifier: GPL-2.0-only
/* Sparse tables: of page tables, of pages by number, of what is in swap. */
#include "internal.h"

struct hosted_table *hosted_table_alloc(void)
{
	return hosted_alloc(sizeof(struct hosted_table));
}

void hosted_table_free(struct hosted_table *table)
{
	unsigned int i;

	for (i = 0; i < HOSTED_CHUNKS; i++)
		if (table->chunk[i])
			hosted_free(table->chunk[i]);
	hosted_free(table);
}

bool hosted_table_empty(const struct hosted_table *table)
{
	unsigned int i, j;

	for (i = 0; i < HOSTED_CHUNKS; i++)
		for (j = 0; table->chunk[i] && j < HOSTED_CHUNK; j++)
			if (table->chunk[i][j])
				return false;
	return true;
}

u64 *hosted_table_slot(struct hosted_table *table, unsigned int index, bool create)
{
	u64 **chunk = &table->chunk[index / HOSTED_CHUNK];

	if (!*chunk && create)
		*chunk = hosted_alloc(HOSTED_CHUNK * sizeof(u64));
	return *chunk ? *chunk + index % HOSTED_CHUNK : NULL;
}

void *hosted_index_get(const struct hosted_table *top, unsigned long number)
{
	struct hosted_table *table = (struct hosted_table *)top;
	u64 *slot;

	if (number >= HOSTED_SLOTS * HOSTED_SLOTS)
		return NULL;
	slot = hosted_table_slot(table, number / HOSTED_SLOTS, false);
	if (!slot || !*slot)
		return NULL;
	slot = hosted_table_slot((struct hosted_table *)*slot, number % HOSTED_SLOTS, false);
	return slot ? (void *)*slot : NULL;
}

void hosted_index_set(struct hosted_table *top, unsigned long number, void *pointer)
{
	u64 *slot = hosted_table_slot(top, number / HOSTED_SLOTS, true);

	if (!*slot)
		*slot = (u64)hosted_table_alloc();
	slot = hosted_table_slot((struct hosted_table *)*slot, number % HOSTED_SLOTS, true);
	*slot = (u64)pointer;
}

/* What the numbers name is the caller's. */
void hosted_index_free(struct hosted_table *top)
{
	unsigned int i;
	u64 *slot;

	for (i = 0; i < HOSTED_SLOTS; i++) {
		slot = hosted_table_slot(top, i, false);
		if (slot && *slot)
			hosted_table_free((struct hosted_table *)*slot);
	}
	hosted_table_free(top);
}
