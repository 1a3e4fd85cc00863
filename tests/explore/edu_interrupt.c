// SPDX-License-Identifier: GPL-2.0-only
/*
 * An interrupt comes just when the driver looks at the device by itself, or later, when the next
 * transfer runs: a job has two of them, on both sides of the end of the device's buffer.
 */
#include "edu.h"

static struct xmmu_edu_submit around = { .addr = ADDR,
					 .len = BYTES,
					 .offset = XMMU_EDU_BUFFER - BYTES / 2 };

static void setup(void)
{
	edu_start(HOSTED_DMA_IOMMU, 0, "");
	around.range = range;
}

static void transfer(void *unused)
{
	enter();
	command(XMMU_EDU_SUBMIT, &around);
}

/* With deadlines that pass early, it may be too late for the job. */
static void check(void)
{
	struct xmmu_edu_info info = {};
	long status;

	enter();
	status = edu_wait(around.job);
	explore_assert(!status || status == -EIO || status == -ETIMEDOUT);
	command(XMMU_EDU_INFO, &info);
	explore_assert(info.bytes_to_device <= hosted_edu_transfers(edu) * BYTES / 2);
	hosted_close(file);
	edu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_interrupt",
	.about = "the interrupt beside the driver's own look",
	.setup = setup,
	.threads = { { "transfer", transfer } },
	.check = check,
	.keeps_memory = true,
	.early_timeouts = true,
};
