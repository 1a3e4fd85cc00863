// SPDX-License-Identifier: GPL-2.0-only
/*
 * Several processors touch a page in device memory at once, on a kernel that calls the driver for
 * each of them, and the memory goes away. All advance, and the page is moved once.
 */
#define GENERATION HOSTED_6_12
#include "devmem.h"

static void setup(void)
{
	devmem_start("", 1);
	explore_assert(devmem(DEVMEM_TO_DEVICE, 0, 1) == 1);
}

static void touch(void *unused)
{
	enter();
	expect_word(0, 1);
}

static void close(void *unused)
{
	enter();
	explore_assert(!devmem(DEVMEM_CLOSE, 0, 0));
}

static void check(void)
{
	enter();
	expect_word(0, 1);
	devmem_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "devmem_faults",
	.about = "faults of two processors, and the end of the memory",
	.setup = setup,
	.threads = { { "touch", touch }, { "touch too", touch }, { "close", close } },
	.check = check,
	.keeps_memory = true,
};
