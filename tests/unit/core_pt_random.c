// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page table against a plain array, in random order: what walks enter and zaps remove is done
 * to both, and after each step the device finds in the table what the array has.
 */
#include "pt.h"

#define PAGES  CORE_PAGES
#define MIDDLE 900UL /* where one range ends and the other begins */
#define STEPS  200

static u64 model[PAGES]; /* address and WRITE; 0: nothing */
static struct xmmu_range *ranges[2];
static u64 seed;

static unsigned long below(unsigned long limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % limit;
}

/* ---- the driver does to the array what it does to the table */

static void model_populate(struct xmmu_walk *walk)
{
	struct xmmu_leaf leaf;
	unsigned long i;
	u64 *page;

	xmmu_pt_populate(&pt, walk);
	xmmu_walk_for_each(walk, &leaf) {
		page = &model[(leaf.addr - CORE_BASE) / PAGE_SIZE];
		for (i = 0; i < leaf.len; i += PAGE_SIZE, page++) {
			check(!*page || (*page & ADDRESS) == page_to_phys(leaf.page) + i);
			*page |= page_to_phys(leaf.page) + i;
			if (leaf.perm & XMMU_PERM_WRITE)
				*page |= WRITE;
		}
	}
}

/* What is reported begins and ends with what was there. */
static void model_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		      struct xmmu_gather *gather)
{
	unsigned long first = gather->start, last = gather->end, addr;
	u64 *page;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		page = &model[(addr - CORE_BASE) / PAGE_SIZE];
		if (!*page)
			continue;
		*page = 0;
		first = min(first, addr);
		last = max(last, addr + PAGE_SIZE);
	}
	xmmu_pt_zap(&pt, start, end, gather);
	check(gather->start == first && gather->end == last);
}

/* ---- what must hold */

static void check_device(void)
{
	unsigned long n;
	u64 what;

	for (n = 0; n < PAGES; n++) {
		pt_device_read(at(n), &what);
		check(what == model[n]);
	}
}

static void check_found(void)
{
	struct xmmu_pt_leaf leaf;
	unsigned long n = 0;

	xmmu_pt_for_each(&pt, &leaf, 0, ULONG_MAX) {
		for (; at(n) < leaf.addr; n++)
			check(!model[n]);
		check(leaf.addr == at(n));
		check((leaf.entry & ADDRESS) == (model[n] & ADDRESS));
		for (; at(n) < leaf.addr + leaf.len; n++)
			check(model[n] && (model[n] & WRITE) == (leaf.entry & WRITE));
	}
	for (; n < PAGES; n++)
		check(!model[n]);
}

/* ---- steps */

static void step_populate(unsigned long first, unsigned long pages)
{
	const unsigned int flags[] = { 0, XMMU_WRITE, XMMU_SNAPSHOT, XMMU_SNAPSHOT | XMMU_WRITE };
	struct xmmu_range *range = ranges[first >= MIDDLE];

	pages = min(pages, (xmmu_range_end(range) - at(first)) / PAGE_SIZE);
	expect(core_populate(range, first, pages, flags[below(4)]), 0);
}

static void step_zap(unsigned long first, unsigned long pages)
{
	struct xmmu_range *range = ranges[first >= MIDDLE];

	pages = min(pages, (xmmu_range_end(range) - at(first)) / PAGE_SIZE);
	expect(xmmu_range_zap(range, at(first), at(first + pages)), 0);
}

static void step_discard(unsigned long first, unsigned long pages)
{
	pages = min(pages, PAGES - first);
	expect(hosted_madvise(mm, at(first), pages * PAGE_SIZE, HOSTED_DONTNEED), 0);
}

/* A new mapping: there is a huge page in it afterwards, or there are only small ones. */
static void step_renew(unsigned long first, unsigned long pages)
{
	unsigned long len = LARGE_PAGES * PAGE_SIZE;

	first &= -LARGE_PAGES;
	expect(hosted_munmap(mm, at(first), len), 0);
	expect(hosted_mmap(mm, at(first), len, RW, 0, NULL, 0), 0);
	if (below(4))
		expect(hosted_madvise(mm, at(first), len, HOSTED_HUGEPAGE), 0);
	step_populate(first, pages);
}

/* A whole window, so that it can have a huge page again. */
static void step_protect(unsigned long first, unsigned long pages)
{
	first &= -LARGE_PAGES;
	expect(hosted_mprotect(mm, at(first), LARGE_PAGES * PAGE_SIZE, VM_READ), 0);
	expect(hosted_mprotect(mm, at(first), LARGE_PAGES * PAGE_SIZE, RW), 0);
}

static void step(void)
{
	static void (*const steps[])(unsigned long, unsigned long) = {
		step_populate, step_populate, step_populate, step_zap,   step_zap,
		step_zap,      step_discard,  step_protect,  step_renew, step_renew,
	};
	static const unsigned long limits[] = { 4, 40, LARGE_PAGES, PAGES };
	unsigned long first = below(PAGES), pages = 1 + below(limits[below(4)]);

	/* Where sizes begin, more often than not; and whole windows. */
	first &= -(1UL << below(10));
	if (!below(3)) {
		first &= -LARGE_PAGES;
		pages = LARGE_PAGES;
	}
	steps[below(ARRAY_SIZE(steps))](first, pages);
}

static void random_steps(unsigned int levels, unsigned int bits, u64 number)
{
	unsigned int i;

	seed = number;
	memset(model, 0, sizeof(model));
	format.levels = levels;
	format.bits = bits;
	pt_driver(PAGES, HOSTED_DMA_DIRECT);
	core.ops.populate = model_populate;
	core.ops.zap = model_zap;
	expect(xmmu_pt_init(&pt, &format, NULL), 0);
	core_attach();
	expect(hosted_madvise(mm, at(0), PAGES * PAGE_SIZE, HOSTED_HUGEPAGE), 0);
	ranges[0] = core_insert(0, MIDDLE);
	ranges[1] = core_insert(MIDDLE, PAGES - MIDDLE);
	for (i = 0; i < STEPS; i++) {
		step();
		check_device();
		check_found();
	}
	core_remove(ranges[0]);
	core_remove(ranges[1]);
	check_found();
	pt_stop();
}

#define CASE_FORMAT(name, levels, bits)                     \
	static void case_##name(void *unused)               \
	{                                                   \
		u64 number;                                 \
                                                            \
		for (number = 1; number <= 3; number++)     \
			random_steps(levels, bits, number); \
	}                                                   \
	CASE(name)

/* A page of 2 MiB is one entry; 8 or 16 entries of an upper table; 512 of a last table. */
CASE_FORMAT(nine_bits, 4, 9)
CASE_FORMAT(two_levels, 2, 9)
CASE_FORMAT(six_bits, 6, 6)
CASE_FORMAT(five_bits, 7, 5)
CASE_FORMAT(ten_bits, 3, 10)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nine_bits), cmocka_unit_test(two_levels),
		cmocka_unit_test(six_bits),  cmocka_unit_test(five_bits),
		cmocka_unit_test(ten_bits),
	};

	return cmocka_run_group_tests_name("core_pt_random", tests, NULL, NULL);
}
