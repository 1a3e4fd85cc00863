// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA addresses that stay: a page that the device may read is wanted for writing, which takes
 * another address, while the process gives it back.
 */
#include "core.h"

static void setup(void)
{
	core_start("policy=trylock dma=1", 1);
	explore_assert(!hosted_store(mm, ADDR, 1));
}

static void populate(void *unused)
{
	enter();
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	core_access(0);
}

static void upgrade(void *unused)
{
	enter();
	explore_assert(!core(CORE_POPULATE, 0, 1, WRITE));
	core_write(0, 2);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	core_access(0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_dma",
	.about = "a page becomes writable for the device while it goes",
	.setup = setup,
	.threads = { { "populate", populate }, { "upgrade", upgrade }, { "discard", discard } },
	.check = core_stop,
	.keeps_memory = true,
};
