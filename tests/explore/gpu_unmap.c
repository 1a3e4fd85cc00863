// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process replaces the middle of its memory, and has the device work there. The range is cut late,
 * when the new memory may be in its place already: work in memory that is mapped never fails.
 */
#include "gpu.h"

static void setup(void)
{
	gpu_start(3);
	explore_assert(!gpu_write(1, 8).status);
}

static void process(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE));
	explore_assert(
		!hosted_mmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL, 0));
	explore_assert(!gpu_write(1, 16).status);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "gpu_unmap",
	.about = "the device works in memory that is unmapped and mapped again",
	.setup = setup,
	.threads = { { "process", process }, { "discard", discard } },
	.check = gpu_stop,
	.keeps_memory = true,
};
