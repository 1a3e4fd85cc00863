/* SPDX-License-Identifier: GPL-2.0-only */
/* How tests/user/whole_*.c drive the module xmmu_whole. Private to them: it changes as they do. */
#ifndef XMMU_WHOLE_ABI_H
#define XMMU_WHOLE_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define XW_DEVICE "/dev/xmmu_whole"

/* As many pages as the TLB of a context has room for. */
#define XW_PAGES 4096

/* The caller's address space, and the pages in it that the context can use. */
struct xw_attach {
	__u64 start;
	__u64 pages;
};

/* Read or write the first word of each page. */
struct xw_access {
	__u64 page; /* the first, from the start on */
	__u64 pages;
	__u64 words; /* where they are in the caller's memory */
	__u32 write;
	__u32 pad;
};

/* While the kernel invalidates something in the span, it is kept from going on. */
struct xw_hold {
	__u64 start;
	__u64 end;
	__u64 ms;
};

/* How the kernel asks for the age of pages: enum xmmu_aging. */
enum xw_asked { XW_TEST, XW_CLEAR, XW_CLEAR_FLUSH, XW_ASKED };

struct xw_stats {
	/* struct xmmu_whole_stats */
	__u64 events;
	__u64 nonblock;
	__u64 loads;
	__u64 backoffs;
	__u64 collisions;
	__u64 timeouts;
	__u64 active_max;
	__u64 changes;
	__u64 remaps;
	__u64 overlaps;
	__u64 outside;
	/* of the context */
	__u64 faults;
	__u64 shared_writable; /* translations to write to a page that KSM has merged; 0 */
	__u64 held;
	__u64 asked[XW_ASKED];
};

#define XW_ATTACH _IOW('W', 1, struct xw_attach)
#define XW_ACCESS _IOW('W', 2, struct xw_access)
#define XW_STATS  _IOR('W', 3, struct xw_stats)
#define XW_HOLD   _IOW('W', 4, struct xw_hold)

#endif
