// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread starts a helper and rests a moment, in which it expects the helper to be done: nobody
 * has promised that.
 *
 * Finds: invariant
 */
#include "toy.h"

static bool done;

static void help(void *arg)
{
	WRITE_ONCE(*(bool *)arg, true);
}

static void work(void *arg)
{
	(void)arg;
	hosted_spawn("helper", help, &done);
	hosted_note("rests");
	hosted_block_until("rest", NULL, hosted_now_ns() + 1000000);
	explore_assert(READ_ONCE(done));
}

static void wait_long(void *arg)
{
	(void)arg;
	hosted_block_until("rest", NULL, hosted_now_ns() + 1000000000);
	explore_assert(READ_ONCE(done));
}

const struct explore_scenario explore_scenario = {
	.name = "helper",
	.about = "a rest instead of a wait",
	.threads = { { "worker", work }, { "patient", wait_long } },
	.early_timeouts = true,
};
