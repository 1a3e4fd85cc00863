// SPDX-License-Identifier: GPL-2.0-only
/* Two devices, one of which can not reach the memory: the page moves back for it. */
#include "devmem.h"

static struct file *other;

static void setup(void)
{
	devmem_start("", 1);
	other = hosted_open("devmem", 0);
	explore_assert(!IS_ERR(other));
	explore_assert(!devmem_of(other, DEVMEM_ATTACH, 0, 1, false));
	explore_assert(devmem(DEVMEM_TO_DEVICE, 0, 1) == 1);
}

static void first(void *unused)
{
	enter();
	devmem_write(0, 5);
	explore_assert(devmem(DEVMEM_TO_DEVICE, 0, 1) >= 0);
}

static void second(void *unused)
{
	u64 value;

	enter();
	value = devmem_read_of(other, 0);
	explore_assert(value == 0 || value == 1 || value == 5);
}

static void check(void)
{
	enter();
	expect_word(0, 5);
	hosted_close(other);
	devmem_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "devmem_two",
	.about = "two devices use a page, and one of them has it in its memory",
	.setup = setup,
	.threads = { { "first", first }, { "second", second } },
	.check = check,
	.keeps_memory = true,
};
