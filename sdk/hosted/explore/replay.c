// SPDX-License-Identifier: GPL-2.0-only
/*
 * A schedule as the choices in which it differs from the usual course, written like "3.12>4,4.7>3":
 * when task 3 has done 12 events, task 4 goes on. Counted for each task, so that one of them keeps
 * its meaning when others are left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explorer.h"

#define MINIMISE_RUNS 5000

static unsigned int replay_choose(struct choice *choice)
{
	const struct switches *switches = &explorer->switches;

	for (unsigned int i = 0; i < switches->count; i++) {
		const struct switch_at *at = &switches->at[i];

		if (at->task == choice->current && at->turn == choice->turn &&
		    choice->runnable >> at->next & 1)
			return at->next;
	}
	return choice->usual;
}

const struct strategy strategy_replay = { .choose = replay_choose };

void switches_from_run(struct switches *switches)
{
	switches->count = 0;
	for (unsigned int i = 1; i <= explorer->length && switches->count < SWITCHES_MAX; i++) {
		const struct choice *choice = &explorer->choices[i];

		if (choice->chosen != choice->usual)
			switches->at[switches->count++] =
				(struct switch_at){ choice->current, choice->chosen, choice->turn };
	}
}

bool switches_parse(struct switches *switches, const char *text)
{
	switches->count = 0;
	while (*text && switches->count < SWITCHES_MAX) {
		unsigned int task, turn, next;
		int used = 0;

		if (sscanf(text, "%u.%u>%u%n", &task, &turn, &next, &used) != 3 ||
		    task >= HOSTED_TASKS || next >= HOSTED_TASKS || turn > EVENTS_MAX)
			return false;
		switches->at[switches->count++] = (struct switch_at){ task, next, turn };
		text += used;
		if (*text == ',')
			text++;
		else if (*text)
			return false;
	}
	return !*text;
}

void switches_print(FILE *file, const struct switches *switches)
{
	for (unsigned int i = 0; i < switches->count; i++)
		fprintf(file, "%s%u.%u>%u", i ? "," : "", switches->at[i].task,
			switches->at[i].turn, switches->at[i].next);
}

static bool still_fails(const char *oracle)
{
	return !explorer_run(&strategy_replay) && !strcmp(explorer->failure.oracle, oracle);
}

/* Leave out count switches from the first on. */
static void drop(struct switches *switches, unsigned int first, unsigned int count)
{
	switches->count -= count;
	memmove(&switches->at[first], &switches->at[first + count],
		(switches->count - first) * sizeof(switches->at[0]));
}

/* Large pieces first; again with single ones until none can be spared. */
static unsigned int leave_out(struct switches *switches, const char *oracle)
{
	struct switches *all = malloc(sizeof(*all));
	unsigned int runs = 0, size = switches->count / 2 + 1;

	while (size && runs < MINIMISE_RUNS) {
		bool dropped = false;

		for (unsigned int i = 0; i + size <= switches->count;) {
			*all = *switches;
			drop(switches, i, size);
			runs++;
			if (still_fails(oracle)) {
				dropped = true;
				continue;
			}
			*switches = *all;
			i += size;
		}
		if (!(size == 1 && dropped))
			size /= 2;
	}
	free(all);
	return runs;
}

static unsigned int preemptions(void)
{
	const struct choice *last = &explorer->choices[explorer->length];

	return last->cost + choice_cost(last, last->chosen);
}

/*
 * A schedule with fewer preemptions that fails in the same way, if a short search finds one: of
 * those with as few as that the one with the fewest switches.
 */
static unsigned int find_simpler(struct switches *switches, const char *oracle)
{
	struct switches *found = malloc(sizeof(*found));
	unsigned int runs = 1, bound;

	explorer_run(&strategy_replay);
	bound = preemptions();
	search_begin(bound, true);
	while (runs < MINIMISE_RUNS && search_next(bound)) {
		runs++;
		if (explorer_run(&strategy_search) || strcmp(explorer->failure.oracle, oracle))
			continue;
		switches_from_run(found);
		if (preemptions() < bound || found->count < switches->count)
			*switches = *found;
		bound = preemptions();
	}
	free(found);
	return runs;
}

unsigned int switches_minimise(struct switches *switches)
{
	const char *oracle = explorer->failure.oracle;
	unsigned int runs = leave_out(switches, oracle);

	runs += find_simpler(switches, oracle);
	return runs + leave_out(switches, oracle);
}
