/* SPDX-License-Identifier: GPL-2.0-only */
/* What main.c, the driver, and hardware.c, the device, want of each other. */
#ifndef DRIVER_H
#define DRIVER_H

#include <linux/bits.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

/* HARDWARE: the format of its page table, which main.c gives to the SDK. */
#define DEMO_LEVELS  4
#define DEMO_BITS    9
#define DEMO_VALID   BIT_ULL(0)
#define DEMO_WRITE   BIT_ULL(1)
#define DEMO_LARGE   BIT_ULL(2) /* a leaf of 2^DEMO_BITS pages */
#define DEMO_ADDRESS GENMASK_ULL(51, 12)

/* The device of one open file. */
struct demo_hw {
	spinlock_t lock; /* of all below: an access of the device is done under it */
	u64 root;
	u64 cached; /* the TLB: one entry, 0 for none */
	unsigned long cached_addr;
	bool isolated;
	/* The access that is parked on a fault; they are numbered. */
	u64 fault;
	bool parked;
	int answer; /* 0: play it again */
	wait_queue_head_t wait;
};

void demo_hw_init(struct demo_hw *hw, u64 root);
void demo_hw_flush(struct demo_hw *hw, unsigned long start, unsigned long end);
void demo_hw_isolate(struct demo_hw *hw);
void demo_hw_answer(struct demo_hw *hw, u64 fault, int err);
int demo_hw_copy(struct demo_hw *hw, unsigned long dst, unsigned long src, size_t len);

/* The device calls it from an interrupt: an access is parked. */
void demo_fault_irq(struct demo_hw *hw, unsigned long addr, bool write, u64 fault);

#endif
