// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device confirms nothing and is cut off. Two threads wait for that at once, and one has
 * more to flush afterwards.
 */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock mute=1 watchdog_ms=50", 3);
	explore_assert(!core(CORE_POPULATE, 0, 3, 0));
	explore_assert(core_access(0) && core_access(1) && core_access(2));
}

static void discard(unsigned long page)
{
	explore_assert(!hosted_madvise(mm, ADDR + page * PAGE_SIZE, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!core_access(page));
}

static void once(void *unused)
{
	enter();
	discard(0);
}

static void twice(void *unused)
{
	enter();
	discard(1);
	discard(2);
}

static void use(void *unused)
{
	enter();
	core_access(1);
	core_access(0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_cut",
	.about = "invalidations of a device that does not answer",
	.setup = setup,
	.threads = { { "once", once }, { "twice", twice }, { "device", use } },
	.check = core_stop,
	.keeps_memory = true,
};
