// SPDX-License-Identifier: GPL-2.0-only
/* A copy fails: what was to move stays where it is, with its content, whoever uses it meanwhile. */
#include "devmem.h"

static void setup(void)
{
	devmem_start("failures=1", 2);
}

static void move(void *unused)
{
	long moved;

	enter();
	moved = devmem(DEVMEM_TO_DEVICE, 0, 2);
	/* Pages that are locked at that moment are not copied, and then nothing fails. */
	explore_assert(moved == -EIO || !moved);
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
	.name = "devmem_copy_fails",
	.about = "a copy to the device that fails beside those who use the pages",
	.setup = setup,
	.threads = { { "move", move }, { "touch", touch }, { "use", use } },
	.check = check,
	.keeps_memory = true,
};
