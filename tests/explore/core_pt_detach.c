// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver detaches while tables become empty, and while the device walks them: all of them are
 * freed, and none too early.
 */
#include "core.h"

/* Below two tables of 32 entries. */
#define FIRST 30UL
#define PAGES 4UL

static void setup(void)
{
	start_process(FIRST + PAGES);
	core_attach("policy=refuse pt=1", FIRST);
	explore_assert(!core(CORE_INSERT, FIRST, PAGES, 0));
	explore_assert(!core(CORE_POPULATE, FIRST, PAGES, 0));
	explore_assert(core_access(FIRST + PAGES - 1) && core_access(FIRST));
}

static void discard(void *unused)
{
	enter();
	explore_assert(
		!hosted_madvise(mm, ADDR + FIRST * PAGE_SIZE, PAGES * PAGE_SIZE, HOSTED_DONTNEED));
}

static void detach(void *unused)
{
	enter();
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
	explore_assert(!core_access(FIRST) && !core_access(FIRST + PAGES - 1));
}

static void look(void *unused)
{
	enter();
	core_access(FIRST);
	core_access(FIRST + PAGES - 1);
}

const struct explore_scenario explore_scenario = {
	.name = "core_pt_detach",
	.about = "tables that become empty beside detach",
	.setup = setup,
	.threads = { { "discard", discard }, { "detach", detach }, { "look", look } },
	.check = core_stop,
	.keeps_memory = true,
};
