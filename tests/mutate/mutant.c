// SPDX-License-Identifier: GPL-2.0-only
/*
 * Linked into each program with mutants. The environment says what is wanted:
 *
 *   XMMU_MUTANT=list       print all of them, and end
 *   XMMU_MUTANT=LINE       one of the printed lines: choose it; status 3 if it is not here
 *   XMMU_REACHED=FILE      add those to the file that the program has come to
 *
 * They are found before anything else of the program runs, so what it restores has them, too. What
 * was reached lies outside of that.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mutant.h"

extern struct mutant *__start_mutants[] __attribute__((weak));
extern struct mutant *__stop_mutants[] __attribute__((weak));

static char *reached;
static const char *reached_file;

#define for_each_mutant(entry) \
	for (struct mutant * *(entry) = __start_mutants; (entry) < __stop_mutants; (entry)++)

_Bool mutant_is_chosen(const struct mutant *mutant)
{
	if (reached)
		reached[mutant->number] = 1;
	return mutant->chosen;
}

static const char *file_of(const struct mutant *mutant)
{
	return strncmp(mutant->file, "./", 2) ? mutant->file : mutant->file + 2;
}

static char *line_of(const struct mutant *mutant)
{
	char *line;

	if (asprintf(&line, "%s\t%s\t%s\t%d\t%s", file_of(mutant), mutant->function, mutant->kind,
		     mutant->line, mutant->text) < 0)
		abort();
	return line;
}

/*
 * The call that a swap puts off: the nearest one before it with the same text. NULL: it is one that
 * is left alone.
 */
static struct mutant *put_off(const struct mutant *swap)
{
	struct mutant *found = NULL;

	for_each_mutant(entry)
	{
		struct mutant *m = *entry;

		if (!strcmp(m->kind, "delete") && !strcmp(m->file, swap->file) &&
		    !strcmp(m->text, swap->text) && m->line < swap->line &&
		    (!found || m->line > found->line))
			found = m;
	}
	return found;
}

static _Bool is_swap(const struct mutant *mutant)
{
	return !strcmp(mutant->kind, "swap");
}

/* A condition in the second copy of a call, which only a swap runs. */
static _Bool is_copy(const struct mutant *mutant)
{
	for_each_mutant(entry)
	{
		const struct mutant *m = *entry;

		if (is_swap(m) && m->line == mutant->line && !strcmp(m->file, mutant->file))
			return !is_swap(mutant);
	}
	return 0;
}

static void list(void)
{
	for_each_mutant(entry) if (is_swap(*entry) ? !!put_off(*entry) : !is_copy(*entry))
		puts(line_of(*entry));
}

/* A program with several drivers has the SDK several times. */
static _Bool choose_line(const char *line)
{
	_Bool here = 0;

	for_each_mutant(entry)
	{
		if (strcmp(line_of(*entry), line))
			continue;
		(*entry)->chosen = 1;
		here = 1;
	}
	return here;
}

static _Bool choose(const char *line)
{
	_Bool here = choose_line(line);

	for_each_mutant(entry) if (is_swap(*entry) && (*entry)->chosen)
		choose_line(line_of(put_off(*entry)));
	return here;
}

static void write_reached(void)
{
	FILE *file = fopen(reached_file, "a");

	if (!file)
		abort();
	for_each_mutant(entry) if (reached[(*entry)->number])
		fprintf(file, "%s\n", line_of(*entry));
	fclose(file);
}

static void __attribute__((constructor)) start(void)
{
	const char *wanted = getenv("XMMU_MUTANT");
	unsigned int number = 0;

	for_each_mutant(entry)(*entry)->number = number++;
	if (wanted && !strcmp(wanted, "list")) {
		list();
		exit(0);
	}
	if (wanted && !choose(wanted))
		exit(3);
	reached_file = getenv("XMMU_REACHED");
	if (reached_file && number) {
		reached = mmap(NULL, number, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
			       0);
		atexit(write_reached);
	}
}
