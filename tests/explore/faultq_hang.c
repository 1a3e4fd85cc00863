// SPDX-License-Identifier: GPL-2.0-only
/* A page that its program never brings: its neighbour is served, and detach does not wait. */
#include "faultq.h"

static long hung;

static void setup(void)
{
	faultq_start("workers=1");
	never(page(0));
}

static void use(void *unused)
{
	hung = faultq(FAULTQ_PARK, page(0), false);
	explore_assert(!faultq_access(page(1), true));
	explore_assert(faultq(FAULTQ_PARK, page(0), true) >= 0);
	explore_assert(!faultq(FAULTQ_DETACH, 0, 0));
	explore_assert(faultq(FAULTQ_WAIT, hung, 0) == -ESRCH);
}

const struct explore_scenario explore_scenario = {
	.name = "faultq_hang",
	.about = "a fault that hangs, and detach",
	.setup = setup,
	.threads = { { "use", use } },
	.check = faultq_stop,
	.keeps_memory = true,
	.early_timeouts = true,
};
