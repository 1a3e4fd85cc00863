// SPDX-License-Identifier: GPL-2.0-only
/* Ranges that change their bounds: what they keep, what they lose, and who else notices. */
#include <linux/magic.h>

#include "core.h"

#define BLOCK_PAGES (512UL * 1024 * 1024 / PAGE_SIZE)

static struct xmmu_range *range;

static void start(unsigned long pages, unsigned long first, unsigned long count)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(first, count);
	expect(core_populate(range, first, count, XMMU_WRITE), 0);
}

static void stop(void)
{
	core_remove(range);
	core_stop();
}

static struct xmmu_range *split_at(unsigned long page)
{
	struct xmmu_range *upper = kzalloc(sizeof(*upper), GFP_KERNEL);

	expect(xmmu_range_split(range, upper, at(page)), 0);
	return upper;
}

/* Both parts keep their translations, and events find the right one. */
static void case_split(void *unused)
{
	struct xmmu_range *upper;

	start(8, 0, 8);
	upper = split_at(5);
	expect(core.zaps, 0);
	expect(core_translated(), 8);
	expect(xmmu_range_start(range), at(0));
	expect(xmmu_range_end(range), at(5));
	expect(xmmu_range_start(upper), at(5));
	expect(xmmu_range_end(upper), at(8));
	check(xmmu_range_mirror(upper) == &core.mirror);
	expect(hosted_munmap(mm, at(4), 2 * PAGE_SIZE), 0);
	expect(core.zaps, 2);
	expect(core_translated(), 6);
	expect(core_populate(range, 4, 2, 0), -ESRCH);
	expect(core_populate(upper, 6, 1, XMMU_WRITE), 0);
	core_remove(upper);
	expect(core_translated(), 4);
	stop();
}
CASE(split)

/* What is populated lies in one part only. */
static void case_split_beside(void *unused)
{
	struct xmmu_range *upper;

	core_start(8, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, 8);
	expect(core_populate(range, 5, 3, XMMU_WRITE), 0);
	upper = split_at(2);
	expect(hosted_madvise(mm, at(0), 2 * PAGE_SIZE, HOSTED_DONTNEED), 0);
	expect(core.zaps, 0);
	expect(hosted_madvise(mm, at(5), PAGE_SIZE, HOSTED_DONTNEED), 0);
	expect(core.zaps, 1);
	core_remove(upper);
	expect(core_translated(), 0);
	stop();
}
CASE(split_beside)

static void case_split_refused(void *unused)
{
	struct xmmu_range *upper = kzalloc(sizeof(*upper), GFP_KERNEL);

	start(4, 0, 4);
	expect(xmmu_range_split(range, upper, at(0)), -EINVAL);
	expect(xmmu_range_split(range, upper, at(4)), -EINVAL);
	expect(xmmu_range_split(range, upper, at(1) + 1), -EINVAL);
	expect(core_translated(), 4);
	xmmu_range_remove(range);
	expect(xmmu_range_split(range, upper, at(1)), -ESRCH);
	kfree(upper);
	stop();
}
CASE(split_refused)

/* DMA addresses belong to a range: those of the upper part go, and come again. */
static void case_split_dma(void *unused)
{
	struct xmmu_range *upper;

	core_start(8, HOSTED_DMA_IOMMU);
	core.config.dma = XMMU_DMA_LEAF;
	core.config.dev = &core.dev;
	core_attach();
	range = core_insert(0, 8);
	expect(core_populate(range, 0, 8, XMMU_WRITE), 0);
	upper = split_at(3);
	expect(core_translated(), 3);
	expect(core_populate(upper, 3, 5, XMMU_WRITE), 0);
	expect(hosted_munmap(mm, at(2), 2 * PAGE_SIZE), 0);
	expect(core_translated(), 6);
	core_remove(upper);
	stop();
}
CASE(split_dma)

/* What leaves is forgotten, what stays is not touched. */
static void case_shrink(void *unused)
{
	start(8, 0, 8);
	expect(xmmu_range_resize(range, at(2), at(5)), 0);
	expect(core_translated(), 3);
	check(!core.table[1] && core.table[2] && core.table[4] && !core.table[5]);
	expect(hosted_munmap(mm, at(5), PAGE_SIZE), 0);
	expect(core.zaps, 2);
	expect(hosted_munmap(mm, at(4), PAGE_SIZE), 0);
	expect(core.zaps, 3);
	expect(core_populate(range, 1, 1, 0), -ESRCH);
	expect(core_populate(range, 2, 0, 0), -EINVAL);
	expect(core_populate(range, 2, 1, 1U << 31), -EINVAL);
	stop();
}
CASE(shrink)

