// SPDX-License-Identifier: GPL-2.0-only
/*
 * A failing run as a person reads it: one column for each task, a source line for each step. Only
 * here are addresses turned into lines, by addr2line.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "explorer.h"

#define LINES_MAX   4096
#define SHOWN_LINES 8 /* of a task between two switches */

/* Where a return address leads to, the innermost place that is not the hosted kernel's own. */
struct place {
	const void *ip;
	bool hosted; /* there is none */
	char function[64];
	char file[256];
	unsigned int line;
};

static struct place *places;
static unsigned int count;

static int compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	return left->ip < right->ip ? -1 : left->ip > right->ip;
}

static void add_place(const void *ip)
{
	for (unsigned int i = 0; i < count; i++) {
		if (places[i].ip == ip)
			return;
	}
	if (count < LINES_MAX)
		places[count++] = (struct place){ .ip = ip, .hosted = true };
}

static struct place *find_place(const void *ip)
{
	struct place key = { .ip = ip };

	return bsearch(&key, places, count, sizeof(key), compare_places);
}

/* One "function, file:line" of addr2line; the first comes from the innermost inlined function. */
static void set_place(struct place *place, const char *function, char *position)
{
	char *colon = strrchr(position, ':');

	if (!place->hosted)
		return;
	if (!colon || *position == '?')
		return;
	*colon = '\0';
	if (place->line && strstr(position, "/hosted/"))
		return;
	place->hosted = strstr(position, "/hosted/");
	place->line = strtoul(colon + 1, NULL, 10);
	snprintf(place->function, sizeof(place->function), "%.63s", function);
	snprintf(place->file, sizeof(place->file), "%.255s", position);
}

static void read_places(FILE *pipe)
{
	char function[256], position[1024];
	struct place *place = NULL;

	while (fgets(function, sizeof(function), pipe)) {
		function[strcspn(function, "\n")] = '\0';
		if (!strncmp(function, "0x", 2)) {
			place = find_place((char *)strtoul(function, NULL, 16) + 1);
			continue;
		}
		if (!fgets(position, sizeof(position), pipe))
			return;
		position[strcspn(position, " \n")] = '\0';
		if (place)
			set_place(place, function, position);
	}
}

static void find_places(void)
{
	char program[512], *command;
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	size_t used;
	FILE *pipe;

	for (unsigned int i = 1; i <= explorer->length; i++) {
		const struct frames *frames = &explorer->record.frames[i];

		for (unsigned int j = 0; j < frames->count; j++)
			add_place(frames->ip[j]);
	}
	qsort(places, count, sizeof(*places), compare_places);
	command = malloc(sizeof(program) + 64 + 20 * count);
	program[length > 0 ? length : 0] = '\0';
	used = sprintf(command, "addr2line -aife '%s'", program);
	for (unsigned int i = 0; i < count; i++)
		used += sprintf(command + used, " %p", (const char *)places[i].ip - 1);
	pipe = popen(command, "r");
	if (pipe) {
		read_places(pipe);
		pclose(pipe);
	}
	free(command);
}

