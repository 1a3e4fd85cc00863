// SPDX-License-Identifier: GPL-2.0-only
/* A range becomes two while its pages are populated, used and given back. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock", 2);
	explore_assert(!core(CORE_POPULATE, 1, 1, 0));
}

static void split(void *unused)
{
	enter();
	explore_assert(!core(CORE_SPLIT, 1, 0, 0));
}

static void populate(void *unused)
{
	long error;

	enter();
	error = core(CORE_POPULATE, 0, 2, 0);
	explore_assert(!error || error == -ESRCH);
	core_access(1);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR + PAGE_SIZE, PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "core_split",
	.about = "split of a range beside populate, the device and an invalidation",
	.setup = setup,
	.threads = { { "split", split }, { "populate", populate }, { "discard", discard } },
	.check = core_stop,
	.keeps_memory = true,
};
