/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the edu driver: a program that has opened its device and works with it. */
#ifndef TESTS_UNIT_EDU_H
#define TESTS_UNIT_EDU_H

#include <xmmu/edu.h>

#include "drivers.h"

#define TRANSFER_NS (100 * NSEC_PER_MSEC)
#define BYTES       32

static struct hosted_edu *edu;

static inline void edu_load(enum hosted_dma_mode mode, const char *parameters)
{
	check(!hosted_module_load("edu", parameters));
	edu = hosted_edu_add(mode, TRANSFER_NS);
}

/* With files closed. */
static inline void edu_unload(void)
{
	hosted_edu_remove(edu);
	check(!hosted_module_unload("edu"));
}

static inline u32 edu_register(struct file *file, unsigned long addr, unsigned long len)
{
	struct xmmu_edu_register reg = { .addr = addr, .len = len };

	expect(hosted_ioctl(file, XMMU_EDU_REGISTER, &reg), 0);
	return reg.range;
}

static inline struct file *edu_open(enum hosted_dma_mode mode, const char *parameters, u32 *range)
{
	struct file *file;

	edu_load(mode, parameters);
	enter();
	file = hosted_open("xmmu-edu0", 0);
	check(!IS_ERR(file));
	*range = edu_register(file, ADDR, LEN);
	return file;
}

static inline void edu_close(struct file *file)
{
	hosted_close(file);
	edu_unload();
	leave();
}

static inline u32 edu_submit_bytes(struct file *file, u32 range, unsigned int direction,
				   unsigned long addr, unsigned int len, unsigned int offset)
{
	struct xmmu_edu_submit submit = {
		.addr = addr, .len = len, .offset = offset, .range = range, .direction = direction
	};

	expect(hosted_ioctl(file, XMMU_EDU_SUBMIT, &submit), 0);
	return submit.job;
}

static inline u32 edu_submit(struct file *file, u32 range, unsigned int direction,
			     unsigned long addr)
{
	return edu_submit_bytes(file, range, direction, addr, BYTES, 0);
}

/* For the end of a job. */
static inline struct xmmu_edu_wait edu_wait(struct file *file, u32 job)
{
	struct xmmu_edu_wait wait = { .job = job, .timeout_ms = 60000 };

	expect(hosted_ioctl(file, XMMU_EDU_WAIT, &wait), 0);
	return wait;
}

static inline long edu_give_back(struct file *file, u32 range)
{
	struct xmmu_edu_id id = { .id = range };

	return hosted_ioctl(file, XMMU_EDU_UNREGISTER, &id);
}

static inline struct xmmu_edu_info edu_info(struct file *file)
{
	struct xmmu_edu_info info;

	expect(hosted_ioctl(file, XMMU_EDU_INFO, &info), 0);
	return info;
}

static inline struct xmmu_edu_stats edu_stats(struct file *file)
{
	struct xmmu_edu_stats stats;

	expect(hosted_ioctl(file, XMMU_EDU_STATS, &stats), 0);
	return stats;
}

#endif
