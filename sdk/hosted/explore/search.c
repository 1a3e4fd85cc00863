// SPDX-License-Identifier: GPL-2.0-only
/*
 * All schedules with at most so many preemptions, depth first. Reduced, it leaves out schedules in
 * which the same events come in an equivalent order:
 *
 * Another task is tried at a choice only where an order could come out differently (dynamic
 * partial-order reduction, after Flanagan and Godefroid): when an event depends on an earlier one
 * of another task, its task is tried before that one, too. As a preemption may be too expensive
 * there, it is also tried at the last choice before it that cost nothing (after Coons, Musuvathi
 * and McKinley).
 *
 * When a running task was preempted after it had been tried itself, it sleeps until something
 * happens that its next event depends on: to let it go on before that comes to the same, and costs
 * no less. Only such tasks: for others the equivalent schedule may have more preemptions.
 *
 * A run is given up where an earlier one has been with the same order, the same task to go on, the
 * same ones asleep and no fewer preemptions left. What that one found to depend on events which
 * both have is then wanted here, too.
 *
 * Where deadlines may pass early, a task that goes on because of one can take the processor away
 * for what the deadline costs, and hand it on: an order that is reached in that way only may take
 * one preemption more than without reduction.
 *
 * tests/unit/hosted_search.c compares the orders that are seen with those of the unreduced search.
 */
#include <stdio.h>
#include <stdlib.h>

#include "explorer.h"

#define GRANULE 8 /* as order.c sees dependence */

void search_begin(unsigned int bound, bool reduced)
{
	table_clear(&explorer->search.been);
	table_clear(&explorer->search.found);
	explorer->search = (struct search){ .bound = bound, .reduced = reduced };
}

static bool only_reads(const struct hosted_access *access)
{
	return access->op == HOSTED_READ || access->op == HOSTED_MARKED_READ;
}

static bool independent(const struct hosted_access *a, const struct hosted_access *b)
{
	return !a->size || !b->size || (only_reads(a) && only_reads(b)) ||
	       (a->addr + a->size - 1) / GRANULE < b->addr / GRANULE ||
	       (b->addr + b->size - 1) / GRANULE < a->addr / GRANULE;
}

/* Who was asleep at the last choice, or fell asleep there, and is not woken by what came of it. */
static uint32_t still_asleep(const struct choice *last)
{
	const struct event *event = &explorer->events[explorer->length];
	uint32_t asleep = last->asleep, still = 0;

	if (!explorer->length || event->hidden)
		return 0;
	if (!last->free && last->chosen != last->current && last->tried >> last->current & 1 &&
	    !last->usual_hidden)
		asleep |= 1U << last->current;
	for (uint32_t left = asleep & ~(1U << last->chosen); left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (independent(&event->access, &hosted_tasks[id].next))
			still |= 1U << id;
	}
	return still;
}

/* True if a run has been here before with as many preemptions left. */
static bool been_here(const struct choice *choice)
{
	uint64_t hash = explorer->hash + (choice->asleep + 1) * 0xd6e8feb86659fd93ULL;
	uint64_t budget = explorer->search.bound - choice->cost + 1, *been;

	/* Whom it costs nothing to go on with. */
	if (choice->runnable >> choice->current & 1)
		hash += (choice->current + 1) * 0x9e3779b97f4a7c15ULL + choice->free;
	for (unsigned int id = 1; id < HOSTED_TASKS; id++)
		hash += explorer->threads[id].stays * (0xa0761d6478bd642fULL << id);
	been = table_at(&explorer->search.been, hash);
	if (*been >= budget)
		return true;
	*been = budget;
	return false;
}

/* Have tasks tried at a choice, or all, if one of them cannot be. */
static void want(struct choice *choice, uint32_t tasks)
{
	if (tasks & (~choice->runnable | choice->asleep))
		choice->wanted |= choice->runnable;
	else
		choice->wanted |= tasks;
}

/* The same before an event, where it may be too expensive, and where it is not. */
static void want_before(unsigned int number, uint32_t tasks)
{
	struct choice *choice = &explorer->choices[number];

	want(choice, tasks);
	want(&explorer->choices[choice->block], tasks);
}

static void search_conflict(unsigned int earlier)
{
	uint32_t task = 1U << explorer->events[explorer->length].task;

	if (!explorer->search.reduced)
		return;
	want_before(earlier, task);
	*table_at(&explorer->search.found, explorer->events[earlier].hash) |= task;
}

/* Ends the run where another one has been. */
static void __attribute__((noreturn)) give_up(const struct choice *choice)
{
	for (unsigned int i = 1; i <= explorer->length; i++)
		want_before(i, *table_at(&explorer->search.found, explorer->events[i].hash));
	/* What depends on later events of the current task, too: that is not known here. */
	if (!choice->free)
		want(&explorer->choices[choice[-1].block], ~0U);
	explorer->given_up = true;
	hosted_stop();
}

/* The first task that may go on here without being redundant; gives up if there is none. */
static unsigned int first_awake(struct choice *choice)
{
	if (!(choice->asleep >> choice->usual & 1))
		return choice->usual;
	choice->wanted = choice->runnable;
	for (uint32_t left = choice->runnable & ~choice->asleep; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (choice->cost + choice_cost(choice, id) <= explorer->search.bound)
			return id;
	}
	explorer->given_up = true;
	hosted_stop();
}

static unsigned int search_choose(struct choice *choice)
{
	const struct search *search = &explorer->search;
	unsigned int id = choice->usual;

	if (choice - explorer->choices <= search->replayed) {
		if (choice->runnable >> choice->chosen & 1)
			return choice->chosen;
		fprintf(stderr, "explorer: the scenario is not deterministic\n");
		abort();
	}
	choice->asleep = 0;
	choice->wanted = search->reduced ? 1U << id | choice->sleepers : choice->runnable;
	if (search->reduced) {
		choice->asleep = still_asleep(choice - 1);
		if (been_here(choice))
			give_up(choice);
		id = first_awake(choice);
	}
	choice->tried = 1U << id;
	return id;
}

/* The next task to be tried at a choice, -1 if there is none within the bound. */
static int open_task(const struct choice *choice)
{
	struct search *search = &explorer->search;

	for (uint32_t left = choice->wanted & ~choice->tried & ~choice->asleep; left;
	     left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if (choice->cost + choice_cost(choice, id) <= search->bound)
			return id;
		search->cut = true;
	}
	return -1;
}

bool search_next(void)
{
	for (unsigned int number = explorer->length; number; number--) {
		struct choice *choice = &explorer->choices[number];
		int id = open_task(choice);

		if (id < 0)
			continue;
		if (choice->chosen == choice->usual)
			choice->usual_hidden = explorer->events[number].hidden;
		choice->chosen = id;
		choice->tried |= 1U << id;
		explorer->search.replayed = number;
		return true;
	}
	return false;
}

const struct strategy strategy_search = {
	.choose = search_choose,
	.conflict = search_conflict,
};
