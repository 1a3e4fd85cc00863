// SPDX-License-Identifier: GPL-2.0-only
/*
 * Does the reduced search see every order of events that the unreduced one sees? Random small
 * programs of marked accesses, a lock and an event are searched both ways, bound by bound, and the
 * sets of orders compared; a deadlock is the end of an order like any other. Then programs that
 * also race, use what is freed and free twice: the reduced search finds a failure where the other
 * one does.
 * SEARCH_SEED=n in the environment starts with another program, SEARCH_PROGRAMS=n tries so many.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "explorer.h"
#include "toy.h"

#define PROGRAM_THREADS 3
#define PROGRAM_STEPS   5
#define VARIABLES       2
#define RUNS_MAX        (1UL << 18)
#define PROGRAMS        200

enum step {
	END,
	READ,
	WRITE,
	LOCK,
	UNLOCK,
	WAIT,
	SIGNAL,
	PAUSE,
	PLAIN_READ,
	PLAIN_WRITE,
	FREE,
	USE
};

/* One for each thread, in variables that do not change while it is searched. */
static enum step program[PROGRAM_THREADS][PROGRAM_STEPS];
static unsigned char variable_of[PROGRAM_THREADS][PROGRAM_STEPS];

static long variable[VARIABLES];
static struct toy_lock lock;
static struct toy_event event;
static long *object;

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
	else if (step == PLAIN_READ)
		hosted_point(HOSTED_READ, &variable[v], sizeof(long));
	else if (step == PLAIN_WRITE)
		hosted_point(HOSTED_WRITE, &variable[v], sizeof(long));
	else if (step == FREE)
		hosted_free(object);
	else if (step == USE)
		hosted_point(HOSTED_MARKED_READ, object, sizeof(long));
}

static void thread(void *arg)
{
	size_t t = (size_t)arg;

	for (unsigned int i = 0; i < PROGRAM_STEPS; i++)
		do_step(program[t][i], variable_of[t][i]);
}

static void make_object(void)
{
	object = hosted_alloc(sizeof(*object));
}

static const struct explore_scenario scenario = {
	.name = "random program",
	.setup = make_object,
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

/* Of the first so many kinds of steps: those up to PAUSE do nothing wrong. */
static enum step draw_step(unsigned int kinds)
{
	static const enum step steps[] = { READ,        READ, WRITE, WRITE,  WRITE, LOCK,
					   UNLOCK,      LOCK, WAIT,  SIGNAL, PAUSE, PLAIN_READ,
					   PLAIN_WRITE, FREE, USE,   USE };
	enum step step;

	do
		step = steps[draw(sizeof(steps) / sizeof(steps[0]))];
	while (step > kinds);
	return step;
}

static void make_program(uint64_t seed, enum step kinds)
{
	random_state = seed;
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		unsigned int length = 1 + draw(PROGRAM_STEPS), pauses = 0;

		for (unsigned int i = 0; i < PROGRAM_STEPS; i++) {
			program[t][i] = i < length ? draw_step(kinds) : END;
			variable_of[t][i] = draw(VARIABLES);
			/* Going on after a third one is not free, see choice_cost(). */
			if (program[t][i] == PAUSE && ++pauses > 2)
				program[t][i] = READ;
		}
	}
}

/* Outside of what a run restores. */
struct orders {
	unsigned long runs, complete, count;
	uint64_t hash[RUNS_MAX];
};

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return left < right ? -1 : left > right;
}

/* False if there are too many. */
static bool collect(struct orders *orders, unsigned int bound, bool reduced)
{
	unsigned long unique = 0;

	orders->runs = orders->count = 0;
	search_begin(bound, reduced);
	while (search_next(bound)) {
		explorer_run(&strategy_search);
		if (!explorer->given_up)
			orders->hash[orders->count++] = explorer->hash;
		if (++orders->runs == RUNS_MAX)
			return false;
	}
	orders->complete = orders->count;
	qsort(orders->hash, orders->count, sizeof(uint64_t), compare);
	for (unsigned long i = 0; i < orders->count; i++) {
		if (!unique || orders->hash[i] != orders->hash[unique - 1])
			orders->hash[unique++] = orders->hash[i];
	}
	orders->count = unique;
	return true;
}

