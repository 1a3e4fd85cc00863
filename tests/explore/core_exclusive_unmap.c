// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device wants pages for itself that the process unmaps, and that the driver zaps. The last
 * reference to a page may be that of the walk.
 */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock exclusive=1", 2);
	explore_assert(!hosted_store(mm, ADDR + PAGE_SIZE, 1));
}

static void device(void *unused)
{
	long error;

	enter();
	error = core(CORE_EXCLUSIVE, 0, 2, 0);
	explore_assert(!error || error == -EFAULT);
	core_write(1, 2);
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, 2 * PAGE_SIZE));
	explore_assert(!core_access(0) && !core_access(1));
}

static void zap(void *unused)
{
	enter();
	explore_assert(!core(CORE_ZAP, 0, 2, 0));
}

const struct explore_scenario explore_scenario = {
	.name = "core_exclusive_unmap",
	.about = "exclusive access beside munmap, and a zap by the driver",
	.setup = setup,
	.threads = { { "device", device }, { "unmap", unmap }, { "zap", zap } },
	.check = core_stop,
	.keeps_memory = true,
};
