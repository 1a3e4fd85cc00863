// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two detach at once, and one of them attaches again: nobody returns before the device has
 * forgotten all.
 */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock", 2);
	explore_assert(!core(CORE_POPULATE, 0, 2, 0));
	explore_assert(core_access(0) && core_access(1));
}

static void detach(void *unused)
{
	enter();
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
	explore_assert(!core_access(0) && !core_access(1));
}

static void detach_and_attach(void *unused)
{
	detach(NULL);
	explore_assert(!core(CORE_ATTACH, 0, 0, 0));
}

const struct explore_scenario explore_scenario = {
	.name = "core_twice",
	.about = "two detach at once, and one attaches again",
	.setup = setup,
	.threads = { { "detach", detach }, { "again", detach_and_attach } },
	.check = core_stop,
	.keeps_memory = true,
};
