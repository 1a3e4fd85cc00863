// SPDX-License-Identifier: GPL-2.0-only
/* Ranges that follow the process: made where the device faults, cut where memory is unmapped. */
#include "core.h"

#include <linux/sizes.h>

/* CORE_BASE is aligned to them. */
#define K64 (SZ_64K / PAGE_SIZE)
#define M2  (SZ_2M / PAGE_SIZE)

static unsigned int allocated;
static bool alloc_fails;

static struct xmmu_range *range_alloc(struct xmmu_range *range)
{
	might_sleep();
	allocated++;
	return alloc_fails ? NULL : kzalloc(sizeof(struct xmmu_range), GFP_KERNEL_ACCOUNT);
}

static struct xmmu_range *find(unsigned long page, unsigned long sizes)
{
	struct xmmu_range *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
	struct xmmu_range *range = xmmu_range_find_or_insert(&core.mirror, fresh, at(page), sizes);

	if (range != fresh)
		kfree(fresh);
	return range;
}

/* A range from there to there, and the reference to it dropped. */
static void expect_range(struct xmmu_range *range, unsigned long first, unsigned long end)
{
	check(!IS_ERR_OR_NULL(range));
	expect(xmmu_range_start(range), at(first));
	expect(xmmu_range_end(range), at(end));
	xmmu_range_put(range);
}

static void expect_none(unsigned long page)
{
	check(!xmmu_range_find(&core.mirror, at(page)));
}

/* ---- on a grid */

static void case_sizes(void *unused)
{
	core_start(M2, HOSTED_DMA_DIRECT);
	core_attach();
	expect_range(find(K64 + 3, SZ_64K), K64, 2 * K64);
	expect_range(find(3, 0), 3, 4);
	/* What is there is found, whatever the size. */
	expect_range(find(K64, PAGE_SIZE), K64, 2 * K64);
	/* No chunk may lie over another range. */
	expect_range(find(5, SZ_2M | SZ_64K), 5, 6);
	expect_range(find(3 * K64 + 1, SZ_2M | SZ_64K), 3 * K64, 4 * K64);
	core_stop();
}
CASE(sizes)

/* A chunk stays in the mapping, whose ends need not be aligned. */
static void case_mapping(void *unused)
{
	core_start(M2 + K64 + 2, HOSTED_DMA_DIRECT);
	core_attach();
	expect_range(find(M2 - 1, SZ_2M | SZ_64K), 0, M2);
	expect_range(find(M2, SZ_2M | SZ_64K), M2, M2 + K64);
	expect_range(find(M2 + K64, SZ_2M | SZ_64K), M2 + K64, M2 + K64 + 1);
	core_stop();
}
CASE(mapping)

static void case_refused(void *unused)
{
	struct xmmu_range fresh;

	core_start(4, HOSTED_DMA_DIRECT);
	check(find(0, 0) == ERR_PTR(-ESRCH));
	core_attach();
	check(find(4, 0) == ERR_PTR(-EFAULT));
	check(find(0, 2048) == ERR_PTR(-EINVAL));
	hosted_slab_fail(1);
	check(xmmu_range_find_or_insert(&core.mirror, &fresh, at(0), 0) == ERR_PTR(-ENOMEM));
	core_stop();
}
CASE(refused)

static void case_no_free(void *unused)
{
	core_start(4, HOSTED_DMA_DIRECT);
	core.ops.range_free = NULL;
	core_attach();
	check(find(0, 0) == ERR_PTR(-EINVAL));
	core_stop();
}
CASE(no_free)

static void find_beside(void *unused)
{
	xmmu_range_put(find(1, SZ_64K));
}

/* Two faults of one chunk make one range. */
static void case_two_faults(void *unused)
{
	core_start(K64, HOSTED_DMA_DIRECT);
	core_attach();
	core_beside(find_beside);
	expect_range(find(2, SZ_64K), 0, K64);
	msleep(10);
	expect_range(find(3, 0), 0, K64);
	core_stop();
	expect(core.freed, 1);
}
CASE(two_faults)

