// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hosted notifier core: sequences, waiting, deferral, refusal, registration against exit, and
 * the callbacks of kernels from 2009 to 7.3.
 */
#include <linux/completion.h>

#include <linux/mmu_notifier.h>

#include "mm.h"

/* What happened, one letter each. */
static char log_text[64];

static void put(char c)
{
	log_text[strlen(log_text)] = c;
}

static void expect_log(const char *expected, int line)
{
	if (strcmp(log_text, expected))
		hosted_fail("log", "line %d: \"%s\", not \"%s\"", line, log_text, expected);
	memset(log_text, 0, sizeof(log_text));
}
#define happened(expected) expect_log(expected, __LINE__)

static void tidy(void)
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

static struct probe *probe_of(struct mmu_interval_notifier *interval)
{
	return container_of(interval, struct probe, interval);
}

static bool probe_invalidate(struct mmu_interval_notifier *interval,
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

static bool probe_start(struct mmu_interval_notifier *interval,
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
static void probe_finish(struct mmu_interval_notifier_finish *finish)
{
	put(container_of(finish, struct probe, finish)->letter - 'a' + 'A');
}

static const struct mmu_interval_notifier_ops two_pass_ops = {
	.invalidate = probe_invalidate,
	.invalidate_start = probe_start,
	.invalidate_finish = probe_finish,
};

static void probe_init(struct probe *probe, char letter)
{
	memset(probe, 0, sizeof(*probe));
	probe->letter = letter;
	init_completion(&probe->entered);
	init_completion(&probe->go);
}

/* On page n. */
static void insert(struct probe *probe, unsigned long n,
		   const struct mmu_interval_notifier_ops *ops)
{
	expect(mmu_interval_notifier_insert(&probe->interval, mm, at(n), PAGE_SIZE, ops), 0);
}

static struct probe a, b;

static void two_probes(const struct mmu_interval_notifier_ops *ops)
{
	map(4, 0, NULL);
	probe_init(&a, 'a');
	probe_init(&b, 'b');
	insert(&a, 0, ops);
	insert(&b, 1, ops);
}

static void remove_probes(void)
{
	mmu_interval_notifier_remove(&a.interval);
	mmu_interval_notifier_remove(&b.interval);
}

static void dontneed(unsigned long n, unsigned long pages)
{
	expect(hosted_madvise(mm, at(n), pages * PAGE_SIZE, HOSTED_DONTNEED), 0);
}

/* In a thread of its own: an event about page 0, which a keeps open. */
static void dontneed_first(void *unused)
{
	dontneed(0, 1);
	put('.');
}

static struct task_struct *open_event(void)
{
	struct task_struct *thread;

	a.block = true;
	thread = hosted_thread("invalidate", NULL, dontneed_first, NULL);
	wait_for_completion(&a.entered);
	return thread;
}

static void close_event(struct task_struct *thread)
{
	a.block = false;
	complete(&a.go);
	hosted_join(thread);
}

static void others_run(void)
{
	unsigned int i;

	for (i = 0; i < 100; i++)
		cond_resched();
}

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

static void reader(void *arg)
{
	struct probe *probe = arg;

	mmu_interval_read_begin(&probe->interval);
	put('r');
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

static struct listener *listener_of(struct mmu_notifier *list)
{
	return container_of(list, struct listener, list);
}

static void listener_release(struct mmu_notifier *list, struct mm_struct *unused)
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

static int listener_start(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	put('s');
	return 0;
}

static void listener_end(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	put('e');
}

static int refuser_start(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	put('n');
	return listener_of(list)->refuse ? -EAGAIN : 0;
}

static const struct mmu_notifier_ops listener_ops = {
	.release = listener_release,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

static int blocking_start(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	complete(&listener_of(list)->entered);
	wait_for_completion(&listener_of(list)->go);
	return 0;
}

static const struct mmu_notifier_ops blocking_ops = { .invalidate_range_start = blocking_start };

static const struct mmu_notifier_ops refuser_ops = { .invalidate_range_start = refuser_start };

static struct listener one, two;

static void listener_init(struct listener *listener, const struct mmu_notifier_ops *ops)
{
	memset(listener, 0, sizeof(*listener));
	listener->list.ops = ops;
	init_completion(&listener->entered);
	init_completion(&listener->go);
}

static void listen(struct listener *listener, const struct mmu_notifier_ops *ops)
{
	listener_init(listener, ops);
	expect(mmu_notifier_register(&listener->list, mm), 0);
}

/* All are called, and those that have an end get it. */
static void list_refusal(void)
{
	map(1, 0, NULL);
	listen(&one, &listener_ops);
	listen(&two, &refuser_ops);
	two.refuse = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	happened("nse");
	two.refuse = false;
	expect(hosted_oom_reap(mm), 0);
	happened("nse");
	mmu_notifier_unregister(&one.list, mm);
	mmu_notifier_unregister(&two.list, mm);
}

static void list_refusal_of_blockable(void)
{
	map(1, 0, NULL);
	listen(&two, &refuser_ops);
	two.refuse = true;
	dontneed(0, 1);
}

/* An event that met no interval is open: a new notifier can not know whether it is met. */
static void insert_beside_list_event(void)
{
	struct task_struct *event, *thread;

	map(4, 0, NULL);
	listen(&one, &blocking_ops);
	mmap_write_lock(mm);
	probe_init(&a, 'a');
	expect(mmu_interval_notifier_insert_locked(&a.interval, mm, at(3), PAGE_SIZE, &probe_ops),
	       0);
	mmap_write_unlock(mm);
	event = hosted_thread("invalidate", NULL, dontneed_first, NULL);
	wait_for_completion(&one.entered);
	probe_init(&b, 'b');
	insert(&b, 0, &probe_ops);
	thread = hosted_thread("reader", NULL, reader, &b);
	others_run();
	happened("");
	one.block = false;
	complete_all(&one.go);
	hosted_join(event);
	hosted_join(thread);
	happened(".r");
	remove_probes();
	mmu_notifier_unregister(&one.list, mm);
}

/* Files and anonymous memory that several mappings share: each lock once, or it would not return. */
static void all_locks_once(void)
{
	struct file *file = hosted_file_open(4, false);
	struct mm_struct *child;

	listener_init(&one, &listener_ops);
	map(4, VM_SHARED, file);
	expect(hosted_mmap(mm, at(8), 4 * PAGE_SIZE, RW, VM_SHARED, file, 0), 0);
	expect(hosted_mmap(mm, at(16), 4 * PAGE_SIZE, RW, 0, NULL, 0), 0);
	store(16, 1);
	expect(hosted_mprotect(mm, at(17), PAGE_SIZE, VM_READ), 0);
	child = hosted_fork(mm);
	expect(hosted_store(child, at(16), 1), 0);
	expect(mmu_notifier_register(&one.list, child), 0);
	listen(&two, &listener_ops);
	mmu_notifier_unregister(&one.list, child);
	mmu_notifier_unregister(&two.list, mm);
	mmput(child);
	hosted_file_put(file);
}

static void register_is_interrupted(void)
{
	map(1, 0, NULL);
	store(0, 1);
	listener_init(&one, &listener_ops);
	send_sig(SIGINT, current, 0);
	expect(mmu_notifier_register(&one.list, mm), -EINTR);
	expect(atomic_read(&mm->mm_count), 1);
	expect((long)mm->notifier_subscriptions, 0);
	/* Nothing is locked. */
	dontneed(0, 1);
	happened("");
}

static void truncate_thread(void *file)
{
	expect(hosted_truncate(file, 0), 0);
}

static void register_thread(void *unused)
{
	listener_init(&one, &listener_ops);
	expect(mmu_notifier_register(&one.list, mm), -EINTR);
}

/* The signal comes while it waits for the second of three locks: the first is given back. */
static void register_is_interrupted_midway(void)
{
	struct file *first = hosted_file_open(1, false), *second = hosted_file_open(1, false);
	struct task_struct *truncation, *thread;

	expect(hosted_mmap(mm, at(0), PAGE_SIZE, RW, VM_SHARED, second, 0), 0);
	expect(hosted_mmap(mm, at(0) - PAGE_SIZE, PAGE_SIZE, RW, VM_SHARED, first, 0), 0);
	expect(hosted_mmap(mm, at(1), PAGE_SIZE, RW, 0, NULL, 0), 0);
	probe_init(&a, 'a');
	insert(&a, 0, &probe_ops);
	a.block = true;
	truncation = hosted_thread("truncate", NULL, truncate_thread, second);
	wait_for_completion(&a.entered);
	thread = hosted_thread("register", NULL, register_thread, NULL);
	others_run();
	send_sig(SIGINT, thread, 0);
	a.block = false;
	complete_all(&a.go);
	hosted_join(truncation);
	hosted_join(thread);
	expect(hosted_truncate(first, 0), 0);
	expect(hosted_truncate(second, 1), 0);
	listen(&two, &listener_ops);
	mmu_notifier_unregister(&two.list, mm);
	mmu_interval_notifier_remove(&a.interval);
	hosted_file_put(first);
	hosted_file_put(second);
}

static void register_without_memory(void)
{
	listener_init(&one, &listener_ops);
	hosted_slab_fail(1);
	expect(mmu_notifier_register(&one.list, mm), -ENOMEM);
	listen(&one, &listener_ops);
	mmu_notifier_unregister(&one.list, mm);
}

static void exit_thread(void *victim)
{
	mmput(victim);
	put('x');
}

static void unregister_thread(void *victim)
{
	mmu_notifier_unregister(&one.list, victim);
	put('u');
}

static unsigned long pfn_at(unsigned long n)
{
	struct page *page;

	mmap_read_lock(mm);
	expect(get_user_pages_remote(mm, at(n), 1, 0, &page, NULL), 1);
	mmap_read_unlock(mm);
	put_page(page);
	return page_to_pfn(page);
}

static struct mm_struct *victim_with_page(void)
{
	struct mm_struct *victim = hosted_mm_create();
	struct page *page;

	expect(hosted_mmap(victim, BASE, PAGE_SIZE, RW, 0, NULL, 0), 0);
	expect(hosted_store(victim, BASE, 1), 0);
	mmap_read_lock(victim);
	expect(get_user_pages_remote(victim, BASE, 1, 0, &page, NULL), 1);
	mmap_read_unlock(victim);
	listener_init(&one, &listener_ops);
	one.pfn = page_to_pfn(page);
	one.block = true;
	put_page(page);
	expect(mmu_notifier_register(&one.list, victim), 0);
	mmgrab(victim);
	return victim;
}

/* Whoever comes second waits, and release runs once. */
static void exit_then_unregister(void)
{
	struct mm_struct *victim = victim_with_page();
	struct task_struct *first = hosted_thread("exit", NULL, exit_thread, victim), *second;

	wait_for_completion(&one.entered);
	second = hosted_thread("unregister", NULL, unregister_thread, victim);
	others_run();
	happened("");
	one.block = false;
	complete_all(&one.go);
	hosted_join(first);
	hosted_join(second);
	check(log_text[0] == 'R' && one.released >= 1);
	mmdrop(victim);
}

static void unregister_then_exit(void)
{
	struct mm_struct *victim = victim_with_page();
	struct task_struct *first, *second;

	first = hosted_thread("unregister", NULL, unregister_thread, victim);
	wait_for_completion(&one.entered);
	second = hosted_thread("exit", NULL, exit_thread, victim);
	others_run();
	happened("");
	one.block = false;
	complete_all(&one.go);
	hosted_join(first);
	hosted_join(second);
	check(log_text[0] == 'R');
	mmdrop(victim);
}

/* An event is over before its pages are freed. */
static void end_with_page(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	hosted_device_access_pfn(listener_of(list)->pfn);
	put('e');
}

static const struct mmu_notifier_ops page_ops = { .invalidate_range_end = end_with_page };

static void pages_live_until_end(void)
{
	map(3, 0, NULL);
	store(0, 1);
	store(1, 1);
	store(2, 1);
	listen(&one, &page_ops);
	one.pfn = pfn_at(0);
	dontneed(0, 1);
	one.pfn = pfn_at(1);
	expect(hosted_munmap(mm, at(1), PAGE_SIZE), 0);
	one.pfn = pfn_at(2);
	expect(hosted_oom_reap(mm), 0);
	happened("eeee");
	mmu_notifier_unregister(&one.list, mm);
}

/* ---- get and put */

static struct listener got;
static bool alloc_fails;

static struct mmu_notifier *got_alloc(struct mm_struct *unused)
{
	put('g');
	return alloc_fails ? ERR_PTR(-ENOMEM) : &got.list;
}

static void got_free(struct mmu_notifier *list)
{
	put('f');
}

static const struct mmu_notifier_ops got_ops = {
	.invalidate_range_start = listener_start,
	.alloc_notifier = got_alloc,
	.free_notifier = got_free,
};

static void get_fails(void)
{
	map(1, 0, NULL);
	alloc_fails = true;
	expect(PTR_ERR(mmu_notifier_get(&got_ops, mm)), -ENOMEM);
	happened("g");
	alloc_fails = false;
	send_sig(SIGINT, current, 0);
	expect(PTR_ERR(mmu_notifier_get(&got_ops, mm)), -EINTR);
	happened("gf");
}

static void get_and_put(void)
{
	struct mmu_notifier *list;

	map(1, 0, NULL);
	list = mmu_notifier_get(&got_ops, mm);
	check(list == &got.list && mmu_notifier_get(&got_ops, mm) == list);
	happened("g");
	mmu_notifier_put(list);
	dontneed(0, 1);
	happened("s");
	mmu_notifier_put(list);
	/* Waits for callbacks, and not for what is freed after them. */
	mmu_notifier_synchronize();
	while (!strchr(log_text, 'f'))
		cond_resched();
	dontneed(0, 1);
	happened("f");
}

static void put_too_often(void)
{
	mmu_notifier_put(mmu_notifier_get(&got_ops, mm));
	mmu_notifier_put(&got.list);
}

/* ---- kernels before 6.12 */

static void old_change_pte(struct mmu_notifier *list, struct mm_struct *unused, unsigned long addr,
			   u64 entry)
{
	u64 value;

	/* In 2009 the processor has the new page already. */
	put(entry && !hosted_load(mm, addr, &value) ? 'C' : 'c');
}

static void late_change_pte(struct mmu_notifier *list, struct mm_struct *unused, unsigned long addr,
			    u64 entry)
{
	put('c');
}

static void old_invalidate_page(struct mmu_notifier *list, struct mm_struct *unused,
				unsigned long addr)
{
	put('p');
}

static const struct mmu_notifier_ops ops_2009 = {
	.release = listener_release,
	.change_pte = old_change_pte,
	.invalidate_page = old_invalidate_page,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

static const struct mmu_notifier_ops ops_2008 = {
	.invalidate_page = old_invalidate_page,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

static const struct mmu_notifier_ops ops_6_1 = {
	.change_pte = late_change_pte,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

/* A copy after a fork, pages in swap, merged pages, and the ends of memory. */
static void old_operations(const char *cow, const char *pageout, const char *merge)
{
	struct mm_struct *child;

	map(4, 0, NULL);
	store(0, 5);
	store(1, 5);
	child = hosted_fork(mm);
	happened("se");
	store(0, 6);
	happened(cow);
	mmput(child);
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_PAGEOUT), 0);
	happened(pageout);
	store(0, 5);
	store(1, 5);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_MERGEABLE), 0);
	expect(hosted_ksm_merge(mm, at(1), mm, BASE), 0);
	happened(merge);
	expect(hosted_mprotect(mm, BASE, PAGE_SIZE, VM_READ), 0);
	expect(hosted_munmap(mm, BASE, 4 * PAGE_SIZE), 0);
	happened("sese");
}

static void generation_2009(void)
{
	hosted_generation = HOSTED_2009;
	listen(&one, &ops_2009);
	old_operations("C", "p", "pCpCC");
	mmu_notifier_unregister(&one.list, mm);
}

static void generation_2009_fallback(void)
{
	hosted_generation = HOSTED_2009;
	listen(&one, &ops_2008);
	old_operations("p", "p", "ppppp");
	mmu_notifier_unregister(&one.list, mm);
}

static void generation_6_1(void)
{
	hosted_generation = HOSTED_6_1;
	listen(&one, &ops_6_1);
	old_operations("sce", "se", "scescesce");
	mmu_notifier_unregister(&one.list, mm);
}

#define WARNS(name)                            \
	static void name##_warns(void **state) \
	{                                      \
		run_until(name, "warning");    \
	}

WARNS(insert_into_dead)
WARNS(remove_twice)
WARNS(refusal_of_blockable)
WARNS(list_refusal_of_blockable)
WARNS(put_too_often)

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
		TEST(insert_beside_list_event),
		TEST(refusal),
		TEST(two_passes),
		TEST(one_pass_before),
		TEST(list_refusal),
		TEST(all_locks_once),
		TEST(register_is_interrupted),
		TEST(register_is_interrupted_midway),
		TEST(register_without_memory),
		TEST(pages_live_until_end),
		TEST(exit_then_unregister),
		TEST(unregister_then_exit),
		TEST(get_fails),
		TEST(get_and_put),
		TEST(generation_2009),
		TEST(generation_2009_fallback),
		TEST(generation_6_1),
		cmocka_unit_test(insert_into_dead_warns),
		cmocka_unit_test(remove_twice_warns),
		cmocka_unit_test(remove_in_callback_is_seen),
		cmocka_unit_test(refusal_of_blockable_warns),
		cmocka_unit_test(list_refusal_of_blockable_warns),
		cmocka_unit_test(put_too_often_warns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
