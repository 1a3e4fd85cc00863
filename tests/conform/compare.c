// SPDX-License-Identifier: GPL-2.0-only
/*
 * conform_compare: compares the traces of a kernel with those of the hosted one. What is said in
 * the table of differences must be so; all else must be the same. Prints TAP: a test for a script.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "differences.h"

#define MAX_SCRIPTS 1024
/* Lines of a trace that differs. */
#define SHOWN 16

/* A file of traces, cut at the lines that name scripts. */
struct traces {
	unsigned int count;
	char *name[MAX_SCRIPTS];
	char *text[MAX_SCRIPTS];
};

static const char *kernel;

static void usage(FILE *to)
{
	fprintf(to,
		"usage: conform_compare KERNEL REAL HOSTED\n"
		"       conform_compare --broken NAME KERNEL REAL HOSTED BROKEN\n"
		"Compare the traces in REAL, of conform_guest, and HOSTED, of conform_hosted, as the\n"
		"table for KERNEL (6.1) says. With --broken: each script in which BROKEN differs\n"
		"from HOSTED must differ from REAL, and there must be some.\n"
		"Exit status: 0 they are the same, 1 they are not, 2 bad usage.\n");
}

static void __attribute__((noreturn)) fail(const char *what, const char *name)
{
	fprintf(stderr, "conform_compare: %s %s: %s\n", what, name, strerror(errno));
	exit(2);
}

/* ---- files */

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;

	if (!file)
		fail("cannot open", path);
	/* There is no such character in it. */
	if (getdelim(&text, &size, '\0', file) < 0)
		fail("nothing in", path);
	fclose(file);
	return text;
}

static void read_traces(const char *path, struct traces *traces)
{
	char *next, *text = read_file(path);

	for (; text && !strncmp(text, "= ", 2); text = next) {
		if (traces->count == MAX_SCRIPTS)
			fail("too many scripts in", path);
		next = strstr(text, "\n= ");
		if (next)
			*next++ = 0;
		traces->name[traces->count] = strtok(text + 2, "\n");
		traces->text[traces->count] = text + strlen(text) + 1;
		traces->count++;
	}
	if (text || !traces->count) {
		fprintf(stderr, "conform_compare: %s: does not begin with '= SCRIPT'\n", path);
		exit(2);
	}
}

static const char *find(const struct traces *traces, const char *name)
{
	unsigned int i;

	for (i = 0; i < traces->count; i++)
		if (!strcmp(traces->name[i], name))
			return traces->text[i];
	return "";
}

/* ---- comparison */

/* What the hosted kernel should have said, if it were the other one; NULL: the table is wrong. */
static char *replace(char *text, const struct difference *difference)
{
	char *at = strstr(text, difference->hosted), *result;

	if (!at || strstr(at + 1, difference->hosted)) {
		printf("# the table says of %s on %s what is not once in the hosted trace:\n# %s\n",
		       difference->script, difference->kernel, difference->reason);
		free(text);
		return NULL;
	}
	if (asprintf(&result, "%.*s%s%s", (int)(at - text), text, difference->real,
		     at + strlen(difference->hosted)) < 0)
		fail("no memory for", difference->script);
	free(text);
	return result;
}

static char *expected(const char *name, const char *hosted)
{
	char *text = strdup(hosted);
	unsigned int i;

	for (i = 0; i < nr_differences && text; i++)
		if (!strcmp(differences[i].kernel, kernel) && !strcmp(differences[i].script, name))
			text = replace(text, &differences[i]);
	return text;
}

static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

static const char *next_line(const char *text)
{
	text += line_length(text);
	return *text ? text + 1 : text;
}

/* From the step in which the difference is. */
static void print_side(const char *side, const char *text, const char *at)
{
	unsigned int i;

	while (at > text && !(*at == '>' && at[-1] == '\n'))
		at--;
	printf("# %s:\n", side);
	for (i = 0; i < SHOWN && *at; i++, at = next_line(at))
		printf("#     %.*s\n", (int)line_length(at), at);
}

static void print_difference(const char *real, const char *hosted)
{
	const char *a = real, *b = hosted;

	while (*a && line_length(a) == line_length(b) && !strncmp(a, b, line_length(a))) {
		a = next_line(a);
		b = next_line(b);
	}
	printf("# first difference: kernel '%.*s', hosted '%.*s'\n", (int)line_length(a), a,
	       (int)line_length(b), b);
	print_side("kernel", real, a);
	print_side("hosted", hosted, b);
}

static bool is_same(const char *name, const char *real, const char *hosted, bool say)
{
	char *text = expected(name, hosted);
	bool same = text && *text && !strcmp(real, text);

	if (!same && text && say)
		print_difference(real, text);
	free(text);
	return same;
}

/* ---- tests */

/*
 * Which pages compaction takes is the kernel's business: it may not have taken that of the script,
 * however often it was asked.
 */
static bool is_compacted(const char *text)
{
	return strstr(text, "> compact ") && !strstr(text, " = -11\n");
}

static bool is_passed_over(const char *real, const char *hosted)
{
	return is_compacted(hosted) && strstr(real, "> compact ") && !is_compacted(real);
}

static int compare(const char *real_path, const char *hosted_path)
{
	static struct traces real, hosted;
	unsigned int i, failed = 0, compacted = 0, passed_over = 0;

	read_traces(real_path, &real);
	read_traces(hosted_path, &hosted);
	printf("1..%u\n", hosted.count);
	for (i = 0; i < hosted.count; i++) {
		const char *text = find(&real, hosted.name[i]);
		bool same;

		if (is_passed_over(text, hosted.text[i])) {
			printf("ok %u - %s # SKIP compaction did not take the page\n", i + 1,
			       hosted.name[i]);
			passed_over++;
			continue;
		}
		same = is_same(hosted.name[i], text, hosted.text[i], true);
		printf("%s %u - %s\n", same ? "ok" : "not ok", i + 1, hosted.name[i]);
		failed += !same;
		compacted += same && is_compacted(text);
	}
	if (passed_over > compacted) {
		printf("# compaction took the page of %u scripts and not that of %u\n", compacted,
		       passed_over);
		failed++;
	}
	if (real.count > hosted.count)
		printf("# the kernel has done %u scripts more\n", real.count - hosted.count);
	return failed || real.count > hosted.count ? 1 : 0;
}

/* Only scripts whose trace the fault has changed count. */
static int compare_broken(const char *name, const char *real_path, const char *hosted_path,
			  const char *broken_path)
{
	static struct traces real, hosted, broken;
	unsigned int i, changed = 0, missed = 0;

	read_traces(real_path, &real);
	read_traces(hosted_path, &hosted);
	read_traces(broken_path, &broken);
	for (i = 0; i < broken.count; i++) {
		if (!strcmp(broken.text[i], find(&hosted, broken.name[i])))
			continue;
		changed++;
		if (!is_same(broken.name[i], find(&real, broken.name[i]), broken.text[i], false))
			continue;
		printf("# not seen in %s\n", broken.name[i]);
		missed++;
	}
	printf("# %s: %u scripts differ from the kernel\n", name, changed - missed);
	return !changed || missed ? 1 : 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	if (argc == 4) {
		kernel = argv[1];
		return compare(argv[2], argv[3]);
	}
	if (argc == 7 && !strcmp(argv[1], "--broken")) {
		kernel = argv[3];
		return compare_broken(argv[2], argv[4], argv[5], argv[6]);
	}
	usage(stderr);
	return 2;
}