/* ---- cut */

static void start_following(unsigned long pages)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core.ops.range_alloc = range_alloc;
	core_attach();
	xmmu_range_put(core_insert(0, pages));
	expect_range(find(0, 0), 0, pages);
}

static void unmap(unsigned long page, unsigned long pages)
{
	expect(hosted_munmap(mm, at(page), pages * PAGE_SIZE), 0);
	msleep(10);
}

static void case_ends(void *unused)
{
	start_following(8);
	unmap(0, 2);
	expect_range(find(2, 0), 2, 8);
	unmap(7, 1);
	expect_range(find(2, 0), 2, 7);
	expect_none(1);
	expect_none(7);
	expect(allocated, 0);
	core_stop();
}
CASE(ends)

static void case_middle(void *unused)
{
	struct xmmu_range *range;

	start_following(8);
	range = find(0, 0);
	expect(core_populate(range, 0, 8, XMMU_WRITE), 0);
	xmmu_range_put(range);
	unmap(3, 2);
	expect_range(find(0, 0), 0, 3);
	expect_range(find(7, 0), 5, 8);
	expect_none(3);
	expect_none(4);
	expect(core_translated(), 6);
	unmap(6, 1);
	expect_range(find(5, 0), 5, 6);
	expect_range(find(7, 0), 7, 8);
	core_stop();
}
CASE(middle)

/* The process pays for the range that a worker makes. */
static void case_charged(void *unused)
{
	unsigned long charged;

	start_following(8);
	charged = mm->memcg->charged;
	unmap(3, 2);
	expect(mm->memcg->charged - charged, sizeof(struct xmmu_range));
	core_stop();
}
CASE(charged)

static void case_all(void *unused)
{
	start_following(4);
	unmap(0, 4);
	expect_none(0);
	expect(core.freed, 1);
	core_stop();
}
CASE(all)

/* Several holes before the worker gets to it. */
static void case_holes(void *unused)
{
	start_following(10);
	expect(hosted_munmap(mm, at(1), PAGE_SIZE), 0);
	expect(hosted_munmap(mm, at(8), PAGE_SIZE), 0);
	expect(hosted_munmap(mm, at(4), 2 * PAGE_SIZE), 0);
	msleep(10);
	expect_range(find(0, 0), 0, 1);
	expect_range(find(3, 0), 2, 4);
	expect_range(find(6, 0), 6, 8);
	expect_range(find(9, 0), 9, 10);
	expect_none(1);
	expect_none(8);
	core_stop();
}
CASE(holes)

static unsigned long lookups_of_unmap(unsigned long page)
{
	unsigned long before = hosted_vma_lookups;

	unmap(page, 1);
	return hosted_vma_lookups - before;
}

/* What was looked at is not looked at again. */
static void case_looked_at_once(void *unused)
{
	unsigned long lookups;

	start_following(16);
	lookups = lookups_of_unmap(15);
	unmap(0, 1);
	expect(lookups_of_unmap(14), lookups);
	core_stop();
}
CASE(looked_at_once)

/* What is mapped again by then stays. */
static void case_mapped_again(void *unused)
{
	start_following(4);
	expect(hosted_munmap(mm, at(0), 2 * PAGE_SIZE), 0);
	expect(hosted_mmap(mm, at(0), 2 * PAGE_SIZE, RW, 0, NULL, 0), 0);
	msleep(10);
	expect_range(find(1, 0), 0, 4);
	core_stop();
}
CASE(mapped_again)

