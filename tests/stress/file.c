// SPDX-License-Identifier: GPL-2.0-only
/* Hostile to files that are mapped: truncate, holes, writes past the mapping, write-back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stress.h"

static off_t offset_of(const struct span *span)
{
	return span->addr - span->region->base;
}

static int cut(struct op *op, struct span *span)
{
	if (ftruncate(span->region->fd, offset_of(span)))
		return -errno;
	nap_us(pick(200));
	return call(ftruncate(span->region->fd, span->region->pages * PAGE));
}

static int punch(struct op *op, struct span *span)
{
	return call(fallocate(span->region->fd, op->arg | FALLOC_FL_KEEP_SIZE, offset_of(span),
			      span->size));
}

/* What the mapping shows is changed through the file. */
static int write_file(struct op *op, struct span *span)
{
	uint64_t words[PAGE / sizeof(uint64_t)] = {};
	uint32_t before;
	struct span page;
	size_t i;

	for (i = 0; i < span->pages; i++) {
		page = span_part(span, i, 1);
		span_renew(&page, &before);
		if (pwrite(span->region->fd, words, PAGE, offset_of(&page)) != PAGE)
			return -errno;
		/* The page is the same: what the device wrote before may come after. */
		page_write(page.first, page.addr);
	}
	return 0;
}

static int sync_mapping(struct op *op, struct span *span)
{
	return call(msync(span->addr, span->size, op->arg));
}

static int sync_file(struct op *op, struct span *span)
{
	return call(fdatasync(span->region->fd));
}

/* Clean pages that nobody maps leave the cache, and are read from the disk again. */
static int forget_file(struct op *op, struct span *span)
{
	int ret = call(msync(span->addr, span->size, MS_SYNC));

	if (!ret)
		ret = call(madvise(span->addr, span->size, MADV_DONTNEED));
	return ret   ?:
		       posix_fadvise(span->region->fd, offset_of(span), span->size,
				     POSIX_FADV_DONTNEED);
}

static struct op ops[] = {
	{ .name = "truncate", .run = cut, .on = FILES, .destroys = FILES, .flags = TAIL },
	{ .name = "punch-hole",
	  .run = punch,
	  .on = FILES | HUGETLB,
	  .destroys = FILES | HUGETLB,
	  .arg = FALLOC_FL_PUNCH_HOLE },
	{ .name = "zero-range",
	  .run = punch,
	  .on = EXT4,
	  .destroys = EXT4,
	  .arg = FALLOC_FL_ZERO_RANGE },
	{ .name = "write", .run = write_file, .on = FILES, .exclusive = true },
	{ .name = "msync", .run = sync_mapping, .on = FILES, .arg = MS_SYNC },
	{ .name = "msync-invalidate", .run = sync_mapping, .on = FILES, .arg = MS_INVALIDATE },
	{ .name = "fdatasync", .run = sync_file, .on = EXT4 },
	{ .name = "fadvise-dontneed", .run = forget_file, .on = EXT4, .exclusive = true },
};
struct table file_table = TABLE(ops);
