/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of on-demand paging: a process, and an adapter that faults on its pages. */
#ifndef TESTS_EXPLORE_ODP_H
#define TESTS_EXPLORE_ODP_H

#include "drivers.h"
#include "odp/abi.h"

#define CHILD (2UL << 20)

static inline long odp(unsigned int number, unsigned long addr, bool write)
{
	struct odp_access access = { .addr = addr, .write = write };

	return hosted_ioctl(file, number, &access);
}

/* A page in each of two children. */
static inline void odp_start(const char *parameters)
{
	start_process(1);
	explore_assert(!hosted_mmap(mm, ADDR + CHILD, PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL, 0));
	start_driver("odp", parameters, "odp");
	explore_assert(!odp(ODP_ATTACH, ADDR, 0));
}

/* Whether the adapter was served: not, once the parent is destroyed, or the mirror detached. */
static inline bool odp_fault(unsigned long addr, bool write)
{
	long err = odp(ODP_FAULT, addr, write);

	explore_assert(!err || err == -ESRCH);
	return !err;
}

static inline void odp_stop(void)
{
	enter();
	stop_driver("odp");
	stop_process();
}

#endif
