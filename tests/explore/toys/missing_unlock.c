// SPDX-License-Identifier: GPL-2.0-only
/*
 * A way out without unlock, which is taken only when the other thread has been there before.
 *
 * Finds: deadlock
 */
#include "toy.h"

static struct toy_lock lock;
static int users, closed;

static void use(void *arg)
{
	(void)arg;
	toy_lock(&lock);
	if (closed)
		return;
	users++;
	toy_unlock(&lock);
}

static void close_it(void *arg)
{
	(void)arg;
	toy_lock(&lock);
	closed = users == 1;
	toy_unlock(&lock);
}

const struct explore_scenario explore_scenario = {
	.name = "missing_unlock",
	.about = "returns with the lock held when closed",
	.threads = { { "first", use }, { "close", close_it }, { "second", use }, { "third", use } },
};
