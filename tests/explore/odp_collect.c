// SPDX-License-Identifier: GPL-2.0-only
/* A child loses its page and is collected while it is used: every fault is served all the same. */
#include "odp.h"

static void setup(void)
{
	odp_start("");
	explore_assert(odp_fault(ADDR, true));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

static void use(void *write)
{
	enter();
	explore_assert(odp_fault(ADDR, write != NULL));
	explore_assert(odp_fault(ADDR, true));
}

static bool writes = true;

const struct explore_scenario explore_scenario = {
	.name = "odp_collect",
	.about = "a child is collected while it is used",
	.setup = setup,
	.threads = { { "discard", discard }, { "read", use }, { "write", use, &writes } },
	.check = odp_stop,
	.keeps_memory = true,
};
