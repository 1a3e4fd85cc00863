// SPDX-License-Identifier: GPL-2.0-only
/* A range is made where the process unmaps: none is left where there is no memory. */
#include "core.h"

static void setup(void)
{
	start_process(3);
	core_attach("follow=1", 0);
	explore_assert(!core(CORE_INSERT, 0, 1, 0));
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE));
}

static void make(void *unused)
{
	long error;

	enter();
	error = core(CORE_FIND, 1, 1, 0);
	explore_assert(!error || error == -EFAULT);
	explore_assert(!core(CORE_FIND, 2, 1, 0));
}

/* What is unmapped is cut off by a worker. */
static void check(void)
{
	enter();
	msleep(10);
	explore_assert(core(CORE_ZAP, 1, 1, 0) == -ENOENT);
	core_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "core_chunk",
	.about = "a range is found or made, beside munmap of its place",
	.setup = setup,
	.threads = { { "unmap", unmap }, { "make", make } },
	.check = check,
	.keeps_memory = true,
};
