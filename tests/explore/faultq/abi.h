/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands of the driver that scenarios of the fault queue use; private to them. */
#ifndef TESTS_EXPLORE_FAULTQ_ABI_H
#define TESTS_EXPLORE_FAULTQ_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The pages that the device can know: so many at addr, and at each XMMU_WINDOW after it. */
#define FAULTQ_PAGES   2
#define FAULTQ_WINDOWS 2

struct faultq_access {
	__u64 addr;
	__u64 write;
};

#define FAULTQ_ATTACH _IOW('f', 1, struct faultq_access)
#define FAULTQ_DETACH _IO('f', 2)
/* An interrupt reports that the access is parked, when there is room for it; its number. */
#define FAULTQ_PARK _IOW('f', 3, struct faultq_access)
/* How the access with the number in addr was answered, when it is: 0 or an error. */
#define FAULTQ_WAIT _IOW('f', 4, struct faultq_access)

#endif
