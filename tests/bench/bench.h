/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the module share: the device (device.c), the drivers for it (raw.c, sdk.c,
 * whole.c), the clock around callbacks (timed.c), many ranges (crowd.c), the parts (gpu.c), and the
 * ioctls (main.c).
 */
#ifndef XMMU_BENCH_H
#define XMMU_BENCH_H

#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>

#include "abi.h"

/* An entry of the page table: the page frame number above these bits. */
#define ENTRY_PRESENT   BIT(0)
#define ENTRY_WRITE     BIT(1)
#define ENTRY_PFN_SHIFT 12

#define DEVICE_TLB   8
#define DEVICE_QUEUE 16

/* A page table of the device, for one range. Under the lock of its driver. */
struct bench_table {
	unsigned long start;
	unsigned long end;
	unsigned long entries[];
};

struct bench_context;

struct device_flush {
	unsigned long start;
	unsigned long end;
	u64 ticket;
};

/*
 * A device that walks page tables, caches what it finds, and takes flushes through a queue. It
 * confirms each in a hard interrupt.
 */
struct bench_device {
	void (*confirm)(struct bench_context *ctx, u64 ticket); /* in a hard interrupt */
	bool at_once;
	spinlock_t lock; /* all of the below; taken in hard interrupts */
	struct {
		unsigned long addr;
		unsigned long entry; /* 0: unused */
	} tlb[DEVICE_TLB];
	unsigned int tlb_next;
	struct device_flush queue[DEVICE_QUEUE];
	unsigned int head; /* next to be posted */
	unsigned int tail; /* next to be done */
	u64 flushes;
	struct irq_work irq;
};

/* Each driver embeds it. */
struct bench_context {
	const struct bench_driver *driver;
	struct bench_device device;
	struct mm_struct *mm; /* NULL: not attached */
	struct mutex calls;
	struct bench_table *tables[BENCH_RANGES];
};

/* What is measured is insert, remove and populate, and the callbacks. */
struct bench_driver {
	struct bench_context *(*open)(void);
	int (*attach)(struct bench_context *ctx);
	void (*close)(struct bench_context *ctx);
	struct bench_table *(*alloc)(unsigned long pages);
	void (*free)(struct bench_table *table, bool inserted);
	int (*insert)(struct bench_context *ctx, struct bench_table *table);
	void (*remove)(struct bench_context *ctx, struct bench_table *table);
	int (*populate)(struct bench_context *ctx, struct bench_table *table, unsigned long start,
			unsigned long end, bool write);
	void (*lock)(struct bench_context *ctx);
	void (*unlock)(struct bench_context *ctx);
};

extern const struct bench_driver raw_driver;
struct mmu_interval_notifier *raw_notifier(struct bench_table *table);
extern const struct bench_driver sdk_driver;
extern const struct bench_driver whole_driver;
extern const struct xmmu_whole_ops whole_ops;

/* Remove the translations of an aligned span inside of the table; false if there was none. */
static inline bool table_zap(struct bench_table *table, unsigned long start, unsigned long end)
{
	unsigned long *entry = &table->entries[(start - table->start) >> PAGE_SHIFT];
	unsigned long *stop = entry + ((end - start) >> PAGE_SHIFT);
	unsigned long seen = 0;

	for (; entry < stop; entry++) {
		seen |= *entry;
		*entry = 0;
	}
	return seen;
}

/* Make translations for a span out of page frame numbers, with flags in their highest bits. */
static inline void table_fill(struct bench_table *table, unsigned long start, unsigned long end,
			      const unsigned long *frames, bool write)
{
	unsigned long *entry = &table->entries[(start - table->start) >> PAGE_SHIFT];
	unsigned long flags = ENTRY_PRESENT | (write ? ENTRY_WRITE : 0);
	unsigned long i, pages = (end - start) >> PAGE_SHIFT;

#pragma GCC unroll 8
	for (i = 0; i < pages; i++)
		entry[i] = frames[i] << ENTRY_PFN_SHIFT | flags;
}

/* crowd.c */
int crowd_measure(struct bench_crowd *request);

/* device.c */
void device_init(struct bench_device *device);
void device_drain(struct bench_device *device);
void device_post(struct bench_device *device, unsigned long start, unsigned long end, u64 ticket);
int device_access(struct bench_context *ctx, const struct bench_table *table, unsigned long addr,
		  u64 *value, bool store);

/* gpu.c */
int gpu_measure_faults(struct bench_faults *request);
int gpu_measure_tables(struct bench_tables *request);

#endif
