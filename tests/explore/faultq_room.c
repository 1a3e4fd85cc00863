// SPDX-License-Identifier: GPL-2.0-only
/* There is room for one fault, and more come: the device keeps them until it hears of room. */
#include "faultq.h"

static void setup(void)
{
	faultq_start("depth=1");
}

static void use(void *unused)
{
	explore_assert(faultq(FAULTQ_PARK, page(0), false) >= 0);
	explore_assert(!faultq_access(page(1), false));
}

const struct explore_scenario explore_scenario = {
	.name = "faultq_room",
	.about = "more faults than there is room for",
	.setup = setup,
	.threads = { { "first", use } },
	.check = faultq_stop,
	.keeps_memory = true,
};
