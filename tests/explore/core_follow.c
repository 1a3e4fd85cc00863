// SPDX-License-Identifier: GPL-2.0-only
/* The middle of a range is unmapped and cut out, while it is populated and removed. */
#include "core.h"

static void setup(void)
{
	core_start("follow=1", 3);
	explore_assert(!core(CORE_POPULATE, 0, 3, 0));
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE));
	explore_assert(!core_access(1));
}

static void populate(void *unused)
{
	long error;

	enter();
	error = core(CORE_POPULATE, 2, 1, 0);
	explore_assert(!error || error == -ESRCH || error == -ENOENT);
	core_access(2);
}

static void remove_range(void *unused)
{
	long error;

	enter();
	error = core(CORE_REMOVE, 0, 1, 0);
	explore_assert(!error);
	explore_assert(!core_access(0));
}

const struct explore_scenario explore_scenario = {
	.name = "core_follow",
	.about = "a range that follows munmap, beside populate and removal",
	.setup = setup,
	.threads = { { "unmap", unmap }, { "populate", populate }, { "remove", remove_range } },
	.check = core_stop,
	.keeps_memory = true,
};