/* A range that reaches beyond the mappings keeps that, unless something of it is unmapped as well. */
static void case_ahead(void *unused)
{
	core_start(12, HOSTED_DMA_DIRECT);
	core.ops.range_alloc = range_alloc;
	core_attach();
	unmap(8, 2);
	xmmu_range_put(core_insert(0, 3));
	xmmu_range_put(core_insert(4, 6));
	xmmu_range_put(core_insert(10, 2));
	expect(hosted_munmap(mm, at(2), PAGE_SIZE), 0);
	expect(hosted_munmap(mm, at(11), PAGE_SIZE), 0);
	msleep(10);
	expect_range(find(1, 0), 0, 2);
	expect_range(find(4, 0), 4, 10);
	expect_range(find(10, 0), 10, 11);
	unmap(4, 1);
	expect_range(find(5, 0), 5, 10);
	expect(hosted_munmap(mm, at(1), PAGE_SIZE), 0);
	expect(hosted_munmap(mm, at(10), PAGE_SIZE), 0);
	msleep(10);
	expect_range(find(5, 0), 5, 8);
	core_stop();
}
CASE(ahead)

/* The reaper announces what stays mapped. */
static void case_reaped(void *unused)
{
	start_following(4);
	expect(hosted_oom_reap(mm), 0);
	msleep(10);
	expect_range(xmmu_range_find(&core.mirror, at(0)), 0, 4);
	core_stop();
}
CASE(reaped)

static void case_no_memory(void *unused)
{
	start_following(4);
	alloc_fails = true;
	unmap(1, 1);
	expect(allocated, 1);
	expect_range(find(2, 0), 0, 4);
	/* The next time it is done as well. */
	alloc_fails = false;
	unmap(3, 1);
	expect_range(find(0, 0), 0, 1);
	expect_range(find(2, 0), 2, 3);
	expect_none(1);
	core_stop();
}
CASE(no_memory)

static struct xmmu_range *range_alloc_isolating(struct xmmu_range *range)
{
	xmmu_mirror_isolate(&core.mirror);
	return range_alloc(range);
}

/* What was made for the upper part is freed if it comes to nothing. */
static void case_split_fails(void *unused)
{
	start_following(4);
	core.ops.range_alloc = range_alloc_isolating;
	unmap(1, 1);
	expect(allocated, 1);
	expect(core.freed, 1);
	expect_range(xmmu_range_find(&core.mirror, at(2)), 0, 4);
	core_stop();
}
CASE(split_fails)

/* A range that is removed before the worker comes to it. */
static void case_removed(void *unused)
{
	struct xmmu_range *range;

	start_following(4);
	range = find(0, 0);
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	core_remove(range);
	msleep(10);
	expect(core.freed, 1);
	core_stop();
}
CASE(removed)

/* Detach comes before the worker. */
static void case_detached(void *unused)
{
	start_following(4);
	expect(hosted_munmap(mm, at(1), PAGE_SIZE), 0);
	core_stop();
	expect(core.freed, 1);
}
CASE(detached)

/* Without range_alloc a range keeps its bounds. */
static void case_fixed(void *unused)
{
	core_start(4, HOSTED_DMA_DIRECT);
	core_attach();
	xmmu_range_put(core_insert(0, 4));
	unmap(0, 2);
	expect_range(find(3, 0), 0, 4);
	core_stop();
}
CASE(fixed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes),
		cmocka_unit_test(mapping),
		cmocka_unit_test(refused),
		cmocka_unit_test(no_free),
		cmocka_unit_test(two_faults),
		cmocka_unit_test(ends),
		cmocka_unit_test(middle),
		cmocka_unit_test(charged),
		cmocka_unit_test(all),
		cmocka_unit_test(holes),
		cmocka_unit_test(ahead),
		cmocka_unit_test(mapped_again),
		cmocka_unit_test(reaped),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(removed),
		cmocka_unit_test(detached),
		cmocka_unit_test(fixed),
		cmocka_unit_test(split_fails),
		cmocka_unit_test(looked_at_once),
	};

	return cmocka_run_group_tests_name("core_follow", tests, NULL, NULL);
}
