// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processors touch pages side by side in device memory, on a kernel where each has a reference to
 * its page, and the device works on a third one. What moves with the page of one must not keep the
 * other's from moving.
 */
#define GENERATION HOSTED_6_12
#include "devmem.h"

static void setup(void)
{
	devmem_start("", 3);
	explore_assert(devmem(DEVMEM_TO_DEVICE, 0, 3) == 3);
}

static void touch(void *unused)
{
	enter();
	expect_word(0, 1);
}

static void touch_next(void *unused)
{
	enter();
	expect_word(1, 2);
	explore_assert(!hosted_store(mm, page(1), 5));
}

static void use(void *unused)
{
	enter();
	devmem_write(2, 6);
}

static void check(void)
{
	enter();
	expect_word(0, 1);
	expect_word(1, 5);
	expect_word(2, 6);
	devmem_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "devmem_around",
	.about = "faults of two processors side by side, beside the device",
	.setup = setup,
	.threads = { { "touch", touch }, { "touch next", touch_next }, { "use", use } },
	.check = check,
	.keeps_memory = true,
};
