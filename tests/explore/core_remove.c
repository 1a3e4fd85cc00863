// SPDX-License-Identifier: GPL-2.0-only
/* A range is removed while it is populated, and while its pages are given back. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
}

static void remove_range(void *unused)
{
	long error;

	enter();
	error = core(CORE_REMOVE, 0, 1, 0);
	explore_assert(!error || error == -ENOENT);
	explore_assert(!core_access(0));
}

static void populate(void *unused)
{
	long error;

	enter();
	error = core(CORE_POPULATE, 0, 1, 0);
	explore_assert(!error || error == -ESRCH || error == -ENOENT);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "core_remove",
	.about = "removal of a range beside populate and an invalidation",
	.setup = setup,
	.threads = { { "remove", remove_range }, { "populate", populate }, { "discard", discard } },
	.check = core_stop,
	.keeps_memory = true,
};
