// SPDX-License-Identifier: GPL-2.0-only
/* Two threads wait for one job, whose bytes end at the end of the device's buffer, and poll. */
#include "edu.h"

static unsigned int ended;

static void setup(void)
{
	edu_start(HOSTED_DMA_DIRECT, 0, "");
}

static void wait_for(u32 job)
{
	long status = edu_wait(job);

	explore_assert(!status || status == -ENOENT);
	ended += !status;
}

static void submit(void *unused)
{
	struct xmmu_edu_submit around = {
		.addr = ADDR, .len = BYTES, .range = range, .offset = XMMU_EDU_BUFFER - BYTES / 2
	};

	enter();
	command(XMMU_EDU_SUBMIT, &around);
	wait_for(around.job);
}

/* The first job has this number. */
static void other(void *unused)
{
	enter();
	wait_for(1);
}

static void check(void)
{
	struct xmmu_edu_info info = {};

	explore_assert(ended == 1);
	command(XMMU_EDU_INFO, &info);
	explore_assert(info.bytes_to_device == BYTES && !info.lost_interrupts);
	hosted_close(file);
	edu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_wait",
	.about = "two threads wait for one job",
	.setup = setup,
	.threads = { { "submit", submit }, { "other", other } },
	.check = check,
	.keeps_memory = true,
};
