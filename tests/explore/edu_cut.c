// SPDX-License-Identifier: GPL-2.0-only
/* The device is cut off at any moment: deadlines may pass whenever they like. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_IOMMU, 0, "watchdog_ms=200 timeout_ms=600");
	explore_assert(edu_submit(XMMU_EDU_FROM_DEVICE) == 1);
	explore_assert(edu_submit(XMMU_EDU_TO_DEVICE) == 2);
}

static void transfer(void *unused)
{
	long status;
	u32 job;

	enter();
	for (job = 1; job <= 2; job++) {
		status = edu_wait(job);
		explore_assert(!status || status == -EIO || status == -EFAULT ||
			       status == -ETIMEDOUT);
	}
	hosted_close(file);
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
}

const struct explore_scenario explore_scenario = {
	.name = "edu_cut",
	.about = "transfers beside munmap, with deadlines that pass early",
	.setup = setup,
	.threads = { { "transfer", transfer }, { "munmap", unmap } },
	.check = edu_stop,
	.keeps_memory = true,
	.early_timeouts = true,
};