static void case_grow(void *unused)
{
	start(8, 3, 2);
	expect(xmmu_range_resize(range, at(1), at(8)), 0);
	expect(core.zaps, 0);
	expect(core_translated(), 2);
	expect(core_populate(range, 1, 7, XMMU_WRITE), 0);
	expect(core_translated(), 7);
	expect(hosted_munmap(mm, at(7), PAGE_SIZE), 0);
	expect(core_translated(), 6);
	stop();
}
CASE(grow)

/* What joins is looked at, whatever is known of the rest. */
static void case_grow_over_secret(void *unused)
{
	struct file *file = hosted_file_open(1, false);

	start(2, 0, 1);
	file_inode(file)->i_sb->s_magic = SECRETMEM_MAGIC;
	expect(hosted_munmap(mm, at(1), PAGE_SIZE), 0);
	expect(hosted_mmap(mm, at(1), PAGE_SIZE, RW, VM_SHARED, file, 0), 0);
	hosted_file_put(file);
	expect(core_populate(range, 0, 1, XMMU_WRITE), 0);
	expect(xmmu_range_resize(range, at(0), at(2)), 0);
	expect(core_populate(range, 1, 1, XMMU_WRITE), -EFAULT);
	stop();
}
CASE(grow_over_secret)

/* Elsewhere altogether. */
static void case_move(void *unused)
{
	start(8, 0, 2);
	expect(xmmu_range_resize(range, at(4), at(6)), 0);
	expect(core_translated(), 0);
	expect(core_populate(range, 4, 2, XMMU_WRITE), 0);
	stop();
}
CASE(move)

/* Out of what the kernel watches: nothing stays that an event could miss. */
static void grow_out_by(enum xmmu_dma dma)
{
	core_start(8, HOSTED_DMA_IOMMU);
	core.config.dma = dma;
	core.config.dev = dma == XMMU_DMA_NONE ? NULL : &core.dev;
	core_attach();
	range = core_insert(0, 8);
	expect(core_populate(range, 0, 8, XMMU_WRITE), 0);
	expect(xmmu_range_resize(range, at(0), at(3 * BLOCK_PAGES)), 0);
	expect(core_translated(), 0);
	expect(core_populate(range, 0, 8, XMMU_WRITE), 0);
	expect(hosted_munmap(mm, at(1), PAGE_SIZE), 0);
	expect(core_translated(), 7);
	/* There is room for twice the size. */
	expect(xmmu_range_resize(range, at(0), at(5 * BLOCK_PAGES)), 0);
	expect(core_translated(), 7);
	expect(xmmu_range_resize(range, at(0), at(20 * BLOCK_PAGES)), 0);
	expect(core_translated(), 0);
	expect(core_populate(range, 2, 6, XMMU_WRITE), 0);
	stop();
}

static void case_grow_out(void *unused)
{
	grow_out_by(XMMU_DMA_NONE);
}
CASE(grow_out)

static void case_grow_out_dma(void *unused)
{
	grow_out_by(XMMU_DMA_LEAF);
}
CASE(grow_out_dma)

/* There is room below as well, if it has grown that way: no other block is made. */
static void case_grow_down(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(8 * BLOCK_PAGES, BLOCK_PAGES);
	expect(xmmu_range_resize(range, at(6 * BLOCK_PAGES), at(9 * BLOCK_PAGES)), 0);
	hosted_slab_fail(1);
	expect(xmmu_range_resize(range, at(4 * BLOCK_PAGES), at(9 * BLOCK_PAGES)), 0);
	hosted_slab_fail(0);
	stop();
}
CASE(grow_down)

/* The block that was made for it goes again. */
static void case_grow_out_fails(void *unused)
{
	start(8, 0, 8);
	xmmu_mirror_isolate(&core.mirror);
	expect(xmmu_range_resize(range, at(0), at(3 * BLOCK_PAGES)), -EIO);
	expect(xmmu_range_end(range), at(8));
	stop();
}
CASE(grow_out_fails)

