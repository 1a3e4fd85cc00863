/* SPDX-License-Identifier: GPL-2.0-only */
/* What main.c, the driver, wants of hardware.c, the device. */
#ifndef DRIVER_H
#define DRIVER_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include <xmmu/odp.h>
#include <xmmu/walk.h>

/* The adapter's table of a region: entries as xmmu_odp_read() gives them. */
struct demo_table {
	unsigned long pages;
	u64 entry[];
};

/* The adapter, as one open file has it. */
struct demo_hw {
	spinlock_t lock; /* of all below: an access of the adapter is done under it */
	/* What it has cached: one entry of one table. */
	const struct demo_table *cached_table;
	unsigned long cached_index;
	u64 cached;
	bool isolated;
};

void demo_hw_init(struct demo_hw *hw);
void demo_hw_set(struct demo_hw *hw, struct demo_table *table, unsigned long index, u64 entry);
void demo_hw_flush(struct demo_hw *hw);
void demo_hw_isolate(struct demo_hw *hw);
int demo_hw_access(struct demo_hw *hw, const struct demo_table *table, u64 offset, bool write,
		   u64 *value);

#endif
