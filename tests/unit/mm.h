/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the hosted memory management: each case has a process, and leaves nothing behind. */
#ifndef TESTS_UNIT_MM_H
#define TESTS_UNIT_MM_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/string.h>

#include "cpu.h"
#include "hosted.h"

#define BASE  0x10000000UL
#define RW    (VM_READ | VM_WRITE)
#define at(n) (BASE + (n)*PAGE_SIZE)

static struct mm_struct *mm;

#define expect(value, expected)                                                           \
	do {                                                                              \
		long __value = (value), __expected = (expected);                          \
		if (__value != __expected)                                                \
			hosted_fail("expect", "line %d: %ld, not %ld", __LINE__, __value, \
				    __expected);                                          \
	} while (0)

static inline void map(unsigned long pages, unsigned long flags, struct file *file)
{
	expect(hosted_mmap(mm, BASE, pages * PAGE_SIZE, RW, flags, file, 0), 0);
}

static inline void store(unsigned long n, u64 value)
{
	expect(hosted_store(mm, at(n), value), 0);
}

static inline void loads(struct mm_struct *from, unsigned long n, u64 expected)
{
	u64 value = ~expected;

	expect(hosted_load(from, at(n), &value), 0);
	expect(value, expected);
}

static void (*body)(void);

/* What every case of the file does at its end. */
static void tidy(void);

static void whole(void *unused)
{
	mm = hosted_mm_create();
	body();
	tidy();
	mmput(mm);
	hosted_mm_check_empty();
}

/* A case that ends by an oracle begins with the name of that. */
static inline void run_until(void (*fn)(void), const char *oracle)
{
	body = fn;
	hosted_case(whole, oracle);
}

static inline void run(void **state)
{
	run_until(*state, NULL);
}

#define TEST(name)                           \
	{                                    \
#name, run, NULL, NULL, name \
	}

#endif
