// SPDX-License-Identifier: GPL-2.0-only
/* Interval notifiers of the hosted kernel: sequences, waiting, deferral, refusal, two passes. */
#include "notified.h"

/* ---- sequence */

static void sequence(void)
{
	unsigned long seq;

	two_probes(&probe_ops);
	seq = mmu_interval_read_begin(&a.interval);
	dontneed(1, 1);
	happened("b");
	expect(mmu_interval_read_retry(&a.interval, seq), false);
	expect(mmu_interval_check_retry(&a.interval, seq), false);
	dontneed(0, 1);
	happened("a");
	expect(mmu_interval_read_retry(&a.interval, seq), true);
	expect(mmu_interval_check_retry(&a.interval, seq), true);
	seq = mmu_interval_read_begin(&a.interval);
	expect(seq & 1, 1);
	/* It meets neither, so nothing changes. */
	dontneed(2, 2);
	happened("");
	expect(mmu_interval_read_retry(&a.interval, seq), false);
	remove_probes();
}

static void read_begin_waits(void)
{
	struct task_struct *event, *thread;

	two_probes(&probe_ops);
	event = open_event();
	thread = hosted_thread("reader", NULL, reader, &a);
	others_run();
	happened("a");
	/* One that was not called has nothing to wait for. */
	reader(&b);
	happened("r");
	close_event(event);
	hosted_join(thread);
	happened(".r");
	remove_probes();
}

/* Of page 1, while the event about page 0 is open: b waits for that as well. */
static void read_begin_waits_for_all(void)
{
	struct task_struct *event, *thread;

	two_probes(&probe_ops);
	event = open_event();
	dontneed(1, 1);
	happened("ab");
	thread = hosted_thread("reader", NULL, reader, &b);
	others_run();
	happened("");
	close_event(event);
	hosted_join(thread);
	happened(".r");
	remove_probes();
}

/* ---- insert and remove while an event is open */

static void insert_is_deferred(void)
{
	struct task_struct *event, *thread;
	struct probe c;

	two_probes(&probe_ops);
	event = open_event();
	probe_init(&c, 'c');
	insert(&c, 2, &probe_ops);
	/* Not in the tree: not called. But it reads as if it were invalidated. */
	dontneed(2, 1);
	happened("a");
	thread = hosted_thread("reader", NULL, reader, &c);
	others_run();
	happened("");
	close_event(event);
	hosted_join(thread);
	happened(".r");
	dontneed(2, 1);
	happened("c");
	mmu_interval_notifier_remove(&c.interval);
	remove_probes();
}

static void insert_and_remove_deferred(void)
{
	struct task_struct *event;
	struct probe c;

	two_probes(&probe_ops);
	event = open_event();
	probe_init(&c, 'c');
	insert(&c, 2, &probe_ops);
	mmu_interval_notifier_remove(&c.interval);
	close_event(event);
	dontneed(2, 1);
	happened("a.");
	remove_probes();
}

static void remover(void *unused)
{
	mmu_interval_notifier_remove(&b.interval);
	put('x');
}

static void remove_waits(void)
{
	struct task_struct *event, *thread;

	two_probes(&probe_ops);
	event = open_event();
	thread = hosted_thread("remover", NULL, remover, NULL);
	others_run();
	/* It is called until it is gone. */
	dontneed(1, 1);
	happened("ab");
	close_event(event);
	hosted_join(thread);
	happened(".x");
	dontneed(1, 1);
	happened("");
	mmu_interval_notifier_remove(&a.interval);
}

static void insert_errors(void)
{
	struct probe c;

	probe_init(&c, 'c');
	expect(mmu_interval_notifier_insert(&c.interval, mm, BASE, 0, &probe_ops), -EOVERFLOW);
	expect(mmu_interval_notifier_insert(&c.interval, mm, at(0), -BASE + 1, &probe_ops),
	       -EOVERFLOW);
	expect(mmu_interval_notifier_insert(&c.interval, mm, at(0), -BASE, &probe_ops), 0);
	mmu_interval_notifier_remove(&c.interval);
}

static void insert_into_dead(void)
{
	struct mm_struct *victim = hosted_mm_create();
	struct probe c;

	probe_init(&c, 'c');
	expect(mmu_interval_notifier_insert(&c.interval, victim, BASE, PAGE_SIZE, &probe_ops), 0);
	mmgrab(victim);
	mmput(victim);
	happened("c");
	mmu_interval_notifier_insert(&a.interval, victim, BASE, PAGE_SIZE, &probe_ops);
}

static void remove_twice(void)
{
	two_probes(&probe_ops);
	mmu_interval_notifier_remove(&a.interval);
	mmu_interval_notifier_remove(&a.interval);
}

static void remove_in_callback_lock(void)
{
	two_probes(&probe_ops);
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	mmu_interval_notifier_remove(&a.interval);
}

/* ---- refusal */

static void refusal(void)
{
	two_probes(&probe_ops);
	b.refuse = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	happened("ab");
	/* The event is over: nobody waits for its end. */
	reader(&a);
	happened("r");
	b.refuse = false;
	expect(hosted_oom_reap(mm), 0);
	happened("ab");
	remove_probes();
}

static void refusal_of_blockable(void)
{
	two_probes(&probe_ops);
	a.refuse = true;
	dontneed(0, 1);
}

/* ---- two passes */

static void two_passes(void)
{
	hosted_generation = HOSTED_7_3;
	two_probes(&two_pass_ops);
	a.late = true;
	b.late = true;
	dontneed(0, 2);
	happened("abAB");
	/* Without a finish object it was all in the first one. */
	a.late = false;
	dontneed(0, 2);
	happened("abB");
	a.late = true;
	b.refuse = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	happened("abA");
	b.refuse = false;
	remove_probes();
}

static void one_pass_before(void)
{
	two_probes(&two_pass_ops);
	a.late = true;
	dontneed(0, 2);
	happened("ab");
	remove_probes();
}

WARNS(insert_into_dead)
WARNS(remove_twice)
WARNS(refusal_of_blockable)

static void remove_in_callback_is_seen(void **state)
{
	run_until(remove_in_callback_lock, "lock order");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(sequence),
		TEST(read_begin_waits),
		TEST(read_begin_waits_for_all),
		TEST(insert_is_deferred),
		TEST(insert_and_remove_deferred),
		TEST(remove_waits),
		TEST(insert_errors),
		TEST(refusal),
		TEST(two_passes),
		TEST(one_pass_before),
		cmocka_unit_test(insert_into_dead_warns),
		cmocka_unit_test(remove_twice_warns),
		cmocka_unit_test(remove_in_callback_is_seen),
		cmocka_unit_test(refusal_of_blockable_warns),
	};

	return cmocka_run_group_tests_name("hosted_interval", tests, NULL, NULL);
}
