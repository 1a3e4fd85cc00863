// SPDX-License-Identifier: GPL-2.0-only
/* A program looks whether its job has ended, at any moment, and closes the file then. */
#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_DIRECT, 0, "");
}

static void look(void *unused)
{
	struct xmmu_edu_wait wait = {};
	long error;

	enter();
	wait.job = edu_submit(XMMU_EDU_TO_DEVICE);
	error = hosted_ioctl(file, XMMU_EDU_WAIT, &wait);
	explore_assert(error == -ETIMEDOUT || (!error && !wait.status && wait.done == BYTES));
	hosted_close(file);
}

const struct explore_scenario explore_scenario = {
	.name = "edu_look",
	.about = "a look at a job, and close",
	.setup = setup,
	.threads = { { "look", look } },
	.check = edu_stop,
	.keeps_memory = true,
};
