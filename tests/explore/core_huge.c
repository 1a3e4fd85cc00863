// SPDX-License-Identifier: GPL-2.0-only
/* The range covers a part of a huge page, which goes to pieces while it is populated. */
#include "core.h"

#define FIRST 4UL
#define PAGES 3UL

static void setup(void)
{
	start_process(512);
	explore_assert(!hosted_madvise(mm, ADDR, 512 * PAGE_SIZE, HOSTED_HUGEPAGE));
	explore_assert(!hosted_store(mm, ADDR, 1));
	core_attach("policy=refuse", FIRST);
	explore_assert(!core(CORE_INSERT, FIRST, PAGES, 0));
}

static void populate(void *unused)
{
	unsigned long page;

	enter();
	explore_assert(!core(CORE_POPULATE, FIRST, PAGES, WRITE));
	for (page = FIRST; page < FIRST + PAGES; page++)
		core_access(page);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, (FIRST + 1) * PAGE_SIZE, HOSTED_DONTNEED));
	core_access(FIRST);
}

static void check(void)
{
	enter();
	explore_assert(!core(CORE_POPULATE, FIRST, PAGES, 0));
	explore_assert(core_access(FIRST) && core_access(FIRST + 2));
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_huge",
	.about = "populate a part of a huge page that goes to pieces",
	.setup = setup,
	.threads = { { "populate", populate }, { "discard", discard } },
	.check = check,
	.keeps_memory = true,
};
