// SPDX-License-Identifier: GPL-2.0-only
/* Mappings are cut, moved and protected while a device and the processor use them. */
#include "memory.h"

static void setup(void)
{
	start(0, NULL);
	explore_assert(!hosted_store(mm, at(0), 1));
	explore_assert(!hosted_store(mm, at(1), 1));
}

static void device_side(void *unused)
{
	int err = device_write(0, 2);

	explore_assert(!err || err == -EFAULT || err == -EPERM);
	device_write_again(0, 3);
}

static void remap_side(void *unused)
{
	explore_assert(!hosted_mprotect(mm, at(0), PAGE_SIZE, VM_READ));
	explore_assert(!hosted_mremap(mm, at(0), PAGE_SIZE, at(16), PAGE_SIZE));
	explore_assert(!hosted_munmap(mm, at(16), PAGE_SIZE));
}

static void kernel_side(void *unused)
{
	hosted_migrate(mm, at(0));
	hosted_migrate(mm, at(16));
}

static void check(void)
{
	explore_assert(hosted_store(mm, at(0), 1) == -EFAULT);
	stop();
}

const struct explore_scenario explore_scenario = {
	.name = "memory_remap",
	.about = "mprotect, mremap and munmap beside accesses and migration",
	.setup = setup,
	.threads = { { "device", device_side }, { "remap", remap_side }, { "kernel", kernel_side } },
	.check = check,
	.keeps_memory = true,
};
