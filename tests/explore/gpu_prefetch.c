// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program has memory brought to the device while it replaces a page of it. That succeeds, or finds
 * no mapping there, and what the device has then is the new page.
 */
#include "gpu.h"

static void setup(void)
{
	gpu_start(3);
	explore_assert(!gpu_write(1, 8).status);
}

static void prefetch(void *unused)
{
	struct xmmu_gpu_prefetch span = { .addr = ADDR,
					  .len = 3 * PAGE_SIZE,
					  .flags = XMMU_GPU_WRITE };
	long error;

	enter();
	error = hosted_ioctl(file, XMMU_GPU_PREFETCH, &span);
	explore_assert(!error || error == -EFAULT);
}

static void replace(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE));
	explore_assert(
		!hosted_mmap(mm, ADDR + PAGE_SIZE, PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL, 0));
}

static void check(void)
{
	u64 value = 0;

	enter();
	explore_assert(!gpu_write(1, 16).status);
	explore_assert(!hosted_load(mm, ADDR + PAGE_SIZE, &value));
	explore_assert(value == 16);
	gpu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "gpu_prefetch",
	.about = "memory is brought to the device while a page of it is replaced",
	.setup = setup,
	.threads = { { "prefetch", prefetch }, { "replace", replace } },
	.check = check,
	.keeps_memory = true,
};
