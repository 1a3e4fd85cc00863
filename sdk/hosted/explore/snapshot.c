// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state that each schedule starts from, kept as bytes: the program's variables, the used part
 * of the heap with its shadow, and the stacks of sleeping tasks as far as they are in use.
 */
#include <string.h>
#include <sys/mman.h>

#include "explorer.h"

#define GRANULE 16
#define PIECES  (4 * HOSTED_TASKS) /* three for a task, and one */

extern char __data_start[], _end[];

/* Pieces of memory, one copy after the other. */
static struct piece {
	uintptr_t addr;
	size_t size;
	char *copy;
} * pieces;

static void keep(uintptr_t addr, size_t size)
{
	struct piece *piece = pieces;

	if (!size)
		return;
	while (piece->size)
		piece++;
	*piece = (struct piece){ addr, size, hosted_map(0, size) };
}

static uint8_t *shadow_of(uintptr_t addr)
{
	return hosted_shadow + (addr - HOSTED_ARENA) / GRANULE;
}

void snapshot_take(void)
{
	pieces = hosted_map(0, PIECES * sizeof(*pieces));
	for (unsigned int id = 1; id < HOSTED_TASKS; id++) {
		uintptr_t sp = (uintptr_t)hosted_tasks[id].sp;

		if (hosted_tasks[id].state != HOSTED_FREE)
			keep(sp, hosted_stack(id + 1) - sp);
	}
	for (unsigned int id = 0; id < HOSTED_TASKS; id++) {
		size_t size = hosted_part_end(id) - hosted_part(id);

		keep(hosted_part(id), size);
		keep((uintptr_t)shadow_of(hosted_part(id)), size / GRANULE);
	}
	keep((uintptr_t)__data_start, _end - __data_start);
	for (struct piece *piece = pieces; piece->size; piece++)
		memcpy(piece->copy, (void *)piece->addr, piece->size);
}

void snapshot_restore(void)
{
	uintptr_t ends[HOSTED_TASKS];

	for (unsigned int id = 0; id < HOSTED_TASKS; id++)
		ends[id] = hosted_part_end(id);
	for (struct piece *piece = pieces; piece->size; piece++)
		memcpy((void *)piece->addr, piece->copy, piece->size);
	/* Blocks that the schedule has cut: they are no more. */
	for (unsigned int id = 0; id < HOSTED_TASKS; id++) {
		uintptr_t start = hosted_part_end(id);

		if (ends[id] > start)
			memset(shadow_of(start), 0, (ends[id] - start) / GRANULE);
	}
}

/* Back to the start, for another scenario. */
void snapshot_drop(void)
{
	snapshot_restore();
	for (struct piece *piece = pieces; piece->size; piece++)
		munmap(piece->copy, piece->size);
	munmap(pieces, PIECES * sizeof(*pieces));
}
