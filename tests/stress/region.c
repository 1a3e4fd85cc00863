// SPDX-License-Identifier: GPL-2.0-only
/* The regions of the arena, each of another kind of memory. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stress.h"

#define SPAN_MAX 16

struct region regions[] = {
	{ .name = "anon", .kind = ANON, .pages = HUGE_LEN, .unit = 1 },
	{ .name = "thp", .kind = THP, .pages = 2 * HUGE_LEN, .unit = 1 },
	{ .name = "shmem", .kind = SHMEM, .pages = 256, .unit = 1 },
	{ .name = "ext4", .kind = EXT4, .pages = 128, .unit = 1 },
	{ .name = "hugetlb", .kind = HUGETLB, .pages = 2 * HUGE_LEN, .unit = HUGE_LEN },
	{ .name = "ksm", .kind = MERGED, .pages = 64, .unit = 1 },
	{ .name = "uffd", .kind = UFFD, .pages = 64, .unit = 1 },
};
const int nr_regions = sizeof(regions) / sizeof(regions[0]);

static int memory_file(struct region *region, unsigned int flags)
{
	int fd = memfd_create(region->name, MFD_CLOEXEC | flags);

	if (fd < 0 || ftruncate(fd, region->pages * PAGE))
		die("memfd_create");
	return fd;
}

#define POOL "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

static void hugetlb_open(struct region *region)
{
	region->absent = missing_file(POOL);
	if (region->absent)
		return;
	put_text(POOL, "8");
	if (number_in(POOL, NULL) < 4)
		die("huge pages");
	region->fd = memory_file(region, MFD_HUGETLB);
}

/* Of the disk that the guest has. */
static void ext4_open(struct region *region)
{
	region->absent = missing_file(DISK);
	if (region->absent)
		return;
	region->fd = open(DISK "/pages", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (region->fd < 0 || ftruncate(region->fd, region->pages * PAGE))
		die(DISK "/pages");
}

static void region_open(struct region *region, int index)
{
	struct span all;

	region->base = ARENA + index * REGION_SIZE;
	region->first = index * (REGION_SIZE / PAGE);
	region->fd = -1;
	if (region->kind == SHMEM)
		region->fd = memory_file(region, 0);
	else if (region->kind == HUGETLB)
		hugetlb_open(region);
	else if (region->kind == EXT4)
		ext4_open(region);
	else if (region->kind == UFFD)
		uffd_open(region);
	if (region->absent)
		return;
	all = (struct span){ .region = region,
			     .addr = region->base,
			     .size = region->pages * PAGE,
			     .first = region->first,
			     .pages = region->pages };
	if (span_map(&all))
		die(region->name);
	memset(&stamps[region->first], 0, region->pages * sizeof(*stamps));
	span_renew(&all, (uint32_t[2 * HUGE_LEN]){});
}

void regions_open(void)
{
	int i;

	for (i = 0; i < nr_regions; i++)
		region_open(&regions[i], i);
}

void regions_close(void)
{
	int i;

	for (i = 0; i < nr_regions; i++) {
		munmap(regions[i].base, regions[i].pages * PAGE);
		if (regions[i].fd >= 0)
			close(regions[i].fd);
	}
}

/* ---- spans */

/* Map the pages anew, in the place of whatever is there. */
int span_map(const struct span *span)
{
	const struct region *region = span->region;
	int flags = region->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	off_t offset = region->fd < 0 ? 0 : span->addr - region->base;

	if (mmap(span->addr, span->size, PROT_READ | PROT_WRITE, flags | MAP_FIXED | MAP_NORESERVE,
		 region->fd, offset) == MAP_FAILED)
		return -errno;
	if (region->kind == MERGED)
		madvise(span->addr, span->size, MADV_MERGEABLE);
	else if (region->kind == UFFD)
		uffd_register(span);
	if (region->kind == THP)
		madvise(span->addr, span->size, MADV_HUGEPAGE);
	else if (region->kind & PRIVATE)
		madvise(span->addr, span->size, MADV_NOHUGEPAGE);
	return 0;
}

/*
 * Small pages, where one huge page would fit and may be. In a new mapping: what others have done to
 * parts of the old one may have left several, and a huge page lies in one.
 */
int span_map_small(const struct span *span)
{
	int ret = span_map(span);

	if (!ret)
		ret = call(madvise(span->addr, span->size, MADV_NOHUGEPAGE));
	if (!ret)
		ret = call(madvise(span->addr, span->size, MADV_POPULATE_WRITE));
	return ret ?: call(madvise(span->addr, span->size, MADV_HUGEPAGE));
}

static const struct region *pick_region(unsigned int kinds)
{
	const struct region *fits[nr_regions];
	int i, nr = 0;

	for (i = 0; i < nr_regions; i++) {
		if (regions[i].kind & kinds && !regions[i].absent)
			fits[nr++] = &regions[i];
	}
	return nr ? fits[pick(nr)] : NULL;
}

/* Why there is no memory of any of these kinds; NULL if there is. */
const char *region_absent(unsigned int kinds)
{
	const char *absent = NULL;
	int i;

	for (i = 0; i < nr_regions; i++) {
		if (regions[i].kind & kinds && !regions[i].absent)
			return NULL;
		if (regions[i].kind & kinds)
			absent = regions[i].absent;
	}
	return absent;
}

/* Random pages that an operation can be done to; false if there is no such memory. */
bool span_pick(struct span *span, const struct op *op)
{
	const struct region *region = pick_region(op->on);
	size_t unit, first, pages;

	if (!region)
		return false;
	unit = region->unit;
	if (op->flags & WHOLE)
		unit = region->pages < HUGE_LEN ? region->pages : HUGE_LEN;
	first = op->flags & HOT ? 0 : pick(region->pages / unit) * unit;
	pages = unit == 1 ? 1 + pick(SPAN_MAX) : unit;
	if (first + pages > region->pages || op->flags & TAIL)
		pages = region->pages - first;
	*span = (struct span){ .region = region,
			       .addr = region->base + first * PAGE,
			       .size = pages * PAGE,
			       .first = region->first + first,
			       .pages = pages };
	return true;
}

struct span span_part(const struct span *span, size_t first, size_t pages)
{
	struct span part = *span;

	part.addr += first * PAGE;
	part.size = pages * PAGE;
	part.first += first;
	part.pages = pages;
	return part;
}

uint64_t pagemap(const char *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (pread(fd, &entry, sizeof(entry), (uintptr_t)addr / PAGE * sizeof(entry)) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	return entry;
}
