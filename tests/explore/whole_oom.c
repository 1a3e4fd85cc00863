// SPDX-License-Identifier: GPL-2.0-only
/* The OOM reaper, which must not wait and is never refused, beside a drop-in that waits for it. */
#include "whole.h"

static void setup(void)
{
	whole_start();
	explore_assert(!whole(WHOLE_DROPIN, 0, WRITE));
}

static void reap(void *unused)
{
	explore_assert(!hosted_oom_reap(mm));
}

static void dropin(void *unused)
{
	long error;

	enter();
	error = whole(WHOLE_DROPIN, 0, WRITE);
	/* What was reaped is no memory of the process any more. */
	explore_assert(!error || error == -EFAULT);
	whole(WHOLE_ACCESS, 0, WRITE);
}

static void drop(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "whole_oom",
	.about = "the OOM reaper beside a drop-in and another invalidation",
	.setup = setup,
	.threads = { { "reap", reap }, { "dropin", dropin }, { "drop", drop } },
	.check = whole_stop,
	.keeps_memory = true,
};
