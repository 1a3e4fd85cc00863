/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tasks, time and memory of the hosted kernel. One thread of the host runs all tasks as fibers; a
 * task gives way only in hosted_point(), hosted_block() and when it ends. Who goes on then is
 * decided by the explorer (sdk/hosted/explore); without one, tasks run in turn until they sleep or
 * reach a HOSTED_STEP. Includes nothing, so that it fits under any other header.
 */
#ifndef HOSTED_SCHED_H
#define HOSTED_SCHED_H

/* At most this many tasks may be alive at a time, the main program among them. */
#define HOSTED_TASKS 32

/* What a task is about to do at a point. Two tasks race when one of two plain accesses writes. */
enum hosted_op {
	HOSTED_READ,
	HOSTED_WRITE,
	HOSTED_MARKED_READ,  /* READ_ONCE */
	HOSTED_MARKED_WRITE, /* WRITE_ONCE */
	HOSTED_ATOMIC,
	HOSTED_LOCK,
	HOSTED_TRYLOCK,
	HOSTED_UNLOCK,
	HOSTED_SLEEP,
	HOSTED_WAKE,
	HOSTED_STEP, /* gives way: cpu_relax(), cond_resched(); the others go first */
};

struct hosted_task;

/* A new task, runnable at once. The name must stay where it is. */
struct hosted_task *hosted_spawn(const char *name, void (*fn)(void *arg), void *arg);

/* The running task, never NULL: the main program is a task too, which may spawn, block and wake. */
struct hosted_task *hosted_current(void);

const char *hosted_name(const struct hosted_task *task);

/* From 0, the main program, to HOSTED_TASKS - 1; that of a task that has ended is used again. */
unsigned int hosted_id(const struct hosted_task *task);

/* One pointer for each task, for the task_struct of the hosted kernel. */
void hosted_set_private(struct hosted_task *task, void *data);
void *hosted_private(const struct hosted_task *task);

/* A service thread that sleeps for ever when there is nothing to do: neither deadlock nor leak. */
void hosted_set_daemon(struct hosted_task *task);

/*
 * The running task is about to do op to size bytes at obj: another one may run before this returns.
 * They must be memory in use; with a size of 0, obj is only a name and nothing happens to it.
 * The hosted kernel calls it where a real kernel could be interleaved; drivers are instrumented.
 */
void hosted_point(enum hosted_op op, const volatile void *obj, __SIZE_TYPE__ size);

/*
 * Sleep until hosted_wake(). Nothing runs between the caller's last look at what it waits for and
 * the sleep. All tasks asleep is a deadlock, reported with why and obj of each.
 */
void hosted_block(const char *why, const volatile void *obj);

/* The same until a deadline in virtual time at the latest; false when that has passed. */
_Bool hosted_block_until(const char *why, const volatile void *obj, unsigned long long ns);

/* Nothing happens to a task that does not sleep. */
void hosted_wake(struct hosted_task *task);

/* Order for the race detector: what came before a release of obj is seen after an acquire of it. */
void hosted_release(const volatile void *obj);
void hosted_acquire(const volatile void *obj);

/* A memory barrier: orders through the marked accesses behind and before it. */
void hosted_fence(_Bool acquire, _Bool release);

/* Virtual time: goes on a little with each point, and to the next deadline when all are asleep. */
unsigned long long hosted_now_ns(void);

/*
 * Memory of the hosted kernel, zeroed, aligned to 16 bytes or, from a page on, to a page. Freed
 * memory is never given out again before hosted_reset(); instrumented code that touches it, or
 * the bytes behind a block, has failed. Double and wild frees fail. Each task has its own part of
 * the region, so that addresses do not depend on the schedule.
 */
void *hosted_alloc(__SIZE_TYPE__ size);
void hosted_free(void *p);

/* Blocks and bytes in use. */
struct hosted_usage {
	unsigned long blocks;
	unsigned long bytes;
};
struct hosted_usage hosted_usage(void);

/* A found bug: ends this run of the tasks. The oracle is a short name, the rest explains. */
void hosted_fail(const char *oracle, const char *format, ...)
	__attribute__((noreturn, format(printf, 2, 3)));

/* A line in the interleaving that a failing run prints. */
void hosted_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct hosted_failure {
	const char *oracle;
	char text[1024];
};

/*
 * From the main program: run the tasks until all have ended (daemons: sleep). NULL, or the failure,
 * after which only hosted_reset() helps. A failure of the main program itself aborts it.
 */
const struct hosted_failure *hosted_run(void);

/* From the main program: forget all tasks, all memory and the time. For unit tests. */
void hosted_reset(void);

#endif
