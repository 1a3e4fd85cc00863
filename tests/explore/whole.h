/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of whole address spaces: a process, and a context with a TLB; more are opened. */
#ifndef TESTS_EXPLORE_WHOLE_H
#define TESTS_EXPLORE_WHOLE_H

#include <linux/errno.h>

#include "drivers.h"
#include "whole/abi.h"

#define WRITE  1 /* XMMU_WRITE */
#define NOWAIT 4 /* XMMU_NOWAIT */

static inline long whole_of(struct file *of, unsigned int number, unsigned long page,
			    unsigned int flags)
{
	struct whole_access access = { .addr = ADDR + page * PAGE_SIZE,
				       .flags = flags,
				       .value = 2 };

	return hosted_ioctl(of, number, &access);
}

static inline long whole(unsigned int number, unsigned long page, unsigned int flags)
{
	return whole_of(file, number, page, flags);
}

static inline struct file *whole_open(void)
{
	struct file *other = hosted_open("whole", 0);

	explore_assert(!IS_ERR(other));
	explore_assert(!whole_of(other, WHOLE_ATTACH, 0, 0));
	return other;
}

static inline void whole_start(void)
{
	start_process(WHOLE_PAGES);
	start_driver("whole", "", "whole");
	explore_assert(!whole(WHOLE_ATTACH, 0, 0));
}

static inline void whole_stop(void)
{
	enter();
	stop_driver("whole");
	stop_process();
}

#endif
