// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two threads wait for one job, whose bytes end at the end of the device's buffer; one of them
 * cancels it before.
 */
#include "edu.h"

static unsigned int ended, cancelled;

static void setup(void)
{
	edu_start(HOSTED_DMA_DIRECT, 0, "");
}

/* Not for as long as it would without anybody who wakes it. */
static void wait_for(u32 job)
{
	u64 begun = hosted_now_ns();
	long status = edu_wait(job);

	explore_assert(hosted_now_ns() - begun < WAIT_MS / 2 * (u64)NSEC_PER_MSEC);
	explore_assert(!status || status == -ENOENT || status == -ECANCELED);
	ended += status != -ENOENT;
	cancelled += status == -ECANCELED;
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
	struct xmmu_edu_id id = { .id = 1 };
	long error;

	enter();
	error = hosted_ioctl(file, XMMU_EDU_CANCEL, &id);
	explore_assert(!error || error == -ENOENT);
	wait_for(1);
}

static void check(void)
{
	struct xmmu_edu_info info = {};

	explore_assert(ended == 1);
	command(XMMU_EDU_INFO, &info);
	explore_assert(info.bytes_to_device == BYTES || cancelled);
	explore_assert(!info.lost_interrupts);
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