/* Others stay in the block that one has left. */
static void case_leave_others(void *unused)
{
	struct xmmu_range *other;

	start(8, 0, 4);
	other = core_insert(4, 4);
	expect(core_populate(other, 4, 4, XMMU_WRITE), 0);
	expect(xmmu_range_resize(range, at(0), at(2 * BLOCK_PAGES)), 0);
	expect(core_translated(), 4);
	expect(core_populate(range, 3, 1, XMMU_WRITE), 0);
	expect(hosted_munmap(mm, at(3), 2 * PAGE_SIZE), 0);
	expect(core_translated(), 3);
	core_remove(other);
	stop();
}
CASE(leave_others)

static void case_resize_refused(void *unused)
{
	start(4, 0, 4);
	expect(xmmu_range_resize(range, at(1) + 1, at(2)), -EINVAL);
	expect(xmmu_range_resize(range, at(2), at(2)), -EINVAL);
	expect(xmmu_range_resize(range, at(0), mm->task_size + PAGE_SIZE), -EINVAL);
	hosted_slab_fail(1);
	expect(xmmu_range_resize(range, at(0), at(2 * BLOCK_PAGES)), -ENOMEM);
	expect(xmmu_range_end(range), at(4));
	expect(core_translated(), 4);
	xmmu_range_remove(range);
	expect(xmmu_range_resize(range, at(0), at(1)), -ESRCH);
	stop();
}
CASE(resize_refused)

/* A walk that began before finds out where it gets to what has left. */
static void case_walk_in_flight(void *unused)
{
	struct xmmu_walk walk;

	start(1024, 0, 8);
	expect(xmmu_range_resize(range, at(0), at(1024)), 0);
	xmmu_walk_init(&walk, range, at(0), at(1024), XMMU_WRITE, NULL);
	check(xmmu_walk_next(&walk));
	xmmu_walk_commit(&walk);
	expect(xmmu_range_resize(range, at(0), at(513)), 0);
	check(!xmmu_walk_next(&walk));
	expect(xmmu_walk_start(&walk), at(512));
	expect(xmmu_walk_end(&walk), -ESRCH);
	stop();
}
CASE(walk_in_flight)

/* A window that collided with the change, inside the bounds, says nothing of those after it. */
static void case_walk_beyond(void *unused)
{
	struct xmmu_walk walk;

	start(1024, 0, 8);
	expect(xmmu_range_resize(range, at(0), at(1024)), 0);
	xmmu_walk_init(&walk, range, at(0), at(1024), XMMU_WRITE, NULL);
	expect(xmmu_range_resize(range, at(0), at(512)), 0);
	check(!xmmu_walk_next(&walk));
	expect(xmmu_walk_end(&walk), -ESRCH);
	expect(hosted_munmap(mm, at(512), 512 * PAGE_SIZE), 0);
	check(core_translated() <= 512);
	expect(xmmu_range_zap(range, at(0), at(513)), -ESRCH);
	stop();
}
CASE(walk_beyond)

/* Out and back again, many times. */
static void case_back_and_forth(void *unused)
{
	unsigned int i;

	start(8, 0, 8);
	for (i = 0; i < 2000; i++) {
		expect(xmmu_range_resize(range, at(0), at((2 + i % 2 * 40) * BLOCK_PAGES)), 0);
		expect(xmmu_range_resize(range, at(100 * BLOCK_PAGES), at(101 * BLOCK_PAGES)), 0);
	}
	stop();
}
CASE(back_and_forth)

/* What leaves is waited for, here until the device is cut off. */
static void case_shrink_waits(void *unused)
{
	start(4, 0, 4);
	core.mute = true;
	expect(xmmu_range_resize(range, at(0), at(2)), -EIO);
	expect(core.isolated, 1);
	core.mute = false;
	stop();
}
CASE(shrink_waits)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),          cmocka_unit_test(split_beside),
		cmocka_unit_test(split_refused),  cmocka_unit_test(split_dma),
		cmocka_unit_test(shrink),         cmocka_unit_test(grow),
		cmocka_unit_test(move),           cmocka_unit_test(grow_out),
		cmocka_unit_test(grow_out_dma),   cmocka_unit_test(leave_others),
		cmocka_unit_test(resize_refused), cmocka_unit_test(walk_in_flight),
		cmocka_unit_test(walk_beyond),    cmocka_unit_test(back_and_forth),
		cmocka_unit_test(shrink_waits),   cmocka_unit_test(grow_over_secret),
		cmocka_unit_test(grow_down),      cmocka_unit_test(grow_out_fails),
	};

	return cmocka_run_group_tests_name("core_resize", tests, NULL, NULL);
}
