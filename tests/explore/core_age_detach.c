// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel asks for the age of a page while the process exits and the driver detaches: it gets no
 * answer from a driver that is through.
 */
#include <linux/sched/mm.h>

#include "core.h"

static void setup(void)
{
	core_start("policy=atomic pt=1 aging=1", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, WRITE));
	explore_assert(core_access(0));
	mmgrab(mm);
}

static void ask(void *unused)
{
	hosted_clear_young(mm, ADDR);
	hosted_test_young(mm, ADDR);
}

static void leave(void *unused)
{
	enter();
	hosted_exit();
}

/* With all that the driver could be asked about. */
static void detach(void *unused)
{
	hosted_close(file);
	explore_assert(!hosted_module_unload("core"));
}

static void check(void)
{
	mmdrop(mm);
	msleep(10);
	hosted_mm_check_empty();
	hosted_slab_check_empty();
}

const struct explore_scenario explore_scenario = {
	.name = "core_age_detach",
	.about = "the kernel asks for the age of a page, beside exit and detach",
	.setup = setup,
	.threads = { { "ask", ask }, { "exit", leave }, { "detach", detach } },
	.check = check,
	.keeps_memory = true,
};
