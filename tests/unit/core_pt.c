// SPDX-License-Identifier: GPL-2.0-only
/* The page table: sizes of leaves, rights, tables that come and go, and who pays for them. */
#include "pt.h"

#include <linux/memcontrol.h>
#include <linux/sizes.h>
#include <linux/workqueue.h>

#include "../../sdk/hosted/kernel/internal.h"
#include "../../sdk/parts/pt_internal.h"

static void case_one_page(void *unused)
{
	struct xmmu_pt_leaf leaf;
	struct xmmu_range *range;

	pt_start(4);
	range = core_insert(0, 4);
	expect(core_populate(range, 1, 1, XMMU_WRITE), 0);
	check(xmmu_pt_next(&pt, 0, ULONG_MAX, &leaf));
	check(leaf.addr == at(1) && leaf.len == PAGE_SIZE);
	check((leaf.entry & ~ADDRESS) == (VALID | WRITE));
	check(!xmmu_pt_next(&pt, 0, at(1), &leaf));
	check(!xmmu_pt_next(&pt, at(2), ULONG_MAX, &leaf));
	expect(pt_pages(1), 1);
	core_remove(range);
	check(!xmmu_pt_next(&pt, 0, ULONG_MAX, &leaf));
	pt_stop();
}
CASE(one_page)

/* A page of 2 MiB is one leaf until a part of it goes; the rest stays, in the next smaller size. */
static void case_large(void *unused)
{
	struct xmmu_range *range;

	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(0, LARGE_PAGES);
	expect(core_populate(range, 0, LARGE_PAGES, XMMU_WRITE), 0);
	expect(pt_pages(0), LARGE_PAGES);
	expect(xmmu_range_zap(range, at(37), at(38)), 0);
	check(core.report.zap_end == 0);
	expect(pt_pages(37), 0);
	expect(pt_pages(36), 1);
	expect(pt_pages(47), 1);
	expect(pt_pages(48), GROUP_PAGES);
	expect(pt_pages(31), GROUP_PAGES);
	check(pt_writable(511) && pt_writable(36));
	expect(xmmu_range_zap(range, at(0), at(64)), 0);
	expect(pt_pages(63), 0);
	expect(pt_pages(64), GROUP_PAGES);
	core_remove(range);
	pt_stop();
}
CASE(large)

/* Nothing lies outside of the range, whatever the size of the page behind it. */
static void case_trimmed(void *unused)
{
	struct xmmu_range *range;

	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(3, 100);
	expect(core_populate(range, 3, 100, 0), 0);
	expect(pt_pages(2), 0);
	expect(pt_pages(3), 1);
	expect(pt_pages(16), GROUP_PAGES);
	expect(pt_pages(95), GROUP_PAGES);
	expect(pt_pages(96), 1);
	expect(pt_pages(102), 1);
	expect(pt_pages(103), 0);
	core_remove(range);
	pt_stop();
}
CASE(trimmed)

static unsigned long shift;

static u64 encode_shifted(const struct xmmu_leaf *leaf)
{
	return pt_encode(leaf) + shift * PAGE_SIZE;
}

/* Where it is for the device need not be aligned as it is in memory. */
static void case_shifted(void *unused)
{
	struct xmmu_range *range;

	format.encode = encode_shifted;
	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(0, LARGE_PAGES);
	shift = GROUP_PAGES;
	expect(core_populate(range, 0, LARGE_PAGES, 0), 0);
	expect(pt_pages(0), GROUP_PAGES);
	expect(pt_pages(511), GROUP_PAGES);
	expect(xmmu_range_zap(range, at(0), at(LARGE_PAGES)), 0);
	shift = 1;
	expect(core_populate(range, 0, LARGE_PAGES, 0), 0);
	expect(pt_pages(0), 1);
	expect(pt_pages(511), 1);
	core_remove(range);
	pt_stop();
}
CASE(shifted)

