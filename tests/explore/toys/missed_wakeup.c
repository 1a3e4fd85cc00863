// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks whether an event has happened, and then sleeps: the event may come in between.
 *
 * Finds: deadlock
 */
#include "toy.h"

static struct toy_event event;

static void wait(void *arg)
{
	(void)arg;
	if (!toy_happened(&event))
		toy_sleep(&event);
}

static void happen(void *arg)
{
	(void)arg;
	toy_happen(&event);
}

const struct explore_scenario explore_scenario = {
	.name = "missed_wakeup",
	.about = "an event comes between the look and the sleep",
	.threads = { { "waiter", wait }, { "waker", happen } },
};
