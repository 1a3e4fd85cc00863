// SPDX-License-Identifier: GPL-2.0-only
/* Pages are merged, and broken again by a store, while the device reads one that also goes. */
#define GENERATION HOSTED_6_1
#include "whole.h"

static void setup(void)
{
	whole_start();
	explore_assert(!hosted_store(mm, ADDR, 1));
	explore_assert(!hosted_store(mm, ADDR + PAGE_SIZE, 1));
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_MERGEABLE));
	explore_assert(!whole(WHOLE_DROPIN, 0, 0));
}

static void use(void *unused)
{
	enter();
	whole(WHOLE_ACCESS, 0, 0);
	whole(WHOLE_ACCESS, 0, WRITE);
}

static void merge(void *unused)
{
	enter();
	hosted_ksm_merge(mm, ADDR, mm, ADDR + PAGE_SIZE);
	explore_assert(!hosted_store(mm, ADDR, 3));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "whole_remap",
	.about = "pages are replaced by others beside accesses and an invalidation",
	.setup = setup,
	.threads = { { "merge", merge }, { "use", use }, { "discard", discard } },
	.check = whole_stop,
	.keeps_memory = true,
};
