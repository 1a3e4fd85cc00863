// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many runs of a scenario within a budget: bound after bound of the exhaustive search, then random
 * schedules; what each of them did, and on a terminal how far it is.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "campaign.h"
#include "explorer.h"

/* The clock is looked at only so often. */
#define RUNS_PER_LOOK 256
/* Random schedules end when of so many not one in RARE has been of a new order. */
#define RUNS_PER_LAP 4096
#define RARE         32

struct part {
	char name[32];
	unsigned long runs, cut, orders, events;
	double began;
};

/* A strategy ends when this is used up. */
struct limit {
	unsigned long events; /* of the whole campaign */
	double time;
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static double clock_now(void)
{
	return seconds(CLOCK_MONOTONIC);
}

/* What the machine does beside it does not count. */
static double time_used(void)
{
	return seconds(CLOCK_PROCESS_CPUTIME_ID);
}

/* Count the order of the last run, if it is the first one of that order. */
static void note_order(struct campaign *campaign, struct part *part)
{
	uint64_t *seen = table_at(&campaign->seen, explorer->hash);

	part->orders += !*seen;
	*seen = true;
}

static void show(const struct campaign *campaign, const struct part *part, bool end,
		 const char *why)
{
	double took = time_used() - part->began;

	if (!campaign->out || (!end && !isatty(fileno(campaign->out))))
		return;
	fprintf(campaign->out,
		"%s%-8s %8lu orders (%lu again, %lu cut), %7.0f orders/s, %5.1f M steps/s, "
		"%6.2f s%s%s%s",
		isatty(fileno(campaign->out)) ? "\r" : "", part->name, part->orders,
		part->runs - part->cut - part->orders, part->cut, part->orders / took,
		part->events / took / 1e6, took, *why ? ": " : "", why, end ? "\n" : "");
	fflush(campaign->out);
}

/* One run more; false if it fails. */
static bool try_one(struct campaign *campaign, struct part *part, const struct strategy *strategy)
{
	bool passed = explorer_run(strategy);

	part->runs++;
	if (explorer->given_up)
		part->cut++;
	else
		note_order(campaign, part);
	part->events += explorer->length;
	return passed;
}

static bool over(const struct campaign *campaign, const struct part *part,
		 const struct limit *limit)
{
	if (campaign->schedules && part->runs >= campaign->schedules)
		return true;
	if (campaign->steps && campaign->events + part->events >= limit->events)
		return true;
	if (part->runs % RUNS_PER_LOOK)
		return false;
	if (part->runs % (RUNS_PER_LOOK * 16) == 0)
		show(campaign, part, false, "");
	return campaign->seconds && clock_now() >= limit->time;
}

static void add(struct campaign *campaign, const struct part *part, struct part *sum)
{
	campaign->total += part->runs;
	campaign->events += part->events;
	memcpy(campaign->last, part->name, sizeof(campaign->last));
	sum->runs += part->runs;
	sum->cut += part->cut;
	sum->orders += part->orders;
	sum->events += part->events;
}

enum outcome { PASSED, OVER, FAILED };

static enum outcome search_bound(struct campaign *campaign, unsigned int bound,
				 const struct limit *limit, struct part *sum)
{
	const struct search *search = &explorer->search;
	struct part part = { .began = time_used() };
	enum outcome outcome = PASSED;

	snprintf(part.name, sizeof(part.name), "bound %u", bound);
	while (outcome == PASSED && search_next(bound)) {
		if (!try_one(campaign, &part, &strategy_search))
			outcome = FAILED;
		else if (over(campaign, &part, limit))
			outcome = OVER;
	}
	if (outcome == PASSED && search->full)
		outcome = OVER;
	campaign->complete = outcome == PASSED && !search->cut && !search_waits();
	show(campaign, &part, true,
	     outcome == FAILED  ? "failed" :
	     search->full       ? "not finished, there is no room for more" :
	     outcome == OVER    ? "not finished" :
	     campaign->complete ? "there are no others" :
				  "");
	add(campaign, &part, sum);
	return outcome;
}

static enum outcome search(struct campaign *campaign, const struct limit *limit)
{
	struct part all = { .name = "search", .began = time_used() };
	enum outcome outcome = PASSED;

	search_begin(campaign->bound, campaign->reduced);
	for (unsigned int bound = 0; bound <= campaign->bound && !campaign->complete; bound++) {
		outcome = search_bound(campaign, bound, limit, &all);
		if (outcome != PASSED)
			break;
	}
	show(campaign, &all, true, "all of these");
	return outcome;
}

/* Most orders that random schedules come to have been seen. */
static bool worn_out(const struct part *part, unsigned long *before)
{
	bool few = part->orders - *before < RUNS_PER_LAP / RARE;

	if (part->runs % RUNS_PER_LAP)
		return false;
	*before = part->orders;
	return few;
}

static enum outcome random_runs(struct campaign *campaign, const struct limit *limit)
{
	struct part part = { .name = "random", .began = time_used() };
	enum outcome outcome = PASSED;
	unsigned long before = 0;
	bool worn = false;

	/* The usual run says how many events there are to choose from. */
	explorer->switches.count = 0;
	if (!try_one(campaign, &part, &strategy_replay))
		outcome = FAILED;
	explorer->random.length = explorer->length;
	for (uint64_t seed = campaign->seed; outcome == PASSED && !worn; seed++) {
		explorer->random.seed = seed;
		if (!try_one(campaign, &part, &strategy_random))
			outcome = FAILED;
		else if (over(campaign, &part, limit))
			outcome = OVER;
		worn = worn_out(&part, &before);
	}
	show(campaign, &part, true, outcome == FAILED ? "failed" : worn ? "hardly any others" : "");
	add(campaign, &part, &(struct part){});
	return outcome;
}

bool campaign_run(struct campaign *campaign)
{
	double began = clock_now();
	struct limit all = { campaign->steps, began + campaign->seconds };
	struct limit half = { campaign->steps / 2, began + campaign->seconds / 2.0 };
	enum outcome outcome = PASSED;

	if (campaign->search)
		outcome = search(campaign, campaign->random ? &half : &all);
	if (outcome != FAILED && campaign->random && !campaign->complete)
		outcome = random_runs(campaign, &all);
	table_clear(&campaign->seen);
	campaign->took = clock_now() - began;
	return outcome != FAILED;
}
