/* SPDX-License-Identifier: GPL-2.0-only */
/* What main.c, the driver, wants of hardware.c, the device. */
#ifndef DRIVER_H
#define DRIVER_H

#include <linux/mm_types.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* How many translations the device holds. */
#define DEMO_ENTRIES 4

struct demo_entry {
	unsigned long addr;
	struct page *page; /* NULL: none */
	bool write;
};

/* The device of one open file: a TLB, and no page table. */
struct demo_hw {
	spinlock_t lock; /* of all below: an access of the device is done under it */
	struct demo_entry tlb[DEMO_ENTRIES];
	unsigned int next; /* the entry that is replaced */
};

/* An access that found no translation. */
struct demo_fault {
	unsigned long addr;
	bool write;
};

void demo_hw_init(struct demo_hw *hw);
void demo_hw_load(struct demo_hw *hw, const struct demo_entry *entry);
bool demo_hw_loaded(struct demo_hw *hw, unsigned long start, unsigned long end);
void demo_hw_flush(struct demo_hw *hw, unsigned long start, unsigned long end);
bool demo_hw_step(struct demo_hw *hw, unsigned long dst, unsigned long src, size_t len,
		  struct demo_fault *fault);

#endif
