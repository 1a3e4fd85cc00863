/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of the gpu driver: a process with some pages, and work on them. */
#ifndef TESTS_EXPLORE_GPU_H
#define TESTS_EXPLORE_GPU_H

#include <linux/errno.h>

#include <xmmu/gpu.h>

#include "drivers.h"

static inline void gpu_start(unsigned long pages)
{
	start_process(pages);
	start_driver("gpu", "memory=0", "xmmu-gpu0");
}

static inline void gpu_stop(void)
{
	enter();
	stop_driver("gpu");
	stop_process();
}

static inline void gpu_submit(struct xmmu_gpu_submit submit)
{
	command(XMMU_GPU_SUBMIT, &submit);
}

/* What has ended; waits for it. */
static inline struct xmmu_gpu_done gpu_wait(void)
{
	struct xmmu_gpu_done done = {};

	explore_assert(hosted_read(file, &done, sizeof(done)) == sizeof(done));
	return done;
}

/* One word of a page. */
static inline struct xmmu_gpu_done gpu_write(unsigned long page, u64 value)
{
	gpu_submit((struct xmmu_gpu_submit){
		.op = XMMU_GPU_FILL, .dst = ADDR + page * PAGE_SIZE, .count = 1, .value = value });
	return gpu_wait();
}

static inline struct xmmu_gpu_done gpu_read(unsigned long page)
{
	gpu_submit((struct xmmu_gpu_submit){
		.op = XMMU_GPU_CHASE, .src = ADDR + page * PAGE_SIZE, .count = 1 });
	return gpu_wait();
}

#endif
