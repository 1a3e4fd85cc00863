// SPDX-License-Identifier: GPL-2.0-only
/*
 * A range grows over a page that is given back at that moment, and shrinks while the driver zaps.
 */
#include "core.h"

static void setup(void)
{
	start_process(2);
	core_attach("policy=trylock", 0);
	explore_assert(!core(CORE_INSERT, 0, 1, 0));
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	explore_assert(core_access(0));
}

static void resize(void *unused)
{
	enter();
	explore_assert(!core(CORE_RESIZE, 0, 2, 0));
	explore_assert(!core(CORE_POPULATE, 1, 1, 0));
	core_access(1);
	explore_assert(!core(CORE_RESIZE, 0, 1, 0));
	explore_assert(!core_access(1));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR + PAGE_SIZE, PAGE_SIZE, HOSTED_DONTNEED));
}

static void zap(void *unused)
{
	long error;

	enter();
	error = core(CORE_ZAP, 0, 2, 0);
	explore_assert(!error || error == -EINVAL || error == -ESRCH);
}

const struct explore_scenario explore_scenario = {
	.name = "core_join",
	.about = "a range that grows and shrinks beside an invalidation and a zap",
	.setup = setup,
	.threads = { { "resize", resize }, { "discard", discard }, { "zap", zap } },
	.check = core_stop,
	.keeps_memory = true,
};
