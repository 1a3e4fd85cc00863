// SPDX-License-Identifier: GPL-2.0-only
/* From the table of scripts to steps, and from steps to text: the same for both sides. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"
#include "scripts.h"

enum where { INSIDE, OUTSIDE };
enum times { ONCE, REPEATED };

static const struct {
	const char *name;
	enum where where;
	enum times times;
} ops[CONFORM_NR_OPS] = {
#define CONFORM_ROW(name, where, times) { #name, where, times },
	CONFORM_OPS(CONFORM_ROW)
#undef CONFORM_ROW
};

static const char *const kinds[CONFORM_NR_KINDS] = {
	"anon", "shared", "file", "disk", "private", "thp",
};

int conform_is_outside(enum conform_op op)
{
	return ops[op].where == OUTSIDE;
}

/* ---- reading */

static void __attribute__((noreturn)) slip(const char *name, const char *what, const char *text)
{
	fprintf(stderr, "scripts.c: %s: %s '%s'\n", name, what, text);
	exit(2);
}

static unsigned long whole(enum conform_kind kind)
{
	return kind == CONFORM_THP ? 512 : 4;
}

/* "all", "last", "3", "1-3", or nothing, which is all. */
static bool parse_range(const char *text, struct conform_step *step)
{
	int length = 0;

	step->first = 0;
	step->end = whole(step->kind);
	if (!text || !strcmp(text, "all"))
		return true;
	if (!strcmp(text, "last")) {
		step->first = step->end - 1;
		return true;
	}
	if (sscanf(text, "%lu-%lu%n", &step->first, &step->end, &length) == 2)
		return !text[length] && step->first < step->end;
	if (sscanf(text, "%lu%n", &step->first, &length) != 1 || text[length])
		return false;
	step->end = step->first + 1;
	return true;
}

static void parse_op(const char *script, const char *name, struct conform_step *step)
{
	unsigned int i;

	for (i = 0; i < CONFORM_NR_OPS; i++) {
		if (name && !strcmp(name, ops[i].name)) {
			step->op = i;
			return;
		}
	}
	slip(script, "no operation", name ?: "");
}

static void parse_step(const char *script, const char *text, enum conform_kind kind,
		       struct conform_step *step)
{
	char copy[sizeof(step->text)], *word, *rest;

	if (strlen(text) >= sizeof(copy))
		slip(script, "too long:", text);
	strcpy(step->text, text);
	strcpy(copy, text);
	step->kind = kind;
	word = strtok_r(copy, " ", &rest);
	step->in_child = word && !strcmp(word, "child");
	if (step->in_child)
		word = strtok_r(NULL, " ", &rest);
	parse_op(script, word, step);
	if (!parse_range(strtok_r(NULL, " ", &rest), step))
		slip(script, "no pages in", text);
	word = strtok_r(NULL, " ", &rest);
	step->number = word ? strtoul(word, &word, 10) : 0;
	if (word && *word)
		slip(script, "no number at the end of", text);
}

static void add_steps(struct conform_run *run, const char *steps, enum conform_kind kind)
{
	char copy[512], *text, *rest;

	snprintf(copy, sizeof(copy), "%s", steps);
	for (text = strtok_r(copy, ";", &rest); text; text = strtok_r(NULL, ";", &rest)) {
		if (run->nr_steps == CONFORM_MAX_STEPS)
			slip(run->name, "too many steps:", steps);
		parse_step(run->name, text + strspn(text, " "), kind, &run->steps[run->nr_steps++]);
	}
}

/* A script that does not begin with what is mapped finds all mapped, written and recorded. */
static void add_run(struct conform_run *run, const struct conform_script *script,
		    enum conform_kind kind)
{
	snprintf(run->name, sizeof(run->name), "%s.%s", script->name, kinds[kind]);
	if (strncmp(script->steps, "map ", 4))
		add_steps(run, "map all; store all; record", kind);
	add_steps(run, script->steps, kind);
}

static bool names_kind(const char *list, const char *kind)
{
	size_t length = strlen(kind);

	for (; *list; list += strspn(list, " ")) {
		if (strcspn(list, " ") == length && !strncmp(list, kind, length))
			return true;
		list += strcspn(list, " ");
	}
	return false;
}

const struct conform_run *conform_runs(unsigned int *count)
{
	struct conform_run *runs = calloc(conform_nr_scripts * CONFORM_NR_KINDS, sizeof(*runs));
	unsigned int i, kind;

	*count = 0;
	for (i = 0; runs && i < conform_nr_scripts; i++)
		for (kind = 0; kind < CONFORM_NR_KINDS; kind++)
			if (names_kind(conform_scripts[i].kinds, kinds[kind]))
				add_run(&runs[(*count)++], &conform_scripts[i], kind);
	return runs;
}

/* ---- writing */

/* Without lines that say again what the lines before them have said. */
static void shorten(char *trace)
{
	size_t length, from;
	char *end;

	for (from = 0; trace[from]; from += strcspn(trace + from, "\n") + 1) {
		for (end = strchr(trace + from, '\n'); end; end = strchr(end + 1, '\n')) {
			length = end + 1 - (trace + from);
			while (!strncmp(trace + from, trace + from + length, length))
				memmove(trace + from, trace + from + length,
					strlen(trace + from + length) + 1);
		}
	}
}

void conform_print(const struct conform_step *step, long result, char *trace)
{
	if (ops[step->op].times == REPEATED)
		shorten(trace);
	printf("> %s = %ld\n%s", step->text, result, trace);
}
