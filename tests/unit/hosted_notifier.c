// SPDX-License-Identifier: GPL-2.0-only
/* List notifiers of the hosted kernel: refusal, registration against exit, get and put. */
#include "notified.h"

static struct listener one, two;

/* ---- list notifiers */

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

WARNS(list_refusal_of_blockable)
WARNS(put_too_often)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(insert_beside_list_event),
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
		cmocka_unit_test(list_refusal_of_blockable_warns),
		cmocka_unit_test(put_too_often_warns),
	};

	return cmocka_run_group_tests_name("hosted_notifier", tests, NULL, NULL);
}
