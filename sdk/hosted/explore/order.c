// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of events, twice. By dependence: two events of different tasks that touch the same
 * memory, one of them writing, cannot change places without changing what happens; schedules with
 * the same order are equivalent. By synchronisation: what locks, releases and acquires promise;
 * two accesses that it does not order, one of them plain, are a data race.
 */
#include <string.h>

#include "explorer.h"

#define GRANULE    8
#define CELL_SLOTS 24

/* What is known about 8 bytes of memory; void unless run is that of the explorer. */
struct cell {
	clock_vector sync;            /* what releases have published here */
	uint16_t reads[HOSTED_TASKS]; /* last event of each reader since the last write */
	uint32_t run;
	uint32_t readers;
	uint16_t write; /* last event that wrote */
	uint8_t slots, next_slot;
	uint16_t slot[CELL_SLOTS]; /* events that a later one may race with */
} __attribute__((aligned(64)));

extern char __data_start[], _end[];

/* Made once, before the snapshot. */
static struct cell *arena_cells, *stack_cells, *data_cells, *other_cells;

#define OTHER_CELLS 4096

static struct cell *map_cells(size_t bytes)
{
	return hosted_map(0, (bytes / GRANULE + 1) * sizeof(struct cell));
}

static struct cell *cell_of(uintptr_t addr)
{
	struct cell *cell;

	if (addr - HOSTED_ARENA < HOSTED_ARENA_SIZE)
		cell = arena_cells + (addr - HOSTED_ARENA) / GRANULE;
	else if (addr - (uintptr_t)__data_start < (size_t)(_end - __data_start))
		cell = data_cells + (addr - (uintptr_t)__data_start) / GRANULE;
	else if (addr - HOSTED_STACKS < HOSTED_TASKS * HOSTED_STACK_SIZE)
		cell = stack_cells + (addr - HOSTED_STACKS) / GRANULE;
	else
		cell = other_cells + addr / GRANULE % OTHER_CELLS;
	if (cell->run != explorer->run) {
		cell->sync = (clock_vector){};
		cell->run = explorer->run;
		cell->readers = 0;
		cell->write = 0;
		cell->slots = 0;
	}
	return cell;
}

static inline void join(clock_vector *to, const clock_vector *from)
{
	clock_vector later = *from > *to;

	*to = (*from & later) | (*to & ~later);
}

static inline uint64_t mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93ULL;
	x ^= x >> 32;
	return x * 0xd6e8feb86659fd93ULL;
}

static bool writes(enum hosted_op op)
{
	return op != HOSTED_READ && op != HOSTED_MARKED_READ;
}

static bool is_marked(enum hosted_op op)
{
	return op == HOSTED_MARKED_READ || op == HOSTED_MARKED_WRITE || op == HOSTED_ATOMIC;
}

/* Locks and sleeps are the kernel's own business: they order others and race with nothing. */
static bool can_race(enum hosted_op op)
{
	return op <= HOSTED_ATOMIC;
}

void order_open(void)
{
	arena_cells = map_cells(HOSTED_ARENA_SIZE);
	stack_cells = map_cells(HOSTED_TASKS * HOSTED_STACK_SIZE);
	data_cells = map_cells(_end - __data_start);
	other_cells = map_cells(OTHER_CELLS * GRANULE);
}

void order_begin(void)
{
	memset(explorer->threads, 0, sizeof(explorer->threads));
	explorer->length = 0;
	explorer->hash = 0;
	explorer->stays = 0;
	explorer->run++;
}

/* The running task's order goes over to another one. */
void order_spawned(unsigned int id)
{
	struct thread *child = &explorer->threads[id];
	struct thread *parent = &explorer->threads[hosted_running->id];

	join(&child->past, &parent->past);
	join(&child->seen, &parent->seen);
	child->seen[hosted_running->id] = explorer->length;
	child->hash += mix(parent->hash + 1);
}

