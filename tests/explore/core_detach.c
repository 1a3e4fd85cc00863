// SPDX-License-Identifier: GPL-2.0-only
/* The driver detaches while pages are given back, and while the device gets more of them. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock dma=1", 2);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
}

static void detach(void *unused)
{
	enter();
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
	explore_assert(!core_access(0) && !core_access(1));
}

static void populate(void *unused)
{
	long error;

	enter();
	error = core(CORE_POPULATE, 0, 2, 0);
	explore_assert(!error || error == -ESRCH || error == -ENOENT);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	core_access(0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_detach",
	.about = "detach beside populate and an invalidation",
	.setup = setup,
	.threads = { { "detach", detach }, { "populate", populate }, { "discard", discard } },
	.check = core_stop,
	.keeps_memory = true,
};
