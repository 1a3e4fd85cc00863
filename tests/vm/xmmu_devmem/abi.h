/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the tests in tests/user drive the module xmmu_devmem. Private to them: it changes as they do.
 *
 * The module has one device with memory. An open file is a context of it: a mirror of the caller,
 * and a page table over one range.
 */
#ifndef XMMU_DEVMEM_ABI_H
#define XMMU_DEVMEM_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define XD_DEVICE "/dev/xmmu_devmem"

/* Attach: a context of another device, which can not reach the memory. */
#define XD_STRANGER 1

/* What a translation is. */
#define XD_PRESENT   1
#define XD_WRITE     2
#define XD_IN_DEVICE 4
#define XD_EXCLUSIVE 8

/* The next copy fails; or all of them, or those of one page, until something else is said. */
#define XD_FAIL_TO_DEVICE    1
#define XD_FAIL_TO_RAM       2
#define XD_FAIL_RAM_FOR_GOOD 3
#define XD_FAIL_RAM_PAGE     4

struct xd_call {
	__u64 start;
	__u64 end;
	__u64 value; /* in or out, see below */
};

struct xd_stats {
	__u64 pages; /* that there are */
	__u64 used;
	__u64 to_device;
	__u64 to_ram;
	__u64 faults;
	__u64 around;
	__u64 evicted;
	__u64 lost;
	__u64 copies;
	__u64 coherent;
};

#define XD_IOC_INFO      _IOR('d', 0, struct xd_stats) /* -ENODEV: no memory */
#define XD_IOC_ATTACH    _IOW('d', 1, struct xd_call)  /* value: XD_STRANGER */
#define XD_IOC_TO_DEVICE _IOWR('d', 2, struct xd_call) /* value: how many pages, also on error */
#define XD_IOC_TO_RAM    _IOWR('d', 3, struct xd_call)
#define XD_IOC_EVICT     _IOWR('d', 4, struct xd_call) /* value: how many are to, how many did */
#define XD_IOC_LOAD      _IOWR('d', 5, struct xd_call) /* the word at start, through the table */
#define XD_IOC_STORE     _IOW('d', 6, struct xd_call)
#define XD_IOC_ADD       _IOW('d', 7, struct xd_call) /* with exclusive access */
#define XD_IOC_EXCLUSIVE _IOW('d', 8, struct xd_call)
#define XD_IOC_QUERY     _IOWR('d', 9, struct xd_call) /* XD_PRESENT ... of start */
#define XD_IOC_FAIL      _IOW('d', 10, struct xd_call) /* value: XD_FAIL_* */
#define XD_IOC_RENEW     _IO('d', 11)                  /* the device goes, and comes again */

#endif
