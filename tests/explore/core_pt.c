// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables come and go: pages below two last tables are populated and given back, while the device
 * walks from where it was, and somebody looks without a lock.
 */
#include "core.h"

static void discard(void *unused)
{
	core_discard_pt(NULL);
	core_access(PT_FIRST + PT_PAGES - 1);
	core_access(PT_FIRST);
}

static void populate(void *unused)
{
	enter();
	explore_assert(!core(CORE_POPULATE, PT_FIRST, 1, 0));
	core_access(PT_FIRST);
}

static void look(void *unused)
{
	enter();
	core_access(PT_FIRST + 1);
	explore_assert(core(CORE_COUNT, PT_FIRST, PT_PAGES, 0) <= (long)PT_PAGES);
}

static void check(void)
{
	enter();
	explore_assert(!core(CORE_POPULATE, PT_FIRST, PT_PAGES, 0));
	explore_assert(core(CORE_COUNT, PT_FIRST, PT_PAGES, 0) == (long)PT_PAGES);
	explore_assert(core_access(PT_FIRST) && core_access(PT_FIRST + PT_PAGES - 1));
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_pt",
	.about = "tables that come and go, walked by the device and read without a lock",
	.setup = core_start_pt,
	.threads = { { "discard", discard }, { "populate", populate }, { "look", look } },
	.check = check,
	.keeps_memory = true,
};
