// SPDX-License-Identifier: GPL-2.0-only
/* The device is cut off at any moment: deadlines may pass whenever they like. */
#include "edu.h"

static long job;

static void setup(void)
{
	edu_start(HOSTED_DMA_IOMMU, 10 * NSEC_PER_MSEC, "watchdog_ms=200 timeout_ms=600");
}

/* The transfer runs when the memory goes. */
static void transfer(void *unused)
{
	enter();
	job = edu_submit(XMMU_EDU_FROM_DEVICE);
	explore_assert(job > 0);
	msleep(1);
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
}

/* What was dropped is not said to have moved. */
static void check(void)
{
	long status;

	enter();
	status = edu_wait(job);
	explore_assert(!status || status == -EIO || status == -EFAULT || status == -ETIMEDOUT);
	explore_assert(status || hosted_edu_transfers(edu));
	hosted_close(file);
	edu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_cut",
	.about = "a transfer beside munmap, with deadlines that pass early",
	.setup = setup,
	.threads = { { "transfer", transfer } },
	.check = check,
	.keeps_memory = true,
	.early_timeouts = true,
};
