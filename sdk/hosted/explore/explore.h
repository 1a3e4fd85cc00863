/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scenario includes. A scenario is a C file that defines explore_scenario; linked with the
 * explorer it becomes a program that tries schedules of its threads and reports one that fails.
 */
#ifndef HOSTED_EXPLORE_H
#define HOSTED_EXPLORE_H

#include "sched.h"

#define EXPLORE_THREADS 8

struct explore_scenario {
	const char *name;
	const char *about;   /* one line for --help */
	void (*setup)(void); /* runs once, alone; each schedule starts from what it leaves */
	struct {
		const char *name;
		void (*fn)(void *arg);
		void *arg;
	} threads[EXPLORE_THREADS];
	void (*check)(void);  /* runs alone after the threads: invariants, and taking down */
	_Bool keeps_memory;   /* what a schedule allocates it need not free */
	_Bool early_timeouts; /* a deadline may pass at any point, at the price of a preemption */
};

extern const struct explore_scenario explore_scenario;

/* An invariant of a scenario; may stand anywhere in it. */
#define explore_assert(condition)                                                              \
	do {                                                                                   \
		if (!(condition))                                                              \
			hosted_fail("invariant", "%s:%d: %s", __FILE__, __LINE__, #condition); \
	} while (0)

#endif
