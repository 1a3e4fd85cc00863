// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of numbers by hash: open addressing, at most half full.
 */
#include <sys/mman.h>

#include "explorer.h"
#include "table.h"

#define FIRST_SIZE 1024

struct table_entry {
	uint64_t hash; /* 0: unused */
	uint64_t value;
};

static struct table_entry *find(const struct table *table, uint64_t hash)
{
	size_t i = hash & (table->size - 1);

	while (table->entries[i].hash && table->entries[i].hash != hash)
		i = (i + 1) & (table->size - 1);
	return &table->entries[i];
}

static void grow(struct table *table)
{
	struct table old = *table;

	table->size = old.size ? 2 * old.size : FIRST_SIZE;
	table->entries = hosted_map_table(table->size * sizeof(*table->entries));
	for (size_t i = 0; i < old.size; i++) {
		if (old.entries[i].hash)
			*find(table, old.entries[i].hash) = old.entries[i];
	}
	if (old.size)
		munmap(old.entries, old.size * sizeof(*old.entries));
}

uint64_t *table_at(struct table *table, uint64_t hash)
{
	struct table_entry *entry;

	if (2 * table->used >= table->size)
		grow(table);
	hash += !hash;
	entry = find(table, hash);
	table->used += !entry->hash;
	entry->hash = hash;
	return &entry->value;
}

void table_prefetch(const struct table *table, uint64_t hash)
{
	if (table->size)
		__builtin_prefetch(&table->entries[hash & (table->size - 1)]);
}

void table_clear(struct table *table)
{
	if (table->size)
		munmap(table->entries, table->size * sizeof(*table->entries));
	*table = (struct table){};
}
