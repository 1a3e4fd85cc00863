// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a program has said of its pages is changed in the middle, and forgotten at the end, while a
 * third thread looks. What nobody touches stays as it was.
 */
#include "core.h"

static void setup(void)
{
	core_start("", 1);
	explore_assert(!core(CORE_ADVISE, 0, 4, 1));
	explore_assert(!core(CORE_ADVISE, 4, 1, 3));
}

static void change(void *unused)
{
	enter();
	explore_assert(!core(CORE_ADVISE, 1, 1, 2));
	explore_assert(core(CORE_ADVICE, 1, 1, 0) == 2);
}

static void forget(void *unused)
{
	enter();
	explore_assert(!core(CORE_ADVISE, 3, 2, 0));
	explore_assert(!core(CORE_ADVICE, 3, 1, 0));
	explore_assert(!core(CORE_ADVICE, 4, 1, 0));
}

static void look(void *unused)
{
	enter();
	explore_assert(core(CORE_ADVICE, 0, 1, 0) == 1);
	explore_assert(core(CORE_ADVICE, 2, 1, 0) == 1);
}

static void check(void)
{
	static const long expected[] = { 1, 2, 1, 0, 0 };
	unsigned long page;

	enter();
	for (page = 0; page < ARRAY_SIZE(expected); page++)
		explore_assert(core(CORE_ADVICE, page, 1, 0) == expected[page]);
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_attr",
	.about = "attributes of addresses that are changed and forgotten while they are read",
	.setup = setup,
	.threads = { { "change", change }, { "forget", forget }, { "look", look } },
	.check = check,
	.keeps_memory = true,
};
