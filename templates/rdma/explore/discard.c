// SPDX-License-Identifier: GPL-2.0-only
/*
 * A word of a region is read over the wire while the process gives its page back: it is what was
 * there, or that of a new page, and never what the kernel does with the old one.
 */
#include "drivers.h"

#include "../abi.h"

#define OLD 0x11u

static struct demo_access access;

static void setup(void)
{
	start_process(1);
	explore_assert(!hosted_store(mm, ADDR, OLD));
	start_driver("demo", "", "demo");
}

static void adapter(void *unused)
{
	struct demo_register reg = { .addr = ADDR, .len = PAGE_SIZE };

	enter();
	command(DEMO_REGISTER, &reg);
	access.key = reg.key;
	command(DEMO_ACCESS, &access);
	explore_assert(access.value == OLD || !access.value);
}

static void process(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

/* The page is gone by now, for the adapter too. */
static void check(void)
{
	enter();
	command(DEMO_ACCESS, &access);
	explore_assert(!access.value);
	stop_driver("demo");
	stop_process();
}

const struct explore_scenario explore_scenario = {
	.name = "discard",
	.about = "a page goes while the adapter reads it",
	.setup = setup,
	.threads = { { "adapter", adapter }, { "process", process } },
	.check = check,
	.keeps_memory = true,
};
