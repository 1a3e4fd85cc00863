// SPDX-License-Identifier: GPL-2.0-only
/* One thread lets the device have pages, the other takes one of them away. */
#include "skeleton.h"

static bool populated;

static void setup(void)
{
	skeleton_start("policy=trylock", 2, 0);
}

static void populate(void *unused)
{
	long error;

	enter();
	error = skeleton_populate(0, 2, XMMU_SKELETON_WRITE);
	explore_assert(!error || error == -EFAULT);
	populated = !error;
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
	explore_assert(!skeleton_access(0));
	skeleton_access(1);
}

static void check(void)
{
	enter();
	explore_assert(!skeleton_access(0));
	explore_assert(skeleton_populate(0, 1, 0) == -EFAULT);
	explore_assert(populated == !!skeleton_access(1));
	skeleton_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "skeleton_munmap",
	.about = "populate beside munmap",
	.setup = setup,
	.threads = { { "populate", populate }, { "munmap", unmap } },
	.check = check,
	.keeps_memory = true,
};
