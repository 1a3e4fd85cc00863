// SPDX-License-Identifier: GPL-2.0-only
/* The interrupt comes just when the driver looks at the device by itself, after half a second. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_IOMMU, NSEC_PER_SEC / 2, "");
}

static void transfer(void *unused)
{
	enter();
	explore_assert(!edu_wait(edu_submit(XMMU_EDU_TO_DEVICE)));
	explore_assert(!edu_wait(edu_submit(XMMU_EDU_FROM_DEVICE)));
	hosted_close(file);
}

const struct explore_scenario explore_scenario = {
	.name = "edu_interrupt",
	.about = "the interrupt beside the driver's own look",
	.setup = setup,
	.threads = { { "transfer", transfer } },
	.check = edu_stop,
	.keeps_memory = true,
};
