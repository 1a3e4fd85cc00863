// SPDX-License-Identifier: GPL-2.0-only
/* A page comes, goes and is used; the device's interrupt thread tries without waiting. */
#include "whole.h"

static void setup(void)
{
	whole_start();
	explore_assert(!whole(WHOLE_DROPIN, 0, WRITE));
	explore_assert(whole(WHOLE_ACCESS, 0, WRITE) == 1);
}

static void dropin(void *unused)
{
	enter();
	explore_assert(!whole(WHOLE_DROPIN, 0, WRITE));
	whole(WHOLE_ACCESS, 0, WRITE);
}

static void fault(void *unused)
{
	struct file *other;
	long error;

	enter();
	other = whole_open();
	error = whole_of(other, WHOLE_FAULT, 0, 0);
	explore_assert(!error || error == -EAGAIN);
	whole_of(other, WHOLE_ACCESS, 0, 0);
	hosted_close(other);
}

static void drop(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

static void protect(void *unused)
{
	enter();
	explore_assert(!hosted_mprotect(mm, ADDR + PAGE_SIZE, PAGE_SIZE, VM_READ));
	explore_assert(!hosted_madvise(mm, ADDR, 2 * PAGE_SIZE, HOSTED_DONTNEED));
}

const struct explore_scenario explore_scenario = {
	.name = "whole_unmap",
	.about = "drop-ins of two contexts beside invalidations that overlap",
	.setup = setup,
	.threads = { { "drop", drop },
		     { "dropin", dropin },
		     { "protect", protect },
		     { "fault", fault } },
	.check = whole_stop,
	.keeps_memory = true,
};
