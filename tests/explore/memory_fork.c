// SPDX-License-Identifier: GPL-2.0-only
/* A child is forked while a device writes: what it writes after the fork is the parent's alone. */
#include "memory.h"

static struct mm_struct *child;

static void setup(void)
{
	start(0, NULL);
	explore_assert(!hosted_store(mm, at(0), 1));
	explore_assert(!device_write(0, 2));
}

static void device_side(void *unused)
{
	device_write_again(0, 3);
	explore_assert(!device_write(0, 4));
}

static void fork_side(void *unused)
{
	u64 before, after;

	child = hosted_fork(mm);
	explore_assert(!hosted_load(child, at(0), &before));
	explore_assert(!hosted_madvise(child, at(0), PAGE_SIZE, HOSTED_PAGEOUT));
	explore_assert(!hosted_load(child, at(0), &after));
	explore_assert(before == after);
}

static void check(void)
{
	explore_assert(value_at(0) == 4);
	mmput(child);
	stop();
}

const struct explore_scenario explore_scenario = {
	.name = "memory_fork",
	.about = "fork and swap beside accesses of a device",
	.setup = setup,
	.threads = { { "device", device_side }, { "fork", fork_side } },
	.check = check,
	.keeps_memory = true,
};
