/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of what each operation on memory tells notifiers, in which order. The traces are those
 * that the kernel's documentation and sources promise; a recorder of the same format runs on real
 * kernels.
 */
#ifndef TESTS_UNIT_TRACED_H
#define TESTS_UNIT_TRACED_H

#include "mm.h"
#include "recorder.h"

/* Both notifiers, which see the same events: an interval notifier has no end. */
#define EVENT(event, span)                               \
	"interval invalidate " event " " span " block\n" \
	"list start " event " " span " block\n"          \
	"list end " event " " span " block\n"

#define HUGE 0x40000000UL

static struct recorder recorder;

static inline void record(unsigned long pages)
{
	expect(recorder_attach(&recorder, mm, BASE, pages, &recorder_list_ops), 0);
}

/* What was recorded since the last time. */
#define trace(expected) check_trace(expected, __LINE__)

static inline void check_trace(const char *expected, int line)
{
	if (strcmp(recorder.text, expected))
		hosted_fail("trace", "line %d:\n%s-- expected\n%s", line, recorder.text, expected);
	memset(recorder.text, 0, sizeof(recorder.text));
	recorder.used = 0;
}

static inline void tidy(void)
{
	if (recorder.interval.mm)
		recorder_detach(&recorder);
}

static inline void four_anonymous_pages(void)
{
	unsigned long i;

	map(4, 0, NULL);
	for (i = 0; i < 4; i++)
		store(i, i + 1);
	record(4);
}

#endif
