/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one place that decides whether the device may be given a command. The emulated device trusts
 * its driver: QEMU up to 9.0 aborts on a bad one and later versions touch memory of their own.
 *
 * Needs only types, so that it is tested on the host: no bad command ever reaches a device.
 */
#ifndef EDU_VALIDATE_H
#define EDU_VALIDATE_H

#include <linux/types.h>

#include <xmmu/edu.h>

/* Where the device sees its own buffer. */
#define EDU_BUFFER_ADDR 0x40000

struct edu_transfer {
	__u64 dma;    /* in memory */
	__u32 offset; /* in the device's buffer */
	__u32 len;
	__u32 direction;
};

/*
 * The buffer has 4096 bytes, but a transfer that touches the last one counts as out of range in
 * QEMU up to 9.0. The device drops the address bits above its mask without a word.
 */
static inline bool edu_transfer_valid(const struct edu_transfer *transfer, __u64 mask)
{
	if (transfer->direction != XMMU_EDU_TO_DEVICE &&
	    transfer->direction != XMMU_EDU_FROM_DEVICE)
		return false;
	if (!transfer->len || transfer->len > XMMU_EDU_BUFFER)
		return false;
	if (transfer->offset > XMMU_EDU_BUFFER - transfer->len)
		return false;
	return transfer->dma <= mask && transfer->len - 1 <= mask - transfer->dma;
}

#endif
