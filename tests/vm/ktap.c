// SPDX-License-Identifier: GPL-2.0-only
/*
 * ktap: judge the results of one run and print them for a person.
 *
 * usage: ktap PREFIX PLAN RESULTS < KTAP
 *
 * Reads what the runner wrote, as it comes, and prints a line for each test, whose id is
 * PREFIX.PROGRAM.TEST; appends "status, id, reason" to the table RESULTS, and "time, id, seconds"
 * for each program. Everything that is not a clear success is a failure: a program of the plan that
 * did not run, one that printed no TAP plan or another number of results than planned, a skip
 * without a reason, a run without its end marker.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PROGRAMS 512
#define LINE_SIZE    4096
#define LAST_LINES   20

struct program {
	char id[256];
	bool done;
};

static struct program programs[MAX_PROGRAMS];
static int nr_programs;

/* What is known of the program whose subtest is being read. */
static struct {
	bool open;
	bool failed_test;
	int planned;
	int results;
	char wrong[256];
	char id[256];
	char seconds[32];
} current;

static char last[LAST_LINES][LINE_SIZE];
static int nr_last;

static const char *prefix;
static FILE *table;
static bool failed, ended, after_failure;

static void die(const char *what, const char *name)
{
	fprintf(stderr, "ktap: %s %s: %s\n", what, name, strerror(errno));
	exit(2);
}

static void record(const char *status, const char *id, const char *reason)
{
	fprintf(table, "%s\t%s.%s\t%s\n", status, prefix, id, reason);
	fflush(table);
	printf("%-7s %s.%s%s%s\n", status, prefix, id, *reason ? " # " : "", reason);
	if (!strcmp(status, "not ok"))
		failed = true;
	fflush(stdout);
}

static void remember(const char *line)
{
	snprintf(last[nr_last % LAST_LINES], LINE_SIZE, "%s", line);
	nr_last++;
}

static void print_last(void)
{
	int i = nr_last > LAST_LINES ? nr_last - LAST_LINES : 0;

	for (; i < nr_last; i++)
		printf("        | %s\n", last[i % LAST_LINES]);
	nr_last = 0;
}

static void program_wrong(const char *reason)
{
	size_t len = strlen(current.wrong);

	snprintf(current.wrong + len, sizeof(current.wrong) - len, "%s%s", len ? "; " : "", reason);
}

/* A program may run several groups, each with a plan of its own, before or after its results. */
static void check_group(void)
{
	char reason[64];

	if (current.planned < 0 || current.results == current.planned)
		return;
	snprintf(reason, sizeof(reason), "%d results for %d planned tests", current.results,
		 current.planned);
	program_wrong(reason);
}

static void begin_program(const char *id)
{
	memset(&current, 0, sizeof(current));
	current.open = true;
	current.planned = -1;
	nr_last = 0;
	after_failure = false;
	snprintf(current.id, sizeof(current.id), "%s", id);
}

static void read_plan(const char *text)
{
	const char *skip = strstr(text, "# SKIP");

	if (current.planned >= 0) {
		check_group();
		current.results = 0;
	}
	current.planned = atoi(text);
	if (current.planned > 0)
		return;
	if (!skip || !skip[strlen("# SKIP ")]) {
		program_wrong("an empty plan without a reason");
		return;
	}
	record("skip", current.id, skip + strlen("# SKIP "));
}

/*
 * One result line, after "ok " or "not ok ". cmocka writes a skipped test as "not ok 1 # SKIP
 * name" and has no place for a reason: there the line printed before it is the reason.
 */
