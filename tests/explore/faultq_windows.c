// SPDX-License-Identifier: GPL-2.0-only
/* Two workers, and faults in two windows: at once, but never two of a window. */
#include "faultq.h"

static void setup(void)
{
	faultq_start("workers=2");
	explore_assert(!hosted_mmap(mm, ADDR + WINDOW, FAULTQ_PAGES * PAGE_SIZE, VM_READ | VM_WRITE,
				    0, NULL, 0));
}

static void use(void *unused)
{
	long first = faultq(FAULTQ_PARK, page(0), false);

	explore_assert(!faultq_access(ADDR + WINDOW, true));
	explore_assert(!faultq_access(page(0), true));
	explore_assert(!faultq(FAULTQ_WAIT, first, 0));
}

const struct explore_scenario explore_scenario = {
	.name = "faultq_windows",
	.about = "faults in two windows, and two workers",
	.setup = setup,
	.threads = { { "one", use }, { "two", use } },
	.check = faultq_stop,
	.keeps_memory = true,
};
