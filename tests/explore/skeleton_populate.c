// SPDX-License-Identifier: GPL-2.0-only
/* Two threads let the device have the same pages, and a third looks. */
#include "skeleton.h"

static void setup(void)
{
	skeleton_start("policy=refuse", 2, 0);
	explore_assert(skeleton_populate(1, 2, 0) == -EINVAL);
}

static void populate(void *flags)
{
	enter();
	explore_assert(!skeleton_populate(0, 2, (unsigned long)flags));
}

static void query(void *unused)
{
	enter();
	skeleton_access(0);
	skeleton_access(1);
}

static void check(void)
{
	/* Addresses of nobody's address space. */
	explore_assert(skeleton_populate(0, 2, 0) == -EXDEV);
	enter();
	explore_assert(skeleton_access(0) && skeleton_access(1));
	explore_assert(!hosted_munmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE));
	explore_assert(skeleton_access(0) && !skeleton_access(1));
	explore_assert(skeleton_populate(0, 2, 0) == -EFAULT);
	/* The device gets what was asked for, whatever the process may do. */
	explore_assert(!skeleton_populate(0, 1, 0));
	explore_assert(skeleton_access(0) == XMMU_SKELETON_MAY_READ);
	explore_assert(!hosted_mprotect(mm, ADDR, PAGE_SIZE, VM_READ));
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!skeleton_populate(0, 1, 0));
	explore_assert(skeleton_populate(0, 1, XMMU_SKELETON_WRITE) == -EPERM);
	skeleton_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "skeleton_populate",
	.about = "populate twice, beside a query",
	.setup = setup,
	.threads = { { "read", populate, (void *)0 },
		     { "write", populate, (void *)XMMU_SKELETON_WRITE },
		     { "query", query } },
	.check = check,
	.keeps_memory = true,
};