static void read_result(char *text, bool ok)
{
	char *skip = strstr(text, "# SKIP"), *name = text, *end;
	const char *reason = "";
	char id[600];

	current.results++;
	name += strspn(name, "0123456789");
	name += strspn(name, " -");
	if (skip && skip == name) {
		name += strlen("# SKIP");
		name += strspn(name, " ");
		if (nr_last)
			reason = last[(nr_last - 1) % LAST_LINES];
		reason += strspn(reason, "# ");
	} else if (skip) {
		*skip = '\0';
		reason = skip + strlen("# SKIP");
		reason += strspn(reason, " ");
	}
	end = name + strlen(name);
	while (end > name && isspace((unsigned char)end[-1]))
		*--end = '\0';
	for (end = name; *end; end++)
		if (isspace((unsigned char)*end))
			*end = '_';
	snprintf(id, sizeof(id), "%s.%s", current.id, name);

	if (skip && *reason) {
		record("skip", id, reason);
	} else if (ok && !skip) {
		record("ok", id, "");
	} else {
		record("not ok", id, skip ? "skipped without a reason" : "");
		current.failed_test = true;
		after_failure = true;
		print_last();
	}
	nr_last = 0;
}

static void read_subtest(char *line)
{
	if (!strncmp(line, "1..", 3)) {
		read_plan(line + 3);
	} else if (!strncmp(line, "ok ", 3) && isdigit((unsigned char)line[3])) {
		after_failure = false;
		read_result(line + 3, true);
	} else if (!strncmp(line, "not ok ", 7) && isdigit((unsigned char)line[7])) {
		after_failure = false;
		read_result(line + 7, false);
	} else if (after_failure && line[0] == '#') {
		printf("        | %s\n", line);
	} else {
		remember(line);
	}
}

static void end_program(const char *text, bool ok)
{
	const char *why = strstr(text, " # ");
	int i;

	/* cmocka exits with the number of failed tests: no news if one is known to have failed. */
	if (why && !(current.failed_test && !strncmp(why, " # exit status", 14)))
		program_wrong(why + 3);
	else if (!ok && !why)
		program_wrong("failed");
	if (current.planned < 0)
		program_wrong("printed no TAP plan");
	check_group();
	if (*current.wrong) {
		record("not ok", current.id, current.wrong);
		print_last();
	}
	printf("        %s.%s took %s s\n", prefix, current.id, current.seconds);
	fprintf(table, "time\t%s.%s\t%s\n", prefix, current.id, current.seconds);
	for (i = 0; i < nr_programs; i++)
		if (!strcmp(programs[i].id, current.id))
			programs[i].done = true;
	current.open = false;
}

static void read_line(char *line)
{
	char id[256], seconds[32];

	line[strcspn(line, "\r\n")] = '\0';
	if (sscanf(line, "    # Subtest: %255s", id) == 1)
		begin_program(id);
	else if (current.open && !strncmp(line, "    ", 4))
		read_subtest(line + 4);
	else if (sscanf(line, "# time %255s %31s", id, seconds) == 2)
		snprintf(current.seconds, sizeof(current.seconds), "%s", seconds);
	else if (!strncmp(line, "# kernel: ", 10))
		remember(line + 2);
	else if (current.open && !strncmp(line, "ok ", 3))
		end_program(line + 3, true);
	else if (current.open && !strncmp(line, "not ok ", 7))
		end_program(line + 7, false);
	else if (!strcmp(line, "# end of run"))
		ended = true;
}

static void load_plan(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[LINE_SIZE];

	if (!file)
		die("cannot open", path);
	while (nr_programs < MAX_PROGRAMS && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\t\n")] = '\0';
		snprintf(programs[nr_programs++].id, sizeof(programs[0].id), "%.255s", line);
	}
	fclose(file);
}

int main(int argc, char **argv)
{
	char line[LINE_SIZE];
	bool broken = false;
	int i;

	if (argc != 4) {
		fprintf(stderr, "usage: ktap PREFIX PLAN RESULTS < KTAP\n");
		return 2;
	}
	prefix = argv[1];
	load_plan(argv[2]);
	table = fopen(argv[3], "a");
	if (!table)
		die("cannot append to", argv[3]);

	while (fgets(line, sizeof(line), stdin))
		read_line(line);

	for (i = 0; i < nr_programs; i++) {
		bool running = current.open && !strcmp(programs[i].id, current.id);

		if (programs[i].done)
			continue;
		broken = true;
		record("not ok", programs[i].id,
		       running ? "the run ended while it ran" : "did not run");
		if (running)
			print_last();
	}
	if (!ended && !broken)
		record("not ok", "end", "the run has no end marker");
	return failed;
}
