// SPDX-License-Identifier: GPL-2.0-only
/* Pages that the device uses are given back, on a kernel whose callbacks wait one by one. */
#define GENERATION HOSTED_6_1
#include "core.h"

static void setup(void)
{
	core_start("policy=refuse", 2);
	explore_assert(!core(CORE_POPULATE, 0, 2, 0));
	explore_assert(core_access(0) && core_access(1));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!core_access(0) && !core_access(1));
}

static void use(void *unused)
{
	enter();
	core_access(1);
	core_access(0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_one_pass",
	.about = "an invalidation and the device, on 6.1",
	.setup = setup,
	.threads = { { "discard", discard }, { "device", use } },
	.check = core_stop,
	.keeps_memory = true,
};
