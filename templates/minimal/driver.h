/* SPDX-License-Identifier: GPL-2.0-only */
/* What main.c, the driver, wants of hardware.c, the device. */
#ifndef DRIVER_H
#define DRIVER_H

#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* How many pages the device can translate. */
#define DEMO_PAGES 256

/* The device of one open file: its page table, and what it has cached of it. */
struct demo_hw {
	spinlock_t lock; /* of all below: an access of the device is done under it */
	struct page *entry[DEMO_PAGES];
	struct page *cached;
	unsigned long cached_index;
	bool isolated;
};

void demo_hw_init(struct demo_hw *hw);
void demo_hw_set(struct demo_hw *hw, unsigned long index, struct page *page);
bool demo_hw_clear(struct demo_hw *hw, unsigned long index);
bool demo_hw_has(struct demo_hw *hw, unsigned long index);
void demo_hw_flush(struct demo_hw *hw);
void demo_hw_isolate(struct demo_hw *hw);
int demo_hw_read(struct demo_hw *hw, unsigned long index, unsigned int offset, void *to,
		 unsigned int len);

#endif
