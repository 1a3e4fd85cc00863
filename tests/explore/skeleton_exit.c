// SPDX-License-Identifier: GPL-2.0-only
/* The process exits while the driver detaches, and a walk runs in another one, which traces it. */
#include <linux/sched/mm.h>

#include "skeleton.h"

static void setup(void)
{
	hosted_trace(current, current);
	skeleton_start("policy=trylock", 1, current->pid);
	explore_assert(!skeleton_populate(0, 1, 0));
}

static void leave(void *unused)
{
	enter();
	hosted_exit();
}

static void detach(void *unused)
{
	hosted_ioctl(file, XMMU_SKELETON_DETACH, NULL);
}

static void populate(void *unused)
{
	long error = skeleton_populate(0, 1, 0);

	explore_assert(!error || error == -ESRCH || error == -ENOENT);
}

static void check(void)
{
	stop_driver("skeleton");
	nothing_is_left();
}

const struct explore_scenario explore_scenario = {
	.name = "skeleton_exit",
	.about = "exit beside detach and populate",
	.setup = setup,
	.threads = { { "exit", leave }, { "detach", detach }, { "populate", populate } },
	.check = check,
	.keeps_memory = true,
};
