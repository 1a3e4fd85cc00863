// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables come and go: pages below two last tables are populated and given back, while the device
 * walks from where it was, and somebody looks without a lock.
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
	core_access(FIRST + PAGES - 1);
	core_access(FIRST);
}

static void populate(void *unused)
{
	enter();
	explore_assert(!core(CORE_POPULATE, FIRST, 1, 0));
	core_access(FIRST);
}

static void look(void *unused)
{
	enter();
	core_access(FIRST + 1);
	explore_assert(core(CORE_COUNT, FIRST, PAGES, 0) <= (long)PAGES);
}

static void check(void)
{
	enter();
	explore_assert(!core(CORE_POPULATE, FIRST, PAGES, 0));
	explore_assert(core(CORE_COUNT, FIRST, PAGES, 0) == (long)PAGES);
	explore_assert(core_access(FIRST) && core_access(FIRST + PAGES - 1));
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_pt",
	.about = "tables that come and go, walked by the device and read without a lock",
	.setup = setup,
	.threads = { { "discard", discard }, { "populate", populate }, { "look", look } },
	.check = check,
	.keeps_memory = true,
};
