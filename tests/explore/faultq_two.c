// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes. The pages of one are never brought, and it dies while the device waits for them;
 * nobody detaches its mirror. The other has its faults served.
 */
#include "faultq.h"

static struct mm_struct *dying;
static struct file *dying_file;

static void setup(void)
{
	faultq_start("workers=1");
	dying = hosted_mm_create();
	hosted_mm_enter(dying);
	explore_assert(!hosted_mmap(dying, ADDR, PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL, 0));
	explore_assert(!hosted_uffd_register(dying, ADDR, PAGE_SIZE));
	dying_file = hosted_open("faultq", 0);
	explore_assert(!IS_ERR(dying_file));
	explore_assert(!faultq_of(dying_file, FAULTQ_ATTACH, ADDR, 0));
	enter();
}

static void die(void *unused)
{
	long number = faultq_of(dying_file, FAULTQ_PARK, ADDR, true);

	hosted_mm_enter(dying);
	hosted_exit();
	explore_assert(faultq_of(dying_file, FAULTQ_WAIT, number, 0) == -ESRCH);
}

static void live(void *unused)
{
	enter();
	explore_assert(!faultq_access(page(0), true));
	explore_assert(!faultq_access(page(1), false));
}

static void check(void)
{
	hosted_close(dying_file);
	faultq_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "faultq_two",
	.about = "a process that dies while its faults hang, and another",
	.setup = setup,
	.threads = { { "die", die }, { "live", live } },
	.check = check,
	.keeps_memory = true,
};
