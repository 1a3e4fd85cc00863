// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads give the same page back. The second finds nothing left to zap, and must wait for the
 * flush of the first all the same: the device may use the page until then.
 */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	explore_assert(core_access(0));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!core_access(0));
}

static void use(void *unused)
{
	enter();
	core_access(0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_overlap",
	.about = "two invalidations of a page that the device uses",
	.setup = setup,
	.threads = { { "first", discard }, { "second", discard }, { "device", use } },
	.check = core_stop,
	.keeps_memory = true,
};
