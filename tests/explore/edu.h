/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of the edu driver: one page, one range. */
#ifndef TESTS_EXPLORE_EDU_H
#define TESTS_EXPLORE_EDU_H

#include <xmmu/edu.h>

#include "drivers.h"

#define BYTES   16
#define WAIT_MS 60000

static struct hosted_edu *edu;
static u32 range;

/* A transfer takes so long; with 0 it ends at any time. */
static inline void edu_start(enum hosted_dma_mode mode, u64 transfer_ns, const char *parameters)
{
	struct xmmu_edu_register reg = { .addr = ADDR, .len = PAGE_SIZE };

	edu = hosted_edu_add(mode, transfer_ns);
	start_process(1);
	start_driver("edu", parameters, "xmmu-edu0");
	command(XMMU_EDU_REGISTER, &reg);
	range = reg.range;
}

/* With the file closed. */
static inline void edu_stop(void)
{
	hosted_edu_remove(edu);
	explore_assert(!hosted_module_unload("edu"));
	stop_process();
}

/* The number of the job, or a negative error. */
static inline long edu_submit(unsigned int direction)
{
	struct xmmu_edu_submit submit = {
		.addr = ADDR, .len = BYTES, .range = range, .direction = direction
	};
	long error = hosted_ioctl(file, XMMU_EDU_SUBMIT, &submit);

	return error ?: submit.job;
}

/* How the job ended, or a negative error. */
static inline long edu_wait(u32 job)
{
	struct xmmu_edu_wait wait = { .job = job, .timeout_ms = WAIT_MS };
	long error = hosted_ioctl(file, XMMU_EDU_WAIT, &wait);

	if (error)
		return error;
	explore_assert(wait.status ? wait.done < BYTES : wait.done == BYTES);
	return wait.status;
}

#endif
