// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks and virtual time. Slot 0 is the main program on its own stack; the others are fibers with a
 * stack each. Nothing here is locked: there is one thread.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define NO_DEADLINE (~0ULL)
#define CANARY      0x5afe57ac5afe57acULL

struct hosted_task hosted_tasks[HOSTED_TASKS] = {
	[0] = { .name = "main", .state = HOSTED_RUNNABLE, .deadline = NO_DEADLINE },
};
struct hosted_task *hosted_running = hosted_tasks;
const struct hosted_hooks *hosted_hooks;

static uint32_t runnable = 1; /* a bit for each task */
static bool main_waits;       /* in hosted_run(), for the others to end */
static unsigned long long now;
static struct hosted_failure failure;

struct hosted_task *hosted_current(void)
{
	return hosted_running;
}

const char *hosted_name(const struct hosted_task *task)
{
	return task->name;
}

unsigned int hosted_id(const struct hosted_task *task)
{
	return task->id;
}

void hosted_set_private(struct hosted_task *task, void *data)
{
	task->private = data;
}

void *hosted_private(const struct hosted_task *task)
{
	return task->private;
}

void hosted_set_daemon(struct hosted_task *task)
{
	task->daemon = true;
}

unsigned long long hosted_now_ns(void)
{
	return now;
}

static void set_state(struct hosted_task *task, enum hosted_state state)
{
	task->state = state;
	if (state == HOSTED_RUNNABLE)
		runnable |= 1U << task->id;
	else
		runnable &= ~(1U << task->id);
}

static void switch_to(struct hosted_task *next)
{
	struct hosted_task *last = hosted_running;

	if (last == next)
		return;
	if (last->id && *(uint64_t *)hosted_stack(last->id) != CANARY)
		hosted_fail("stack overflow", "%s has used all %lu bytes of its stack", last->name,
			    HOSTED_STACK_SIZE);
	hosted_running = next;
	hosted_fiber_switch(&last->sp, next->sp);
}

/* The sleeper with the next deadline; daemons count only while others are there to be served. */
static struct hosted_task *next_deadline(bool alone)
{
	struct hosted_task *first = NULL;

	for (struct hosted_task *task = hosted_tasks; task < hosted_tasks + HOSTED_TASKS; task++) {
		if (task->state != HOSTED_ASLEEP || task->deadline == NO_DEADLINE ||
		    (alone && task->daemon))
			continue;
		if (!first || task->deadline < first->deadline)
			first = task;
	}
	return first;
}

/* Sleeps, and somebody should wake it: no daemon, and not the main program in hosted_run(). */
static bool is_stuck(const struct hosted_task *task)
{
	return task->state == HOSTED_ASLEEP && !task->daemon && !(!task->id && main_waits);
}

static bool all_ended(void)
{
	for (struct hosted_task *task = hosted_tasks; task < hosted_tasks + HOSTED_TASKS; task++) {
		if (is_stuck(task))
			return false;
	}
	return true;
}

static void __attribute__((noreturn)) deadlock(void)
{
	char text[sizeof(failure.text)];
	size_t used = 0;

	for (struct hosted_task *task = hosted_tasks; task < hosted_tasks + HOSTED_TASKS; task++) {
		if (is_stuck(task) && used < sizeof(text))
			used += snprintf(text + used, sizeof(text) - used, "%s%s sleeps: %s (%#lx)",
					 used ? "; " : "", task->name, task->why, task->next.addr);
	}
	hosted_fail("deadlock", "%s", text);
}

uint32_t hosted_sleepers(void)
{
	uint32_t set = 0;

	for (struct hosted_task *task = hosted_tasks; task < hosted_tasks + HOSTED_TASKS; task++) {
		if (task->state == HOSTED_ASLEEP && task->deadline != NO_DEADLINE)
			set |= 1U << task->id;
	}
	return set;
}

static void expire(struct hosted_task *task)
{
	if (now < task->deadline)
		now = task->deadline;
	task->timed_out = true;
	set_state(task, HOSTED_RUNNABLE);
}

/* Nobody is runnable: go on to the next deadline, or back to the main program. */
static void idle(void)
{
	bool ended = all_ended();
	struct hosted_task *task = next_deadline(ended);

	if (task) {
		expire(task);
		if (hosted_hooks)
			hosted_hooks->expired(task->id);
	} else if (ended && main_waits) {
		main_waits = false;
		set_state(hosted_tasks, HOSTED_RUNNABLE);
	} else {
		deadlock();
	}
}

/* The next in turn after a task, that task last. */
static unsigned int in_turn(uint32_t set, unsigned int current)
{
	uint32_t later = set & ~((2U << current) - 1);

	return __builtin_ctz(later ? later : set);
}

static void run_next(void)
{
	unsigned int next;

	while (!runnable)
		idle();
	/* The main program goes on only when nobody else can: no choice. */
	if (hosted_hooks && !(runnable & 1))
		next = hosted_hooks->choose(runnable, hosted_running->id);
	else
		next = in_turn(runnable, hosted_running->id);
	if (hosted_tasks[next].state == HOSTED_ASLEEP)
		expire(&hosted_tasks[next]);
	switch_to(&hosted_tasks[next]);
}

