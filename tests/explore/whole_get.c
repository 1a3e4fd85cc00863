// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last context goes while another one comes, and while an invalidation is under way: it begins
 * with one object, or none, and ends with another.
 */
#include "whole.h"

static void setup(void)
{
	whole_start();
	explore_assert(!whole(WHOLE_DROPIN, 0, WRITE));
}

static void put(void *unused)
{
	enter();
	explore_assert(!whole(WHOLE_DETACH, 0, 0));
}

static void get(void *unused)
{
	struct file *other;

	enter();
	other = whole_open();
	explore_assert(!whole_of(other, WHOLE_DROPIN, 0, WRITE));
	whole_of(other, WHOLE_ACCESS, 0, WRITE);
	hosted_close(other);
}

static void drop(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "whole_get",
	.about = "get and put beside an invalidation",
	.setup = setup,
	.threads = { { "drop", drop }, { "put", put }, { "get", get } },
	.check = whole_stop,
	.keeps_memory = true,
};
