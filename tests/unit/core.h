/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the SDK core: a process, and a driver that calls the core as drivers do. Its device
 * has a page table; whether it confirms a flush at once, and what the driver's callbacks answer, is
 * up to the test. Each case has a process of its own, and leaves nothing behind.
 */
#ifndef TESTS_UNIT_CORE_H
#define TESTS_UNIT_CORE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/delay.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include <xmmu/xmmu.h>

#include "../../sdk/hosted/mm/cpu.h"
#include "hosted.h"

/* The kernel that it runs on: interval notifiers in two passes, if the core was built for them. */
#ifndef CORE_GENERATION
#define CORE_GENERATION HOSTED_7_3
#endif

#define CORE_BASE  0x10000000UL
#define CORE_PAGES 1024UL
#define at(n)      (CORE_BASE + (n)*PAGE_SIZE)
#define RW         (VM_READ | VM_WRITE)

/* Before core_attach() a test may change the first three. */
struct core {
	struct xmmu_ops ops;
	struct xmmu_config config;
	bool mute; /* the device confirms no flush by itself */
	struct xmmu_mirror mirror;
	struct device dev;
	unsigned long table[CORE_PAGES]; /* what the device has, by page: pfn + 1 */
	struct xmmu_leaf leaf;           /* the last that it was given */
	struct xmmu_report report;       /* the last */
	u64 ticket;                      /* of the last flush */
	/* How often it was called. */
	unsigned int leaves, zaps, flushes, isolated, released, freed;
};

extern struct core core;
extern struct mm_struct *mm;

/* The running task gets an address space with so many pages, and the core is started. */
void core_start(unsigned long pages, enum hosted_dma_mode mode);
/* Detach, exit, and look for what is left. */
void core_stop(void);

void core_attach(void);
struct xmmu_range *core_insert(unsigned long page, unsigned long pages);
int core_populate(struct xmmu_range *range, unsigned long page, unsigned long pages,
		  unsigned int flags);
/* A walk that is to fail at its first window; returns why. */
int core_walk_fails(struct xmmu_range *range, unsigned long page, unsigned long pages,
		    unsigned int flags);
/* Remove it and drop the test's reference. */
void core_remove(struct xmmu_range *range);
/* How many pages the device can reach. */
unsigned int core_translated(void);
struct xmmu_stats core_stats(void);

/* Run it beside the test. */
struct task_struct *core_beside(void (*fn)(void *unused));

#endif
