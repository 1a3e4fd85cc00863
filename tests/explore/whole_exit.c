// SPDX-License-Identifier: GPL-2.0-only
/* The process exits while contexts go, and while the device faults on its memory. */
#include "whole.h"

static struct file *other;

static void setup(void)
{
	whole_start();
	other = whole_open();
	explore_assert(!whole(WHOLE_DROPIN, 0, WRITE));
	explore_assert(!whole_of(other, WHOLE_DROPIN, 0, 0));
}

static void leave(void *unused)
{
	enter();
	hosted_exit();
}

static void put(void *unused)
{
	whole_of(other, WHOLE_ACCESS, 0, 0);
	hosted_close(other);
}

static void fault(void *unused)
{
	long error = whole(WHOLE_FAULT, 0, 0);

	explore_assert(!error || error == -EAGAIN || error == -ESRCH);
	whole(WHOLE_ACCESS, 0, 0);
}

static void check(void)
{
	explore_assert(!whole(WHOLE_DETACH, 0, 0));
	stop_driver("whole");
	msleep(10);
	hosted_mm_check_empty();
	hosted_slab_check_empty();
}

const struct explore_scenario explore_scenario = {
	.name = "whole_exit",
	.about = "exit beside a fault and the end of another context",
	.setup = setup,
	.threads = { { "exit", leave }, { "put", put }, { "fault", fault } },
	.check = check,
	.keeps_memory = true,
};