/* The place of an event: the innermost that is not the hosted kernel's, else the innermost. */
static const struct place *place_of(unsigned int event)
{
	const struct frames *frames = &explorer->record.frames[event];
	const struct place *inner = NULL;

	for (unsigned int i = 0; i < frames->count; i++) {
		const struct place *place = find_place(frames->ip[i]);

		if (!place || !place->line)
			continue;
		if (!place->hosted)
			return place;
		if (!inner)
			inner = place;
	}
	return inner;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void source_line(const struct place *place, char *line, size_t size)
{
	FILE *file = fopen(place->file, "r");
	size_t indent;

	*line = '\0';
	if (!file)
		return;
	for (unsigned int i = 0; i < place->line; i++) {
		if (!fgets(line, size, file))
			*line = '\0';
	}
	fclose(file);
	indent = strspn(line, "\t ");
	memmove(line, line + indent, strlen(line) + 1 - indent);
	line[strcspn(line, "\n")] = '\0';
}

static const char *const op_names[] = {
	[HOSTED_READ] = "read",
	[HOSTED_WRITE] = "write",
	[HOSTED_MARKED_READ] = "marked read",
	[HOSTED_MARKED_WRITE] = "marked write",
	[HOSTED_ATOMIC] = "atomic",
	[HOSTED_LOCK] = "lock",
	[HOSTED_TRYLOCK] = "trylock",
	[HOSTED_UNLOCK] = "unlock",
	[HOSTED_SLEEP] = "wakes up",
	[HOSTED_WAKE] = "wake",
	[HOSTED_STEP] = "gives way",
};

static void describe(unsigned int event, char *text, size_t size)
{
	const struct place *place = place_of(event);
	char line[200];

	if (!place) {
		snprintf(text, size, "%s",
			 explorer->record.frames[event].count ?
				 op_names[explorer->events[event].access.op] :
				 "starts");
		return;
	}
	source_line(place, line, sizeof(line));
	snprintf(text, size, "%.60s:%u %.200s", base_name(place->file), place->line,
		 *line ? line : place->function);
}

/* The columns: a task each, in the order in which they first run. */
static struct {
	unsigned int count, width;
	unsigned int task[HOSTED_TASKS];
} columns;

static unsigned int column_of(unsigned int task)
{
	unsigned int i = 0;

	while (i < columns.count && columns.task[i] != task)
		i++;
	return i;
}

static void lay_out(void)
{
	struct winsize window = { .ws_col = 0 };

	columns.count = 0;
	for (unsigned int i = 1; i <= explorer->length; i++) {
		unsigned int task = explorer->events[i].task;

		if (column_of(task) == columns.count)
			columns.task[columns.count++] = task;
	}
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
	columns.width = (window.ws_col ? window.ws_col : 132) / (columns.count ? columns.count : 1);
	if (columns.width < 24)
		columns.width = 24;
}

static void put_cell(unsigned int column, const char *text)
{
	int room = columns.width - 3;

	for (unsigned int i = 0; i < column; i++)
		printf("%-*s| ", (int)columns.width - 2, "");
	printf("%.*s\n", room, text);
}

static void put_head(void)
{
	for (unsigned int i = 0; i < columns.count; i++) {
		char head[80];

		snprintf(head, sizeof(head), "%u %s", columns.task[i],
			 hosted_tasks[columns.task[i]].name);
		printf("%s%-*.*s", i ? "| " : "", (int)columns.width - 2, (int)columns.width - 3,
		       head);
	}
	putchar('\n');
	for (unsigned int i = 0; i < columns.count * columns.width; i++)
		putchar('-');
	putchar('\n');
}

static void put_notes(unsigned int event, unsigned int column)
{
	char text[140];

	for (unsigned int i = 0; i < explorer->record.notes; i++) {
		if (explorer->record.note[i].event != event)
			continue;
		snprintf(text, sizeof(text), "  * %s", explorer->record.note[i].text);
		put_cell(column, text);
	}
}

/* The events from first to last, all of one task: each line once, the middle of many left out. */
static void put_block(unsigned int first, unsigned int last)
{
	unsigned int column = column_of(explorer->events[first].task), shown = 0, left_out = 0;
	char text[300], before[300] = "";

	for (unsigned int i = first; i <= last; i++) {
		bool near_end = last - i < SHOWN_LINES / 2;

		describe(i, text, sizeof(text));
		if (strcmp(text, before)) {
			if (shown < SHOWN_LINES / 2 || near_end) {
				if (left_out)
					put_cell(column, "...");
				left_out = 0;
				put_cell(column, text);
				shown++;
			} else {
				left_out++;
			}
		}
		strcpy(before, text);
		put_notes(i, column);
	}
}

static void put_race(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct event *event = &explorer->events[explorer->race[i]];
		char text[300];

		describe(explorer->race[i], text, sizeof(text));
		printf("  %s of %u bytes at %#lx by %s: %s\n", op_names[event->access.op],
		       event->access.size, event->access.addr, hosted_tasks[event->task].name,
		       text);
	}
}

void report_interleaving(void)
{
	unsigned int first = 1;

	places = calloc(LINES_MAX, sizeof(*places));
	count = 0;
	find_places();
	if (explorer->race[0])
		put_race();
	lay_out();
	putchar('\n');
	put_head();
	for (unsigned int i = 1; i <= explorer->length; i++) {
		if (i < explorer->length &&
		    explorer->events[i + 1].task == explorer->events[i].task)
			continue;
		put_block(first, i);
		first = i + 1;
	}
	free(places);
}
