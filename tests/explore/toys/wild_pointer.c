// SPDX-License-Identifier: GPL-2.0-only
/*
 * A function pointer is called while another thread has put it out of use.
 *
 * Finds: crash
 */
#include "toy.h"

static int calls;

static void count(void)
{
	calls++;
}

static void (*callback)(void) = count;

static void call(void *arg)
{
	(void)arg;
	if (READ_ONCE(callback))
		READ_ONCE(callback)();
}

static void remove_it(void *arg)
{
	(void)arg;
	WRITE_ONCE(callback, NULL);
}

const struct explore_scenario explore_scenario = {
	.name = "wild_pointer",
	.about = "a callback is removed between the look and the call",
	.threads = { { "caller", call }, { "remover", remove_it } },
};
