// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process gives a page back while the device writes to it. The device either writes before, and
 * the word is gone, or faults and writes to a new page; it never writes to the page that is gone.
 */
#include "gpu.h"

static void setup(void)
{
	gpu_start(1);
	explore_assert(!gpu_write(0, 8).status);
}

static void device(void *unused)
{
	enter();
	explore_assert(!gpu_write(0, 16).status);
}

static void process(void *unused)
{
	u64 value = 0;

	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!hosted_load(mm, ADDR, &value));
	explore_assert(value == 0 || value == 16);
}

const struct explore_scenario explore_scenario = {
	.name = "gpu_discard",
	.about = "the device writes to a page that the process gives back",
	.setup = setup,
	.threads = { { "device", device }, { "process", process } },
	.check = gpu_stop,
	.keeps_memory = true,
};
