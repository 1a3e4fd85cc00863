// SPDX-License-Identifier: GPL-2.0-only
/*
 * A range grows out of the stretch that the kernel watches for it, while its page is populated, used
 * and given back: what is populated is watched at every moment.
 */
#include "core.h"

#define FAR (1UL << (30 - PAGE_SHIFT))

static void setup(void)
{
	core_start("policy=trylock", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
}

static void grow(void *unused)
{
	enter();
	explore_assert(!core(CORE_RESIZE, 0, FAR, 0));
}

static void populate(void *unused)
{
	enter();
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	core_access(0);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "core_grow",
	.about = "growth of a range beside populate, the device and an invalidation",
	.setup = setup,
	.threads = { { "grow", grow }, { "populate", populate }, { "discard", discard } },
	.check = core_stop,
	.keeps_memory = true,
};
