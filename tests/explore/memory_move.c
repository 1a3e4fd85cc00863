// SPDX-License-Identifier: GPL-2.0-only
/* A page moves in memory and goes to swap while a device and the processor write to it. */
#include "memory.h"

static void setup(void)
{
	start(0, NULL);
	explore_assert(!hosted_store(mm, at(0), 1));
}

static void device_side(void *unused)
{
	explore_assert(!device_write(0, 2));
	device_write_again(0, 3);
}

static void kernel_side(void *unused)
{
	hosted_migrate(mm, at(0));
	hosted_madvise(mm, at(0), PAGE_SIZE, HOSTED_PAGEOUT);
}

/* Beside the word that the device writes. */
static void cpu_side(void *unused)
{
	explore_assert(!hosted_store(mm, at(0) + 8, 9));
}

static void check(void)
{
	u64 value = 0;

	explore_assert(value_at(0) == 2 || value_at(0) == 3);
	explore_assert(!hosted_load(mm, at(0) + 8, &value) && value == 9);
	stop();
}

const struct explore_scenario explore_scenario = {
	.name = "memory_move",
	.about = "migration and swap beside accesses",
	.setup = setup,
	.threads = { { "device", device_side }, { "kernel", kernel_side }, { "cpu", cpu_side } },
	.check = check,
	.keeps_memory = true,
};
