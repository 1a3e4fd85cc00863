// SPDX-License-Identifier: GPL-2.0-only
/* Ranges: where they may lie, how they are found, counted and removed, what a neighbour notices. */
#include "t.h"

/* MMU_NOTIFY_CLEAR */
#define EVENT_CLEAR 1

#define MANY 512
#define TOP  0x7ffffffff000UL /* end of user memory with four levels of page tables */

static bool gone(int fd, int id, const void *start, size_t pages)
{
	struct xt_query query = xt_query(fd, id, start, pages);

	return !query.present && !query.tlb;
}

static void ends_of_the_address_space(void **state)
{
	int fd = xt_start(XT_REFUSE);
	char on_stack = 0;
	uintptr_t stack = (uintptr_t)&on_stack & ~(PAGE - 1);
	int all, last;

	(void)state;
	all = xt_insert_at(fd, 0, TOP);
	assert_true(all > 0);
	assert_int_equal(xt_populate(fd, all, NULL, 1, 0), -EFAULT);
	assert_int_equal(xt_populate(fd, all, (void *)stack, 1, 0), 0);
	last = xt_insert_at(fd, TOP - PAGE, TOP);
	assert_true(last > 0);
	assert_int_equal(xt_populate(fd, last, (void *)(TOP - PAGE), 1, 0), -EFAULT);
	assert_int_equal(xt_insert_at(fd, TOP - PAGE, TOP + PAGE), -EINVAL);
	assert_int_equal(xt_remove(fd, all), 0);
	assert_int_equal(xt_remove(fd, last), 0);
	xt_stop(fd);
}

