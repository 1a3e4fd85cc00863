// SPDX-License-Identifier: GPL-2.0-only
/*
 * Double-checked locking without order: who sees the flag need not see what it stands for.
 *
 * Finds: data race
 */
#include "toy.h"

static struct toy_lock lock;
static int ready, value;

static void get(void *arg)
{
	(void)arg;
	if (!READ_ONCE(ready)) {
		toy_lock(&lock);
		if (!ready) {
			value = 42;
			WRITE_ONCE(ready, 1);
		}
		toy_unlock(&lock);
	}
	explore_assert(value == 42);
}

const struct explore_scenario explore_scenario = {
	.name = "double_checked",
	.about = "double-checked locking",
	.threads = { { "first", get }, { "second", get }, { "third", get } },
};
