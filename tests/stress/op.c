// SPDX-License-Identifier: GPL-2.0-only
/* One operation: find pages, lock them, do it, say what is dead now, count. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "stress.h"

#define TRIES 200

/* Of the pages of a span, before they were destroyed. */
static __thread uint32_t before[2 * HUGE_LEN];

int call(long ret)
{
	return ret < 0 ? -errno : 0;
}

const char *missing_file(const char *path)
{
	char *reason;

	if (!access(path, F_OK))
		return NULL;
	return asprintf(&reason, "the kernel has no %s", path) < 0 ? path : reason;
}

int op_result(struct op *op, int ret)
{
	if (ret) {
		op->error = -ret;
		op->failed++;
	} else {
		op->done++;
	}
	return ret;
}

static void do_to(struct op *op, struct span *span)
{
	bool destroys = span->region->kind & op->destroys;
	int ret;

	if (destroys || span->region->kind & op->empties)
		span_renew(span, before);
	ret = op_result(op, op->run(op, span));
	if (destroys && !ret)
		span_bury(span, before);
}

static void do_to_some(struct op *op)
{
	struct span span;
	int i;

	for (i = 0; i < TRIES; i++) {
		if (!span_pick(&span, op))
			return;
		if (span_lock(&span, op->exclusive)) {
			do_to(op, &span);
			span_unlock(&span, op->exclusive);
			return;
		}
		nap_us(pick(2000));
	}
}

bool op_owed(const struct op *op)
{
	return !op->absent && !op->done;
}

void op_do(struct op *op)
{
	if (!op->run || op->absent || (op->limit && op->done + op->failed >= op->limit))
		return;
	if (op->on)
		do_to_some(op);
	else
		op_result(op, op->run(op, NULL));
}

void op_find_absent(struct op *op)
{
	if (op->missing)
		op->absent = op->missing(op);
	if (op->on && !op->absent)
		op->absent = region_absent(op->on);
}
