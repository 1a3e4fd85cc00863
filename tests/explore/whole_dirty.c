// SPDX-License-Identifier: GPL-2.0-only
/* What the device has written is still there after the page was taken away from the process. */
#include "whole.h"

static bool written;

static void setup(void)
{
	whole_start();
	explore_assert(!hosted_store(mm, ADDR, 1));
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_FREE));
}

static void use(void *unused)
{
	enter();
	explore_assert(!whole(WHOLE_DROPIN, 0, WRITE));
	written = whole(WHOLE_ACCESS, 0, WRITE) == 1;
}

static void reclaim(void *unused)
{
	enter();
	hosted_reclaim(mm, ADDR);
}

static void check(void)
{
	u64 value = 0;

	enter();
	hosted_reclaim(mm, ADDR);
	explore_assert(!hosted_load(mm, ADDR, &value));
	explore_assert(written ? value == 2 : value < 2);
	whole_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "whole_dirty",
	.about = "the device writes to a page beside reclaim",
	.setup = setup,
	.threads = { { "device", use }, { "reclaim", reclaim } },
	.check = check,
	.keeps_memory = true,
};
