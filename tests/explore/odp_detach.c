// SPDX-License-Identifier: GPL-2.0-only
/* The mirror is detached under a parent that is used, and that is destroyed. */
#include "odp.h"

static void setup(void)
{
	odp_start("");
}

static void fault(void *unused)
{
	enter();
	odp_fault(ADDR, true);
	odp_fault(ADDR, false);
}

static void detach(void *unused)
{
	odp(ODP_DETACH, 0, 0);
	explore_assert(!odp_fault(ADDR, false));
}

static void destroy(void *unused)
{
	odp(ODP_DESTROY, 0, 0);
}

const struct explore_scenario explore_scenario = {
	.name = "odp_detach",
	.about = "a mirror is detached under a parent",
	.setup = setup,
	.threads = { { "fault", fault }, { "detach", detach }, { "destroy", destroy } },
	.check = odp_stop,
	.keeps_memory = true,
};
