/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the fault queue: a queue for the mirror of core.h, and a device that keeps what it
 * is told of its faults. The cookie of a fault is a number of the test's.
 */
#ifndef TESTS_UNIT_FAULTQ_H
#define TESTS_UNIT_FAULTQ_H

#include <xmmu/faultq.h>

#include "core.h"

#include "../../sdk/hosted/kernel/internal.h"

#define LEN(pages)   ((pages)*PAGE_SIZE)
#define ANSWERS_MAX  2048
#define NOT_ANSWERED 1
#define WINDOW_PAGES (XMMU_WINDOW / PAGE_SIZE)

struct answer {
	u64 cookie;
	int err; /* 0: replayed */
};

static struct answer answers[ANSWERS_MAX];
static unsigned int answered, calls, rooms;

static struct xmmu_faultq queue;
static struct xmmu_faultq_ops faultq_ops;
static struct xmmu_faultq_config faultq_config;

static void note(u64 cookie, int err)
{
	check(answered < ANSWERS_MAX);
	answers[answered++] = (struct answer){ .cookie = cookie, .err = err };
}

static void replay(struct xmmu_faultq *unused, const u64 *cookies, unsigned int count)
{
	unsigned int i;

	might_sleep();
	check(count);
	calls++;
	for (i = 0; i < count; i++)
		note(cookies[i], 0);
}

static void cancel(struct xmmu_faultq *unused, const struct xmmu_fault *fault, int err)
{
	might_sleep();
	check(err < 0);
	note(fault->cookie, err);
}

static void room(struct xmmu_faultq *unused)
{
	might_sleep();
	rooms++;
}

/* How a fault was answered, once. */
static int answer_of(u64 cookie)
{
	int err = NOT_ANSWERED;
	unsigned int i;

	for (i = 0; i < answered; i++) {
		if (answers[i].cookie != cookie)
			continue;
		check(err == NOT_ANSWERED);
		err = answers[i].err;
	}
	return err;
}

static bool try_push_to(struct xmmu_faultq *to, unsigned long page, unsigned int access, u64 cookie)
{
	/* Not its first byte. */
	struct xmmu_fault fault = { .addr = at(page) + 5, .access = access, .cookie = cookie };
	bool taken;

	hosted_atomic_begin(true);
	taken = xmmu_faultq_push(to, &fault);
	hosted_atomic_end(true);
	return taken;
}

static void push(unsigned long page, unsigned int access, u64 cookie)
{
	check(try_push_to(&queue, page, access, cookie));
}

/* Until so many are answered. */
static void wait_answers(unsigned int count)
{
	unsigned int ms;

	for (ms = 0; answered < count; ms++) {
		check(ms < 60000);
		msleep(1);
	}
	expect(answered, count);
}

static struct xmmu_faultq_stats faultq_stats(void)
{
	struct xmmu_faultq_stats stats;

	xmmu_faultq_read_stats(&queue, &stats);
	return stats;
}

static void faultq_init(void)
{
	expect(xmmu_faultq_init(&queue, &core.mirror, &faultq_config), 0);
	check(xmmu_faultq_mirror(&queue) == &core.mirror);
}

/* Process, mirror, and what a queue is made with. */
static void faultq_start(unsigned long pages)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core_attach();
	faultq_ops = (struct xmmu_faultq_ops){ .replay = replay, .cancel = cancel, .room = room };
	faultq_config = (struct xmmu_faultq_config){ .ops = &faultq_ops };
}

static void faultq_stop(void)
{
	xmmu_mirror_detach(&core.mirror);
	xmmu_faultq_exit(&queue);
	core_stop();
}

#endif
