// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three threads move entries between tables below one lock each, and look at a flag in between:
 * more than 60 points in each schedule. For `make bench-explore`, too.
 *
 * Finds: nothing
 */
#include "toy.h"

#define TABLES 3

static struct table {
	struct toy_lock lock;
	int entries[4];
	int moves;
} tables[TABLES];

static int last_done, seen[TABLES];

static void move(struct table *table, int slot)
{
	toy_lock(&table->lock);
	table->entries[slot & 3]--;
	table->entries[(slot + 1) & 3]++;
	table->moves++;
	toy_unlock(&table->lock);
}

static void work(void *arg)
{
	int self = (int)(long)arg;

	for (int i = 0; i < 3; i++) {
		seen[self] += READ_ONCE(last_done);
		move(&tables[(self + i) % TABLES], self);
	}
	if (self == 2)
		WRITE_ONCE(last_done, 1);
}

static void check(void)
{
	for (int i = 0; i < TABLES; i++) {
		int sum = 0;

		for (int j = 0; j < 4; j++)
			sum += tables[i].entries[j];
		explore_assert(sum == 0);
	}
}

const struct explore_scenario explore_scenario = {
	.name = "long_way",
	.about = "entries move between tables",
	.threads = { { "zero", work, (void *)0 },
		     { "one", work, (void *)1 },
		     { "two", work, (void *)2 } },
	.check = check,
};
