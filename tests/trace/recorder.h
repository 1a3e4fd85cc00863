/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver that does nothing but write down what it is told: one list notifier, one interval
 * notifier. It is made of calls that every kernel has, so that the same file records in the hosted
 * kernel and in a real one, and the two traces can be compared.
 *
 * A line for each callback, with pages counted from the base, the end not included:
 *
 *	list start UNMAP 0-4 block
 *	interval invalidate CLEAR 0-1 nonblock
 *	list release
 *	list test_young 0-1
 *
 * "all" stands for the whole address space. What lies outside of the recorded range is left out,
 * and what reaches beyond it is shown whole.
 */
#ifndef XMMU_TESTS_RECORDER_H
#define XMMU_TESTS_RECORDER_H

#include <linux/mmu_notifier.h>

/* The longest line. Where there is no room for one, the record begins anew with "too much". */
#define RECORDER_LINE 128

struct recorder {
	struct mmu_notifier list;
	struct mmu_interval_notifier interval;
	unsigned long base;
	unsigned long end;
	/* What to answer to the aging callbacks; and whether to refuse what must not block. */
	bool young;
	bool refuse;
	spinlock_t lock;
	size_t used;
	char text[131072];
};

extern const struct mmu_notifier_ops recorder_list_ops;

/* With list ops of the caller's, which may add to recorder_list_ops. The caller holds mm_users. */
int recorder_attach(struct recorder *recorder, struct mm_struct *mm, unsigned long base,
		    unsigned long pages, const struct mmu_notifier_ops *ops);
void recorder_detach(struct recorder *recorder);
/* A line; the span is left out if it is empty, and the line if the span is outside. */
void recorder_add(struct recorder *recorder, const char *what, const char *event,
		  unsigned long start, unsigned long end, const char *tail);
/* What was recorded since the last time. */
void recorder_take(struct recorder *recorder, char *text, size_t size);

static inline struct recorder *recorder_of(struct mmu_notifier *list)
{
	return container_of(list, struct recorder, list);
}

#endif
