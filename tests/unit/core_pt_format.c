// SPDX-License-Identifier: GPL-2.0-only
/* The page table: what is no format, several tables in one mirror, and where aging may sleep. */
#include "pt.h"

static char printed[256];

static void print(const char *text)
{
	strscpy(printed, text, sizeof(printed));
}

/* The format that all others are made of here, with one thing wrong. */
static struct xmmu_pt_format bad;

#define BAD(promise, change)                                                   \
	do {                                                                   \
		bad = format;                                                  \
		change;                                                        \
		expect(xmmu_pt_init(&pt, &bad, NULL), -EINVAL);                \
		if (!strstr(printed, "in a page table's format " promise))     \
			hosted_fail("check", "%s, but: %s", #change, printed); \
	} while (0)

static void case_bad_formats(void *unused)
{
	hosted_console = print;
	BAD("nr_sizes", bad.nr_sizes = 0);
	BAD("nr_sizes", bad.nr_sizes = XMMU_PT_SIZES + 1);
	BAD("bits is", bad.bits = 4);
	BAD("bits is", bad.bits = 14);
	BAD("levels is", bad.levels = 0);
	BAD("levels is", bad.levels = 1);
	BAD("levels times bits", bad.levels = 6);
	BAD("levels times bits", bad.levels = UINT_MAX);
	BAD("orders", bad.sizes[0].order = 1);
	BAD("orders", bad.sizes[1].order = 9);
	BAD("orders", bad.sizes[2].order = 4);
	BAD("orders", bad.sizes[2].order = 3);
	BAD("orders", bad.sizes[2].order = 18);
	BAD("table, and bits", bad.table = 0);
	BAD("table, and bits", bad.sizes[0].bits = 0);
	BAD("table, and bits", bad.sizes[2].bits = 0);
	BAD("bits of a size", bad.sizes[2].bits = bad.table);
	BAD("bits of a size", bad.sizes[1].bits = bad.sizes[0].bits);
	BAD("bits of a size", bad.sizes[1] = bad.sizes[2]; bad.sizes[2].order = 10;
	    bad.sizes[1].order = 9);
	BAD("address", bad.address = 0);
	BAD("address", bad.address &= ~BIT_ULL(30));
	BAD("address", bad.address <<= 1);
	BAD("write", bad.write = 0);
	BAD("no bit", bad.write = bad.table);
	BAD("no bit", bad.write |= BIT_ULL(12));
	BAD("no bit", bad.table |= BIT_ULL(20));
	BAD("no bit", bad.sizes[2].bits |= bad.write);
	BAD("no bit", bad.accessed = bad.dirty);
	BAD("no bit", bad.accessed = bad.write);
	BAD("no bit", bad.dirty = bad.address);
	BAD("no bit", bad.dirty = bad.sizes[1].bits);
}
CASE(bad_formats)

/* What is unusual, and none of the above. */
static void case_good_formats(void *unused)
{
	const struct xmmu_pt_format formats[] = {
		{ .levels = 2,
		  .bits = 13,
		  .address = ~0xfffULL,
		  .table = 1,
		  .write = 2,
		  .sizes = { { 0, 1 } },
		  .nr_sizes = 1 },
		{ .levels = 10,
		  .bits = 5,
		  .address = 0xfffffffffffc0ULL,
		  .table = 2,
		  .write = 4,
		  .accessed = 8,
		  .sizes = { { 0, 2 }, { 5, 1 }, { 9, 3 } },
		  .nr_sizes = 3 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(formats); i++) {
		expect(xmmu_pt_init(&pt, &formats[i], NULL), 0);
		xmmu_pt_destroy(&pt);
	}
}
CASE(good_formats)

/* ---- two tables, each for its own part of the device, say, in one mirror */

static struct xmmu_pt second;

static int prepare_both(struct xmmu_walk *walk)
{
	return xmmu_pt_prepare(&pt, walk) ?: xmmu_pt_prepare(&second, walk);
}

static void populate_both(struct xmmu_walk *walk)
{
	xmmu_pt_populate(&pt, walk);
	xmmu_pt_populate(&second, walk);
}

static void zap_both(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	xmmu_pt_zap(&pt, start, end, gather);
	xmmu_pt_zap(&second, start, end, gather);
}

static void case_two_tables(void *unused)
{
	struct xmmu_pt_format small = format;
	struct xmmu_pt_leaf a, b;
	struct xmmu_range *range;

	small.levels = 6;
	small.bits = 6;
	pt_driver(64, HOSTED_DMA_DIRECT);
	core.ops.prepare = prepare_both;
	core.ops.populate = populate_both;
	core.ops.zap = zap_both;
	expect(xmmu_pt_init(&pt, &format, NULL), 0);
	expect(xmmu_pt_init(&second, &small, NULL), 0);
	core_attach();
	range = core_insert(0, 64);
	expect(core_populate(range, 0, 64, XMMU_WRITE), 0);
	check(xmmu_pt_next(&pt, at(63), at(64), &a) && xmmu_pt_next(&second, at(63), at(64), &b));
	check((a.entry & ADDRESS) == (b.entry & ADDRESS));
	expect(xmmu_range_zap(range, at(0), at(63)), 0);
	check(!xmmu_pt_next(&second, at(0), at(63), &b));
	check(xmmu_pt_next(&second, at(0), at(64), &b));
	core_remove(range);
	xmmu_mirror_detach(&core.mirror);
	xmmu_pt_destroy(&second);
	expect(xmmu_pt_bytes(&second), 0);
	pt_stop();
}
CASE(two_tables)

/* A leaf has no address for the device there. */
static void case_no_encode(void *unused)
{
	struct xmmu_range *range;

	format.encode = NULL;
	pt_start(1);
	range = core_insert(0, 1);
	expect(core_populate(range, 0, 1, 0), -EINVAL);
}
CASE_UNTIL(no_encode, "warning")

/* ---- aging */

static void age_atomically(unsigned long pages)
{
	DEFINE_SPINLOCK(lock);
	struct xmmu_range *range;

	pt_start(pages);
	range = core_insert(0, pages);
	expect(core_populate(range, 0, pages, 0), 0);
	spin_lock(&lock);
	expect(xmmu_pt_age(&pt, at(0), at(pages), ACCESSED), 0);
	spin_unlock(&lock);
	core_remove(range);
	pt_stop();
}

/* The kernel asks for a huge page at most, where it may not sleep. */
static void case_age_window(void *unused)
{
	age_atomically(LARGE_PAGES);
}
CASE(age_window)

/* A long span would keep readers of tables, and so their memory. */
static void case_age_long(void *unused)
{
	age_atomically(2 * LARGE_PAGES);
}
CASE_UNTIL(age_long, "sleep")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_formats), cmocka_unit_test(good_formats),
		cmocka_unit_test(two_tables),  cmocka_unit_test(no_encode),
		cmocka_unit_test(age_window),  cmocka_unit_test(age_long),
	};

	return cmocka_run_group_tests_name("core_pt_format", tests, NULL, NULL);
}
