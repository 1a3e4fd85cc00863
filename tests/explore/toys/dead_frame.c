// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has a place for the answer on its stack, and does not wait for the one who writes there.
 *
 * Finds: use after return
 */
#include "toy.h"

static int *place;

static void ask(void *arg)
{
	int answer = 0;

	(void)arg;
	WRITE_ONCE(place, &answer);
	if (!READ_ONCE(answer))
		WRITE_ONCE(place, NULL);
}

static void answer(void *arg)
{
	int *there = READ_ONCE(place);

	(void)arg;
	if (there)
		WRITE_ONCE(*there, 42);
}

const struct explore_scenario explore_scenario = {
	.name = "dead_frame",
	.about = "an answer is written where nobody waits any more",
	.threads = { { "asks", ask }, { "answers", answer } },
};
