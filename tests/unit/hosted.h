/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the hosted kernel: each case runs as a task in a process of its own, because the
 * hosted kernel keeps its state in static variables, and ends either well or by an oracle.
 */
#ifndef TESTS_UNIT_HOSTED_H
#define TESTS_UNIT_HOSTED_H

#include <linux/kernel.h>

#include <hosted/kernel.h>

#include "../../sdk/hosted/sched/sched.h"

/* What a case finds wrong ends it like any other oracle. */
#define check(condition)                                                                   \
	do {                                                                               \
		if (!(condition))                                                          \
			hosted_fail("check", "%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

/* Says what it was. */
#define expect(value, expected)                                                           \
	do {                                                                              \
		long __value = (value), __expected = (expected);                          \
		if (__value != __expected)                                                \
			hosted_fail("expect", "line %d: %ld, not %ld", __LINE__, __value, \
				    __expected);                                          \
	} while (0)

/* The case ends well if oracle is NULL; otherwise by that oracle, or with that in its text. */
void hosted_case(void (*fn)(void *unused), const char *oracle);

/* A test of cmocka that runs case_name(). */
#define CASE_UNTIL(name, oracle)                  \
	static void name(void **state)            \
	{                                         \
		(void)state;                      \
		hosted_case(case_##name, oracle); \
	}
#define CASE(name) CASE_UNTIL(name, NULL)

/* From a case: give way to the others until they sleep. */
void hosted_others(void);

#endif
