// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device has a page for itself while a processor takes it back, and while it goes. What either
 * has written is there for the other.
 */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock exclusive=1", 2);
	explore_assert(!hosted_store(mm, ADDR, 1));
}

static void device(void *unused)
{
	enter();
	explore_assert(!core(CORE_EXCLUSIVE, 0, 1, 0));
	core_write(0, 2);
}

static void touch(void *unused)
{
	u64 value;

	enter();
	explore_assert(!hosted_load(mm, ADDR, &value));
	explore_assert(value <= 2);
	explore_assert(!hosted_store(mm, ADDR, 3));
	explore_assert(!hosted_load(mm, ADDR, &value));
	explore_assert(value == 3 || value == 2 || value == 0);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "core_exclusive",
	.about = "exclusive access beside a processor, and a page that goes",
	.setup = setup,
	.threads = { { "device", device }, { "touch", touch }, { "discard", discard } },
	.check = core_stop,
	.keeps_memory = true,
};
