// SPDX-License-Identifier: GPL-2.0-only
/*
 * A message is published with a barrier on the side of the writer, none on that of the reader.
 *
 * Finds: data race
 */
#include "toy.h"

static int message, there;

static void publish(void *arg)
{
	(void)arg;
	message = 42;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(there, 1);
}

static void receive(void *arg)
{
	(void)arg;
	if (!READ_ONCE(there))
		return;
	explore_assert(message == 42);
}

const struct explore_scenario explore_scenario = {
	.name = "one_barrier",
	.about = "a message behind a flag",
	.threads = { { "writer", publish }, { "reader", receive } },
};
