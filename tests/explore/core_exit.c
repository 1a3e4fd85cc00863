// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process exits while a thread of the kernel populates for it, and the driver detaches. Whoever
 * populates may be the last one that has a reference to the address space.
 */
#include <linux/sched/mm.h>

#include "core.h"

static void setup(void)
{
	core_start("policy=trylock", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	explore_assert(core_access(0));
}

static void leave(void *unused)
{
	enter();
	hosted_exit();
	core_access(0);
}

static void populate(void *unused)
{
	long error = core(CORE_POPULATE, 0, 1, 0);

	explore_assert(!error || error == -ESRCH || error == -ENOENT);
	core_access(0);
}

static void detach(void *unused)
{
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
	explore_assert(!core_access(0));
}

static void check(void)
{
	stop_driver("core");
	nothing_is_left();
}

const struct explore_scenario explore_scenario = {
	.name = "core_exit",
	.about = "exit beside populate and detach",
	.setup = setup,
	.threads = { { "exit", leave }, { "populate", populate }, { "detach", detach } },
	.check = check,
	.keeps_memory = true,
};
