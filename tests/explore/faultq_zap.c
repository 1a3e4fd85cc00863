// SPDX-License-Identifier: GPL-2.0-only
/* Faults of the same pages, for reading and writing, while the process gives the pages back. */
#include "faultq.h"

static void setup(void)
{
	faultq_start("workers=2");
}

static void use(void *write)
{
	/* In order, whoever else faults there. */
	explore_assert(!faultq_access(page(0), write));
	explore_assert(!faultq_access(page(1), write));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "faultq_zap",
	.about = "faults of the same pages beside an invalidation",
	.setup = setup,
	.threads = { { "read", use }, { "write", use, &setup }, { "discard", discard } },
	.check = faultq_stop,
	.keeps_memory = true,
};