static void tebibyte_of_sparse_memory(void **state)
{
	size_t size = 1UL << 40;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	const size_t at[] = { 0, size / 2 + 5 * PAGE, size - PAGE };
	int fd = xt_start(XT_REFUSE), id, i;
	struct xt_walk snapshot = { .flags = XT_SNAPSHOT };

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	/* One page of it must be one page. */
	assert_int_equal(madvise(memory, size, MADV_NOHUGEPAGE), 0);
	id = xt_insert(fd, memory, size / PAGE);
	assert_true(id > 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(xt_populate(fd, id, memory + at[i], 1, XT_WRITE), 0);
	snapshot.id = id;
	snapshot.start = (uintptr_t)memory + size / 2;
	snapshot.end = snapshot.start + 64 * WINDOW;
	assert_int_equal(xt_walk(fd, &snapshot), 0);
	assert_int_equal(snapshot.done, snapshot.end);
	assert_int_equal(snapshot.pages, 1);
	munmap(memory, size);
	for (i = 0; i < 3; i++)
		assert_true(gone(fd, id, memory + at[i], 1));
	xt_stop(fd);
}

static void windows_end_at_their_multiples(void **state)
{
	char *memory = t_map(3 * WINDOW / PAGE);
	struct xt_walk walk = { .start = (uintptr_t)memory + WINDOW - 3 * PAGE,
				.end = (uintptr_t)memory + 2 * WINDOW + 4 * PAGE };
	int fd = xt_start(XT_REFUSE);

	(void)state;
	walk.id = xt_insert_at(fd, walk.start - PAGE, walk.end);
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(walk.windows, 3);
	assert_int_equal(walk.pages, WINDOW / PAGE + 7);
	assert_int_equal(walk.done, walk.end);
	assert_int_equal(xt_stats(fd).core.commits, 3);
	xt_stop(fd);
	t_unmap(memory, 3 * WINDOW / PAGE);
}

static void overlapping_ranges_have_translations_of_their_own(void **state)
{
	char *memory = t_map(8);
	int fd = xt_start(XT_REFUSE);
	int a = xt_insert(fd, memory, 6), b = xt_insert(fd, memory + 2 * PAGE, 6);

	(void)state;
	assert_true(a > 0 && b > 0);
	assert_int_equal(xt_populate(fd, a, memory, 6, XT_WRITE), 0);
	assert_true(gone(fd, b, memory + 2 * PAGE, 6));
	assert_int_equal(xt_populate(fd, b, memory + 2 * PAGE, 6, XT_WRITE), 0);
	t_unmap(memory + 3 * PAGE, 1);
	assert_int_equal(xt_query(fd, a, memory, 6).present, 5);
	assert_int_equal(xt_query(fd, b, memory + 2 * PAGE, 6).present, 5);
	assert_int_equal(xt_remove(fd, a), 0);
	assert_int_equal(xt_query(fd, b, memory + 2 * PAGE, 6).present, 5);
	t_unmap(memory, 8);
	assert_true(gone(fd, b, memory + 2 * PAGE, 6));
	xt_stop(fd);
}

/*
 * How many ranges outside of what was discarded lose their page. Not munmap(): to split the mapping,
 * the kernel announces the 2 MiB around the cut.
 */
static int discard_the_middle(int fd, char *memory, const int *ids)
{
	int i, lost = 0;

	for (i = 0; i < MANY; i++)
		assert_int_equal(xt_populate(fd, ids[i], memory + 2 * i * PAGE, 1, XT_WRITE), 0);
	assert_int_equal(madvise(memory + 200 * PAGE, 100 * PAGE, MADV_DONTNEED), 0);
	for (i = 0; i < MANY; i++) {
		if (i < 100 || i >= 150)
			lost += !xt_query(fd, ids[i], memory + 2 * i * PAGE, 1).present;
		else
			assert_int_equal(xt_query(fd, ids[i], memory + 2 * i * PAGE, 1).present, 0);
	}
	return lost;
}

static void many_ranges_in_a_block(void **state)
{
	char *memory = t_map(2 * MANY);
	int fd = xt_start(XT_REFUSE), ids[MANY], i;
	struct xt_range found;

	(void)state;
	for (i = 0; i < MANY; i++) {
		ids[i] = xt_insert(fd, memory + 2 * i * PAGE, 1);
		assert_true(ids[i] > 0);
	}
	for (i = 0; i < MANY; i++) {
		found = (struct xt_range){ .start = (uintptr_t)memory + 2 * i * PAGE + 17 };
		assert_int_equal(xt_call(fd, XT_IOC_FIND, &found), 0);
		assert_int_equal(found.id, ids[i]);
	}
	/* The kernel may move or reclaim a page of its own accord, but hardly each time. */
	for (i = 0; i < 3 && discard_the_middle(fd, memory, ids); i++)
		;
	assert_true(i < 3);
	for (i = 0; i < MANY; i++)
		assert_int_equal(xt_remove(fd, ids[i]), 0);
	assert_int_equal(xt_stats(fd).range_frees, MANY);
	xt_stop(fd);
	t_unmap(memory, 2 * MANY);
}

static void found_range_stays_until_it_is_put(void **state)
{
	char *memory = t_map(4);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory + PAGE, 2);
	struct xt_range inside = { .start = (uintptr_t)memory + 3 * PAGE - 1 };
	struct xt_range before = { .start = (uintptr_t)memory + PAGE - 1 };
	struct xt_range after = { .start = (uintptr_t)memory + 3 * PAGE };
	struct xt_range self = { .id = id };

	(void)state;
	assert_int_equal(xt_call(fd, XT_IOC_FIND, &inside), 0);
	assert_int_equal(inside.id, id);
	assert_int_equal(inside.start, (uintptr_t)memory + PAGE);
	assert_int_equal(inside.end, (uintptr_t)memory + 3 * PAGE);
	assert_int_equal(xt_call(fd, XT_IOC_FIND, &before), -ENOENT);
	assert_int_equal(xt_call(fd, XT_IOC_FIND, &after), -ENOENT);

	assert_int_equal(xt_call(fd, XT_IOC_WITHDRAW, &self), 0);
	assert_int_equal(xt_call(fd, XT_IOC_FIND, &inside), -ENOENT);
	assert_int_equal(xt_stats(fd).range_frees, 0);
	assert_int_equal(xt_call(fd, XT_IOC_WITHDRAW, &self), 0);
	assert_int_equal(xt_remove(fd, id), 0);
	assert_int_equal(xt_stats(fd).range_frees, 1);
	xt_stop(fd);
	t_unmap(memory, 4);
}

/* Who holds the id of a range that is gone must not get another one. */
static void id_is_not_given_twice(void **state)
{
	char *memory = t_map(1);
	int fd = xt_start(XT_REFUSE), first = xt_insert(fd, memory, 1), next;

	(void)state;
	assert_int_equal(xt_remove(fd, 0), -ENOENT);
	assert_int_equal(xt_remove(fd, first), 0);
	next = xt_insert(fd, memory, 1);
	assert_true(next > first && first > 0);
	assert_int_equal(xt_populate(fd, first, memory, 1, 0), -ENOENT);
	assert_int_equal(xt_populate(fd, next, memory, 1, 0), 0);
	xt_stop(fd);
	t_unmap(memory, 1);
}

