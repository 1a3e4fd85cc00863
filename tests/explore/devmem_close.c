// SPDX-License-Identifier: GPL-2.0-only
/* The memory goes away while a processor touches a page in it, and the device uses it. */
#include "devmem.h"

static void setup(void)
{
	devmem_start("", 2);
	explore_assert(devmem(DEVMEM_TO_DEVICE, 0, 2) == 2);
}

static void close(void *unused)
{
	enter();
	explore_assert(!devmem(DEVMEM_CLOSE, 0, 0));
}

static void touch(void *unused)
{
	enter();
	expect_word(0, 1);
	explore_assert(!hosted_store(mm, page(0), 5));
}

static void use(void *unused)
{
	enter();
	devmem_write(1, 6);
}

static void check(void)
{
	enter();
	expect_word(0, 5);
	expect_word(1, 6);
	devmem_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "devmem_close",
	.about = "the end of the memory beside a processor's fault and the device",
	.setup = setup,
	.threads = { { "close", close }, { "touch", touch }, { "use", use } },
	.check = check,
	.keeps_memory = true,
};
