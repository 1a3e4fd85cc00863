// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits in a loop for a flag that the other thread takes back when it finds nobody waiting.
 *
 * Finds: livelock
 */
#include "toy.h"

static int flag, waiting;

static void wait(void *arg)
{
	(void)arg;
	WRITE_ONCE(waiting, 1);
	while (!READ_ONCE(flag))
		hosted_point(HOSTED_STEP, NULL, 0);
}

static void set(void *arg)
{
	(void)arg;
	WRITE_ONCE(flag, 1);
	if (!READ_ONCE(waiting))
		WRITE_ONCE(flag, 0);
}

const struct explore_scenario explore_scenario = {
	.name = "endless_wait",
	.about = "a flag is taken back too early",
	.threads = { { "waiter", wait }, { "setter", set } },
};
