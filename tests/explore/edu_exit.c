// SPDX-License-Identifier: GPL-2.0-only
/* The process exits with jobs in the queue, and its file is closed. */
#include <linux/completion.h>
#include <linux/sched/mm.h>

#include "edu.h"

static struct completion queued;

static void setup(void)
{
	init_completion(&queued);
	edu_start(HOSTED_DMA_DIRECT, 0, "");
}

static void leave(void *unused)
{
	enter();
	explore_assert(edu_submit(XMMU_EDU_TO_DEVICE) > 0);
	explore_assert(edu_submit(XMMU_EDU_FROM_DEVICE) > 0);
	complete(&queued);
	hosted_exit();
}

static void close(void *unused)
{
	wait_for_completion(&queued);
	hosted_close(file);
}

static void check(void)
{
	hosted_edu_remove(edu);
	explore_assert(!hosted_module_unload("edu"));
	nothing_is_left();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_exit",
	.about = "exit and close with jobs in the queue",
	.setup = setup,
	.threads = { { "exit", leave }, { "close", close } },
	.check = check,
	.keeps_memory = true,
};
