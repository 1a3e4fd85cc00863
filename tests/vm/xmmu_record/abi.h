/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/xmmu_record: a recorder (tests/trace) of the memory of its user; read() takes the trace. */
#ifndef XMMU_RECORD_ABI_H
#define XMMU_RECORD_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct xr_span {
	__u64 base;
	__u64 pages;
};

/* The largest text that there is. */
#define XR_TEXT 131072

#define XR_START  _IOW('r', 1, struct xr_span)
#define XR_STOP   _IO('r', 2)
#define XR_REFUSE _IO('r', 3) /* the argument: whether to refuse what must not block */
#define XR_USED   _IO('r', 5) /* how much there is to read */
#define XR_YOUNG  _IO('r', 4) /* what to answer to the aging callbacks */

#endif
