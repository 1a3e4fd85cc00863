// SPDX-License-Identifier: GPL-2.0-only
/*
 * All schedules with at most so many preemptions, depth first. Reduced, it tries another task at a
 * choice only where an order could come out differently (dynamic partial-order reduction, after
 * Flanagan and Godefroid): when an event depends on an earlier one of another task, its task is
 * tried before that one, too. Because a preemption may be too expensive there, it is also tried
 * where the earlier task was switched to, which may be free (after Coons, Musuvathi and McKinley).
 */
#include <stdio.h>
#include <stdlib.h>

#include "explorer.h"

void search_begin(unsigned int bound, bool reduced)
{
	explorer->search = (struct search){ .bound = bound, .reduced = reduced };
}

static unsigned int search_choose(struct choice *choice)
{
	const struct search *search = &explorer->search;

	if (choice - explorer->choices <= search->replayed) {
		if (choice->runnable >> choice->chosen & 1)
			return choice->chosen;
		fprintf(stderr, "explorer: the scenario is not deterministic\n");
		abort();
	}
	choice->wanted = search->reduced ? 1U << choice->usual : choice->runnable;
	choice->tried = 1U << choice->usual;
	return choice->usual;
}

/* Have the task of the last event, or one that leads to it, tried at a choice. */
static void want(unsigned int number)
{
	struct choice *choice = &explorer->choices[number];
	const struct event *event = &explorer->events[explorer->length];
	uint32_t leading = 0;

	if (choice->runnable >> event->task & 1) {
		choice->wanted |= 1U << event->task;
		return;
	}
	for (uint32_t left = choice->runnable; left; left &= left - 1) {
		unsigned int id = __builtin_ctz(left);

		if ((unsigned int)event->past[id] > number)
			leading |= 1U << id;
	}
	choice->wanted |= leading ? leading : choice->runnable;
}

static void search_conflict(unsigned int earlier)
{
	if (!explorer->search.reduced)
		return;
	want(earlier);
	want(explorer->choices[earlier].block);
}

/* The next task to be tried at a choice, -1 if there is none within the bound. */
static int open_task(const struct choice *choice)
{
	struct search *search = &explorer->search;

	for (uint32_t left = choice->wanted & ~choice->tried; left; left &= left - 1) {
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
