// SPDX-License-Identifier: GPL-2.0-only
/* The process exits while its faults are parked, and its file is closed: the work ends, somehow. */
#include <linux/completion.h>
#include <linux/sched/mm.h>

#include "gpu.h"

static struct completion queued;

static void setup(void)
{
	init_completion(&queued);
	gpu_start(2);
}

static void fill(unsigned long page)
{
	gpu_submit((struct xmmu_gpu_submit){
		.op = XMMU_GPU_FILL, .dst = ADDR + page * PAGE_SIZE, .count = 1, .value = 8 });
}

static void leave(void *unused)
{
	enter();
	fill(0);
	fill(1);
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
	explore_assert(!hosted_module_unload("gpu"));
	nothing_is_left();
}

const struct explore_scenario explore_scenario = {
	.name = "gpu_exit",
	.about = "exit and close with faults that are parked",
	.setup = setup,
	.threads = { { "exit", leave }, { "close", close } },
	.check = check,
	.keeps_memory = true,
};
