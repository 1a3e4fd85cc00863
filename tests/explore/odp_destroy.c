// SPDX-License-Identifier: GPL-2.0-only
/*
 * A parent is destroyed while a child is made by a fault, and while another is collected since its
 * page goes.
 */
#include "odp.h"

static void setup(void)
{
	odp_start("");
	explore_assert(odp_fault(ADDR, true));
}

static void fault(void *unused)
{
	enter();
	odp_fault(ADDR + CHILD, true);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

static void destroy(void *unused)
{
	enter();
	odp(ODP_DESTROY, 0, 0);
	explore_assert(!odp_fault(ADDR, false));
}

const struct explore_scenario explore_scenario = {
	.name = "odp_destroy",
	.about = "a parent goes while children come and go",
	.setup = setup,
	.threads = { { "fault", fault }, { "discard", discard }, { "destroy", destroy } },
	.check = odp_stop,
	.keeps_memory = true,
};
