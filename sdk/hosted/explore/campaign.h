/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Many runs of a scenario within a budget, counted and shown.
 */
#ifndef HOSTED_CAMPAIGN_H
#define HOSTED_CAMPAIGN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "table.h"

struct campaign {
	bool search, reduced, random; /* strategies, one after the other */
	unsigned int bound;
	unsigned long schedules; /* for each bound, and for the random strategy; 0: no limit */
	/* For all; with two strategies the search gets half of them. 0: no limit. */
	unsigned long steps;
	unsigned long seconds;
	uint64_t seed;
	FILE *out; /* a line for each bound and strategy; NULL: none */

	/* What came of it. */
	unsigned long total; /* runs */
	unsigned long events;
	double took;
	char last[32];     /* the bound or strategy that ended it, by name */
	struct table seen; /* orders */
	bool complete;     /* there is no schedule that was not tried, or one equivalent to it */
};

/* After explorer_setup(). False: a run has failed, see explorer->failure. */
bool campaign_run(struct campaign *campaign);

#endif
