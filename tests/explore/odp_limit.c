// SPDX-License-Identifier: GPL-2.0-only
/* Room for one child, and two that are used: each takes the other's place, and gets it. */
#include "odp.h"

static void setup(void)
{
	odp_start("children=1");
}

static void first(void *unused)
{
	enter();
	explore_assert(odp_fault(ADDR, true));
}

static void second(void *unused)
{
	enter();
	explore_assert(odp_fault(ADDR + CHILD, true));
}

const struct explore_scenario explore_scenario = {
	.name = "odp_limit",
	.about = "children that take each other's place",
	.setup = setup,
	.threads = { { "first", first }, { "second", second } },
	.check = odp_stop,
	.keeps_memory = true,
};
