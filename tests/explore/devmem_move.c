// SPDX-License-Identifier: GPL-2.0-only
/* A page moves to the device while a processor touches it, and the device reads it. */
#include "devmem.h"

static void setup(void)
{
	devmem_start("", 1);
}

static void move(void *unused)
{
	enter();
	explore_assert(devmem(DEVMEM_TO_DEVICE, 0, 1) >= 0);
}

static void touch(void *unused)
{
	enter();
	expect_word(0, 1);
	explore_assert(!hosted_store(mm, page(0), 2));
	expect_word(0, 2);
}

static void use(void *unused)
{
	enter();
	explore_assert(devmem_read(0) <= 2);
}

static void check(void)
{
	enter();
	expect_word(0, 2);
	devmem_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "devmem_move",
	.about = "migration to the device beside a processor's faults",
	.setup = setup,
	.threads = { { "move", move }, { "touch", touch }, { "use", use } },
	.check = check,
	.keeps_memory = true,
};
