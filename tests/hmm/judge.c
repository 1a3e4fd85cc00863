// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes a table of what the kernel's hmm-tests has printed in guests, against our driver and, where
 * the kernel has it, against test_hmm, and judges ours: what passes with test_hmm must pass with
 * ours. Without test_hmm to compare with, a list says what can not pass; all else must.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TESTS   256
#define MAX_KERNELS 8

enum result { MISSING, PASS, FAIL, SKIP };
static const char *const words[] = { "-", "pass", "FAIL", "skip" };

struct run {
	bool exists;
	enum result result[MAX_TESTS];
};

static char names[MAX_TESTS][96];
static unsigned int nr_tests;

static struct {
	const char *name;
	struct run ours, theirs;
} kernels[MAX_KERNELS];
static unsigned int nr_kernels;

/* The list, by test; NULL: it can pass. */
static char *reasons[MAX_TESTS];
static enum result listed[MAX_TESTS];

static unsigned int problems;

static void __attribute__((noreturn)) fail(const char *what, const char *which)
{
	fprintf(stderr, "hmm-judge: %s %s\n", what, which);
	exit(2);
}

static unsigned int test_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_tests; i++)
		if (!strcmp(names[i], name))
			return i;
	if (nr_tests == MAX_TESTS || strlen(name) >= sizeof(names[0]))
		fail("too many tests, or too long a name:", name);
	strcpy(names[nr_tests], name);
	return nr_tests++;
}

/* ---- what was printed */

static void read_line(struct run *run, const char *line)
{
	bool ok = !strncmp(line, "ok ", 3);
	char name[96];

	if (sscanf(line, ok ? "ok %*u %95s" : "not ok %*u %95s", name) != 1)
		return;
	run->result[test_of(name)] = !ok ? FAIL : strstr(line, "# SKIP") ? SKIP : PASS;
}

static void read_run(struct run *run, const char *folder, const char *kernel, const char *who)
{
	char path[512], line[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.%s", folder, kernel, who);
	file = fopen(path, "re");
	if (!file && errno != ENOENT)
		fail("cannot read", path);
	if (!file)
		return;
	run->exists = true;
	while (fgets(line, sizeof(line), file))
		read_line(run, line);
	fclose(file);
}

/* Lines of test, "fail" or "skip", and reason. */
static void read_list(const char *path)
{
	char line[512], *test, *how, *reason;
	FILE *file = fopen(path, "re");

	if (!file)
		fail("cannot read", path);
	while (fgets(line, sizeof(line), file)) {
		test = strtok(line, "\t\n");
		how = strtok(NULL, "\t\n");
		reason = strtok(NULL, "\t\n");
		if (!test || *test == '#')
			continue;
		if (!reason || (strcmp(how, "fail") && strcmp(how, "skip")))
			fail("not test, fail or skip, and reason:", test);
		reasons[test_of(test)] = strdup(reason);
		listed[test_of(test)] = *how == 'f' ? FAIL : SKIP;
	}
	fclose(file);
}

/* ---- what is said of it */

static void complain(const char *kernel, const char *test, const char *why)
{
	printf("not ok %s %s: %s\n", kernel, test, why);
	problems++;
}

static void judge_by_theirs(unsigned int k, unsigned int i)
{
	if (kernels[k].theirs.result[i] == PASS && kernels[k].ours.result[i] != PASS)
		complain(kernels[k].name, names[i], "passes with test_hmm and not with our driver");
}

static void judge_by_list(unsigned int k, unsigned int i)
{
	enum result result = kernels[k].ours.result[i];

	if (reasons[i] && result == PASS)
		complain(kernels[k].name, names[i], "passes: take it off the list");
	else if (reasons[i] && result != listed[i])
		complain(kernels[k].name, names[i], "is not what the list says");
	else if (!reasons[i] && result != PASS && result != MISSING)
		complain(kernels[k].name, names[i], "does not pass, and is not on the list");
}

static void judge(unsigned int k)
{
	unsigned int i, passed = 0, theirs = 0;

	for (i = 0; i < nr_tests; i++) {
		passed += kernels[k].ours.result[i] == PASS;
		theirs += kernels[k].theirs.result[i] == PASS;
		if (kernels[k].theirs.exists)
			judge_by_theirs(k, i);
		else
			judge_by_list(k, i);
	}
	if (!passed)
		complain(kernels[k].name, "hmm-tests", "nothing has passed");
	if (kernels[k].theirs.exists && !theirs)
		complain(kernels[k].name, "test_hmm", "nothing has passed to compare with");
}

static void print_cell(unsigned int k, unsigned int i)
{
	char text[16];

	if (kernels[k].theirs.exists)
		snprintf(text, sizeof(text), "%s/%s", words[kernels[k].ours.result[i]],
			 words[kernels[k].theirs.result[i]]);
	else
		snprintf(text, sizeof(text), "%s", words[kernels[k].ours.result[i]]);
	printf("  %-9s", text);
}

static void print_counts(const char *name, const char *who, const struct run *run)
{
	unsigned int i, count[4] = { 0 };

	for (i = 0; i < nr_tests; i++)
		count[run->result[i]]++;
	if (run->exists)
		printf("%s %s: %u passed, %u failed, %u skipped\n", name, who, count[PASS],
		       count[FAIL], count[SKIP]);
}

static void print_table(void)
{
	unsigned int i, k;

	printf("%-55s", "ours/theirs");
	for (k = 0; k < nr_kernels; k++)
		printf("  %-9s", kernels[k].name);
	printf("\n");
	for (i = 0; i < nr_tests; i++) {
		printf("%-55s", names[i]);
		for (k = 0; k < nr_kernels; k++)
			print_cell(k, i);
		printf("\n");
	}
	for (k = 0; k < nr_kernels; k++) {
		print_counts(kernels[k].name, "ours", &kernels[k].ours);
		print_counts(kernels[k].name, "theirs", &kernels[k].theirs);
	}
}

static void print_list(void)
{
	unsigned int i;

	printf("On kernels without test_hmm these can not pass:\n");
	for (i = 0; i < nr_tests; i++)
		if (reasons[i])
			printf("  %s: %s\n", names[i], reasons[i]);
}

int main(int argc, char **argv)
{
	unsigned int listed_kernels = 0;
	int i;

	if (argc < 4 || argc - 3 > MAX_KERNELS) {
		fprintf(stderr,
			"usage: hmm-judge FOLDER LIST KERNEL...\n"
			"Judge FOLDER/KERNEL.ours by FOLDER/KERNEL.theirs, or else by LIST.\n"
			"Exit status: 0 good, 1 not, 2 could not be judged.\n");
		return 2;
	}
	for (i = 3; i < argc; i++, nr_kernels++) {
		kernels[nr_kernels].name = argv[i];
		read_run(&kernels[nr_kernels].ours, argv[1], argv[i], "ours");
		read_run(&kernels[nr_kernels].theirs, argv[1], argv[i], "theirs");
		listed_kernels += !kernels[nr_kernels].theirs.exists;
	}
	if (listed_kernels)
		read_list(argv[2]);
	print_table();
	if (listed_kernels)
		print_list();
	for (i = 0; i < (int)nr_kernels; i++)
		judge(i);
	return problems > 0;
}
