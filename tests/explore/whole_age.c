// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel asks whether a page is in use while a context uses it and another one comes and goes.
 * A use is heard of once at least, by who asks meanwhile or by who asks afterwards; and what is not
 * used goes.
 */
#include "whole.h"

static bool used;
static int heard;

static void setup(void)
{
	whole_start();
	explore_assert(!whole(WHOLE_DROPIN, 0, WRITE));
	hosted_clear_young(mm, ADDR);
}

static void use(void *unused)
{
	enter();
	used = whole(WHOLE_ACCESS, 0, 0) == 1;
}

static void ask(void *unused)
{
	enter();
	heard += hosted_clear_young(mm, ADDR);
	heard += hosted_clear_young(mm, ADDR);
}

static void come_and_go(void *unused)
{
	enter();
	hosted_close(whole_open());
}

static void check(void)
{
	enter();
	if (used && !heard)
		explore_assert(hosted_reclaim(mm, ADDR) == -EAGAIN);
	hosted_clear_young(mm, ADDR);
	explore_assert(!hosted_reclaim(mm, ADDR));
	whole_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "whole_age",
	.about = "the kernel asks for the age of a page beside its use and the end of a context",
	.setup = setup,
	.threads = { { "use", use }, { "ask", ask }, { "context", come_and_go } },
	.check = check,
	.keeps_memory = true,
};
