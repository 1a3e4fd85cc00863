// SPDX-License-Identifier: GPL-2.0-only
/* The commands of /dev/xmmu-skeleton, for the fuzzer. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xmmu/skeleton.h>

#include "fuzz.h"

static void fill_attach(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_skeleton_attach *attach = arg;

	switch (rng_below(rng, 8)) {
	case 0:
	case 1:
		attach->pid = atomic_load(&victim);
		break;
	case 2:
		attach->pid = rng_below(rng, 300);
		break;
	}
}

/* Ranges are few and large, or none would be taken away again. */
static void fill_range(struct rng *rng, unsigned int file, void *arg)
{
	const struct place *place = places_pick(rng);
	struct xmmu_skeleton_range *range = arg;

	range->addr = place->addr;
	range->len = place->size;
	if (rng_one_in(rng, 3))
		range->len = PAGE;
}

static void fill_span(struct rng *rng, __u64 *addr, __u64 *len)
{
	const struct place *place = places_pick(rng);
	unsigned int pages = place->size / PAGE;
	unsigned int first = rng_one_in(rng, 2) ? 0 : rng_below(rng, pages);
	unsigned int count = rng_one_in(rng, 8) ? pages : 1 + rng_below(rng, 8);

	*addr = place->addr + first * PAGE;
	*len = (count < pages - first ? count : pages - first) * PAGE;
}

static void fill_zap(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_skeleton_range *range = arg;

	fill_span(rng, &range->addr, &range->len);
}

static void fill_populate(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_skeleton_populate *populate = arg;

	fill_span(rng, &populate->addr, &populate->len);
	populate->flags = rng_below(rng, 8);
}

static void fill_query(struct rng *rng, unsigned int file, void *arg)
{
	const struct place *place = places_pick(rng);
	struct xmmu_skeleton_query *query = arg;

	query->addr = place->addr + rng_below(rng, place->size);
}

static bool attach_is_wrong(const void *arg)
{
	const struct xmmu_skeleton_attach *attach = arg;

	return attach->pid < 0 || attach->pad;
}

static bool span_is_wrong(uint64_t addr, uint64_t len)
{
	return !len || addr % PAGE || len % PAGE || addr + len < addr || addr + len > 1ULL << 47;
}

static bool range_is_wrong(const void *arg)
{
	const struct xmmu_skeleton_range *range = arg;

	return span_is_wrong(range->addr, range->len);
}

static bool populate_is_wrong(const void *arg)
{
	const struct xmmu_skeleton_populate *populate = arg;

	return populate->pad || populate->flags > 7 || span_is_wrong(populate->addr, populate->len);
}

static bool query_is_wrong(const void *arg)
{
	const struct xmmu_skeleton_query *query = arg;

	return query->pad || query->addr >> 47;
}

static const struct command commands[] = {
	{
		.name = "attach",
		.number = XMMU_SKELETON_ATTACH,
		.weight = 8,
		.fill = fill_attach,
		.is_wrong = attach_is_wrong,
		.errors = ERRORS(EINVAL, EPERM, ESRCH, EBUSY, EINTR),
	},
	{
		.name = "range_add",
		.number = XMMU_SKELETON_RANGE_ADD,
		.weight = 24,
		.fill = fill_range,
		.is_wrong = range_is_wrong,
		.errors = ERRORS(EINVAL, ESRCH, EXDEV, EINTR),
	},
	{
		.name = "range_del",
		.number = XMMU_SKELETON_RANGE_DEL,
		.weight = 12,
		.fill = fill_range,
		.is_wrong = range_is_wrong,
		.errors = ERRORS(ENOENT, ESRCH, EXDEV),
	},
	{
		.name = "populate",
		.number = XMMU_SKELETON_POPULATE,
		.weight = 40,
		.may_fault = true,
		.fill = fill_populate,
		.is_wrong = populate_is_wrong,
		.errors = ERRORS(ENOENT, EINVAL, EPERM, EAGAIN, ENOSPC, ESRCH, EXDEV, ETIMEDOUT,
				 EINTR),
	},
	{
		.name = "zap",
		.number = XMMU_SKELETON_ZAP,
		.weight = 12,
		.fill = fill_zap,
		.is_wrong = range_is_wrong,
		.errors = ERRORS(ENOENT, EINVAL, ESRCH, EXDEV),
	},
	{
		.name = "query",
		.number = XMMU_SKELETON_QUERY,
		.weight = 12,
		.fill = fill_query,
		.is_wrong = query_is_wrong,
		.errors = ERRORS(ENOENT, EINVAL, ESRCH, EXDEV),
	},
	{
		.name = "stats",
		.number = XMMU_SKELETON_STATS,
		.weight = 4,
		.errors = ERRORS(0),
	},
	{
		.name = "detach",
		.number = XMMU_SKELETON_DETACH,
		.weight = 1,
		.errors = ERRORS(0),
	},
};

static bool works(int fd)
{
	void *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct xmmu_skeleton_attach attach = {};
	struct xmmu_skeleton_range range = { (uintptr_t)memory, PAGE };
	struct xmmu_skeleton_populate populate = { range.addr, PAGE, .flags = XMMU_SKELETON_WRITE };
	struct xmmu_skeleton_query query = { .addr = range.addr };
	bool there, gone;

	there = !ioctl(fd, XMMU_SKELETON_ATTACH, &attach) &&
		!ioctl(fd, XMMU_SKELETON_RANGE_ADD, &range) &&
		!ioctl(fd, XMMU_SKELETON_POPULATE, &populate) && populate.done == PAGE &&
		!ioctl(fd, XMMU_SKELETON_QUERY, &query) &&
		query.access == (XMMU_SKELETON_MAY_READ | XMMU_SKELETON_MAY_WRITE);
	munmap(memory, PAGE);
	gone = !ioctl(fd, XMMU_SKELETON_QUERY, &query) && !query.access;
	return there && gone;
}

const struct target skeleton_target = {
	.name = "skeleton",
	.device = "/dev/xmmu-skeleton",
	.module = "skeleton",
	.type = XMMU_SKELETON_IOC,
	.commands = commands,
	.nr_commands = array_size(commands),
	.works = works,
};
