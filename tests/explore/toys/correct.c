// SPDX-License-Identifier: GPL-2.0-only
/*
 * A correct program: a counter below a lock, three threads, nothing to find.
 *
 * Finds: nothing
 */
#include "toy.h"

static struct toy_lock lock;
static int counter;

static void add(void *arg)
{
	(void)arg;
	toy_lock(&lock);
	counter++;
	toy_unlock(&lock);
}

static void check(void)
{
	explore_assert(counter == 3);
}

const struct explore_scenario explore_scenario = {
	.name = "correct",
	.about = "a counter below a lock",
	.threads = { { "first", add }, { "second", add }, { "third", add } },
	.check = check,
};
