/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of the gru driver: a process with some pages, and instructions on them. */
#ifndef TESTS_EXPLORE_GRU_H
#define TESTS_EXPLORE_GRU_H

#include <linux/errno.h>

#include <xmmu/gru.h>

#include "drivers.h"

static inline void gru_start(const char *parameters, unsigned long pages)
{
	start_process(pages);
	start_driver("gru", parameters, "xmmu-gru");
}

static inline void gru_stop(void)
{
	enter();
	stop_driver("gru");
	stop_process();
}

static inline long gru_run(struct file *context, struct xmmu_gru_run run)
{
	return hosted_ioctl(context, XMMU_GRU_RUN, &run);
}

/* One word of a page. */
static inline long gru_write(struct file *context, unsigned long page, u64 value)
{
	return gru_run(context, (struct xmmu_gru_run){ .op = XMMU_GRU_FILL,
						       .dst = ADDR + page * PAGE_SIZE,
						       .count = 1,
						       .value = value });
}

#endif
