/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* What programs say to /dev/demo: register memory, and reach it by its key. */
#ifndef ABI_H
#define ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Others may write; they may always read. */
#define DEMO_MAY_WRITE 1

struct demo_register {
	__u64 addr; /* page aligned, as is len */
	__u64 len;
	__u32 flags;
	__u32 key; /* set */
};

/* As if it came over the wire: a word of the region with that key. */
struct demo_access {
	__u32 key;
	__u32 write;
	__u64 offset; /* a multiple of 8 */
	__u64 value;  /* set, unless it is written */
};

#define DEMO_REGISTER   _IOWR('d', 1, struct demo_register)
#define DEMO_DEREGISTER _IOW('d', 2, __u32)
#define DEMO_ACCESS     _IOWR('d', 3, struct demo_access)

#endif