/* A range that is split has a leaf in common with its upper part until one of them is zapped. */
static void case_range_split(void *unused)
{
	struct xmmu_range *range, *upper = kzalloc(sizeof(*upper), GFP_KERNEL);

	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(0, LARGE_PAGES);
	expect(core_populate(range, 0, LARGE_PAGES, 0), 0);
	expect(xmmu_range_split(range, upper, at(21)), 0);
	expect(pt_pages(21), LARGE_PAGES);
	core_remove(range);
	expect(pt_pages(20), 0);
	expect(pt_pages(21), 1);
	expect(pt_pages(511), GROUP_PAGES);
	core_remove(upper);
	pt_stop();
}
CASE(range_split)

/* The right to write comes to what it was asked for, and does not go before it is zapped. */
static void case_upgrade(void *unused)
{
	struct xmmu_range *range;

	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(0, LARGE_PAGES);
	expect(core_populate(range, 0, LARGE_PAGES, 0), 0);
	check(!pt_writable(5));
	expect(core_populate(range, 5, 1, XMMU_WRITE), 0);
	check(pt_writable(5) && !pt_writable(4) && !pt_writable(6));
	expect(pt_pages(16), GROUP_PAGES);
	expect(core_populate(range, 32, 16, XMMU_WRITE), 0);
	check(pt_writable(32) && pt_writable(47) && !pt_writable(48));
	expect(pt_pages(32), GROUP_PAGES);
	expect(core_populate(range, 95, 1, XMMU_WRITE), 0);
	check(pt_writable(95) && !pt_writable(94));
	expect(core_populate(range, 0, LARGE_PAGES, 0), 0);
	check(pt_writable(5) && !pt_writable(4));
	expect(core_populate(range, 0, LARGE_PAGES, XMMU_WRITE), 0);
	check(pt_writable(4) && pt_writable(511));
	/* Where smaller leaves are they stay. */
	expect(pt_pages(4), 1);
	expect(pt_pages(511), GROUP_PAGES);
	expect(core.flushes, 0);
	core_remove(range);
	pt_stop();
}
CASE(upgrade)

static void case_large_upgrade(void *unused)
{
	struct xmmu_range *range;

	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(0, LARGE_PAGES);
	expect(core_populate(range, 0, LARGE_PAGES, 0), 0);
	expect(core_populate(range, 0, LARGE_PAGES, XMMU_WRITE), 0);
	expect(pt_pages(0), LARGE_PAGES);
	check(pt_writable(0));
	/* It may be written to already, so it stays whole. */
	expect(core_populate(range, 7, 1, XMMU_WRITE), 0);
	expect(pt_pages(7), LARGE_PAGES);
	core_remove(range);
	pt_stop();
}
CASE(large_upgrade)

static struct xmmu_range *both;

static void second_walk(void *unused)
{
	expect(core_populate(both, 4, 4, 0), 0);
}

/* Both have prepared the same tables. What one does not need is kept for who comes next. */
static void case_two_walks(void *unused)
{
	struct xmmu_walk walk;
	struct task_struct *second;
	u64 bytes;

	pt_start(8);
	both = core_insert(0, 8);
	xmmu_walk_init(&walk, both, at(0), at(4), 0, NULL);
	check(xmmu_walk_next(&walk));
	second = core_beside(second_walk);
	hosted_others();
	bytes = xmmu_pt_bytes(&pt);
	xmmu_pt_populate(&pt, &walk);
	xmmu_walk_commit(&walk);
	expect(xmmu_walk_end(&walk), 0);
	hosted_join(second);
	expect(pt_pages(0) + pt_pages(7), 2);
	expect(xmmu_pt_bytes(&pt), bytes);
	expect(core_populate(both, 2, 4, 0), 0);
	expect(xmmu_pt_bytes(&pt), bytes);
	core_remove(both);
	pt_stop();
}
CASE(two_walks)

static void remove_both(void *unused)
{
	core_remove(both);
}

/* A table goes with its last leaf, but not before the device has confirmed. */
static void case_emptied(void *unused)
{
	struct task_struct *task;
	u64 bytes;

	pt_start(8);
	both = core_insert(0, 8);
	expect(core_populate(both, 0, 8, 0), 0);
	bytes = xmmu_pt_bytes(&pt);
	expect(xmmu_range_zap(both, at(0), at(7)), 0);
	msleep(10);
	expect(xmmu_pt_bytes(&pt), bytes);
	core.mute = true;
	task = core_beside(remove_both);
	msleep(10);
	check(!pt_translated(NULL, 0, ULONG_MAX));
	expect(xmmu_pt_bytes(&pt), bytes);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(task);
	msleep(10);
	check(xmmu_pt_bytes(&pt) < bytes);
	core.mute = false;
	pt_stop();
}
CASE(emptied)

