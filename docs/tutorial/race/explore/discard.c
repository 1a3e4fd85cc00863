// SPDX-License-Identifier: GPL-2.0-only
/* A page is given to the device while another thread gives it back to the kernel. */
#include "drivers.h"

/* The register of the device. */
unsigned long race_device;

static void setup(void)
{
	start_process(1);
	start_driver("race", "", "race");
}

static void give(void *unused)
{
	enter();
	explore_assert(hosted_write_user(file, ADDR, PAGE_SIZE) == PAGE_SIZE);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

/* The device reads the page, if it has one: is it the one that the process has there? */
static void check(void)
{
	enter();
	if (race_device)
		hosted_device_access(mm, ADDR, race_device, false);
	stop_driver("race");
	stop_process();
}

const struct explore_scenario explore_scenario = {
	.name = "discard",
	.about = "a page goes while the device gets it",
	.setup = setup,
	.threads = { { "give", give }, { "discard", discard } },
	.check = check,
	.keeps_memory = true,
};
