/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands of the driver that scenarios of whole address spaces use; private to them. */
#ifndef TESTS_EXPLORE_WHOLE_ABI_H
#define TESTS_EXPLORE_WHOLE_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* The pages that a context can know, from ADDR on. */
#define WHOLE_PAGES 2

struct whole_access {
	__u64 addr;
	__u64 flags;
	__u64 value; /* written to the first word by an access with XMMU_WRITE */
};

#define WHOLE_ATTACH _IO('w', 1)
#define WHOLE_DETACH _IO('w', 2)
#define WHOLE_DROPIN _IOW('w', 3, struct whole_access)
/* As an interrupt thread does it; flags without XMMU_NOWAIT. */
#define WHOLE_FAULT _IOW('w', 4, struct whole_access)
/* 1 if the TLB had a translation, and it was used. */
#define WHOLE_ACCESS _IOW('w', 5, struct whole_access)

#endif
