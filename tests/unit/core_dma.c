// SPDX-License-Identifier: GPL-2.0-only
/* DMA addresses: those that stay as long as their leaves, and those of transfers. */
#include "core.h"

#include <linux/dma-mapping.h>
#include <linux/memremap.h>

#include "../../sdk/hosted/kernel/internal.h"

#define LEN(pages) ((pages)*PAGE_SIZE)

static struct xmmu_range *range;

static void start_dma(unsigned long pages, enum hosted_dma_mode mode, enum xmmu_dma dma)
{
	core_start(pages, mode);
	core.config.dma = dma;
	core.config.dev = &core.dev;
	core.config.devmem_owner = &core;
	core_attach();
	range = core_insert(0, pages);
}

static void stop(void)
{
	core_remove(range);
	hosted_dma_check_unmapped(&core.dev);
	core_stop();
}

/* ---- leaves */

static u64 dma_word(void)
{
	u64 value;

	hosted_dma_read(&core.dev, core.leaf.dma, &value, sizeof(value));
	return value;
}

/* The address reaches the page until it is zapped, and not longer. */
static void case_leaf(void *unused)
{
	start_dma(2, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	expect(hosted_store(mm, at(1), 77), 0);
	expect(core_populate(range, 0, 2, 0), 0);
	check(core.leaf.dma && core.leaf.dma != page_to_phys(core.leaf.page));
	expect(dma_word(), 77);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(dma_word(), 77);
	expect(xmmu_range_zap(range, at(1), at(2)), 0);
	hosted_dma_check_unmapped(&core.dev);
	expect(core_populate(range, 1, 1, 0), 0);
	expect(dma_word(), 77);
	stop();
}
CASE(leaf)

static void case_leaf_gone(void *unused)
{
	start_dma(1, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	dma_word();
}
CASE_UNTIL(leaf_gone, "stale access")

/* A page that is mapped already keeps its address, unless it is to be written. */
static void case_upgrade(void *unused)
{
	dma_addr_t first;
	u64 value = 5, read;

	start_dma(1, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	expect(hosted_store(mm, at(0), 1), 0);
	expect(core_populate(range, 0, 1, 0), 0);
	first = core.leaf.dma;
	expect(core_populate(range, 0, 1, 0), 0);
	check(core.leaf.dma == first);
	expect(core.flushes, 0);
	expect(core_populate(range, 0, 1, XMMU_WRITE), 0);
	check(core.leaf.dma != first);
	expect(core.flushes, 1);
	hosted_dma_write(&core.dev, core.leaf.dma, &value, sizeof(value));
	expect(hosted_load(mm, at(0), &read), 0);
	expect(read, 5);
	first = core.leaf.dma;
	expect(core_populate(range, 0, 1, 0), 0);
	check(core.leaf.dma == first);
	stop();
}
CASE(upgrade)

/* A zap whose event was refused leaves the mapping; whoever comes next makes a new one. */
static void case_refused(void *unused)
{
	dma_addr_t first;

	start_dma(1, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	expect(core_populate(range, 0, 1, XMMU_WRITE), 0);
	first = core.leaf.dma;
	core.mute = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	xmmu_flush_done(&core.mirror, core.ticket);
	core.mute = false;
	expect(core_populate(range, 0, 1, XMMU_WRITE), 0);
	check(core.leaf.dma != first);
	dma_word();
	stop();
}
CASE(refused)

/* A huge page is one leaf only if its addresses are in a row. */
static void case_huge(void *unused)
{
	unsigned long marks;

	start_dma(512, HOSTED_DMA_DIRECT, XMMU_DMA_LEAF);
	expect(hosted_madvise(mm, at(0), LEN(512), HOSTED_HUGEPAGE), 0);
	expect(hosted_store(mm, at(0), 1), 0);
	marks = hosted_dirty_marks;
	expect(core_populate(range, 0, 512, XMMU_WRITE), 0);
	check(hosted_dirty_marks - marks <= 2);
	expect(core.leaves, 1);
	expect(core.leaf.order, 9);
	check(core.leaf.dma == page_to_phys(core.leaf.page));
	stop();
}
CASE(huge)

static void case_huge_in_pieces(void *unused)
{
	start_dma(512, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	expect(hosted_madvise(mm, at(0), LEN(512), HOSTED_HUGEPAGE), 0);
	expect(hosted_store(mm, at(0), 1), 0);
	/* One address is given to it already, and the others will not be beside it. */
	expect(core_populate(range, 5, 1, XMMU_WRITE), 0);
	core.leaves = 0;
	expect(core_populate(range, 0, 512, XMMU_WRITE), 0);
	check(core.leaves > 1);
	expect(core_translated(), 512);
	stop();
}
CASE(huge_in_pieces)

/* Whatever fails, no address stays. */
static void case_leaf_fails(void *unused)
{
	unsigned int n;

	start_dma(3, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	for (n = 1; n <= 2; n++) {
		hosted_slab_fail(n);
		expect(core_populate(range, 0, 3, 0), -ENOMEM);
	}
	hosted_slab_fail(0);
	for (n = 1; n <= 3; n++) {
		hosted_dma_fail(n);
		expect(core_populate(range, 0, 3, 0), -ENOMEM);
		hosted_dma_check_unmapped(&core.dev);
		expect(core_translated(), 0);
	}
	expect(core_populate(range, 0, 3, 0), 0);
	stop();
}
CASE(leaf_fails)

/* A window that the driver has forgotten to commit. */
static void case_window_dropped(void *unused)
{
	struct xmmu_walk walk;

	start_dma(2, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	xmmu_walk_init(&walk, range, at(0), at(2), 0, NULL);
	check(xmmu_walk_next(&walk));
	hosted_warnings_due = 1;
	check(!xmmu_walk_next(&walk));
	hosted_dma_check_unmapped(&core.dev);
	expect(xmmu_walk_end(&walk), -EINVAL);
	stop();
}
CASE(window_dropped)

static void case_left_open(void *unused)
{
	struct xmmu_walk walk;

	start_dma(2, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	xmmu_walk_init(&walk, range, at(0), at(2), 0, NULL);
	check(xmmu_walk_next(&walk));
	expect(xmmu_walk_end(&walk), 0);
	hosted_dma_check_unmapped(&core.dev);
	stop();
}
CASE(left_open)

/* Memory of the driver's own device has no DMA address; the device knows its own. */
static void case_device_memory(void *unused)
{
	struct dev_pagemap own = { .type = MEMORY_DEVICE_PRIVATE, .owner = &core };

	start_dma(1, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	expect(hosted_store(mm, at(0), 1), 0);
	expect(hosted_to_device(mm, at(0), &own), 0);
	expect(core_populate(range, 0, 1, XMMU_WRITE), 0);
	expect(core.leaf.perm, XMMU_PERM_READ | XMMU_PERM_WRITE | XMMU_PERM_DEVICE);
	expect(core.leaf.dma, 0);
	hosted_dma_check_unmapped(&core.dev);
	stop();
}
CASE(device_memory)

/* That of others comes back to RAM. */
static void case_memory_of_others(void *unused)
{
	struct dev_pagemap other = { .type = MEMORY_DEVICE_PRIVATE, .owner = &other };

	start_dma(1, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	expect(hosted_store(mm, at(0), 1), 0);
	expect(hosted_to_device(mm, at(0), &other), 0);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(core.leaf.perm, XMMU_PERM_READ);
	expect(!!core.leaf.dma, 1);
	expect(is_device_private_page(core.leaf.page), false);
	stop();
}
CASE(memory_of_others)

/* ---- transfers */

static struct xmmu_walk walk;
static struct xmmu_xfer xfer;

static int begin(unsigned long addr, unsigned int len, enum dma_data_direction dir)
{
	return xmmu_xfer_begin(&walk, &xfer, addr, len, dir);
}

static void open_window(unsigned long page, unsigned long pages, unsigned int flags)
{
	xmmu_walk_init(&walk, range, at(page), at(page + pages), flags, NULL);
	check(xmmu_walk_next(&walk));
}

/* Bytes within one page of the window, in a direction that the walk allows. */
static void case_xfer_wrong(void *unused)
{
	struct dev_pagemap own = { .type = MEMORY_DEVICE_PRIVATE, .owner = &core };

	start_dma(4, HOSTED_DMA_IOMMU, XMMU_DMA_XFER);
	expect(hosted_store(mm, at(2), 1), 0);
	expect(hosted_to_device(mm, at(2), &own), 0);
	open_window(1, 3, XMMU_SNAPSHOT);
	expect(begin(at(0), 8, DMA_TO_DEVICE), -EINVAL);
	expect(begin(at(4), 8, DMA_TO_DEVICE), -EINVAL);
	expect(begin(at(1), 0, DMA_TO_DEVICE), -EINVAL);
	expect(begin(at(1) + 8, PAGE_SIZE, DMA_TO_DEVICE), -EINVAL);
	expect(begin(at(1), 8, DMA_TO_DEVICE), -EFAULT);
	expect(begin(at(3), 8, DMA_TO_DEVICE), -EFAULT);
	expect(begin(at(2), 8, DMA_TO_DEVICE), -EOPNOTSUPP);
	expect(begin(at(2), 8, DMA_FROM_DEVICE), -EINVAL);
	expect(xmmu_walk_end(&walk), 0);
	open_window(3, 1, XMMU_WRITE);
	expect(begin(at(3), 8, DMA_BIDIRECTIONAL), -EINVAL);
	hosted_dma_fail(1);
	expect(begin(at(3), 8, DMA_FROM_DEVICE), -ENOMEM);
	expect(xmmu_walk_end(&walk), 0);
	expect(core_stats().xfers, 0);
	stop();
}
CASE(xfer_wrong)

static void case_xfer_not_asked(void *unused)
{
	start_dma(1, HOSTED_DMA_IOMMU, XMMU_DMA_LEAF);
	open_window(0, 1, 0);
	expect(begin(at(0), 8, DMA_TO_DEVICE), -EOPNOTSUPP);
	expect(xmmu_walk_end(&walk), 0);
	stop();
}
CASE(xfer_not_asked)

static bool unmapped;

static void beside_munmap(void *unused)
{
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	unmapped = true;
}

/* Through a bounce buffer: what the device has written is there when the transfer ends. */
static void case_xfer_bytes(void *unused)
{
	struct task_struct *task;
	u64 value = 9, read;

	start_dma(2, HOSTED_DMA_BOUNCE, XMMU_DMA_XFER);
	expect(hosted_store(mm, at(1), 1), 0);
	open_window(0, 2, XMMU_WRITE);
	expect(begin(at(1) + 16, 8, DMA_FROM_DEVICE), 0);
	xmmu_walk_commit(&walk);
	expect(xmmu_walk_end(&walk), 0);
	hosted_dma_write(&core.dev, xfer.dma, &value, sizeof(value));
	expect(hosted_load(mm, at(1) + 16, &read), 0);
	expect(read, 0);
	/* What is beside it does not wait. */
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(hosted_mmap(mm, at(0), LEN(1), RW, 0, NULL, 0), 0);
	expect(xmmu_xfer_end(&xfer), 0);
	expect(hosted_load(mm, at(1) + 16, &read), 0);
	expect(read, 9);

	open_window(0, 1, 0);
	expect(begin(at(0), 8, DMA_TO_DEVICE), 0);
	xmmu_walk_commit(&walk);
	expect(xmmu_walk_end(&walk), 0);
	task = core_beside(beside_munmap);
	msleep(20);
	check(!unmapped);
	expect(xmmu_xfer_end(&xfer), 0);
	hosted_join(task);
	check(unmapped);
	expect(core_stats().xfers, 2);
	stop();
}
CASE(xfer_bytes)

/* A device that does not end its transfer is cut off, and the mapping is taken away. */
static void case_xfer_abandoned(void *unused)
{
	start_dma(2, HOSTED_DMA_BOUNCE, XMMU_DMA_XFER);
	open_window(0, 1, XMMU_WRITE);
	expect(begin(at(0), 8, DMA_FROM_DEVICE), 0);
	xmmu_walk_commit(&walk);
	expect(xmmu_walk_end(&walk), 0);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(core.isolated, 1);
	hosted_dma_check_unmapped(&core.dev);
	expect(xmmu_xfer_end(&xfer), -EIO);
	expect(core_populate(range, 1, 1, 0), -EIO);
	stop();
}
CASE(xfer_abandoned)

/* It was cut off while the window was open. */
static void case_xfer_too_late(void *unused)
{
	start_dma(1, HOSTED_DMA_IOMMU, XMMU_DMA_XFER);
	open_window(0, 1, 0);
	xmmu_mirror_isolate(&core.mirror);
	expect(begin(at(0), 8, DMA_TO_DEVICE), -EIO);
	xmmu_walk_commit(&walk);
	expect(xmmu_walk_end(&walk), 0);
	hosted_dma_check_unmapped(&core.dev);
	expect(core_stats().xfers, 0);
	stop();
}
CASE(xfer_too_late)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaf),
		cmocka_unit_test(leaf_gone),
		cmocka_unit_test(upgrade),
		cmocka_unit_test(refused),
		cmocka_unit_test(huge),
		cmocka_unit_test(huge_in_pieces),
		cmocka_unit_test(leaf_fails),
		cmocka_unit_test(window_dropped),
		cmocka_unit_test(left_open),
		cmocka_unit_test(device_memory),
		cmocka_unit_test(memory_of_others),
		cmocka_unit_test(xfer_wrong),
		cmocka_unit_test(xfer_not_asked),
		cmocka_unit_test(xfer_bytes),
		cmocka_unit_test(xfer_abandoned),
		cmocka_unit_test(xfer_too_late),
	};

	return cmocka_run_group_tests_name("core_dma", tests, NULL, NULL);
}