/* A window in which there is nothing takes no table. */
static void case_snapshot(void *unused)
{
	struct xmmu_range *range;
	struct xmmu_pt_leaf leaf;
	unsigned long pages = 0;

	pt_start(8);
	range = core_insert(0, 8);
	expect(core_populate(range, 0, 8, XMMU_SNAPSHOT), 0);
	expect(pt.root->live, 0);
	expect(hosted_store(mm, at(3), 1), 0);
	expect(hosted_store(mm, at(5), 1), 0);
	expect(core_populate(range, 0, 8, XMMU_SNAPSHOT | XMMU_WRITE), 0);
	xmmu_pt_for_each(&pt, &leaf, at(0), at(8)) {
		check(leaf.addr == at(3) || leaf.addr == at(5));
		pages++;
	}
	expect(pages, 2);
	core_remove(range);
	pt_stop();
}
CASE(snapshot)

/* Whatever allocation fails, populate fails as a whole, and works when there is memory again. */
static void case_no_memory(void *unused)
{
	struct xmmu_range *range;
	int err = -ENOMEM;
	unsigned int n;

	for (n = 1; err; n++) {
		pt_start(1);
		range = core_insert(0, 1);
		hosted_slab_fail(n);
		err = core_populate(range, 0, 1, 0);
		hosted_slab_fail(0);
		check(!err || err == -ENOMEM);
		expect(pt_pages(0), !err);
		expect(core_populate(range, 0, 1, 0), 0);
		expect(pt_pages(0), 1);
		core_remove(range);
		pt_stop();
	}
	/* Three tables: each is described, and those above the last one know what is below. */
	expect(n, 3 * 2 + 2 + 2);
}
CASE(no_memory)

static void case_init_no_memory(void *unused)
{
	unsigned int n;

	core_start(1, HOSTED_DMA_DIRECT);
	for (n = 1; n <= 3; n++) {
		hosted_slab_fail(n);
		expect(xmmu_pt_init(&pt, &format, NULL), -ENOMEM);
		expect(xmmu_pt_bytes(&pt), 0);
	}
	core_stop();
}
CASE(init_no_memory)

/* Where the format has no tables. */
static void case_reach(void *unused)
{
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);

	format.levels = 2;
	pt_start(1);
	expect(hosted_mmap(mm, SZ_1G - PAGE_SIZE, 2 * PAGE_SIZE, RW, 0, NULL, 0), 0);
	expect(xmmu_range_insert(&core.mirror, range, SZ_1G - PAGE_SIZE, SZ_1G + PAGE_SIZE), 0);
	expect(xmmu_populate(range, SZ_1G - PAGE_SIZE, SZ_1G, 0, NULL, NULL), 0);
	check(pt_translated(range, SZ_1G - PAGE_SIZE, ULONG_MAX));
	expect(xmmu_populate(range, SZ_1G, SZ_1G + PAGE_SIZE, 0, NULL, NULL), -ERANGE);
	check(!pt_translated(range, SZ_1G, ULONG_MAX));
	core_remove(range);
	pt_stop();
}
CASE(reach)

