// SPDX-License-Identifier: GPL-2.0-only
/* A range is given back while a job in it is queued. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_DIRECT, 0, "policy=trylock");
}

static void transfer(void *unused)
{
	long job, status;

	enter();
	job = edu_submit(XMMU_EDU_FROM_DEVICE);
	explore_assert(job > 0 || job == -ENOENT);
	if (job < 0)
		return;
	status = edu_wait(job);
	explore_assert(!status || status == -ESRCH);
}

static void unregister(void *unused)
{
	struct xmmu_edu_id id = { .id = range };

	enter();
	command(XMMU_EDU_UNREGISTER, &id);
	explore_assert(hosted_ioctl(file, XMMU_EDU_UNREGISTER, &id) == -ENOENT);
}

static void check(void)
{
	enter();
	explore_assert(edu_submit(XMMU_EDU_TO_DEVICE) == -ENOENT);
	hosted_close(file);
	edu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_unregister",
	.about = "a transfer beside the end of its range",
	.setup = setup,
	.threads = { { "transfer", transfer }, { "unregister", unregister } },
	.check = check,
	.keeps_memory = true,
};
