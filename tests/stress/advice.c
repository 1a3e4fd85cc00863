// SPDX-License-Identifier: GPL-2.0-only
/* Every madvise() that the kernel may know. */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "stress.h"

/* What takes an advice back, if anything does. */
static const struct {
	int advice, undo;
} undos[] = {
	{ MADV_RANDOM, MADV_NORMAL },         { MADV_SEQUENTIAL, MADV_NORMAL },
	{ MADV_DONTFORK, MADV_DOFORK },       { MADV_WIPEONFORK, MADV_KEEPONFORK },
	{ MADV_DONTDUMP, MADV_DODUMP },       { MADV_MERGEABLE, MADV_UNMERGEABLE },
	{ MADV_HUGEPAGE, MADV_NOHUGEPAGE },   { ADVICE_GUARD_INSTALL, ADVICE_GUARD_REMOVE },
	{ MADV_UNMERGEABLE, MADV_MERGEABLE },
};

static int advise(struct op *op, struct span *span)
{
	int ret = call(madvise(span->addr, span->size, op->arg));
	size_t i;

	for (i = 0; i < sizeof(undos) / sizeof(undos[0]); i++) {
		if (undos[i].advice == op->arg) {
			nap_us(pick(100));
			ret = call(madvise(span->addr, span->size, undos[i].undo)) ?: ret;
		}
	}
	return ret;
}

/* Of one page: what the kernel can not do to a page once costs the page. */
static int offline(struct op *op, struct span *span)
{
	*(volatile char *)(span->addr + 64) = 1;
	return call(madvise(span->addr, PAGE, op->arg));
}

static int collapse(struct op *op, struct span *span)
{
	return span_map_small(span) ?: call(madvise(span->addr, span->size, op->arg));
}

static const char *unknown_advice(struct op *op)
{
	char *reason;

	/* Of nothing, which is fine if the advice is known. */
	if (!madvise(ARENA, 0, op->arg))
		return NULL;
	return asprintf(&reason, "this kernel knows no advice %d", op->arg) < 0 ? "unknown advice" :
										  reason;
}

#define ADVICE(NAME, ADVICE, ON, ...)                                                             \
	{                                                                                         \
		.name = "madvise-" NAME, .run = advise, .missing = unknown_advice, .arg = ADVICE, \
		.on = ON, ##__VA_ARGS__                                                           \
	}

static struct op ops[] = {
	ADVICE("normal", MADV_NORMAL, EVERY),
	ADVICE("random", MADV_RANDOM, EVERY),
	ADVICE("sequential", MADV_SEQUENTIAL, EVERY),
	ADVICE("willneed", MADV_WILLNEED, EVERY & ~HUGETLB),
	ADVICE("dontneed", MADV_DONTNEED, EVERY, .destroys = PRIVATE),
	ADVICE("dontneed-huge", MADV_DONTNEED, THP, .destroys = THP, .flags = WHOLE),
	ADVICE("dontneed-locked", MADV_DONTNEED_LOCKED, EVERY, .destroys = PRIVATE),
	ADVICE("free", MADV_FREE, PRIVATE, .empties = PRIVATE),
	ADVICE("remove", MADV_REMOVE, FILES | HUGETLB, .destroys = FILES | HUGETLB),
	ADVICE("dontfork", MADV_DONTFORK, EVERY),
	ADVICE("wipeonfork", MADV_WIPEONFORK, PRIVATE),
	ADVICE("dontdump", MADV_DONTDUMP, EVERY & ~HUGETLB),
	ADVICE("mergeable", MADV_MERGEABLE, ANON | THP),
	ADVICE("unmergeable", MADV_UNMERGEABLE, MERGED),
	ADVICE("hugepage", MADV_HUGEPAGE, ANON, .flags = WHOLE),
	ADVICE("cold", MADV_COLD, EVERY & ~HUGETLB),
	ADVICE("pageout", MADV_PAGEOUT, EVERY & ~HUGETLB),
	ADVICE("populate-read", MADV_POPULATE_READ, EVERY),
	ADVICE("populate-write", MADV_POPULATE_WRITE, EVERY),
	ADVICE("guard", ADVICE_GUARD_INSTALL, PRIVATE & ~UFFD, .destroys = PRIVATE),
	{ .name = "madvise-collapse",
	  .run = collapse,
	  .missing = unknown_advice,
	  .arg = ADVICE_COLLAPSE,
	  .on = THP,
	  .destroys = THP,
	  .flags = WHOLE },
	{ .name = "madvise-soft-offline",
	  .run = offline,
	  .missing = unknown_advice,
	  .arg = ADVICE_SOFT_OFFLINE,
	  .on = ANON,
	  .exclusive = true,
	  .limit = 20 },
};
/* By two threads to the same pages: one of them finds that the other is not done. */
static struct op hot_ops[] = {
	ADVICE("dontneed-at-once", MADV_DONTNEED, ANON, .destroys = ANON, .flags = HOT),
};
struct table hot_table = TABLE(hot_ops);

struct table advice_table = TABLE(ops);
