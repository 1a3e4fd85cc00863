/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of the skeleton driver: one range over all pages of the process. */
#ifndef TESTS_EXPLORE_SKELETON_H
#define TESTS_EXPLORE_SKELETON_H

#include <xmmu/skeleton.h>

#include "drivers.h"

static inline void skeleton_start(const char *parameters, unsigned long pages, pid_t pid)
{
	struct xmmu_skeleton_range range = { .addr = ADDR, .len = pages * PAGE_SIZE };
	struct xmmu_skeleton_attach attach = { .pid = pid };

	start_process(pages);
	start_driver("skeleton", parameters, "xmmu-skeleton");
	command(XMMU_SKELETON_ATTACH, &attach);
	command(XMMU_SKELETON_RANGE_ADD, &range);
}

static inline void skeleton_stop(void)
{
	stop_driver("skeleton");
	stop_process();
}

static inline long skeleton_populate(unsigned long page, unsigned long pages, unsigned int flags)
{
	struct xmmu_skeleton_populate populate = { .addr = ADDR + page * PAGE_SIZE,
						   .len = pages * PAGE_SIZE,
						   .flags = flags };

	return hosted_ioctl(file, XMMU_SKELETON_POPULATE, &populate);
}

/* What the device may do with a page. */
static inline unsigned int skeleton_access(unsigned long page)
{
	struct xmmu_skeleton_query query = { .addr = ADDR + page * PAGE_SIZE };

	command(XMMU_SKELETON_QUERY, &query);
	return query.access;
}

#endif
