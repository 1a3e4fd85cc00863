/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of drivers: a process with some pages, and nothing left behind. */
#ifndef TESTS_UNIT_DRIVERS_H
#define TESTS_UNIT_DRIVERS_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "../../sdk/hosted/mm/cpu.h"
#include "hosted.h"

/* The kernel that it runs on: interval notifiers in two passes, unless the test says another. */
#ifndef GENERATION
#define GENERATION HOSTED_7_3
#endif

#define ADDR  0x10000000UL
#define PAGES 8UL
#define LEN   (PAGES * PAGE_SIZE)

static struct mm_struct *mm;

static inline void enter(void)
{
	hosted_generation = GENERATION;
	mm = hosted_mm_create();
	hosted_mm_enter(mm);
	check(!hosted_mmap(mm, ADDR, LEN, VM_READ | VM_WRITE, 0, NULL, 0));
}

/* The last reference to the address space may go in a worker. */
static inline void check_empty(void)
{
	msleep(10);
	hosted_mm_check_empty();
	hosted_slab_check_empty();
}

static inline void leave(void)
{
	hosted_exit();
	check_empty();
}

#endif