static void detach_takes_all_ranges_out(void **state)
{
	char *memory = t_map(4);
	int fd = xt_start(XT_REFUSE), a = xt_insert(fd, memory, 2);
	int b = xt_insert(fd, memory + 2 * PAGE, 2);

	(void)state;
	assert_int_equal(xt_populate(fd, a, memory, 2, 0), 0);
	assert_int_equal(xt_populate(fd, b, memory + 2 * PAGE, 2, 0), 0);
	assert_int_equal(xt_detach(fd), 0);
	assert_true(gone(fd, a, memory, 2));
	assert_true(gone(fd, b, memory + 2 * PAGE, 2));
	assert_int_equal(xt_stats(fd).range_frees, 0);
	assert_int_equal(xt_remove(fd, a), 0);
	assert_int_equal(xt_remove(fd, b), 0);
	assert_int_equal(xt_stats(fd).range_frees, 2);
	xt_stop(fd);
	t_unmap(memory, 4);
}

static void zap_takes_exactly_its_span(void **state)
{
	char *memory = t_map(8);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, 8);
	uint64_t flushes;

	(void)state;
	assert_int_equal(xt_populate(fd, id, memory, 8, XT_WRITE), 0);
	assert_int_equal(xt_zap(fd, id, memory + 2 * PAGE, 3), 0);
	assert_int_equal(xt_query(fd, id, memory, 8).present, 5);
	assert_true(gone(fd, id, memory + 2 * PAGE, 3));
	flushes = xt_stats(fd).flushes;
	assert_int_equal(xt_zap(fd, id, memory + 2 * PAGE, 3), 0);
	assert_int_equal(xt_stats(fd).flushes, flushes); /* nothing was removed */
	assert_int_equal(xt_populate(fd, id, memory, 8, XT_WRITE), 0);
	xt_stop(fd);
	t_unmap(memory, 8);
}

/* ---- with others at work */

struct noise {
	char *memory;
	int fd;
	int id;
	bool stop;
	volatile long rounds;
};

static long discard_again_and_again(void *arg)
{
	struct noise *noise = arg;

	while (!__atomic_load_n(&noise->stop, __ATOMIC_RELAXED)) {
		*(volatile char *)noise->memory = 1;
		madvise(noise->memory, PAGE, MADV_DONTNEED);
		noise->rounds++;
	}
	return 0;
}

static void neighbour_causes_no_retries(void **state)
{
	char *memory = t_map(16);
	int fd = xt_start(XT_REFUSE), a = xt_insert(fd, memory, 8);
	int b = xt_insert(fd, memory + 8 * PAGE, 8);
	struct noise noise = { .memory = memory + 8 * PAGE };
	struct t_thread thread;
	struct xt_stats stats;
	long end, walks = 0;

	(void)state;
	assert_true(b > 0);
	t_touch(memory, 16);
	assert_int_equal(xt_populate(fd, a, memory, 8, XT_WRITE), 0);
	stats = xt_stats(fd);
	t_start(&thread, discard_again_and_again, &noise);
	for (end = t_ms() + 1000; t_ms() < end || walks < 100 || noise.rounds < 100; walks++)
		assert_int_equal(xt_populate(fd, a, memory, 8, XT_WRITE), 0);
	__atomic_store_n(&noise.stop, true, __ATOMIC_RELAXED);
	t_join(&thread);
	assert_true(noise.rounds >= 100);
	assert_int_equal(xt_stats(fd).core.retries, stats.core.retries);
	assert_int_equal(xt_stats(fd).core.cold_waits, stats.core.cold_waits);
	assert_true(xt_stats(fd).core.events[EVENT_CLEAR] - stats.core.events[EVENT_CLEAR] >=
		    (uint64_t)noise.rounds);
	assert_int_equal(xt_query(fd, a, memory, 8).present, 8);
	xt_stop(fd);
	t_unmap(memory, 16);
}

static long discard_first_page(void *arg)
{
	return madvise(arg, PAGE, MADV_DONTNEED) ? -errno : 0;
}