static void print_program(uint64_t seed)
{
	static const char *const names[] = { "-",          "read",        "write",  "lock",
					     "unlock",     "wait",        "signal", "pause",
					     "plain read", "plain write", "free",   "use" };

	print_message("program %lu:\n", seed);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		for (unsigned int i = 0; i < PROGRAM_STEPS && program[t][i]; i++)
			print_message(" %s%c", names[program[t][i]], 'x' + variable_of[t][i]);
		print_message("\n");
	}
}

/* The lost orders: a schedule for each, its events as task, kind and memory. */
static void print_lost(unsigned int bound, const struct orders *reduced)
{
	search_begin(bound, false);
	while (search_next(bound)) {
		explorer_run(&strategy_search);
		if (bsearch(&explorer->hash, reduced->hash, reduced->count, sizeof(uint64_t),
			    compare))
			continue;
		for (unsigned int i = 1; i <= explorer->length; i++)
			print_message("%c%c%lx ", 'a' + explorer->events[i].task - 1,
				      "rwRWALTUSKP"[explorer->events[i].access.op],
				      explorer -> events[i].access.addr & 0xff);
		print_message("\n");
	}
}

/* What the two searches have done, outside of what a run restores. */
struct totals {
	unsigned long programs, all, reduced, complete, orders;
};

static unsigned long setting(const char *name, unsigned long usual)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 10) : usual;
}

static void compare_orders(uint64_t seed, struct orders *all, struct orders *reduced,
			   struct totals *totals)
{
	for (unsigned int bound = 0; bound < 4; bound++) {
		if (!collect(all, bound, false))
			return;
		assert_true(collect(reduced, bound, true));
		totals->all += all->runs;
		totals->reduced += reduced->runs;
		totals->complete += reduced->complete;
		totals->orders += all->count;
		if (reduced->count != all->count) {
			print_program(seed);
			print_message("bound %u: %lu of %lu orders\n", bound, reduced->count,
				      all->count);
			print_lost(bound, reduced);
		}
		assert_int_equal(reduced->count, all->count);
		assert_memory_equal(reduced->hash, all->hash, all->count * sizeof(uint64_t));
	}
}

static void test_reduction_loses_no_order(void **state)
{
	struct orders *all = malloc(sizeof(*all)), *reduced = malloc(sizeof(*reduced));
	struct totals *totals = calloc(1, sizeof(*totals));

	(void)state;
	while (totals->programs < setting("SEARCH_PROGRAMS", PROGRAMS)) {
		uint64_t seed = setting("SEARCH_SEED", 1) + totals->programs++;

		make_program(seed, PAUSE);
		assert_true(explorer_setup());
		compare_orders(seed, all, reduced, totals);
		snapshot_drop();
	}
	print_message("%lu programs: %lu runs, %lu reduced, %lu of them to the end, %lu orders\n",
		      totals->programs, totals->all, totals->reduced, totals->complete,
		      totals->orders);
	assert_true(totals->reduced < totals->all / 5);
	free(all);
	free(reduced);
	free(totals);
}

/* True if a schedule within the bound fails. */
static bool fails(unsigned int bound, bool reduced)
{
	search_begin(bound, reduced);
	while (search_next(bound)) {
		if (!explorer_run(&strategy_search))
			return true;
	}
	return false;
}

static void test_reduction_loses_no_failure(void **state)
{
	struct totals *totals = calloc(1, sizeof(*totals));

	(void)state;
	/* Most of them fail at once. */
	while (totals->programs < 20 * setting("SEARCH_PROGRAMS", PROGRAMS)) {
		uint64_t seed = setting("SEARCH_SEED", 1) + totals->programs++;

		make_program(seed, USE);
		assert_true(explorer_setup());
		for (unsigned int bound = 0; bound < 3; bound++) {
			bool expected = fails(bound, false);

			if (fails(bound, true) != expected)
				print_program(seed);
			assert_int_equal(fails(bound, true), expected);
			/* Those that it takes a preemption to find. */
			totals->orders += bound && expected;
			if (expected)
				break;
		}
		snapshot_drop();
	}
	print_message("%lu programs, %lu fail only with preemptions\n", totals->programs,
		      totals->orders);
	assert_true(totals->orders > 0);
	free(totals);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reduction_loses_no_order),
		cmocka_unit_test(test_reduction_loses_no_failure),
	};

	explorer_open(&scenario);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
