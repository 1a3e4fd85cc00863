/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sleeping lock and an event for the toy programs, which show the explorer without the hosted
 * kernel. Not instrumented: they tell the scheduler themselves what they do.
 */
#ifndef TOY_H
#define TOY_H

#include <stdbool.h>
#include <stddef.h>

#include "explore.h"

struct toy_lock {
	struct hosted_task *owner;
	unsigned int waiters; /* a bit for each thread that sleeps */
};

void toy_lock(struct toy_lock *lock);
void toy_unlock(struct toy_lock *lock);

struct toy_event {
	bool happened;
	struct hosted_task *sleeper;
};

/* Sleeps without looking whether it has happened, as a wait with a race in it does. */
void toy_sleep(struct toy_event *event);
bool toy_happened(struct toy_event *event);
void toy_happen(struct toy_event *event);

#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define barrier()        __asm__ volatile("" ::: "memory")

#endif
