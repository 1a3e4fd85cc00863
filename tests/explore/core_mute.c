// SPDX-License-Identifier: GPL-2.0-only
/* The device confirms nothing: it is cut off, and whoever waited goes on. */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock mute=1 watchdog_ms=50", 2);
	explore_assert(!core(CORE_POPULATE, 0, 2, 0));
	explore_assert(core_access(0) && core_access(1));
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
	explore_assert(!hosted_munmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE));
	explore_assert(!core_access(0) && !core_access(1));
}

static void populate(void *unused)
{
	long error;

	enter();
	error = core(CORE_POPULATE, 0, 1, 0);
	explore_assert(!error || error == -EIO || error == -EFAULT || error == -ESRCH ||
		       error == -ENOENT || error == -ETIMEDOUT);
	core_access(0);
}

static void detach(void *unused)
{
	enter();
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
}

const struct explore_scenario explore_scenario = {
	.name = "core_mute",
	.about = "a device that does not answer",
	.setup = setup,
	.threads = { { "munmap", unmap }, { "populate", populate }, { "detach", detach } },
	.check = core_stop,
	.keeps_memory = true,
};