/* Few pages, far from each other; all go at once. */
static void case_sparse(void *unused)
{
	const unsigned long places[] = { SZ_1G, 513UL * SZ_1G, HOSTED_TASK_SIZE - SZ_2M };
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	struct xmmu_pt_leaf leaf;
	unsigned int i = 0;

	pt_start(1);
	expect(xmmu_range_insert(&core.mirror, range, SZ_1G, HOSTED_TASK_SIZE), 0);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		expect(hosted_mmap(mm, places[i], PAGE_SIZE, RW, 0, NULL, 0), 0);
		expect(xmmu_populate(range, places[i], places[i] + PAGE_SIZE, 0, NULL, NULL), 0);
	}
	i = 0;
	xmmu_pt_for_each(&pt, &leaf, 0, ULONG_MAX)
		check(leaf.addr == places[i++]);
	expect(i, 3);
	expect(xmmu_range_zap(range, 2UL * SZ_1G, HOSTED_TASK_SIZE - SZ_2M), 0);
	check(pt_translated(range, places[0], places[0] + 1));
	check(!pt_translated(range, places[1], places[1] + 1));
	check(pt_translated(range, places[2], places[2] + 1));
	core_remove(range);
	pt_stop();
}
CASE(sparse)

/* What the device says of a group in one entry holds for all of it, also when it is split. */
static void case_age(void *unused)
{
	struct xmmu_range *range;
	unsigned int level;
	u64 *entry;

	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(0, 64);
	expect(core_populate(range, 0, 64, XMMU_WRITE), 0);
	expect(xmmu_pt_age(&pt, at(0), at(64), ACCESSED | DIRTY), 0);
	entry = pt_device_entry(at(19), &level);
	*entry |= ACCESSED | DIRTY;
	expect(xmmu_pt_age(&pt, at(0), at(16), ACCESSED | DIRTY), 0);
	expect(xmmu_pt_age(&pt, at(30), at(31), 0), ACCESSED | DIRTY);
	expect(xmmu_pt_age(&pt, at(16), at(17), ACCESSED), ACCESSED | DIRTY);
	expect(xmmu_pt_age(&pt, at(16), at(17), ACCESSED), DIRTY);
	expect(xmmu_range_zap(range, at(16), at(17)), 0);
	expect(pt_pages(30), 1);
	expect(xmmu_pt_age(&pt, at(30), at(31), DIRTY), DIRTY);
	expect(xmmu_pt_age(&pt, at(30), at(31), DIRTY), 0);
	expect(xmmu_pt_age(&pt, 0, ULONG_MAX, 0), DIRTY);
	core_remove(range);
	pt_stop();
}
CASE(age)

static void case_age_large(void *unused)
{
	struct xmmu_range *range;
	unsigned int level;

	pt_start(LARGE_PAGES);
	pt_huge(0);
	range = core_insert(0, LARGE_PAGES);
	expect(core_populate(range, 0, LARGE_PAGES, XMMU_WRITE), 0);
	*pt_device_entry(at(0), &level) |= DIRTY;
	expect(xmmu_range_zap(range, at(16), at(17)), 0);
	expect(xmmu_pt_age(&pt, at(511), at(512), 0), DIRTY);
	core_remove(range);
	pt_stop();
}
CASE(age_large)

/* The same where a page of 2 MiB is a group of an upper table. */
static void case_age_upper_group(void *unused)
{
	format.levels = 6;
	format.bits = 6;
	case_age_large(NULL);
}
CASE(age_upper_group)

/* 4 GiB, all of one huge page of zeros: an entry of 8 bytes for each page, and less than 2 %. */
static void case_bytes(void *unused)
{
	const unsigned long start = 4UL * SZ_1G, len = 4UL * SZ_1G;
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	u64 first, bytes, entries = (len - SZ_1G) / PAGE_SIZE * sizeof(u64);

	pt_start(1);
	expect(hosted_mmap(mm, start, len, RW, 0, NULL, 0), 0);
	expect(hosted_madvise(mm, start, len, HOSTED_HUGEPAGE), 0);
	expect(xmmu_range_insert(&core.mirror, range, start, start + len), 0);
	expect(xmmu_populate(range, start, start + SZ_1G, 0, NULL, NULL), 0);
	first = xmmu_pt_bytes(&pt);
	expect(xmmu_populate(range, start + SZ_1G, start + len, 0, NULL, NULL), 0);
	bytes = xmmu_pt_bytes(&pt) - first;
	print_message(
		"bytes for 1 GiB: %llu; for each more: %llu, %llu.%02llu %% more than entries\n",
		first, bytes / 3, (bytes - entries) * 100 / entries,
		(bytes - entries) * 10000 / entries % 100);
	check(bytes >= entries && bytes - entries < entries / 50);
	core_remove(range);
	pt_stop();
}
CASE(bytes)