/* A time-out comes when nobody else can run: after everything. */
void order_expired(unsigned int id)
{
	struct thread *thread = &explorer->threads[id];

	for (unsigned int i = 1; i < HOSTED_TASKS; i++) {
		join(&thread->past, &explorer->threads[i].past);
		if (i != id)
			thread->hash += mix(explorer->threads[i].hash + 3);
	}
}

void order_release(uintptr_t obj)
{
	unsigned int id = hosted_running->id;
	struct cell *cell = cell_of(obj);

	join(&cell->sync, &explorer->threads[id].seen);
	cell->sync[id] = explorer->length;
}

void order_acquire(uintptr_t obj)
{
	join(&explorer->threads[hosted_running->id].seen, &cell_of(obj)->sync);
}

void order_fence(bool acquire, bool release)
{
	unsigned int id = hosted_running->id;
	struct thread *thread = &explorer->threads[id];

	if (acquire)
		join(&thread->seen, &thread->behind);
	if (release) {
		thread->released = thread->seen;
		thread->released[id] = explorer->length;
		thread->fenced = true;
	}
}

static bool overlaps(const struct hosted_access *a, const struct hosted_access *b)
{
	return a->addr < b->addr + b->size && b->addr < a->addr + a->size;
}

static bool covers(const struct hosted_access *a, const struct hosted_access *b)
{
	return a->addr <= b->addr && a->addr + a->size >= b->addr + b->size;
}

static bool conflict(enum hosted_op a, enum hosted_op b)
{
	return (writes(a) || writes(b)) && !(is_marked(a) && is_marked(b));
}

static void __attribute__((noreturn)) race(unsigned int earlier, unsigned int later)
{
	struct event *a = &explorer->events[earlier], *b = &explorer->events[later];

	explorer->race[0] = earlier;
	explorer->race[1] = later;
	hosted_fail("data race", "%s%s by %s and %s%s by %s, nothing orders them",
		    is_marked(a->access.op) ? "marked " : "",
		    writes(a->access.op) ? "write" : "read", hosted_tasks[a->task].name,
		    is_marked(b->access.op) ? "marked " : "",
		    writes(b->access.op) ? "write" : "read", hosted_tasks[b->task].name);
}

/*
 * An older access need not be kept when the new one comes after it, touches all of its bytes and
 * conflicts with whatever that conflicts with: who races with the old one races with the new one.
 */
static bool replaces(const struct hosted_access *new, const struct hosted_access *old)
{
	return covers(new, old) && (writes(new->op) || !writes(old->op)) &&
	       (!is_marked(new->op) || is_marked(old->op));
}

static void check_races(struct cell *cell, unsigned int number)
{
	const struct event *event = &explorer->events[number];
	const struct thread *thread = &explorer->threads[event->task];
	unsigned int kept = 0;

	for (unsigned int i = 0; i < cell->slots; i++) {
		const struct event *old = &explorer->events[cell->slot[i]];
		bool ordered = old->task == event->task || cell->slot[i] <= thread->seen[old->task];

		if (!ordered && conflict(old->access.op, event->access.op) &&
		    overlaps(&old->access, &event->access))
			race(cell->slot[i], number);
		if (!(ordered && replaces(&event->access, &old->access)))
			cell->slot[kept++] = cell->slot[i];
	}
	cell->slots = kept;
	if (kept == CELL_SLOTS)
		cell->slot[cell->next_slot++ % CELL_SLOTS] = number;
	else
		cell->slot[cell->slots++] = number;
}

/* The last event depends on an earlier one, if any; past is what is known of its past so far. */
static void depend(unsigned int earlier, unsigned int id, clock_vector *past)
{
	const struct event *other = &explorer->events[earlier];

	if (!earlier || other->task == id || earlier <= (unsigned int)(*past)[other->task])
		return;
	if (explorer->strategy->conflict)
		explorer->strategy->conflict(earlier);
	join(past, &other->past);
}

