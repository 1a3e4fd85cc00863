// SPDX-License-Identifier: GPL-2.0-only
/*
 * Double-checked locking as it should be: the flag is released and acquired.
 *
 * Finds: nothing
 */
#include "toy.h"

static struct toy_lock lock;
static int ready, value;

static void get(void *arg)
{
	(void)arg;
	if (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE)) {
		toy_lock(&lock);
		if (!ready) {
			value = 42;
			__atomic_store_n(&ready, 1, __ATOMIC_RELEASE);
		}
		toy_unlock(&lock);
	}
	explore_assert(value == 42);
}

const struct explore_scenario explore_scenario = {
	.name = "double_checked_ok",
	.about = "double-checked locking",
	.threads = { { "first", get }, { "second", get }, { "third", get } },
};
