// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device copies a page that is given back to the kernel meanwhile: it reads what was there, or
 * a new page, and never what the kernel does with the old one.
 */
#include "drivers.h"

#include "../abi.h"

#define OLD 0x11u

static void setup(void)
{
	start_process(2);
	explore_assert(!hosted_store(mm, ADDR, OLD));
	start_driver("demo", "", "demo");
}

static void device(void *unused)
{
	struct demo_copy copy = { .dst = ADDR + PAGE_SIZE, .src = ADDR, .len = sizeof(u64) };
	u64 value;

	enter();
	command(DEMO_COPY, &copy);
	explore_assert(!hosted_load(mm, ADDR + PAGE_SIZE, &value));
	explore_assert(value == OLD || !value);
}

static void process(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

/* The page is gone by now, for the device too. */
static void check(void)
{
	struct demo_copy copy = { .dst = ADDR + PAGE_SIZE, .src = ADDR, .len = sizeof(u64) };
	u64 value;

	enter();
	command(DEMO_COPY, &copy);
	explore_assert(!hosted_load(mm, ADDR + PAGE_SIZE, &value) && !value);
	stop_driver("demo");
	stop_process();
}

const struct explore_scenario explore_scenario = {
	.name = "discard",
	.about = "a page goes while the device copies it",
	.setup = setup,
	.threads = { { "device", device }, { "process", process } },
	.check = check,
	.keeps_memory = true,
};
