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

const struct explore_scenario explore_scenario = {
	.name = "devmem_copy_fails",
	.about = "a copy to the device that fails beside those who use the pages",
	.setup = setup,
	.threads = { { "move", move },
		     { "touch", devmem_touch_first },
		     { "use", devmem_use_second } },
	.check = devmem_check_both,
	.keeps_memory = true,
};
