// SPDX-License-Identifier: GPL-2.0-only
/*
 * Waits for a device that is always in time, unless it is not.
 *
 * Finds: invariant
 */
#include "toy.h"

static struct toy_lock lock;
static struct hosted_task *waiter;
static bool done;

static void device(void *arg)
{
	(void)arg;
	toy_lock(&lock);
	WRITE_ONCE(done, true);
	if (waiter)
		hosted_wake(waiter);
	toy_unlock(&lock);
}

static void wait(void *arg)
{
	unsigned long long end = hosted_now_ns() + 1000000000;

	(void)arg;
	toy_lock(&lock);
	waiter = hosted_current();
	while (!READ_ONCE(done) && hosted_now_ns() < end) {
		toy_unlock(&lock);
		if (!READ_ONCE(done))
			hosted_block_until("device", &done, end);
		toy_lock(&lock);
	}
	toy_unlock(&lock);
	explore_assert(READ_ONCE(done));
}

const struct explore_scenario explore_scenario = {
	.name = "impatient",
	.about = "a wait that gives up after a second",
	.threads = { { "waiter", wait }, { "device", device } },
	.early_timeouts = true,
};