void hosted_access(enum hosted_op op, uintptr_t addr, size_t size, const void *ip)
{
	hosted_running->next = (struct hosted_access){ addr, ip, size, op };
	now += HOSTED_POINT_NS;
	if (op == HOSTED_STEP || (hosted_hooks && hosted_running->id))
		run_next();
	if (size)
		hosted_arena_check(addr, size, op != HOSTED_READ && op != HOSTED_MARKED_READ);
}

void hosted_point(enum hosted_op op, const volatile void *obj, size_t size)
{
	hosted_access(op, (uintptr_t)obj, size, __builtin_return_address(0));
}

static void sleep_until(const char *why, const volatile void *obj, unsigned long long ns,
			const void *ip)
{
	struct hosted_task *task = hosted_running;

	task->next = (struct hosted_access){ (uintptr_t)obj, ip, 1, HOSTED_SLEEP };
	task->why = why;
	task->deadline = ns;
	task->timed_out = false;
	set_state(task, HOSTED_ASLEEP);
	if (hosted_hooks)
		hosted_hooks->slept(task->id);
	run_next();
}

void hosted_block(const char *why, const volatile void *obj)
{
	sleep_until(why, obj, NO_DEADLINE, __builtin_return_address(0));
}

bool hosted_block_until(const char *why, const volatile void *obj, unsigned long long ns)
{
	sleep_until(why, obj, ns, __builtin_return_address(0));
	return !hosted_running->timed_out;
}

void hosted_wake(struct hosted_task *task)
{
	bool asleep = task->state == HOSTED_ASLEEP && !(!task->id && main_waits);

	if (hosted_hooks)
		hosted_hooks->woken(task->id, asleep);
	if (asleep)
		set_state(task, HOSTED_RUNNABLE);
}

void hosted_release(const volatile void *obj)
{
	if (hosted_hooks)
		hosted_hooks->release((uintptr_t)obj);
}

void hosted_acquire(const volatile void *obj)
{
	if (hosted_hooks)
		hosted_hooks->acquire((uintptr_t)obj);
}

void hosted_fence(bool acquire, bool release)
{
	if (hosted_hooks)
		hosted_hooks->fence(acquire, release);
}

static void task_main(void)
{
	hosted_running->fn(hosted_running->arg);
	set_state(hosted_running, HOSTED_FREE);
	if (hosted_hooks)
		hosted_hooks->slept(hosted_running->id);
	run_next();
	__builtin_unreachable();
}

/* A slot that was never used before one of a task that has ended: their histories stay apart. */
static struct hosted_task *free_slot(void)
{
	struct hosted_task *found = NULL;

	for (struct hosted_task *task = hosted_tasks + HOSTED_TASKS - 1; task > hosted_tasks;
	     task--) {
		if (task->state == HOSTED_FREE && task != hosted_running &&
		    (!found || !task->name || found->name))
			found = task;
	}
	return found;
}

struct hosted_task *hosted_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	static bool stacks;
	struct hosted_task *task = free_slot();
	void *stack;

	if (!task)
		hosted_fail("tasks", "no room for %s: %d tasks are alive", name, HOSTED_TASKS);
	if (!stacks)
		hosted_map(HOSTED_STACKS, HOSTED_TASKS * HOSTED_STACK_SIZE);
	stacks = true;
	*task = (struct hosted_task){
		.name = name,
		.fn = fn,
		.arg = arg,
		.id = task - hosted_tasks,
		.next = { .op = HOSTED_READ, .ip = fn },
		.deadline = NO_DEADLINE,
	};
	stack = (void *)hosted_stack(task->id);
	*(uint64_t *)stack = CANARY;
	task->sp = hosted_fiber(stack, HOSTED_STACK_SIZE, task_main);
	set_state(task, HOSTED_RUNNABLE);
	if (hosted_hooks)
		hosted_hooks->spawned(task->id);
	return task;
}

/* Leaves the running task where it is, for good. */
void hosted_stop(void)
{
	main_waits = false;
	set_state(hosted_tasks, HOSTED_RUNNABLE);
	hosted_running = hosted_tasks;
	hosted_fiber_switch(&(void *){ NULL }, hosted_tasks->sp);
	__builtin_unreachable();
}

void hosted_fail(const char *oracle, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	failure.oracle = oracle;
	vsnprintf(failure.text, sizeof(failure.text), format, args);
	va_end(args);
	if (!hosted_running->id || !main_waits) {
		fprintf(stderr, "hosted: %s: %s\n", oracle, failure.text);
		abort();
	}
	hosted_stop();
}

void hosted_note(const char *format, ...)
{
	char text[200];
	va_list args;

	if (!hosted_hooks)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	hosted_hooks->note(text);
}

const struct hosted_failure *hosted_run(void)
{
	failure.oracle = NULL;
	main_waits = true;
	set_state(hosted_tasks, HOSTED_ASLEEP);
	run_next();
	return failure.oracle ? &failure : NULL;
}

void hosted_reset(void)
{
	for (struct hosted_task *task = hosted_tasks + 1; task < hosted_tasks + HOSTED_TASKS;
	     task++)
		*task = (struct hosted_task){};
	runnable = 1;
	main_waits = false;
	now = 0;
	hosted_arena_reset();
}
