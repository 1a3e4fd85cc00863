// SPDX-License-Identifier: GPL-2.0-only
/* The middle of a range is unmapped, and cut out of it later, while the driver detaches. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock follow=1", 3);
	explore_assert(!core(CORE_POPULATE, 0, 3, 0));
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE));
	explore_assert(!core_access(1));
}

static void detach(void *unused)
{
	enter();
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
	explore_assert(!core_access(0) && !core_access(1) && !core_access(2));
}

const struct explore_scenario explore_scenario = {
	.name = "core_unmap_detach",
	.about = "a range that follows what is unmapped, beside detach",
	.setup = setup,
	.threads = { { "unmap", unmap }, { "detach", detach } },
	.check = core_stop,
	.keeps_memory = true,
};
