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

const struct explore_scenario explore_scenario = {
	.name = "devmem_close",
	.about = "the end of the memory beside a processor's fault and the device",
	.setup = setup,
	.threads = { { "close", close },
		     { "touch", devmem_touch_first },
		     { "use", devmem_use_second } },
	.check = devmem_check_both,
	.keeps_memory = true,
};
