// SPDX-License-Identifier: GPL-2.0-only
/* Two threads remove a range, a third detaches. Each returns when the device has forgotten. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	explore_assert(core_access(0));
}

static void remove_range(void *unused)
{
	long error;

	enter();
	error = core(CORE_REMOVE, 0, 1, 0);
	explore_assert(!error || error == -ENOENT);
	explore_assert(error || !core_access(0));
}

static void detach(void *unused)
{
	enter();
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
	explore_assert(!core_access(0));
	explore_assert(!hosted_mm_watched(mm));
}

const struct explore_scenario explore_scenario = {
	.name = "core_removed",
	.about = "removal of a range, twice, beside detach",
	.setup = setup,
	.threads = { { "first", remove_range }, { "second", remove_range }, { "detach", detach } },
	.check = core_stop,
	.keeps_memory = true,
};
