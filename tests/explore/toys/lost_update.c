// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads add one to a counter, each by a read and a write: one of them can be lost. The
 * accesses are marked, so it is no data race.
 *
 * Finds: invariant
 */
#include "toy.h"

static int counter;

static void add(void *arg)
{
	int seen = READ_ONCE(counter);

	(void)arg;
	WRITE_ONCE(counter, seen + 1);
}

static void check(void)
{
	explore_assert(counter == 2);
}

const struct explore_scenario explore_scenario = {
	.name = "lost_update",
	.about = "a counter is read and written without a lock",
	.threads = { { "first", add }, { "second", add } },
	.check = check,
};
