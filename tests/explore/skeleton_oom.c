// SPDX-License-Identifier: GPL-2.0-only
/* The OOM reaper, which must not wait for anybody, meets a walk. */
#include "skeleton.h"

static void setup(void)
{
	skeleton_start("policy=trylock", 2, 0);
	explore_assert(!skeleton_populate(0, 1, XMMU_SKELETON_WRITE));
}

/* It comes again after it was refused. */
static void reap(void *unused)
{
	int error;

	while ((error = hosted_oom_reap(mm)) == -EAGAIN)
		msleep(1);
	explore_assert(!error);
	enter();
	explore_assert(!skeleton_access(0) && !skeleton_access(1));
}

static void populate(void *unused)
{
	long error;

	enter();
	error = skeleton_populate(0, 2, XMMU_SKELETON_WRITE);
	explore_assert(!error || error == -EFAULT);
}

static void check(void)
{
	skeleton_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "skeleton_oom",
	.about = "populate beside the OOM reaper",
	.setup = setup,
	.threads = { { "reap", reap }, { "populate", populate } },
	.check = check,
	.keeps_memory = true,
};
