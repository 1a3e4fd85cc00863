// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first two ranges of a mirror come at once, and memory runs out for one of them. A page of
 * theirs is given back meanwhile.
 */
#include "core.h"

static void setup(void)
{
	start_process(2);
	core_attach("policy=trylock", 0);
	explore_assert(core(CORE_INSERT, 0, 0, 0) == -EINVAL);
}

/* Twice if there was no memory. */
static void insert(void *page)
{
	long error;

	enter();
	hosted_slab_fail(2 + (unsigned long)page);
	error = core(CORE_INSERT, (unsigned long)page, 1, 0);
	if (error == -ENOMEM)
		error = core(CORE_INSERT, (unsigned long)page, 1, 0);
	explore_assert(!error || error == -ENOMEM);
	core(CORE_POPULATE, (unsigned long)page, 1, 0);
	core_access((unsigned long)page);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_DONTNEED));
}

static void check(void)
{
	unsigned long page;

	hosted_slab_fail(0);
	enter();
	for (page = 0; page < 2; page++)
		if (core(CORE_POPULATE, page, 1, 0))
			explore_assert(!core(CORE_INSERT, page, 1, 0));
	/* Nothing lies beside them. */
	explore_assert(core(CORE_POPULATE, 0, 2, 0) == -EINVAL);
	explore_assert(core(CORE_POPULATE, 2, 1, 0) == -ENOENT);
	explore_assert(!core(CORE_REMOVE, 0, 1, 0));
	explore_assert(core(CORE_POPULATE, 0, 1, 0) == -ENOENT);
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_insert",
	.about = "the first ranges of a mirror, with little memory",
	.setup = setup,
	.threads = { { "first", insert, (void *)0 },
		     { "second", insert, (void *)1 },
		     { "discard", discard } },
	.check = check,
	.keeps_memory = true,
};