/* The device knows tables by DMA addresses; none is left. */
static void case_dma(void *unused)
{
	struct xmmu_range *range;
	struct xmmu_pt_leaf leaf;
	unsigned int level;
	u64 entry;

	pt_driver(1, HOSTED_DMA_IOMMU);
	core.config.dma = XMMU_DMA_LEAF;
	core.config.dev = &core.dev;
	format.encode = NULL;
	hosted_dma_fail(1);
	expect(xmmu_pt_init(&pt, &format, &core.dev), -ENOMEM);
	expect(xmmu_pt_init(&pt, &format, &core.dev), 0);
	core_attach();
	range = core_insert(0, 1);
	hosted_dma_fail(2);
	expect(core_populate(range, 0, 1, XMMU_WRITE), -ENOMEM);
	expect(core_populate(range, 0, 1, XMMU_WRITE), 0);
	entry = xmmu_pt_root(&pt);
	for (level = format.levels; level-- > 0;)
		hosted_dma_read(&core.dev,
				(entry & ADDRESS) + (at(0) >> (12 + 9 * level) & 511) * sizeof(u64),
				&entry, sizeof(entry));
	check(xmmu_pt_next(&pt, at(0), at(1), &leaf));
	check(leaf.entry == entry && (entry & ADDRESS) != page_to_phys(core.leaf.page));
	hosted_dma_write(&core.dev, entry & ADDRESS, &entry, sizeof(entry));
	core_remove(range);
	pt_stop();
}
CASE(dma)

/* A device that would have to be told of each change, or that can not address the tables. */
static void case_unusable(void *unused)
{
	core_start(1, HOSTED_DMA_BOUNCE);
	expect(xmmu_pt_init(&pt, &format, &core.dev), -EOPNOTSUPP);
	format.address = 0xfffff000;
	expect(xmmu_pt_init(&pt, &format, NULL), -EOPNOTSUPP);
	core_stop();
}
CASE(unusable)

/* The driver has not zapped. */
static void case_destroyed_too_early(void *unused)
{
	pt_start(1);
	both = core_insert(0, 1);
	expect(core_populate(both, 0, 1, 0), 0);
	xmmu_pt_destroy(&pt);
}
CASE_UNTIL(destroyed_too_early, "warning")

static void serve(struct work_struct *work)
{
	check(!current->mm);
	expect(core_populate(both, 0, 1, 0), 0);
	check(!current->active_memcg);
}

/* A worker that serves a fault lets the process pay. */
static void case_charged(void *unused)
{
	struct workqueue_struct *queue = alloc_workqueue("faults", 0, 0);
	unsigned long charged;
	struct work_struct work;

	pt_start(1);
	both = core_insert(0, 1);
	charged = mm->memcg->charged;
	INIT_WORK(&work, serve);
	queue_work(queue, &work);
	flush_work(&work);
	destroy_workqueue(queue);
	/* A last table, and two above with what they know of those below. */
	expect(mm->memcg->charged - charged, 5 * PAGE_SIZE + 3 * sizeof(*pt.root));
	core_remove(both);
	pt_stop();
}
CASE(charged)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_page),
		cmocka_unit_test(large),
		cmocka_unit_test(trimmed),
		cmocka_unit_test(shifted),
		cmocka_unit_test(range_split),
		cmocka_unit_test(upgrade),
		cmocka_unit_test(large_upgrade),
		cmocka_unit_test(two_walks),
		cmocka_unit_test(emptied),
		cmocka_unit_test(snapshot),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(init_no_memory),
		cmocka_unit_test(reach),
		cmocka_unit_test(sparse),
		cmocka_unit_test(age),
		cmocka_unit_test(age_large),
		cmocka_unit_test(age_upper_group),
		cmocka_unit_test(bytes),
		cmocka_unit_test(dma),
		cmocka_unit_test(unusable),
		cmocka_unit_test(destroyed_too_early),
		cmocka_unit_test(charged),
	};

	return cmocka_run_group_tests_name("core_pt", tests, NULL, NULL);
}
