// SPDX-License-Identifier: GPL-2.0-only
/* A page is populated, used and given back, over and over; flushes come late. */
#include "core.h"

static void setup(void)
{
	core_start("policy=refuse", 2);
	explore_assert(!core(CORE_POPULATE, 0, 2, 0));
}

static void populate(void *unused)
{
	enter();
	explore_assert(!core(CORE_POPULATE, 0, 2, 0));
	core_access(0);
	core_access(1);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!hosted_madvise(mm, ADDR + PAGE_SIZE, PAGE_SIZE, HOSTED_DONTNEED));
	core_access(1);
}

static void zap(void *unused)
{
	enter();
	explore_assert(!core(CORE_ZAP, 0, 2, 0));
}

const struct explore_scenario explore_scenario = {
	.name = "core_populate",
	.about = "populate beside an invalidation and the driver's zap",
	.setup = setup,
	.threads = { { "populate", populate }, { "discard", discard }, { "zap", zap } },
	.check = core_stop,
	.keeps_memory = true,
};
