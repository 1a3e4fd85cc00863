// SPDX-License-Identifier: GPL-2.0-only
/*
 * The program that a scenario becomes: tries schedules within a budget, and prints one that fails
 * so that it can be read and run again.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "campaign.h"
#include "explorer.h"

static const char usage[] =
	"usage: %s [options]\n"
	"Tries schedules of the scenario %s: %s\n"
	"\n"
	"  --strategy NAME  exhaustive: all schedules up to --bound preemptions, without\n"
	"                   equivalent ones; unreduced: with them; random: priorities, one\n"
	"                   schedule a seed; both (default): exhaustive for half of the budget,\n"
	"                   then random\n"
	"  --bound N        up to so many preemptions, 0, 1, ... one after the other (3)\n"
	"  --steps N        stop after so many million steps (%u if no other budget is given)\n"
	"  --seconds N      stop after so much time\n"
	"  --schedules N    stop after so many for each bound, and so many random ones\n"
	"  --seed N         first seed of the random strategy (1)\n"
	"  --seed SCHEDULE  run one schedule, as a failure has printed it\n"
	"  --brief          print nothing but one line of a failure, with tabs between: scenario,\n"
	"                   oracle, strategy, schedules, seconds\n"
	"  --help           print this\n"
	"\n"
	"Exit status: 0 all schedules passed, 1 one failed, 2 wrong use.\n";

/* So that a run comes out the same on each machine. */
#define DEFAULT_STEPS 20U
#define MILLION       1000000UL

static void __attribute__((noreturn))
wrong_use(const char *program, const char *option, const char *value, const char *fix)
{
	fprintf(stderr, "%s: %s %s: %s\n", program, option, value, fix);
	exit(2);
}

static unsigned long number(const char *program, const char *option, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (!*value || *end || *value == '-')
		wrong_use(program, option, value, "not a number; give 0 or more");
	return n;
}

static void set_strategy(struct campaign *campaign, const char *program, const char *value)
{
	static const struct {
		const char *name;
		bool search, reduced, random;
	} rows[] = {
		{ "both", true, true, true },
		{ "exhaustive", true, true, false },
		{ "unreduced", true, false, false },
		{ "random", false, false, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(value, rows[i].name))
			continue;
		campaign->search = rows[i].search;
		campaign->reduced = rows[i].reduced;
		campaign->random = rows[i].random;
		return;
	}
	wrong_use(program, "--strategy", value, "give exhaustive, unreduced, random or both");
}

/* Returns the schedule to replay, if one is given. */
static const char *parse(struct campaign *campaign, int argc, char **argv)
{
	static const struct option options[] = { { "strategy", required_argument, NULL, 't' },
						 { "bound", required_argument, NULL, 'b' },
						 { "schedules", required_argument, NULL, 'n' },
						 { "steps", required_argument, NULL, 'e' },
						 { "seconds", required_argument, NULL, 's' },
						 { "seed", required_argument, NULL, 'r' },
						 { "brief", no_argument, NULL, 'q' },
						 { "help", no_argument, NULL, 'h' },
						 {} };
	const char *schedule = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 't') {
			set_strategy(campaign, argv[0], optarg);
		} else if (c == 'b') {
			campaign->bound = number(argv[0], "--bound", optarg);
		} else if (c == 'n') {
			campaign->schedules = number(argv[0], "--schedules", optarg);
		} else if (c == 'e') {
			campaign->steps = number(argv[0], "--steps", optarg) * MILLION;
		} else if (c == 's') {
			campaign->seconds = number(argv[0], "--seconds", optarg);
		} else if (c == 'q') {
			campaign->out = NULL;
		} else if (c == 'r' && !*optarg) {
			schedule = optarg;
		} else if (c == 'r' && strchr(optarg, '>')) {
			schedule = optarg;
		} else if (c == 'r') {
			campaign->seed = number(argv[0], "--seed", optarg);
		} else if (c == 'h') {
			printf(usage, argv[0], explore_scenario.name, explore_scenario.about,
			       DEFAULT_STEPS);
			exit(0);
		} else {
			fprintf(stderr, "Try '%s --help'.\n", argv[0]);
			exit(2);
		}
	}
	if (optind < argc)
		wrong_use(argv[0], "argument", argv[optind], "there are only options, see --help");
	if (!campaign->steps && !campaign->seconds && !campaign->schedules)
		campaign->steps = DEFAULT_STEPS * MILLION;
	if (schedule && !switches_parse(&explorer->switches, schedule))
		wrong_use(argv[0], "--seed", schedule, "no schedule; it looks like 3.12>4,4.7>3");
	return schedule;
}

/* Again with notes of each step; the failure must come again. */
static bool replay(void)
{
	bool passed;

	explorer->recording = true;
	passed = explorer_run(&strategy_replay);
	explorer->recording = false;
	return passed;
}

static int report(const char *program)
{
	printf("%s: %s: %s\n", explore_scenario.name, explorer->failure.oracle,
	       explorer->failure.text);
	report_interleaving();
	printf("\nAgain:    %s --seed '", program);
	switches_print(stdout, &explorer->switches);
	printf("'\nDebugger: gdb -ex 'break hosted_fail' -ex run --args (the same)\n");
	return 1;
}

static int minimise_and_report(const char *program, const struct campaign *campaign)
{
	unsigned int before, runs;

	switches_from_run(&explorer->switches);
	before = explorer->switches.count;
	runs = switches_minimise(&explorer->switches);
	if (replay()) {
		fprintf(stderr, "%s: the failure did not come again: not deterministic\n", program);
		return 1;
	}
	printf("Schedule %lu fails; %u of its %u switches matter (found in %u runs more).\n",
	       campaign->total, explorer->switches.count, before, runs);
	return report(program);
}

static int report_briefly(const struct campaign *campaign)
{
	printf("%s\t%s\t%s\t%lu\t%.2f\n", explore_scenario.name, explorer->failure.oracle,
	       campaign->last, campaign->total, campaign->took);
	return 1;
}

int main(int argc, char **argv)
{
	struct campaign campaign = {
		.search = true,
		.reduced = true,
		.random = true,
		.bound = 3,
		.seed = 1,
		.out = stdout,
		.last = "set-up",
	};
	const char *schedule;

	explorer_open(&explore_scenario);
	schedule = parse(&campaign, argc, argv);
	if (!explorer_setup()) {
		if (!campaign.out)
			return report_briefly(&campaign);
		printf("%s: in the set-up: %s: %s\n", explore_scenario.name,
		       explorer->failure.oracle, explorer->failure.text);
		return 1;
	}
	if (schedule) {
		if (!replay())
			return report(argv[0]);
		printf("%s: the schedule passes\n", explore_scenario.name);
		return 0;
	}
	if (campaign_run(&campaign))
		return 0;
	return campaign.out ? minimise_and_report(argv[0], &campaign) : report_briefly(&campaign);
}