/* The last event touches a cell; returns what that adds to its hash. */
static uint64_t touch(struct cell *cell, enum hosted_op op, unsigned int id, clock_vector *past)
{
	unsigned int number = explorer->length;
	uint64_t hash = 0;

	if (cell->write)
		hash = explorer->events[cell->write].hash;
	if (!writes(op)) {
		depend(cell->write, id, past);
		cell->readers |= 1U << id;
		cell->reads[id] = number;
		return hash;
	}
	for (uint32_t left = cell->readers; left; left &= left - 1) {
		unsigned int read = cell->reads[__builtin_ctz(left)];

		depend(read, id, past);
		hash += mix(explorer->events[read].hash);
	}
	/* After the readers: through one of them it may be ordered already. */
	depend(cell->write, id, past);
	cell->readers = 0;
	cell->write = number;
	return hash;
}

static void meet_fences(struct thread *thread, struct cell *cell, enum hosted_op op)
{
	if (!is_marked(op))
		return;
	if (op != HOSTED_MARKED_WRITE)
		join(&thread->behind, &cell->sync);
	if (writes(op) && thread->fenced)
		join(&cell->sync, &thread->released);
}

/* A task is about to do what it has announced: the next event. */
void order_event(unsigned int id)
{
	struct thread *thread = &explorer->threads[id];
	unsigned int number = ++explorer->length;
	struct event *event = &explorer->events[number];
	clock_vector past = thread->past;
	uint64_t hash = thread->hash;
	uintptr_t end, owner;

	event->task = id;
	event->hidden = false;
	event->access = hosted_tasks[id].next;
	event->past = past;
	end = event->access.addr + event->access.size;
	for (uintptr_t at = event->access.addr & -GRANULE; event->access.size && at < end;
	     at += GRANULE) {
		struct cell *cell = cell_of(at);

		hash += mix(touch(cell, event->access.op, id, &past) + at);
		meet_fences(thread, cell, event->access.op);
		if (can_race(event->access.op))
			check_races(cell, number);
	}
	past[id] = number;
	event->past = thread->past = past;
	/* Memory on a stack is there as long as its task. */
	owner = (event->access.addr - HOSTED_STACKS) / HOSTED_STACK_SIZE;
	if (event->access.size && owner < HOSTED_TASKS && owner != id)
		hash += touch(cell_of((uintptr_t)&hosted_tasks[owner]), HOSTED_READ, id, &past);
	event->hash = thread->hash = mix(hash + event->access.op + id * 64);
	explorer->hash += event->hash;
	thread->events++;
}

/* The last event writes to one thing more. */
static void also_write(unsigned int id, uintptr_t obj)
{
	struct thread *thread = &explorer->threads[id];
	struct event *event = &explorer->events[explorer->length];

	event->hidden = true;
	explorer->hash -= event->hash;
	event->hash += touch(cell_of(obj), HOSTED_WRITE, event->task, &thread->past);
	event->hash = thread->hash = mix(event->hash);
	event->past = thread->past;
	explorer->hash += event->hash;
}

/* Whether a wake meets a task asleep, or alive, depends on which of the two comes first. */
void order_slept(unsigned int id)
{
	also_write(id, (uintptr_t)&hosted_tasks[id]);
	/* So do deadlines on which of them was set first. */
	if (hosted_sleepers() >> id & 1)
		also_write(id, (uintptr_t)hosted_tasks);
}

void order_woken(unsigned int id, bool slept)
{
	struct thread *by = &explorer->threads[hosted_running->id];

	also_write(hosted_running->id, (uintptr_t)&hosted_tasks[id]);
	if (!slept)
		return;
	join(&explorer->threads[id].past, &by->past);
	explorer->threads[id].hash += mix(by->hash + 2);
}

/* Who has used a block before it is freed might use it afterwards instead. */
void order_freed(uintptr_t addr, size_t size)
{
	for (uintptr_t at = addr & -GRANULE; at < addr + size; at += GRANULE) {
		if (arena_cells[(at - HOSTED_ARENA) / GRANULE].run == explorer->run)
			also_write(hosted_running->id, at);
	}
}
