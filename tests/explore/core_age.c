// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel asks for the age of a page while the last table that has the answer becomes empty and
 * is freed. A page that the device uses after it was asked for is young.
 */
#include "core.h"

/* Below two tables of 32 entries. */
#define FIRST 30UL
#define PAGES 4UL

static unsigned long page(unsigned long number)
{
	return ADDR + (FIRST + number) * PAGE_SIZE;
}

static void setup(void)
{
	start_process(FIRST + PAGES);
	core_attach("policy=refuse pt=1 aging=1", FIRST);
	explore_assert(!core(CORE_INSERT, FIRST, PAGES, 0));
	explore_assert(!core(CORE_POPULATE, FIRST, PAGES, WRITE));
	explore_assert(core_access(FIRST + PAGES - 1) && core_access(FIRST));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, page(0), 2 * PAGE_SIZE, HOSTED_DONTNEED));
	core_access(FIRST);
}

/* -ENOENT if the page is gone. */
static void ask(void *unused)
{
	enter();
	hosted_clear_young(mm, page(0));
	explore_assert(hosted_reclaim(mm, page(PAGES - 1)) == -EAGAIN);
	explore_assert(!core(CORE_AGE, FIRST + PAGES - 1, 1, 0));
	explore_assert(core_access(FIRST + PAGES - 1));
	explore_assert(hosted_test_young(mm, page(PAGES - 1)) == 1);
}

static void check(void)
{
	enter();
	explore_assert(!core(CORE_POPULATE, FIRST, PAGES, 0));
	explore_assert(core_access(FIRST));
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_age",
	.about = "the kernel asks for the age of pages, beside what takes them away",
	.setup = setup,
	.threads = { { "discard", discard }, { "ask", ask } },
	.check = check,
	.keeps_memory = true,
};