/* The kernel would let an insertion of an interval notifier wait for what is going on in the mm. */
static void insert_and_remove_beside_others_do_not_wait(void **state)
{
	char *memory = t_map(8);
	int fd = xt_start(XT_REFUSE), a = xt_insert(fd, memory, 4), b;
	struct t_thread thread;
	long begun;

	(void)state;
	assert_int_equal(xt_populate(fd, a, memory, 4, XT_WRITE), 0);
	xt_set(fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	t_start(&thread, discard_first_page, memory);
	assert_true(t_until(5000, xt_stats(fd).pending == 1));
	begun = t_ms();
	b = xt_insert(fd, memory + 4 * PAGE, 4);
	assert_true(b > 0);
	assert_int_equal(xt_remove(fd, b), 0);
	assert_in_range(t_ms() - begun, 0, 1000);
	assert_false(t_done(&thread, 0));
	xt_set(fd, XT_CONFIRM, 0);
	assert_int_equal(t_join(&thread), 0);
	xt_set(fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	xt_stop(fd);
	t_unmap(memory, 8);
}

/*
 * A range that is inserted while an invalidation of its memory is open has not seen the callback.
 * What it is populated with must be what the process has afterwards.
 */
static void range_inserted_during_an_invalidation_is_not_populated_too_early(void **state)
{
	char *memory = t_map(4);
	int fd = xt_start(XT_REFUSE), a = xt_insert(fd, memory, 4), b;
	struct xt_walker walker;
	struct t_thread thread;

	(void)state;
	t_touch(memory, 4);
	assert_int_equal(xt_populate(fd, a, memory, 4, XT_WRITE), 0);
	xt_set(fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	t_start(&thread, discard_first_page, memory);
	assert_true(t_until(5000, xt_stats(fd).pending == 1));
	b = xt_insert(fd, memory, 4);
	assert_int_equal(xt_populate(fd, b, memory, 1, XT_NOWAIT), -EAGAIN);
	xt_walker_start(&walker, fd, b, memory, 1, 0);
	assert_false(t_done(&walker.thread, 200));
	xt_set(fd, XT_CONFIRM, 0);
	xt_set(fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	assert_int_equal(t_join(&thread), 0);
	assert_int_equal(xt_walker_join(&walker), 0);
	assert_int_equal(xt_access(fd, (struct xt_access){ .id = b,
							   .start = (uintptr_t)memory,
							   .end = (uintptr_t)memory + PAGE })
				 .last,
			 0);
	assert_int_equal(xt_query(fd, b, memory, 1).pfn, t_pfn(memory));
	xt_stop(fd);
	t_unmap(memory, 4);
}

static long remove_it(void *arg)
{
	struct noise *noise = arg;

	return xt_call(noise->fd, XT_IOC_WITHDRAW, &(struct xt_range){ .id = noise->id });
}

static void removal_during_a_walk_leaves_nothing(void **state)
{
	char *memory = t_map(4);
	int fd = xt_start(XT_REFUSE);
	struct noise noise = { .fd = fd, .id = xt_insert(fd, memory, 4) };
	struct t_thread thread;
	struct xt_walker walker;

	(void)state;
	xt_walker_hold(&walker, XT_AT_POPULATE, fd, noise.id, memory, 4, XT_WRITE);
	t_start(&thread, remove_it, &noise);
	assert_false(t_done(&thread, 200));
	xt_set(fd, XT_GO, 0);
	assert_int_equal(xt_walker_join(&walker), 0);
	assert_int_equal(t_join(&thread), 0);
	assert_true(gone(fd, noise.id, memory, 4));

	noise.id = xt_insert(fd, memory, 4);
	xt_walker_hold(&walker, XT_AT_PREPARE, fd, noise.id, memory, 4, XT_WRITE);
	t_start(&thread, remove_it, &noise);
	assert_int_equal(t_join(&thread), 0);
	xt_set(fd, XT_GO, 0);
	assert_int_equal(xt_walker_join(&walker), -ESRCH);
	assert_true(gone(fd, noise.id, memory, 4));
	xt_stop(fd);
	t_unmap(memory, 4);
}

static long populate_again_and_again(void *arg)
{
	struct noise *noise = arg;
	int ret = 0;

	while (!__atomic_load_n(&noise->stop, __ATOMIC_RELAXED)) {
		ret = xt_populate(noise->fd, __atomic_load_n(&noise->id, __ATOMIC_RELAXED),
				  noise->memory, 4, XT_WRITE);
		if (ret && ret != -ESRCH && ret != -ENOENT)
			return ret;
		noise->rounds += !ret;
	}
	return 0;
}

static void ranges_come_and_go_under_walks(void **state)
{
	char *memory = t_map(4);
	struct noise noise = { .fd = xt_start(XT_TRYLOCK), .memory = memory };
	struct t_thread thread;
	long end, rounds = 0;
	int id, old;

	(void)state;
	noise.id = xt_insert(noise.fd, memory, 4);
	xt_set(noise.fd, XT_FLUSH_MODE, XT_FLUSH_IRQ);
	t_start(&thread, populate_again_and_again, &noise);
	for (end = t_ms() + 1500; t_ms() < end || rounds < 100; rounds++) {
		id = xt_insert(noise.fd, memory, 4);
		assert_true(id > 0);
		old = __atomic_exchange_n(&noise.id, id, __ATOMIC_RELAXED);
		assert_int_equal(xt_remove(noise.fd, old), 0);
	}
	__atomic_store_n(&noise.stop, true, __ATOMIC_RELAXED);
	assert_int_equal(t_join(&thread), 0);
	assert_true(noise.rounds >= 20);
	assert_true(t_until(2000, xt_stats(noise.fd).range_frees == (uint64_t)rounds));
	xt_stop(noise.fd);
	t_unmap(memory, 4);
}

/*
 * The order that must be seen: the walk has read the sequence and faulted, then an invalidation
 * gets the lock, then the walk does. Another walk holds the lock until both wait for it, the
 * invalidation first.
 */
static void collision_is_retried_until_it_fits(void **state)
{
	char *memory = t_map(8);
	int fd = xt_start(XT_REFUSE), a = xt_insert(fd, memory, 4);
	int b = xt_insert(fd, memory + 4 * PAGE, 4);
	struct xt_walker holder, walker;
	struct t_thread thread;

	(void)state;
	t_touch(memory, 8);
	assert_int_equal(xt_populate(fd, a, memory, 4, XT_WRITE), 0);
	assert_int_equal(xt_populate(fd, b, memory + 4 * PAGE, 4, XT_WRITE), 0);
	xt_walker_hold(&holder, XT_AT_POPULATE, fd, b, memory + 4 * PAGE, 1, 0);
	t_start(&thread, discard_first_page, memory);
	t_sleep(200);
	xt_walker_start(&walker, fd, a, memory, 1, 0);
	assert_false(t_done(&walker.thread, 200));
	assert_false(t_done(&thread, 0));
	xt_set(fd, XT_GO, 0);
	assert_int_equal(xt_walker_join(&holder), 0);
	assert_int_equal(t_join(&thread), 0);
	assert_int_equal(xt_walker_join(&walker), 0);
	assert_in_range(xt_stats(fd).core.retries, 1, 10);
	assert_int_equal(xt_query(fd, a, memory, 1).pfn, t_pfn(memory));
	xt_stop(fd);
	t_unmap(memory, 8);
}

/* One more invalidation comes and goes while somebody waits for the first one to end. */
static void waiting_walk_sees_a_second_invalidation_end(void **state)
{
	char *memory = t_map(4);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, 4);
	struct xt_walker walker = { .fd = fd,
				    .walk = { .id = id,
					      .start = (uintptr_t)memory + 2 * PAGE,
					      .end = (uintptr_t)memory + 3 * PAGE,
					      .stall_ms = 9000,
					      .total_ms = 9000 } };
	struct t_thread thread;

	(void)state;
	assert_int_equal(xt_populate(fd, id, memory, 4, XT_WRITE), 0);
	xt_set(fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	t_start(&thread, discard_first_page, memory);
	assert_true(t_until(5000, xt_stats(fd).pending == 1));
	xt_walker_run(&walker);
	assert_false(t_done(&walker.thread, 300));
	xt_set(fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	assert_int_equal(madvise(memory + 3 * PAGE, PAGE, MADV_DONTNEED), 0);
	xt_set(fd, XT_CONFIRM, 0);
	assert_int_equal(t_join(&thread), 0);
	assert_true(t_done(&walker.thread, 3000));
	assert_int_equal(xt_walker_join(&walker), 0);
	xt_stop(fd);
	t_unmap(memory, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_of_the_address_space),
		cmocka_unit_test(tebibyte_of_sparse_memory),
		cmocka_unit_test(windows_end_at_their_multiples),
		cmocka_unit_test(overlapping_ranges_have_translations_of_their_own),
		cmocka_unit_test(many_ranges_in_a_block),
		cmocka_unit_test(found_range_stays_until_it_is_put),
		cmocka_unit_test(id_is_not_given_twice),
		cmocka_unit_test(detach_takes_all_ranges_out),
		cmocka_unit_test(zap_takes_exactly_its_span),
		cmocka_unit_test(neighbour_causes_no_retries),
		cmocka_unit_test(insert_and_remove_beside_others_do_not_wait),
		cmocka_unit_test(range_inserted_during_an_invalidation_is_not_populated_too_early),
		cmocka_unit_test(removal_during_a_walk_leaves_nothing),
		cmocka_unit_test(ranges_come_and_go_under_walks),
		cmocka_unit_test(collision_is_retried_until_it_fits),
		cmocka_unit_test(waiting_walk_sees_a_second_invalidation_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
