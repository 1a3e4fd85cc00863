// SPDX-License-Identifier: GPL-2.0-only
/* Hostile to mappings: munmap, mmap over, mremap, mprotect, mlock. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

#define ALL (PROT_READ | PROT_WRITE)

static int unmap(struct op *op, struct span *span)
{
	if (munmap(span->addr, span->size))
		return -errno;
	nap_us(pick(200));
	return span_map(span);
}

static int map_over(struct op *op, struct span *span)
{
	return span_map(span);
}

/* A place of its own for each thread. */
static char *scratch(void)
{
	return SCRATCH + this_thread() * REGION_SIZE;
}

static bool failed(const void *mapped)
{
	return mapped == MAP_FAILED;
}

/* Overwrite pages with what is nobody's stamp, if they are there and may be written. */
static void spoil(char *addr, size_t size)
{
	size_t i;

	if (mprotect(addr, size, ALL) || madvise(addr, size, MADV_POPULATE_WRITE))
		return;
	for (i = 0; i < size; i += PAGE) {
		((volatile uint64_t *)(addr + i))[XT_WORD_CPU] = ~0ULL;
		((volatile uint64_t *)(addr + i))[XT_WORD_DEVICE] = ~0ULL;
	}
}

/* The pages live on somewhere else, where they are spoilt. What was left here is mapped anew. */
static int move_away(struct op *op, struct span *span)
{
	char *to = scratch();
	int ret = 0;

	if (failed(mremap(span->addr, span->size, span->size,
			  MREMAP_MAYMOVE | MREMAP_FIXED | op->arg, to)))
		ret = -errno;
	else
		spoil(to, span->size);
	munmap(to, span->size);
	return span_map(span) ?: ret;
}

/* Page by page, because a span may have become several mappings. */
static int move_pages_in(const struct span *span, char *from)
{
	size_t i;

	for (i = 0; i < span->size; i += PAGE) {
		if (failed(mremap(from + i, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
				  span->addr + i)))
			return -errno;
	}
	return 0;
}

/* New pages are made elsewhere, with the stamps of this place, and take it. */
static int move_in(struct op *op, struct span *span)
{
	char *from = scratch();
	struct span there = *span;
	size_t i;
	int ret;

	there.addr = from;
	ret = span_map(&there);
	if (ret)
		return ret;
	for (i = 0; i < span->pages; i++)
		page_stamp(span->first + i, from + i * PAGE);
	if (op->arg)
		ret = move_pages_in(span, from);
	else if (failed(mremap(from, span->size, span->size, MREMAP_MAYMOVE | MREMAP_FIXED,
			       span->addr)))
		ret = -errno;
	munmap(from, span->size);
	if (ret)
		span_map(span);
	return ret;
}

static int shrink_and_grow(struct op *op, struct span *span)
{
	size_t half = (span->pages + 1) / 2 * PAGE;
	int ret = 0;

	if (failed(mremap(span->addr, span->size, half, 0)) ||
	    failed(mremap(span->addr, half, span->size, 0)))
		ret = -errno;
	/* Whatever it has become: anew, as the grown part may be of another kind. */
	return span_map(span) ?: ret;
}

/* Somebody else may have unmapped a part for a moment. */
static int protect_again(const struct span *span)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (!mprotect(span->addr, span->size, ALL))
			return 0;
		nap_us(1000);
	}
	return -errno;
}

static int protect(struct op *op, struct span *span)
{
	int ret = call(mprotect(span->addr, span->size, op->arg));

	nap_us(pick(200));
	return protect_again(span) ?: ret;
}

static int lock_and_unlock(struct op *op, struct span *span)
{
	int ret = call(mlock2(span->addr, span->size, op->arg));

	munlock(span->addr, span->size);
	return ret;
}

static struct op ops[] = {
	{ .name = "munmap", .run = unmap, .on = EVERY, .destroys = PRIVATE },
	{ .name = "munmap-tail", .run = unmap, .on = EVERY, .destroys = PRIVATE, .flags = TAIL },
	{ .name = "munmap-huge", .run = unmap, .on = THP, .destroys = THP, .flags = WHOLE },
	{ .name = "mmap-over", .run = map_over, .on = EVERY, .destroys = PRIVATE },
	{ .name = "mremap-away", .run = move_away, .on = PRIVATE & ~UFFD, .destroys = PRIVATE },
	{ .name = "mremap-away-thp", .run = move_away, .on = THP, .destroys = THP, .flags = WHOLE },
	{ .name = "mremap-dontunmap",
	  .run = move_away,
	  .on = PRIVATE & ~UFFD,
	  .destroys = PRIVATE,
	  .arg = MREMAP_DONTUNMAP },
	{ .name = "mremap-in",
	  .run = move_in,
	  .on = PRIVATE & ~UFFD,
	  .destroys = PRIVATE,
	  .exclusive = true },
	{ .name = "mremap-in-pages",
	  .run = move_in,
	  .on = PRIVATE & ~UFFD,
	  .destroys = PRIVATE,
	  .exclusive = true,
	  .arg = 1 },
	{ .name = "mremap-resize",
	  .run = shrink_and_grow,
	  .on = ANON | THP | MERGED,
	  .destroys = PRIVATE },
	{ .name = "mprotect-none", .run = protect, .on = EVERY, .arg = PROT_NONE },
	{ .name = "mprotect-read", .run = protect, .on = EVERY, .arg = PROT_READ },
	{ .name = "mlock", .run = lock_and_unlock, .on = PRIVATE & ~UFFD },
	{ .name = "mlock-onfault", .run = lock_and_unlock, .on = PRIVATE, .arg = MLOCK_ONFAULT },
};
struct table map_table = TABLE(ops);
