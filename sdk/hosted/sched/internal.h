/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the scheduler shows to the explorer. The state of a run lives in static variables, the arena
 * and the stacks, and nowhere else: the explorer saves and restores them as bytes.
 */
#ifndef HOSTED_SCHED_INTERNAL_H
#define HOSTED_SCHED_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sched.h"

#define HOSTED_STACK_SIZE (64UL << 10)

/* Fixed, so that a run sees the same addresses each time; above the shadow of AddressSanitizer. */
#define HOSTED_STACKS     0x200000000000UL
#define HOSTED_ARENA      0x200010000000UL
#define HOSTED_PART       (32UL << 20) /* of one task */
#define HOSTED_ARENA_SIZE (HOSTED_TASKS * HOSTED_PART)

/* Virtual time that a point takes. */
#define HOSTED_POINT_NS 1000

struct hosted_access {
	uintptr_t addr;
	const void *ip; /* where in the code */
	uint32_t size;
	enum hosted_op op;
};

enum hosted_state { HOSTED_FREE, HOSTED_RUNNABLE, HOSTED_ASLEEP };

struct hosted_task {
	const char *name;
	void (*fn)(void *arg);
	void *arg;
	void *private;
	void *sp; /* valid while another task runs */
	enum hosted_state state;
	bool daemon;
	bool timed_out;
	unsigned int id;
	struct hosted_access next; /* what it does when it goes on */
	const char *why;           /* of its sleep */
	unsigned long long deadline;
};

extern struct hosted_task hosted_tasks[HOSTED_TASKS];
extern struct hosted_task *hosted_running;

/* What the explorer takes part in; NULL outside of an exploration. */
struct hosted_hooks {
	/*
	 * Who of the runnable tasks (a bit for each id) goes on, after the running one. A sleeper
	 * with a deadline will do as well: that passes then.
	 */
	unsigned int (*choose)(uint32_t runnable, unsigned int current);
	void (*spawned)(unsigned int id);
	void (*freed)(uintptr_t addr, size_t size);
	void (*slept)(unsigned int id);             /* or has ended */
	void (*woken)(unsigned int id, bool slept); /* by the running task */
	void (*expired)(unsigned int id);           /* because nobody else can run */
	void (*release)(uintptr_t obj);
	void (*acquire)(uintptr_t obj);
	void (*fence)(bool acquire, bool release);
	void (*note)(const char *text);
};
extern const struct hosted_hooks *hosted_hooks;

/* Ends the run, from a hook: it has not failed. */
void hosted_stop(void) __attribute__((noreturn));

void hosted_access(enum hosted_op op, uintptr_t addr, size_t size, const void *ip);

/* Fails unless the bytes may be accessed. */
void hosted_arena_check(uintptr_t addr, size_t size, bool write);
void hosted_arena_reset(void);
/* Where the memory of a task begins, and the free part of that. */
uintptr_t hosted_part(unsigned int id);
uintptr_t hosted_part_end(unsigned int id);
/* The first block in use of a task from this address on, 0 if there is none; its size. */
uintptr_t hosted_arena_live(unsigned int id, uintptr_t from, size_t *size);
/* The shadow of the arena: a byte for each 16 bytes. */
extern uint8_t *hosted_shadow;

/* Who sleeps with a deadline. */
uint32_t hosted_sleepers(void);

void *hosted_map(uintptr_t addr, size_t size);
void *hosted_map_table(size_t size);

void *hosted_fiber(void *stack, size_t size, void (*entry)(void));
void hosted_fiber_switch(void **from, void *to);

static inline uintptr_t hosted_stack(unsigned int id)
{
	return HOSTED_STACKS + id * HOSTED_STACK_SIZE;
}

#endif
