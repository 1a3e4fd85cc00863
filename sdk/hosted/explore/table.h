/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of numbers by hash, which grows. It lies outside of what a run restores.
 */
#ifndef HOSTED_TABLE_H
#define HOSTED_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
	struct table_entry *entries;
	size_t size, used;
};

/* The value for a hash, 0 at first; stays where it is until the next call. */
uint64_t *table_at(struct table *table, uint64_t hash);
/* It will be asked for soon. */
void table_prefetch(const struct table *table, uint64_t hash);
void table_clear(struct table *table);

#endif
