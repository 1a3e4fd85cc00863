// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two faults of the device in memory where nothing is known yet, and pages that go meanwhile: there
 * is one range then.
 */
#include "core.h"

static void setup(void)
{
	start_process(2);
	core_attach("policy=trylock", 0);
}

static void fault(void *page)
{
	unsigned long number = (unsigned long)page;

	enter();
	explore_assert(!core(CORE_FIND, number, 1, 0));
	explore_assert(!core(CORE_POPULATE, number, 1, 0));
	core_access(number);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "core_first",
	.about = "two faults where no range is",
	.setup = setup,
	.threads = { { "first", fault }, { "second", fault, (void *)1 }, { "discard", discard } },
	.check = core_stop,
	.keeps_memory = true,
};
