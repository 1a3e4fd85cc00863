// SPDX-License-Identifier: GPL-2.0-only
/* Copy on write, from both sides. */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

enum { BOTH_WRITE, CHILD_WRITES, PARENT_WRITES };

/* The child's copies are nobody's: whoever writes a stamp to one uses a page that is not his. */
static int spoil_and_watch(const struct span *span)
{
	volatile uint64_t *words;
	size_t i;
	int changed = 0;

	for (i = 0; i < span->pages; i++) {
		words = (uint64_t *)(span->addr + i * PAGE);
		words[XT_WORD_CPU] = words[XT_WORD_DEVICE] = ~0ULL;
	}
	nap_us(2000);
	for (i = 0; i < span->pages; i++) {
		words = (uint64_t *)(span->addr + i * PAGE);
		changed |= words[XT_WORD_CPU] != ~0ULL || words[XT_WORD_DEVICE] != ~0ULL;
	}
	return changed;
}

static int watch(const struct span *span)
{
	volatile uint64_t *word = (uint64_t *)span->addr + XT_WORD_CPU;
	uint64_t seen = *word;

	nap_us(2000);
	return *word != seen;
}

static int fork_and_write(struct op *op, struct span *span)
{
	int status = 0;
	pid_t pid;

	span_write(span);
	pid = fork();
	if (!pid)
		_exit(op->arg == PARENT_WRITES ? watch(span) : spoil_and_watch(span));
	if (pid < 0)
		return -errno;
	if (op->arg != CHILD_WRITES)
		span_write(span);
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	if (status)
		cpu_wrong++;
	span_write(span);
	return 0;
}

#define FORK(NAME, ARG)                                                                     \
	{                                                                                   \
		.name = NAME, .run = fork_and_write, .on = ANON | THP | MERGED, .arg = ARG, \
		.exclusive = true                                                           \
	}

static struct op ops[] = {
	FORK("fork-both-write", BOTH_WRITE),
	FORK("fork-child-writes", CHILD_WRITES),
	FORK("fork-parent-writes", PARENT_WRITES),
};
struct table fork_table = TABLE(ops);
