/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What programs say to /dev/demo: copy memory, by their own addresses. */
#ifndef ABI_H
#define ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct demo_copy {
	__u64 dst;
	__u64 src;
	__u64 len;
};

/* Returns when it is done, or with the error of the first byte that the device can not reach. */
#define DEMO_COPY _IOW('d', 1, struct demo_copy)

#endif
