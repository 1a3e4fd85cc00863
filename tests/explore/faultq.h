/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of the fault queue: a process, and a device that faults on its pages. */
#ifndef TESTS_EXPLORE_FAULTQ_H
#define TESTS_EXPLORE_FAULTQ_H

#include "drivers.h"
#include "faultq/abi.h"

#define WINDOW  (2UL << 20)
#define page(n) (ADDR + (n)*PAGE_SIZE)

static inline long faultq_of(struct file *of, unsigned int number, unsigned long addr, bool write)
{
	struct faultq_access access = { .addr = addr, .write = write };

	return hosted_ioctl(of, number, &access);
}

static inline long faultq(unsigned int number, unsigned long addr, bool write)
{
	return faultq_of(file, number, addr, write);
}

/* An access is parked, and answered. */
static inline long faultq_access(unsigned long addr, bool write)
{
	long number = faultq(FAULTQ_PARK, addr, write);

	explore_assert(number >= 0);
	return faultq(FAULTQ_WAIT, number, 0);
}

static inline void faultq_start(const char *parameters)
{
	start_process(FAULTQ_PAGES);
	start_driver("faultq", parameters, "faultq");
	explore_assert(!faultq(FAULTQ_ATTACH, ADDR, 0));
}

/* Nobody brings the page in. */
static inline void never(unsigned long addr)
{
	explore_assert(!hosted_uffd_register(mm, addr, PAGE_SIZE));
}

static inline void faultq_stop(void)
{
	enter();
	stop_driver("faultq");
	stop_process();
}

#endif
