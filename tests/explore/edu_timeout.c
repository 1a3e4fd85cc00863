// SPDX-License-Identifier: GPL-2.0-only
/* A transfer takes longer than its job has time. The device ends it after everybody has gone. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_IOMMU, NSEC_PER_SEC, "watchdog_ms=2000 timeout_ms=600");
}

static void transfer(void *unused)
{
	long first, second;

	enter();
	first = edu_submit(XMMU_EDU_FROM_DEVICE);
	second = edu_submit(XMMU_EDU_TO_DEVICE);
	explore_assert(first > 0 && second > 0);
	explore_assert(edu_wait(first) == -EIO);
	explore_assert(edu_wait(second) == -EIO);
	hosted_close(file);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

static void check(void)
{
	msleep(2000);
	edu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_timeout",
	.about = "a job that takes too long",
	.setup = setup,
	.threads = { { "transfer", transfer }, { "discard", discard } },
	.check = check,
	.keeps_memory = true,
};
