/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands of the driver that scenarios of on-demand paging use; private to them. */
#ifndef TESTS_EXPLORE_ODP_ABI_H
#define TESTS_EXPLORE_ODP_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Children that the adapter has room for: those at addr, and after it. */
#define ODP_SLOTS 2

struct odp_access {
	__u64 addr;
	__u64 write;
};

#define ODP_ATTACH _IOW('o', 1, struct odp_access)
#define ODP_DETACH _IO('o', 2)
/* The adapter faults on a page, and tries again. */
#define ODP_FAULT _IOW('o', 3, struct odp_access)
/* The parent is deregistered. */
#define ODP_DESTROY _IO('o', 4)

#endif
