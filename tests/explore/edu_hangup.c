// SPDX-License-Identifier: GPL-2.0-only
/* A program sleeps in poll() while the driver loses its device. */
#include <linux/eventpoll.h>

#include "edu.h"

static void setup(void)
{
	edu_start(HOSTED_DMA_DIRECT, 0, "");
}

/* Not for as long as it would wait without anybody who wakes it. */
static void poll(void *unused)
{
	u64 begun = hosted_now_ns();

	enter();
	explore_assert(hosted_poll(file, EPOLLIN, WAIT_MS) & EPOLLHUP);
	explore_assert(hosted_now_ns() - begun < WAIT_MS / 2 * (u64)NSEC_PER_MSEC);
	hosted_close(file);
}

static void unbind(void *unused)
{
	hosted_edu_unbind(edu);
}

const struct explore_scenario explore_scenario = {
	.name = "edu_hangup",
	.about = "poll() beside the removal of the device",
	.setup = setup,
	.threads = { { "poll", poll }, { "unbind", unbind } },
	.check = edu_stop,
	.keeps_memory = true,
};
