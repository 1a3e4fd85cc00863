// SPDX-License-Identifier: GPL-2.0-only
/* A transfer into a page, which is taken away meanwhile; it may end at any time. */
#include <xmmu/edu.h>

#include "drivers.h"

static struct hosted_edu *edu;
static u32 range;

static void setup(void)
{
	struct xmmu_edu_register reg = { .addr = ADDR, .len = PAGE_SIZE };

	edu = hosted_edu_add(HOSTED_DMA_IOMMU, 0);
	start_process(1);
	start_driver("edu", "", "xmmu-edu0");
	command(XMMU_EDU_REGISTER, &reg);
	range = reg.range;
}

/* The job fails if it comes too late to find the page. */
static void transfer(void *unused)
{
	struct xmmu_edu_submit submit = {
		.addr = ADDR, .len = 16, .range = range, .direction = XMMU_EDU_FROM_DEVICE
	};
	struct xmmu_edu_wait wait = { .timeout_ms = 60000 };

	enter();
	command(XMMU_EDU_SUBMIT, &submit);
	wait.job = submit.job;
	command(XMMU_EDU_WAIT, &wait);
	explore_assert(!wait.status || wait.status == -EFAULT);
	explore_assert(wait.done == (wait.status ? 0 : 16));
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
}

static void check(void)
{
	enter();
	hosted_close(file);
	hosted_edu_remove(edu);
	explore_assert(!hosted_module_unload("edu"));
	stop_process();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_munmap",
	.about = "a transfer beside munmap",
	.setup = setup,
	.threads = { { "transfer", transfer }, { "munmap", unmap } },
	.check = check,
	.keeps_memory = true,
};
