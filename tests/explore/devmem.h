/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of device memory: a process, and devices that can have its pages. */
#ifndef TESTS_EXPLORE_DEVMEM_H
#define TESTS_EXPLORE_DEVMEM_H

#include "devmem/abi.h"
#include "drivers.h"

#define page(n) (ADDR + (n)*PAGE_SIZE)

static inline long devmem_of(struct file *of, unsigned int number, unsigned long first,
			     unsigned long pages, bool write)
{
	struct devmem_span span = { .addr = page(first), .pages = pages, .write = write };

	return hosted_ioctl(of, number, &span);
}

static inline long devmem(unsigned int number, unsigned long first, unsigned long pages)
{
	return devmem_of(file, number, first, pages, true);
}

/* Each page holds its number, from 1. */
static inline void devmem_start(const char *parameters, unsigned long pages)
{
	unsigned long i;

	start_process(pages);
	for (i = 0; i < pages; i++)
		explore_assert(!hosted_store(mm, page(i), i + 1));
	start_driver("devmem", parameters, "devmem");
	explore_assert(!devmem(DEVMEM_ATTACH, 0, pages));
}

/* The device gets the page, and reads its word if it still has it then; or else 0. */
static inline u64 devmem_read_of(struct file *of, unsigned long number)
{
	struct devmem_span span = { .addr = page(number) };

	explore_assert(!devmem_of(of, DEVMEM_POPULATE, number, 1, false));
	return hosted_ioctl(of, DEVMEM_ACCESS, &span) == 1 ? span.value : 0;
}

static inline u64 devmem_read(unsigned long number)
{
	return devmem_read_of(file, number);
}

/* Until it has written. */
static inline void devmem_write(unsigned long number, u64 value)
{
	struct devmem_span span = { .addr = page(number), .write = 1, .value = value };

	do
		explore_assert(!devmem(DEVMEM_POPULATE, number, 1));
	while (hosted_ioctl(file, DEVMEM_ACCESS, &span) != 1);
}

static inline void expect_word(unsigned long number, u64 expected)
{
	u64 value = 0;

	explore_assert(!hosted_load(mm, page(number), &value));
	explore_assert(value == expected);
}

static inline void devmem_stop(void)
{
	enter();
	stop_driver("devmem");
	stop_process();
}

/* Threads of several scenarios, and what must be in the two pages when both have ended. */
static inline void devmem_touch_first(void *unused)
{
	enter();
	expect_word(0, 1);
	explore_assert(!hosted_store(mm, page(0), 5));
}

static inline void devmem_use_second(void *unused)
{
	enter();
	devmem_write(1, 6);
}

static inline void devmem_check_both(void)
{
	enter();
	expect_word(0, 5);
	expect_word(1, 6);
	devmem_stop();
}

#endif
