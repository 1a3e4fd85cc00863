// SPDX-License-Identifier: GPL-2.0-only
/* The page table: a device with pages of 4 KiB, groups of 64 KiB, and 2 MiB. */
#include "core.h"

#include <linux/sizes.h>

#include <xmmu/pt.h>

#define VALID    BIT_ULL(0)
#define WRITE    BIT_ULL(1)
#define LARGE    BIT_ULL(2)
#define GROUP    BIT_ULL(3)
#define ACCESSED BIT_ULL(5)
#define DIRTY    BIT_ULL(6)
#define ADDRESS  0x000ffffffffff000ULL

static struct xmmu_pt pt;

static u64 encode(const struct xmmu_leaf *leaf)
{
	return page_to_phys(leaf->page);
}

static struct xmmu_pt_format format = {
	.levels = 4,
	.bits = 9,
	.address = ADDRESS,
	.table = VALID,
	.write = WRITE,
	.accessed = ACCESSED,
	.dirty = DIRTY,
	.sizes = { { 0, VALID }, { 4, VALID | GROUP }, { 9, VALID | LARGE } },
	.nr_sizes = 3,
	.encode = encode,
};

static int prepare(struct xmmu_walk *walk)
{
	return xmmu_pt_prepare(&pt, walk);
}

static void populate(struct xmmu_walk *walk)
{
	xmmu_pt_populate(&pt, walk);
}

static void zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		struct xmmu_gather *gather)
{
	xmmu_pt_zap(&pt, start, end, gather);
}

static void start(unsigned long pages)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core.ops.prepare = prepare;
	core.ops.populate = populate;
	core.ops.zap = zap;
	core.ops.translated = NULL;
	expect(xmmu_pt_init(&pt, &format, NULL), 0);
	core_attach();
}

static void stop(void)
{
	xmmu_mirror_detach(&core.mirror);
	xmmu_pt_destroy(&pt);
	expect(xmmu_pt_bytes(&pt), 0);
	core_stop();
}

static void case_one_page(void *unused)
{
	struct xmmu_pt_leaf leaf;
	struct xmmu_range *range;

	start(4);
	range = core_insert(0, 4);
	expect(core_populate(range, 1, 1, XMMU_WRITE), 0);
	check(xmmu_pt_next(&pt, 0, ULONG_MAX, &leaf));
	check(leaf.addr == at(1) && leaf.len == PAGE_SIZE);
	check((leaf.entry & ~ADDRESS) == (VALID | WRITE));
	check(!xmmu_pt_next(&pt, at(2), ULONG_MAX, &leaf));
	core_remove(range);
	check(!xmmu_pt_next(&pt, 0, ULONG_MAX, &leaf));
	stop();
}
CASE(one_page)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page),
	};

	return cmocka_run_group_tests_name("core_pt", tests, NULL, NULL);
}
