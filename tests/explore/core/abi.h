/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands of the driver that scenarios of the core use; private to them. */
#ifndef TESTS_EXPLORE_CORE_ABI_H
#define TESTS_EXPLORE_CORE_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct core_span {
	__u64 addr;
	__u64 len;
	__u32 flags;
	__u32 write;
	__u64 value; /* that the device writes */
};

/* addr: of the first page that the device can know. */
#define CORE_ATTACH   _IOW('c', 1, struct core_span)
#define CORE_DETACH   _IO('c', 2)
#define CORE_INSERT   _IOW('c', 3, struct core_span)
#define CORE_REMOVE   _IOW('c', 4, struct core_span)
#define CORE_POPULATE _IOW('c', 5, struct core_span)
#define CORE_ZAP      _IOW('c', 6, struct core_span)
/* Its range begins a new one at addr; it gets the bounds addr and len. */
#define CORE_SPLIT  _IOW('c', 8, struct core_span)
#define CORE_RESIZE _IOW('c', 9, struct core_span)
/* The device uses the page at addr, if it may: 1, or else 0. */
#define CORE_ACCESS _IOW('c', 7, struct core_span)

/* See that there is a range, of a page if it is a new one, where the process has memory. */
#define CORE_FIND _IOW('c', 12, struct core_span)
/* No processor has the pages until it touches them (exclusive=1). */
#define CORE_EXCLUSIVE _IOW('c', 13, struct core_span)

/* What is said of the span: flags; what was said of the byte at addr. */
#define CORE_ADVISE _IOW('c', 14, struct core_span)
#define CORE_ADVICE _IOW('c', 15, struct core_span)

/*
 * With a page table: how many pages of the span there are; which of the device's bits (accessed,
 * dirty) are set in it, and flags says which to clear.
 */
#define CORE_COUNT _IOW('c', 10, struct core_span)
#define CORE_AGE   _IOW('c', 11, struct core_span)

#endif
