// SPDX-License-Identifier: GPL-2.0-only
/* Two pages are merged while a device and the processor write to one of them. */
#include "memory.h"

static void setup(void)
{
	start(0, NULL);
	explore_assert(!hosted_store(mm, at(0), 1));
	explore_assert(!hosted_store(mm, at(1), 1));
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_MERGEABLE));
	explore_assert(!device_write(0, 1));
}

static void device_side(void *unused)
{
	device_write_again(0, 1);
	explore_assert(!device_write(0, 2));
}

static void kernel_side(void *unused)
{
	hosted_ksm_merge(mm, at(0), mm, at(1));
	hosted_migrate(mm, at(1));
}

static void cpu_side(void *unused)
{
	explore_assert(!hosted_store(mm, at(1), 3));
}

static void check(void)
{
	explore_assert(value_at(0) == 2);
	explore_assert(value_at(1) == 3);
	stop();
}

const struct explore_scenario explore_scenario = {
	.name = "memory_merge",
	.about = "merging of pages beside accesses",
	.setup = setup,
	.threads = { { "device", device_side }, { "kernel", kernel_side }, { "cpu", cpu_side } },
	.check = check,
	.keeps_memory = true,
};
