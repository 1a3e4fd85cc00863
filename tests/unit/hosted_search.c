// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the reduced search see every order of events that the unreduced one sees? Random small
 * programs of marked accesses, a lock and an event are searched both ways, bound by bound, and the
 * sets of orders compared. Most of these programs have schedules that fail by a deadlock, which
 * are orders like others.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "explorer.h"
#include "toy.h"

#define PROGRAM_THREADS 3
#define PROGRAM_STEPS   5
#define VARIABLES       2
#define ORDERS_MAX      (1UL << 18)
#define RUNS_MAX        400000

enum step { END, READ, WRITE, LOCK, UNLOCK, WAIT, SIGNAL, PAUSE };

/* One for each thread, in variables that do not change while it is searched. */
static enum step program[PROGRAM_THREADS][PROGRAM_STEPS];
static unsigned char variable_of[PROGRAM_THREADS][PROGRAM_STEPS];

static long variable[VARIABLES];
static struct toy_lock lock;
static struct toy_event event;

static void do_step(enum step step, unsigned int v)
{
	if (step == READ)
		hosted_point(HOSTED_MARKED_READ, &variable[v], sizeof(long));
	else if (step == WRITE)
		hosted_point(HOSTED_MARKED_WRITE, &variable[v], sizeof(long));
	else if (step == LOCK && lock.owner != hosted_current())
		toy_lock(&lock);
	else if (step == UNLOCK && lock.owner == hosted_current())
		toy_unlock(&lock);
	else if (step == WAIT && !toy_happened(&event))
		toy_sleep(&event);
	else if (step == SIGNAL)
		toy_happen(&event);
	else if (step == PAUSE)
		hosted_point(HOSTED_STEP, NULL, 0);
}

static void thread(void *arg)
{
	size_t t = (size_t)arg;

	for (unsigned int i = 0; i < PROGRAM_STEPS; i++)
		do_step(program[t][i], variable_of[t][i]);
}

static const struct explore_scenario scenario = {
	.name = "random program",
	.threads = { { "a", thread, (void *)0 },
		     { "b", thread, (void *)1 },
		     { "c", thread, (void *)2 } },
};

static uint64_t random_state;

static unsigned int draw(unsigned int below)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % below;
}

static void make_program(uint64_t seed)
{
	static const enum step steps[] = { READ,   READ, WRITE, WRITE,  WRITE, LOCK,
					   UNLOCK, LOCK, WAIT,  SIGNAL, PAUSE };

	random_state = seed;
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		unsigned int length = 1 + draw(PROGRAM_STEPS), pauses = 0;

		for (unsigned int i = 0; i < PROGRAM_STEPS; i++) {
			program[t][i] = i < length ? steps[draw(sizeof(steps) / sizeof(steps[0]))] :
						     END;
			variable_of[t][i] = draw(VARIABLES);
			/* Going on after a third one is not free, see choice_cost(). */
			if (program[t][i] == PAUSE && ++pauses > 2)
				program[t][i] = READ;
		}
	}
}

/* Outside of what a run restores. */
struct orders {
	unsigned long runs, count;
	bool complete;
	uint64_t hash[ORDERS_MAX];
};

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

static void collect(struct orders *orders, unsigned int bound, bool reduced)
{
	unsigned long unique = 0;

	orders->runs = orders->count = 0;
	search_begin(bound, reduced);
	do {
		explorer_run(&strategy_search);
		orders->runs++;
		orders->hash[orders->count++] = explorer->hash;
		if (orders->count == ORDERS_MAX)
			break;
	} while (search_next());
	orders->complete = orders->count < ORDERS_MAX;
	qsort(orders->hash, orders->count, sizeof(uint64_t), compare);
	for (unsigned long i = 0; i < orders->count; i++) {
		if (!unique || orders->hash[i] != orders->hash[unique - 1])
			orders->hash[unique++] = orders->hash[i];
	}
	orders->count = unique;
}

static void print_program(uint64_t seed)
{
	static const char *const names[] = { "-",      "read", "write",  "lock",
					     "unlock", "wait", "signal", "pause" };

	print_message("program %lu:\n", seed);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		for (unsigned int i = 0; i < PROGRAM_STEPS && program[t][i]; i++)
			print_message(" %s%c", names[program[t][i]], 'x' + variable_of[t][i]);
		print_message("\n");
	}
}

/* The lost orders: a schedule for each. */
static void print_lost(unsigned int bound, struct orders *reduced)
{
	search_begin(bound, false);
	do {
		explorer_run(&strategy_search);
		if (bsearch(&explorer->hash, reduced->hash, reduced->count, sizeof(uint64_t),
			    compare))
			continue;
		for (unsigned int i = 1; i <= explorer->length; i++)
			print_message("%c%c%lx ", 'a' + explorer->events[i].task - 1,
				      "rwRWALTUSKP"[explorer->events[i].access.op],
				      explorer -> events[i].access.addr & 0xff);
		print_message("\n");
	} while (search_next());
}

static void test_reduction_loses_no_order(void **state)
{
	struct orders *all = malloc(sizeof(*all)), *reduced = malloc(sizeof(*reduced));
	unsigned long *runs = calloc(3, sizeof(*runs));
	time_t start = time(NULL);
	const char *first = getenv("SEARCH_SEED");
	uint64_t seed = first ? strtoul(first, NULL, 10) : 1;

	(void)state;
	for (; time(NULL) - start < 15; seed++) {
		make_program(seed);
		assert_true(explorer_setup());
		for (unsigned int bound = 0; bound < 4; bound++) {
			collect(all, bound, false);
			if (!all->complete)
				continue;
			collect(reduced, bound, true);
			runs[0] += all->runs;
			runs[1] += reduced->runs;
			runs[2] += all->count;
			if (reduced->count != all->count) {
				print_program(seed);
				print_message("bound %u: %lu orders, %lu reduced\n", bound,
					      all->count, reduced->count);
				print_lost(bound, reduced);
			}
			assert_int_equal(reduced->count, all->count);
			assert_memory_equal(reduced->hash, all->hash,
					    all->count * sizeof(uint64_t));
		}
		snapshot_drop();
	}
	print_message("%lu programs, %lu runs, %lu reduced, %lu orders\n", seed, runs[0], runs[1],
		      runs[2]);
	free(all);
	free(reduced);
	free(runs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reduction_loses_no_order),
	};

	explorer_open(&scenario);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
