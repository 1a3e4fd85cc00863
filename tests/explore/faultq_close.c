// SPDX-License-Identifier: GPL-2.0-only
/* The file is closed with faults in the queue, of which one hangs; another file has faults too. */
#include "faultq.h"

static void setup(void)
{
	faultq_start("workers=2");
	never(page(1));
}

static void open_and_close(void *unused)
{
	struct file *other;

	enter();
	other = hosted_open("faultq", 0);
	explore_assert(!IS_ERR(other));
	explore_assert(!faultq_of(other, FAULTQ_ATTACH, ADDR, 0));
	explore_assert(faultq_of(other, FAULTQ_PARK, page(0), true) >= 0);
	explore_assert(faultq_of(other, FAULTQ_PARK, page(1), false) >= 0);
	hosted_close(other);
}

static void use(void *unused)
{
	explore_assert(!faultq_access(page(0), false));
}

const struct explore_scenario explore_scenario = {
	.name = "faultq_close",
	.about = "a queue that goes while its workers work",
	.setup = setup,
	.threads = { { "close", open_and_close }, { "use", use } },
	.check = faultq_stop,
	.keeps_memory = true,
};
