// SPDX-License-Identifier: GPL-2.0-only
/*
 * The heap of the hosted kernel: one region at a fixed address, of which each task has a part and
 * cuts blocks from it one after the other. A freed block is not given out again, so that each use
 * after free is seen; the explorer starts every schedule with the region as the set-up left it, so
 * it does not fill up. A shadow byte for each 16 bytes says how many of them may be accessed, or
 * why none.
 */
#include <string.h>
#include <sys/mman.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define GRANULE 16UL
#define PAGE    4096UL

/* Values of a shadow byte above GRANULE; 1 to GRANULE: so many bytes of it are in use. */
#define SHADOW_NONE  0 /* never given out, and the gap behind a block */
#define SHADOW_FREED 0xfd

/* Stands in the granule before each block. */
struct header {
	uint64_t magic;
	uint64_t size;
};

#define MAGIC_USED  0x75736564626c6b21ULL
#define MAGIC_FREED 0x66726565626c6b21ULL

uint8_t *hosted_shadow;
static uintptr_t used[HOSTED_TASKS]; /* bytes from the start of each part */
static struct hosted_usage usage;

/* Zeroed memory at an address, of which only what is touched exists. */
void *hosted_map(uintptr_t addr, size_t size)
{
	void *p =
		mmap((void *)addr, size, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (addr ? MAP_FIXED_NOREPLACE : 0),
		     -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "hosted: cannot map %zu bytes at %#lx\n", size, addr);
		abort();
	}
	return p;
}

/* The same for tables that are used all over: fewer faults, and fewer misses of the TLB. */
void *hosted_map_table(size_t size)
{
	void *p = hosted_map(0, size);

	madvise(p, size, MADV_HUGEPAGE);
	return p;
}

static uint8_t *shadow_of(uintptr_t addr)
{
	return hosted_shadow + (addr - HOSTED_ARENA) / GRANULE;
}

static bool in_arena(uintptr_t addr)
{
	return addr - HOSTED_ARENA < HOSTED_ARENA_SIZE;
}

static void arena_init(void)
{
	hosted_map(HOSTED_ARENA, HOSTED_ARENA_SIZE);
	hosted_shadow = hosted_map(0, HOSTED_ARENA_SIZE / GRANULE);
}

uintptr_t hosted_part(unsigned int id)
{
	return HOSTED_ARENA + id * HOSTED_PART;
}

uintptr_t hosted_part_end(unsigned int id)
{
	return hosted_part(id) + used[id];
}

void hosted_arena_reset(void)
{
	if (!hosted_shadow)
		arena_init();
	for (unsigned int id = 0; id < HOSTED_TASKS; id++) {
		if (used[id])
			memset(shadow_of(hosted_part(id)), SHADOW_NONE, used[id] / GRANULE);
		used[id] = 0;
	}
	usage = (struct hosted_usage){};
}

void *hosted_alloc(size_t size)
{
	unsigned int id = hosted_running->id;
	size_t align = size >= PAGE ? PAGE : GRANULE, whole = size / GRANULE;
	uintptr_t p = (hosted_part_end(id) + sizeof(struct header) + align - 1) & -align;
	struct header *header = (struct header *)p - 1;

	if (!hosted_shadow)
		arena_init();
	if (size > HOSTED_PART || p + size + GRANULE > hosted_part(id) + HOSTED_PART)
		hosted_fail("arena", "no room for %zu bytes more: %s has taken %lu of %lu", size,
			    hosted_running->name, used[id], HOSTED_PART);
	header->magic = MAGIC_USED;
	header->size = size;
	memset((void *)p, 0, size);
	memset(shadow_of(p), GRANULE, whole);
	if (size % GRANULE)
		shadow_of(p)[whole++] = size % GRANULE;
	/* At least one granule stays free behind a block: the header of the next. */
	used[id] = p + (whole ? whole : 1) * GRANULE - hosted_part(id);
	usage.blocks++;
	usage.bytes += size;
	return (void *)p;
}

void hosted_free(void *p)
{
	struct header *header;

	if (!p)
		return;
	header = (struct header *)p - 1;
	if (!in_arena((uintptr_t)p) || (uintptr_t)p % GRANULE ||
	    (header->magic != MAGIC_USED && header->magic != MAGIC_FREED))
		hosted_fail("wild free", "%p is not the start of a block", p);
	if (header->magic == MAGIC_FREED)
		hosted_fail("double free", "%p, a block of %lu bytes", p, header->size);
	header->magic = MAGIC_FREED;
	if (hosted_hooks)
		hosted_hooks->freed((uintptr_t)p, header->size);
	memset(shadow_of((uintptr_t)p), SHADOW_FREED, (header->size + GRANULE - 1) / GRANULE);
	usage.blocks--;
	usage.bytes -= header->size;
	/* Code that is not instrumented sees this instead of what was there. */
	memset(p, 0x6b, header->size);
}

struct hosted_usage hosted_usage(void)
{
	return usage;
}

static void __attribute__((noreturn, cold)) bad_access(uintptr_t addr, size_t size, bool write)
{
	const char *what = write ? "write" : "read";

	if (*shadow_of(addr) == SHADOW_FREED)
		hosted_fail("use after free", "%s of %zu bytes at %#lx", what, size, addr);
	hosted_fail("out of bounds", "%s of %zu bytes at %#lx", what, size, addr);
}

/* Of another task's stack, only what is above its stack pointer is in use. */
static void check_stack(uintptr_t addr, size_t size, bool write)
{
	const struct hosted_task *owner = &hosted_tasks[(addr - HOSTED_STACKS) / HOSTED_STACK_SIZE];

	if (owner == hosted_running)
		return;
	if (owner->state == HOSTED_FREE || addr < (uintptr_t)owner->sp)
		hosted_fail("use after return", "%s of %zu bytes at %#lx, a stack that %s has left",
			    write ? "write" : "read", size, addr,
			    owner->name ? owner->name : "nobody");
}

void hosted_arena_check(uintptr_t addr, size_t size, bool write)
{
	uintptr_t end = addr + size;

	if (addr < 4096)
		hosted_fail("null pointer", "%s of %zu bytes at %#lx", write ? "write" : "read",
			    size, addr);
	if (addr - HOSTED_STACKS < HOSTED_TASKS * HOSTED_STACK_SIZE)
		check_stack(addr, size, write);
	if (!in_arena(addr))
		return;
	while (addr < end) {
		uintptr_t next = (addr | (GRANULE - 1)) + 1;
		uintptr_t stop = next < end ? next : end;
		uint8_t valid = *shadow_of(addr);

		if (valid > GRANULE || ((stop - 1) & (GRANULE - 1)) >= valid)
			bad_access(addr, size, write);
		addr = next;
	}
}

uintptr_t hosted_arena_live(unsigned int id, uintptr_t from, size_t *size)
{
	from = (from + GRANULE - 1) & -GRANULE;
	while (from < hosted_part_end(id)) {
		struct header *header = (struct header *)from - 1;

		if (*shadow_of(from) - 1U < GRANULE && header->magic == MAGIC_USED) {
			*size = header->size;
			return from;
		}
		from += GRANULE;
	}
	return 0;
}
