// SPDX-License-Identifier: GPL-2.0-only
/* Pages are moved out to make room, while one of them is touched and another one moves in. */
#include "devmem.h"

static void setup(void)
{
	devmem_start("", 2);
	explore_assert(devmem(DEVMEM_TO_DEVICE, 0, 1) == 1);
}

static void evict(void *unused)
{
	enter();
	explore_assert(devmem(DEVMEM_EVICT, 0, 1) <= 1);
	explore_assert(devmem(DEVMEM_TO_RAM, 0, 2) >= 0);
}

static void move(void *unused)
{
	enter();
	explore_assert(devmem(DEVMEM_TO_DEVICE, 1, 1) >= 0);
	devmem_use_second(NULL);
}

const struct explore_scenario explore_scenario = {
	.name = "devmem_evict",
	.about = "eviction beside a processor's fault and a move to the device",
	.setup = setup,
	.threads = { { "evict", evict }, { "touch", devmem_touch_first }, { "move", move } },
	.check = devmem_check_both,
	.keeps_memory = true,
};
