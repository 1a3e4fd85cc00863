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

static void touch(void *unused)
{
	enter();
	expect_word(0, 1);
	explore_assert(!hosted_store(mm, page(0), 5));
}

static void move(void *unused)
{
	enter();
	explore_assert(devmem(DEVMEM_TO_DEVICE, 1, 1) >= 0);
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
	.name = "devmem_evict",
	.about = "eviction beside a processor's fault and a move to the device",
	.setup = setup,
	.threads = { { "evict", evict }, { "touch", touch }, { "move", move } },
	.check = check,
	.keeps_memory = true,
};
