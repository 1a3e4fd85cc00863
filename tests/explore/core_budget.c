// SPDX-License-Identifier: GPL-2.0-only
/* The device takes very long to confirm. Who populates meanwhile waits no longer than its budget. */
#include <linux/jiffies.h>

#include "core.h"

static void setup(void)
{
	core_start("policy=trylock mute=1 watchdog_ms=60000", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	explore_assert(core_access(0));
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!core_access(0));
}

static void populate(void *unused)
{
	unsigned long begun;
	long error;

	enter();
	begun = jiffies;
	error = core(CORE_POPULATE, 0, 1, 0);
	explore_assert(!error || error == -ETIMEDOUT || error == -EIO);
	explore_assert(time_before(jiffies, begun + msecs_to_jiffies(2000)));
}

const struct explore_scenario explore_scenario = {
	.name = "core_budget",
	.about = "populate beside an invalidation that takes a minute",
	.setup = setup,
	.threads = { { "discard", discard }, { "populate", populate } },
	.check = core_stop,
	.keeps_memory = true,
};
