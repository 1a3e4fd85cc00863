// SPDX-License-Identifier: GPL-2.0-only
/* A huge page is split, loses a page, and is made again, while a device and the processor write. */
#include "memory.h"

static void setup(void)
{
	mm = hosted_mm_create();
	explore_assert(!hosted_mmap(mm, ADDR, PMD_SIZE, RW, VM_HUGEPAGE, NULL, 0));
	explore_assert(!hosted_store(mm, at(0), 1));
	start_device();
}

static void device_side(void *unused)
{
	explore_assert(!device_write(0, 2));
	device_write_again(0, 3);
}

static void split_side(void *unused)
{
	explore_assert(!hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_DONTNEED));
	hosted_madvise(mm, ADDR, PMD_SIZE, HOSTED_COLLAPSE);
}

static void kernel_side(void *unused)
{
	hosted_migrate(mm, at(2));
}

static void check(void)
{
	explore_assert(value_at(0) == 2 || value_at(0) == 3);
	stop();
}

const struct explore_scenario explore_scenario = {
	.name = "memory_huge",
	.about = "a huge page split, collapsed and moved beside accesses",
	.setup = setup,
	.threads = { { "device", device_side }, { "split", split_side }, { "kernel", kernel_side } },
	.check = check,
	.keeps_memory = true,
};
