/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel's own test of HMM and its driver say to each other, in our words: the numbers are
 * theirs, and so is what a call does. Private to the driver: programs have the kernel's header.
 */
#ifndef GPU_DMIRROR_ABI_H
#define GPU_DMIRROR_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct dmirror_call {
	__u64 addr;   /* in: where the device works, page aligned */
	__u64 ptr;    /* in: where data for it come from or go to */
	__u64 npages; /* in */
	__u64 cpages; /* out: pages that were copied, or have moved */
	__u64 faults; /* out: how often the device lacked a translation */
};

#define DMIRROR_READ            _IOWR('H', 0, struct dmirror_call)
#define DMIRROR_WRITE           _IOWR('H', 1, struct dmirror_call)
#define DMIRROR_TO_DEVICE       _IOWR('H', 2, struct dmirror_call) /* and read; -ENOENT: not all */
#define DMIRROR_TO_RAM          _IOWR('H', 3, struct dmirror_call)
#define DMIRROR_SNAPSHOT        _IOWR('H', 4, struct dmirror_call) /* a byte for each page */
#define DMIRROR_EXCLUSIVE       _IOWR('H', 5, struct dmirror_call) /* and read */
#define DMIRROR_CHECK_EXCLUSIVE _IOWR('H', 6, struct dmirror_call) /* -EPERM: some still are */
#define DMIRROR_RELEASE         _IOWR('H', 7, struct dmirror_call) /* empty the device's memory */
#define DMIRROR_FLAGS           _IOWR('H', 8, struct dmirror_call) /* npages is flags */
#define DMIRROR_READ_UNLOCKED   _IOWR('H', 9, struct dmirror_call)

/* The next move finds no room for large pages. */
#define DMIRROR_FLAG_FAIL_ALLOC 1

/* What a snapshot says of a page. */
#define DMIRROR_NONE            0x00
#define DMIRROR_MAY_READ        0x01
#define DMIRROR_MAY_WRITE       0x02
#define DMIRROR_HUGE            0x04
#define DMIRROR_ZERO            0x10
#define DMIRROR_PRIVATE         0x20 /* in the memory of this device */
#define DMIRROR_COHERENT        0x40 /* the same */
#define DMIRROR_COHERENT_REMOTE 0x50 /* in that of another device */
#define DMIRROR_ERROR           0xff /* no mapping, or it can not be read */

#endif
