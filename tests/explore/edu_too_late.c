// SPDX-License-Identifier: GPL-2.0-only
/* A transfer that takes too long is cut off, by the invalidation that waits for it or by the job. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_BOUNCE, NSEC_PER_SEC, "bounce=1 watchdog_ms=200 timeout_ms=600");
}

static void transfer(void *unused)
{
	long job, status;

	enter();
	job = edu_submit(XMMU_EDU_FROM_DEVICE);
	explore_assert(job > 0);
	status = edu_wait(job);
	explore_assert(status == -EIO || status == -EFAULT);
	hosted_close(file);
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
}

const struct explore_scenario explore_scenario = {
	.name = "edu_too_late",
	.about = "a transfer that takes too long, beside munmap",
	.setup = setup,
	.threads = { { "transfer", transfer }, { "munmap", unmap } },
	.check = edu_stop,
	.keeps_memory = true,
};
