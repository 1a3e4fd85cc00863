// SPDX-License-Identifier: GPL-2.0-only
/* The OOM reaper is refused while a flush is under way, and finds it done when it comes again. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock dma=1", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, WRITE));
	explore_assert(core_access(0));
}

static void reap(void *unused)
{
	int error;

	while ((error = hosted_oom_reap(mm)) == -EAGAIN)
		msleep(1);
	explore_assert(!error);
	enter();
	explore_assert(!core_access(0));
}

static void zap(void *unused)
{
	enter();
	explore_assert(!core(CORE_ZAP, 0, 1, 0));
}

static void populate(void *unused)
{
	long error;

	enter();
	error = core(CORE_POPULATE, 0, 1, 0);
	explore_assert(!error || error == -EFAULT || error == -EIO || error == -ETIMEDOUT);
	core_access(0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_oom",
	.about = "the OOM reaper beside the driver's zap",
	.setup = setup,
	.threads = { { "reap", reap }, { "zap", zap }, { "populate", populate } },
	.check = core_stop,
	.keeps_memory = true,
	.early_timeouts = true,
};
