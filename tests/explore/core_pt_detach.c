// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver detaches while tables become empty, and while the device walks them: all of them are
 * freed, and none too early.
 */
#include "core.h"

static void detach(void *unused)
{
	enter();
	explore_assert(!core(CORE_DETACH, 0, 0, 0));
	explore_assert(!core_access(PT_FIRST) && !core_access(PT_FIRST + PT_PAGES - 1));
}

static void look(void *unused)
{
	enter();
	core_access(PT_FIRST);
	core_access(PT_FIRST + PT_PAGES - 1);
}

const struct explore_scenario explore_scenario = {
	.name = "core_pt_detach",
	.about = "tables that become empty beside detach",
	.setup = core_start_pt,
	.threads = { { "discard", core_discard_pt }, { "detach", detach }, { "look", look } },
	.check = core_stop,
	.keeps_memory = true,
};
