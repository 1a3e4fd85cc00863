// SPDX-License-Identifier: GPL-2.0-only
/*
 * A page of the buffer is given back to the kernel while the device gets it and reads it. The device
 * may never see what the kernel does with the page afterwards.
 */
#include "drivers.h"

#define OLD 0x11u

static void setup(void)
{
	start_process(2);
	explore_assert(!hosted_store(mm, ADDR, OLD));
	start_driver("demo", "", "demo");
}

static void device(void *unused)
{
	u8 byte = 0;
	ssize_t ret;

	enter();
	explore_assert(hosted_write_user(file, ADDR, 2 * PAGE_SIZE) == 2 * PAGE_SIZE);
	ret = hosted_read(file, &byte, 1);
	explore_assert(ret == -EFAULT || (ret == 1 && (byte == OLD || byte == 0)));
}

static void process(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

static void check(void)
{
	enter();
	stop_driver("demo");
	stop_process();
}

const struct explore_scenario explore_scenario = {
	.name = "discard",
	.about = "a page goes while the device gets it and reads it",
	.setup = setup,
	.threads = { { "device", device }, { "process", process } },
	.check = check,
	.keeps_memory = true,
};
