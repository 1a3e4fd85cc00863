// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts report faults while the mirror is detached. */
#include "faultq.h"

static void setup(void)
{
	faultq_start("depth=4");
}

static void push(void *unused)
{
	explore_assert(faultq(FAULTQ_PARK, page(0), true) >= 0);
	explore_assert(faultq(FAULTQ_PARK, page(1), false) >= 0);
}

static void detach(void *unused)
{
	explore_assert(faultq(FAULTQ_PARK, page(0), false) >= 0);
	explore_assert(!faultq(FAULTQ_DETACH, 0, 0));
}

const struct explore_scenario explore_scenario = {
	.name = "faultq_drain",
	.about = "faults beside detach",
	.setup = setup,
	.threads = { { "push", push }, { "detach", detach } },
	.check = faultq_stop,
	.keeps_memory = true,
};
