// SPDX-License-Identifier: GPL-2.0-only
/* The driver loses its device while a program works with it, and closes its file. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_IOMMU, 0, "");
}

static void transfer(void *unused)
{
	long job, status;

	enter();
	job = edu_submit(XMMU_EDU_FROM_DEVICE);
	explore_assert(job > 0 || job == -ENODEV);
	if (job > 0) {
		status = edu_wait(job);
		explore_assert(!status || status == -ENODEV);
	}
	hosted_close(file);
}

static void unbind(void *unused)
{
	hosted_edu_unbind(edu);
}

const struct explore_scenario explore_scenario = {
	.name = "edu_remove",
	.about = "a transfer beside the removal of the device",
	.setup = setup,
	.threads = { { "transfer", transfer }, { "unbind", unbind } },
	.check = edu_stop,
	.keeps_memory = true,
};
