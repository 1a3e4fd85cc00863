// SPDX-License-Identifier: GPL-2.0-only
/*
 * A leaf of 32 pages goes to pieces, because one page is given back and another one may be written
 * to. What the device has written to before stays dirty.
 */
#include "core.h"

#define PAGES 32UL
#define DIRTY 64 /* CORE_PT_DIRTY */

static void setup(void)
{
	start_process(512);
	explore_assert(!hosted_madvise(mm, ADDR, 512 * PAGE_SIZE, HOSTED_HUGEPAGE));
	explore_assert(!hosted_store(mm, ADDR, 1));
	core_attach("policy=refuse pt=1", 0);
	explore_assert(!core(CORE_INSERT, 0, PAGES, 0));
	explore_assert(!core(CORE_POPULATE, 0, PAGES, WRITE));
}

static void zap(void *unused)
{
	enter();
	explore_assert(!core(CORE_ZAP, 8, 1, 0));
	explore_assert(core(CORE_COUNT, 0, PAGES, 0) == (long)PAGES - 1);
}

static void device(void *unused)
{
	enter();
	explore_assert(core_write(9, 7));
	explore_assert(core(CORE_AGE, 9, 1, 0) & DIRTY);
}

static void look(void *unused)
{
	enter();
	explore_assert(core(CORE_COUNT, 16, 8, 0) == 8);
}

static void check(void)
{
	enter();
	explore_assert(core(CORE_AGE, 9, 1, DIRTY) & DIRTY);
	explore_assert(!(core(CORE_AGE, 9, 1, 0) & DIRTY));
	explore_assert(core_access(9) && !core_access(8) && core_write(31, 1));
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_pt_split",
	.about = "a large leaf is split while the device uses it",
	.setup = setup,
	.threads = { { "zap", zap }, { "device", device }, { "look", look } },
	.check = check,
	.keeps_memory = true,
};
