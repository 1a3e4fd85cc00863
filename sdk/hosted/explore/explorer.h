/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The explorer's own state and parts. It lies outside of what a schedule changes and is restored:
 * in one mapping that `explorer` points to.
 *
 * A run is a sequence of events: an event is what a task does from one point to its next one.
 * Before each event there is a choice among the runnable tasks.
 */
#ifndef HOSTED_EXPLORER_H
#define HOSTED_EXPLORER_H

#include <stdio.h>

#include "../sched/internal.h"
#include "explore.h"
#include "table.h"

/* A run with more events is a livelock. Event numbers fit into the clocks. */
#define EVENTS_MAX   20000
#define SWITCHES_MAX 4096
#define FRAMES_MAX   24

/* For each task the number of its last event that is ordered before, 0 if none. */
typedef int16_t clock_vector __attribute__((vector_size(HOSTED_TASKS * sizeof(int16_t))));

struct event {
	clock_vector past; /* by dependence: what cannot be moved behind this event */
	uint64_t hash;     /* of this event and its past */
	struct hosted_access access;
	unsigned int task;
	bool hidden; /* it has put to sleep, woken or freed something, too */
};

/* The choice before the event of the same number. */
struct choice {
	uint32_t runnable; /* may be chosen, the following among them */
	uint32_t sleepers; /* whose deadlines may pass early */
	uint16_t cost;     /* preemptions before it */
	uint16_t turn;     /* events of the current task so far */
	uint8_t current;   /* the task that ran before */
	uint8_t usual;     /* who goes on if nobody interferes; any other costs a preemption ... */
	bool free;         /* ... unless the current one sleeps, has ended or gives way */
	uint8_t chosen;
	uint16_t stays; /* of the current task so far */
};

/* When the current task has done so many events, another one than usual goes on. */
struct switch_at {
	uint8_t task;
	uint8_t next;
	uint16_t turn;
};

struct switches {
	unsigned int count;
	struct switch_at at[SWITCHES_MAX];
};

/* What is known about a task while a run lasts. */
struct thread {
	clock_vector past;     /* by dependence */
	clock_vector seen;     /* by synchronisation: for the race detector */
	clock_vector released; /* seen, at the last release fence */
	clock_vector behind;   /* what marked reads have met, for the next acquire fence */
	uint64_t hash;
	unsigned int events;
	unsigned int stays; /* how often it went on though it gave way */
	bool fenced;
};

/* How the next task is chosen, and whether there is another schedule to try. */
struct strategy {
	void (*begin)(void); /* before each run */
	unsigned int (*choose)(struct choice *choice);
	void (*started)(void); /* the event that was chosen */
	/* The last event depends on an earlier one, and another schedule could turn them round. */
	void (*conflict)(unsigned int earlier);
};

#define BOUND_MAX 63

/* search.c: all schedules up to a number of preemptions, those with fewer first. */
struct search {
	bool reduced;                   /* leave out what is equivalent to another schedule */
	bool cut;                       /* the limit has left something out */
	bool full;                      /* there is no room for more */
	unsigned int limit;             /* of preemptions */
	unsigned int replayed;          /* so many choices of the run are known */
	uint32_t way[EVENTS_MAX + 1];   /* nodes of the run */
	uint8_t script[EVENTS_MAX + 1]; /* what is chosen there, as far as it is known */
	struct node *nodes;
	struct link *links;
	uint32_t node_count, link_count;
	uint32_t unused;                 /* links */
	uint32_t waiting[BOUND_MAX + 1]; /* links to what is to be tried, by preemptions */
	uint32_t news;                   /* links to nodes: see want_earlier() */
	struct table been;               /* by order: first node */
	struct table found;              /* by event: see union found */
};

/* random.c: priorities that change at a few random events (PCT). */
struct random {
	uint64_t seed;
	uint64_t state;
	unsigned int length; /* of a run, roughly */
	uint32_t priority[HOSTED_TASKS];
	unsigned int lowest; /* next priority below all others */
	unsigned int changes;
	unsigned int change_at[8];
};

struct frames {
	unsigned int count;
	const void *ip[FRAMES_MAX];
};

/* Only while a failure is replayed for the report. */
struct record {
	struct frames pending[HOSTED_TASKS];
	struct frames frames[EVENTS_MAX + 1];
	unsigned int notes;
	struct {
		unsigned int event;
		char text[120];
	} note[256];
};

struct explorer {
	const struct explore_scenario *scenario;
	const struct strategy *strategy;
	unsigned int length;  /* events so far; the last one is being done */
	uint32_t run;         /* number of this run: makes what cells say of earlier ones void */
	uint64_t hash;        /* of the order of all events: equal for equivalent schedules */
	uint64_t stays;       /* how often tasks went on though they gave way, as a hash */
	unsigned int race[2]; /* the two events of a data race */
	bool given_up;        /* the last run: an earlier one has been where it had come to */
	bool recording;
	uintptr_t part_end[HOSTED_TASKS]; /* after the set-up */
	struct hosted_failure failure;
	struct thread threads[HOSTED_TASKS];
	struct event events[EVENTS_MAX + 1];
	struct choice choices[EVENTS_MAX + 1];
	struct switches switches; /* to be replayed */
	struct search search;
	struct random random;
	struct record record;
};

extern struct explorer *explorer;

/* run.c */
void explorer_open(const struct explore_scenario *scenario); /* once for a process */
bool explorer_setup(void);                                   /* false: explorer->failure */
bool explorer_run(const struct strategy *strategy);          /* the same */
unsigned int choice_cost(const struct choice *choice, unsigned int next);

/* search.c */
extern const struct strategy strategy_search;
void search_begin(unsigned int limit, bool reduced);
bool search_next(unsigned int bound); /* before each run; false: all is done within the bound */

bool search_waits(void); /* something is to be tried, with more preemptions */

/* random.c */
extern const struct strategy strategy_random;

/* snapshot.c */
void snapshot_take(void);
void snapshot_restore(void);
void snapshot_drop(void);

/* order.c */
void order_open(void);
void order_begin(void);
void order_event(unsigned int id);
void order_spawned(unsigned int id);
void order_freed(uintptr_t addr, size_t size);
void order_slept(unsigned int id);
void order_woken(unsigned int id, bool slept);
void order_expired(unsigned int id);
void order_release(uintptr_t obj);
void order_acquire(uintptr_t obj);
void order_fence(bool acquire, bool release);

/* replay.c */
extern const struct strategy strategy_replay;
void switches_from_run(struct switches *switches);
bool switches_parse(struct switches *switches, const char *text);
void switches_print(FILE *file, const struct switches *switches);
/* Leaves out what the failure does not need; returns how many runs that took. */
unsigned int switches_minimise(struct switches *switches);

/* report.c: the recorded run, to standard output. */
void report_interleaving(void);

#endif
