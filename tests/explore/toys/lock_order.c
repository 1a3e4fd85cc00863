// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two locks, taken in opposite order.
 *
 * Finds: deadlock
 */
#include "toy.h"

static struct toy_lock a, b;
static int sum;

static void a_then_b(void *arg)
{
	(void)arg;
	toy_lock(&a);
	toy_lock(&b);
	sum++;
	toy_unlock(&b);
	toy_unlock(&a);
}

static void b_then_a(void *arg)
{
	(void)arg;
	toy_lock(&b);
	toy_lock(&a);
	sum--;
	toy_unlock(&a);
	toy_unlock(&b);
}

const struct explore_scenario explore_scenario = {
	.name = "lock_order",
	.about = "two locks in opposite order",
	.threads = { { "ab", a_then_b }, { "ba", b_then_a } },
};
