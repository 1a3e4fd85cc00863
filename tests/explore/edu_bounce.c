// SPDX-License-Identifier: GPL-2.0-only
/* A transfer through a bounce buffer, into a page that is taken away meanwhile. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_BOUNCE, 0, "bounce=1");
}

static void transfer(void *unused)
{
	long status;

	enter();
	status = edu_wait(edu_submit(XMMU_EDU_FROM_DEVICE));
	explore_assert(!status || status == -EFAULT);
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
}

static void check(void)
{
	enter();
	explore_assert(edu_wait(edu_submit(XMMU_EDU_TO_DEVICE)) == -EFAULT);
	hosted_close(file);
	edu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_bounce",
	.about = "a transfer through a bounce buffer beside munmap",
	.setup = setup,
	.threads = { { "transfer", transfer }, { "munmap", unmap } },
	.check = check,
	.keeps_memory = true,
};
