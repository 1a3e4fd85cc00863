/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the fault queue share. */
#ifndef XMMU_FAULTQ_INTERNAL_H
#define XMMU_FAULTQ_INTERNAL_H

#include <linux/ktime.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include <xmmu/faultq.h>

#include "internal.h"

struct xmmu_faultq_entry {
	struct list_head node;
	struct xmmu_fault fault;
	ktime_t pushed;
	/* In a batch these two are the same for all of a page. */
	unsigned int access;
	unsigned int tries; /* that failed */
	unsigned int most;  /* pages to serve at once; the oldest of a page decides */
	bool pinned;        /* counted in mirror->users */
};

struct xmmu_faultq_worker {
	struct delayed_work work;
	struct timer_list timer;
	struct xmmu_faultq *queue;
	struct list_head batch;
	bool answered; /* something, in this slice */
	/* Under the queue's lock. */
	bool busy;                /* queued, or running */
	bool expired;             /* the slice is over */
	unsigned long window;     /* that is its own, or XMMU_NO_WINDOW */
	struct task_struct *task; /* that serves and can be killed, or NULL */
};

/* Faults that are served at once: all of one page, or of several side by side. */
struct xmmu_faultq_run {
	struct list_head faults;
	unsigned long start;
	unsigned long end;
	unsigned int access;
	unsigned int most;
};

/* faultq_serve.c */
void xmmu_faultq_expire(struct timer_list *timer);
int xmmu_faultq_serve(struct xmmu_faultq_worker *worker, const struct xmmu_faultq_run *run);
void xmmu_faultq_answer(struct xmmu_faultq *queue, struct list_head *faults, int err);

#endif
