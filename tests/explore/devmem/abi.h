/* SPDX-License-Identifier: GPL-2.0-only */
/* Commands of the driver that scenarios of device memory use; private to them. */
#ifndef TESTS_EXPLORE_DEVMEM_ABI_H
#define TESTS_EXPLORE_DEVMEM_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define DEVMEM_PAGES 3 /* that a device can know */

struct devmem_span {
	__u64 addr;
	__u64 pages;
	__u64 write;
	__u64 value; /* the first word of a page: what the device writes, or has read */
};

/* The pages at addr; the device may use the memory if write is set. */
#define DEVMEM_ATTACH _IOW('d', 1, struct devmem_span)
/* How many pages have moved, or an error. */
#define DEVMEM_TO_DEVICE _IOW('d', 2, struct devmem_span)
#define DEVMEM_TO_RAM    _IOW('d', 3, struct devmem_span)
#define DEVMEM_EVICT     _IOW('d', 4, struct devmem_span)
/* The memory goes away. */
#define DEVMEM_CLOSE    _IO('d', 5)
#define DEVMEM_POPULATE _IOW('d', 6, struct devmem_span)
/* The device uses the page at addr, if it may: 1, or else 0. */
#define DEVMEM_ACCESS _IOWR('d', 7, struct devmem_span)

#endif
