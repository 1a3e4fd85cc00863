/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For scenarios of drivers: a process with some pages, whose threads use an open file of a driver
 * that is linked in. The driver's name is what the scenario's file name begins with.
 */
#ifndef TESTS_EXPLORE_DRIVERS_H
#define TESTS_EXPLORE_DRIVERS_H

#include <linux/delay.h>
#include <linux/err.h>
#include <linux/mm.h>

#include <hosted/kernel.h>

#include "cpu.h"
#include "explore.h"

#define ADDR 0x10000000UL

/* The kernel that it runs on: interval notifiers in two passes, unless the scenario says another. */
#ifndef GENERATION
#define GENERATION HOSTED_7_3
#endif

static struct mm_struct *mm;
static struct file *file;

/* Every function of a scenario begins with it: tasks share the address space. */
static inline void enter(void)
{
	hosted_mm_enter(mm);
}

static inline void start_process(unsigned long pages)
{
	hosted_generation = GENERATION;
	mm = hosted_mm_create();
	enter();
	explore_assert(!hosted_mmap(mm, ADDR, pages * PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL, 0));
}

static inline void start_driver(const char *name, const char *parameters, const char *device)
{
	explore_assert(!hosted_module_load(name, parameters));
	file = hosted_open(device, 0);
	explore_assert(!IS_ERR(file));
}

/* A command that has to succeed. */
static inline void command(unsigned int number, void *argument)
{
	long error = hosted_ioctl(file, number, argument);

	if (error)
		hosted_fail("invariant", "command %#x: error %ld", number, -error);
}

static inline void stop_driver(const char *name)
{
	hosted_close(file);
	explore_assert(!hosted_module_unload(name));
}

/* The process has exited. The last reference may be dropped by a worker. */
static inline void nothing_is_left(void)
{
	msleep(10);
	hosted_mm_check_empty();
	hosted_slab_check_empty();
}

static inline void stop_process(void)
{
	enter();
	hosted_exit();
	nothing_is_left();
}

#endif
