/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of the hosted notifier core: notifiers that note what happens, and wait in between. */
#ifndef TESTS_UNIT_NOTIFIED_H
#define TESTS_UNIT_NOTIFIED_H

#include <linux/completion.h>
#include <linux/mmu_notifier.h>

#include "mm.h"

/* What happened, one letter each. */
static char log_text[64];

static inline void put(char c)
{
	log_text[strlen(log_text)] = c;
}

static inline void expect_log(const char *expected, int line)
{
	if (strcmp(log_text, expected))
		hosted_fail("log", "line %d: \"%s\", not \"%s\"", line, log_text, expected);
	memset(log_text, 0, sizeof(log_text));
}
#define happened(expected) expect_log(expected, __LINE__)

static inline void tidy(void)
{
}

/* ---- an interval notifier that stays in its callback until it is let go */

struct probe {
	struct mmu_interval_notifier interval;
	struct mmu_interval_notifier_finish finish;
	struct completion entered;
	struct completion go;
	char letter;
	bool block;
	bool refuse;
	bool late; /* in two passes */
};

static inline struct probe *probe_of(struct mmu_interval_notifier *interval)
{
	return container_of(interval, struct probe, interval);
}

static inline bool probe_invalidate(struct mmu_interval_notifier *interval,
				    const struct mmu_notifier_range *range, unsigned long seq)
{
	struct probe *probe = probe_of(interval);

	put(probe->letter);
	if (probe->refuse)
		return false;
	mmu_interval_set_seq(interval, seq);
	complete(&probe->entered);
	if (probe->block)
		wait_for_completion(&probe->go);
	return true;
}

static const struct mmu_interval_notifier_ops probe_ops = { .invalidate = probe_invalidate };

static inline bool probe_start(struct mmu_interval_notifier *interval,
			       const struct mmu_notifier_range *range, unsigned long seq,
			       struct mmu_interval_notifier_finish **finish)
{
	struct probe *probe = probe_of(interval);

	put(probe->letter);
	if (probe->refuse)
		return false;
	mmu_interval_set_seq(interval, seq);
	if (probe->late)
		*finish = &probe->finish;
	return true;
}

/* The finish of a is A. */
static inline void probe_finish(struct mmu_interval_notifier_finish *finish)
{
	put(container_of(finish, struct probe, finish)->letter - 'a' + 'A');
}

static const struct mmu_interval_notifier_ops two_pass_ops = {
	.invalidate = probe_invalidate,
	.invalidate_start = probe_start,
	.invalidate_finish = probe_finish,
};

static inline void probe_init(struct probe *probe, char letter)
{
	memset(probe, 0, sizeof(*probe));
	probe->letter = letter;
	init_completion(&probe->entered);
	init_completion(&probe->go);
}

/* On page n. */
static inline void insert(struct probe *probe, unsigned long n,
			  const struct mmu_interval_notifier_ops *ops)
{
	expect(mmu_interval_notifier_insert(&probe->interval, mm, at(n), PAGE_SIZE, ops), 0);
}

static struct probe a, b;

static inline void two_probes(const struct mmu_interval_notifier_ops *ops)
{
	map(4, 0, NULL);
	probe_init(&a, 'a');
	probe_init(&b, 'b');
	insert(&a, 0, ops);
	insert(&b, 1, ops);
}

static inline void remove_probes(void)
{
	mmu_interval_notifier_remove(&a.interval);
	mmu_interval_notifier_remove(&b.interval);
}

static inline void dontneed(unsigned long n, unsigned long pages)
{
	expect(hosted_madvise(mm, at(n), pages * PAGE_SIZE, HOSTED_DONTNEED), 0);
}

/* In a thread of its own: an event about page 0, which a keeps open. */
static inline void dontneed_first(void *unused)
{
	dontneed(0, 1);
	put('.');
}

static inline struct task_struct *open_event(void)
{
	struct task_struct *thread;

	a.block = true;
	thread = hosted_thread("invalidate", NULL, dontneed_first, NULL);
	wait_for_completion(&a.entered);
	return thread;
}

static inline void close_event(struct task_struct *thread)
{
	a.block = false;
	complete(&a.go);
	hosted_join(thread);
}

static inline void others_run(void)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		cond_resched();
}

static inline void reader(void *arg)
{
	struct probe *probe = arg;

	mmu_interval_read_begin(&probe->interval);
	put('r');
}

/* ---- list notifiers */

struct listener {
	struct mmu_notifier list;
	struct completion entered;
	struct completion go;
	unsigned int released;
	unsigned long pfn; /* must not be freed while release runs */
	bool block;
	bool refuse;
};

static inline struct listener *listener_of(struct mmu_notifier *list)
{
	return container_of(list, struct listener, list);
}

static inline void listener_release(struct mmu_notifier *list, struct mm_struct *unused)
{
	struct listener *listener = listener_of(list);

	listener->released++;
	complete(&listener->entered);
	if (listener->block)
		wait_for_completion(&listener->go);
	if (listener->pfn)
		hosted_device_access_pfn(listener->pfn);
	put('R');
}

static inline int listener_start(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	put('s');
	return 0;
}

static inline void listener_end(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	put('e');
}

static inline int refuser_start(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	put('n');
	return listener_of(list)->refuse ? -EAGAIN : 0;
}

static const struct mmu_notifier_ops listener_ops = {
	.release = listener_release,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

static inline int blocking_start(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	complete(&listener_of(list)->entered);
	wait_for_completion(&listener_of(list)->go);
	return 0;
}

static const struct mmu_notifier_ops blocking_ops = { .invalidate_range_start = blocking_start };

static const struct mmu_notifier_ops refuser_ops = { .invalidate_range_start = refuser_start };

static inline void listener_init(struct listener *listener, const struct mmu_notifier_ops *ops)
{
	memset(listener, 0, sizeof(*listener));
	listener->list.ops = ops;
	init_completion(&listener->entered);
	init_completion(&listener->go);
}

static inline void listen(struct listener *listener, const struct mmu_notifier_ops *ops)
{
	listener_init(listener, ops);
	expect(mmu_notifier_register(&listener->list, mm), 0);
}

/* A case that must end by a warning. */
#define WARNS(name)                            \
	static void name##_warns(void **state) \
	{                                      \
		run_until(name, "warning");    \
	}

#endif
