// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the hosted scheduler and its memory, without an explorer.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "internal.h"

static char order[64];
static struct hosted_task *sleeper;

static void put(char c)
{
	order[strlen(order)] = c;
}

static int reset(void **state)
{
	(void)state;
	memset(order, 0, sizeof(order));
	hosted_reset();
	return 0;
}

static void letters(void *arg)
{
	char c = *(char *)arg;

	for (int i = 0; i < 3; i++) {
		put(c);
		hosted_point(HOSTED_WRITE, order, 1);
		hosted_point(HOSTED_STEP, NULL, 0);
	}
}

static void test_tasks_take_turns_at_steps_only(void **state)
{
	(void)state;
	hosted_spawn("a", letters, "a");
	hosted_spawn("b", letters, "b");
	assert_null(hosted_run());
	assert_string_equal(order, "ababab");
}

static void sleep_once(void *arg)
{
	put('s');
	hosted_block("test", arg);
	put('w');
}

static void wake(void *arg)
{
	(void)arg;
	put('k');
	hosted_wake(sleeper);
	hosted_wake(hosted_current());
	put('r');
}

static void test_a_sleeper_is_woken(void **state)
{
	(void)state;
	sleeper = hosted_spawn("sleeper", sleep_once, order);
	hosted_spawn("waker", wake, NULL);
	assert_null(hosted_run());
	assert_string_equal(order, "skrw");
}

static void test_all_asleep_is_a_deadlock(void **state)
{
	const struct hosted_failure *failure;

	(void)state;
	sleeper = hosted_spawn("sleeper", sleep_once, order);
	failure = hosted_run();
	assert_non_null(failure);
	assert_string_equal(failure->oracle, "deadlock");
	assert_non_null(strstr(failure->text, "sleeper sleeps: test ("));
}

static void test_a_sleeping_daemon_is_none(void **state)
{
	(void)state;
	hosted_set_daemon(hosted_spawn("sleeper", sleep_once, order));
	assert_null(hosted_run());
	assert_string_equal(order, "s");
}

static void nap(void *arg)
{
	unsigned long long end = hosted_now_ns() + *(unsigned long long *)arg;

	assert_false(hosted_block_until("nap", NULL, end));
	assert_true(hosted_now_ns() >= end);
	put(*(unsigned long long *)arg > 1000000 ? 'l' : 's');
}

static void test_time_jumps_to_the_next_deadline(void **state)
{
	unsigned long long second = 1000000000, millisecond = 1000000;

	(void)state;
	hosted_spawn("long", nap, &second);
	hosted_spawn("short", nap, &millisecond);
	assert_null(hosted_run());
	assert_string_equal(order, "sl");
	assert_true(hosted_now_ns() >= second && hosted_now_ns() < 2 * second);
}

static void nap_or_wake(void *arg)
{
	assert_true(hosted_block_until("nap", NULL, 1000000000));
	put(*(char *)arg);
}

static void test_a_wake_comes_before_the_deadline(void **state)
{
	(void)state;
	sleeper = hosted_spawn("sleeper", nap_or_wake, "x");
	hosted_spawn("waker", wake, NULL);
	assert_null(hosted_run());
	assert_string_equal(order, "krx");
}

static void wake_main(void *arg)
{
	put('m');
	hosted_wake(arg);
}

static void test_the_main_program_may_sleep(void **state)
{
	(void)state;
	hosted_spawn("waker", wake_main, hosted_current());
	hosted_block("test", NULL);
	assert_string_equal(order, "m");
}

static void spawn_many(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++) {
		hosted_spawn("child", letters, "c");
		memset(order, 0, sizeof(order));
		while (strlen(order) < 3)
			hosted_point(HOSTED_STEP, NULL, 0);
	}
}

static void test_slots_of_ended_tasks_are_used_again(void **state)
{
	(void)state;
	hosted_spawn("parent", spawn_many, NULL);
	assert_null(hosted_run());
}

static void overflow(void *arg)
{
	*(char *)(hosted_stack(1) + 3) = 0;
	hosted_point(HOSTED_STEP, arg, 1);
	hosted_block("test", arg);
}

static void test_a_full_stack_is_seen(void **state)
{
	const struct hosted_failure *failure;

	(void)state;
	hosted_spawn("deep", overflow, order);
	hosted_spawn("other", letters, "x");
	failure = hosted_run();
	assert_non_null(failure);
	assert_string_equal(failure->oracle, "stack overflow");
}

static void test_memory_is_zeroed_aligned_and_counted(void **state)
{
	char *small = hosted_alloc(7), *page = hosted_alloc(4096);

	(void)state;
	assert_int_equal((uintptr_t)small % 16, 0);
	assert_int_equal((uintptr_t)page % 4096, 0);
	for (int i = 0; i < 4096; i++)
		assert_int_equal(page[i], 0);
	assert_int_equal(hosted_usage().blocks, 2);
	assert_int_equal(hosted_usage().bytes, 4103);
	hosted_free(small);
	hosted_free(NULL);
	assert_int_equal(hosted_usage().blocks, 1);
	assert_ptr_not_equal(hosted_alloc(7), small);
}

/* What the next task of a test does wrong. */
static struct {
	char *block;
	size_t offset, size;
	bool freed;
} access;

static void wrong_access(void *arg)
{
	(void)arg;
	access.block = hosted_alloc(access.size);
	if (access.freed)
		hosted_free(access.block);
	hosted_arena_check((uintptr_t)access.block + access.offset, 4, true);
}

static const char *oracle_of(size_t size, size_t offset, bool freed)
{
	const struct hosted_failure *failure;

	access.size = size;
	access.offset = offset;
	access.freed = freed;
	hosted_spawn("wrong", wrong_access, NULL);
	failure = hosted_run();
	return failure ? failure->oracle : "none";
}

static void test_accesses_outside_of_blocks_fail(void **state)
{
	static const struct {
		size_t size, offset;
		bool freed;
		const char *oracle;
	} rows[] = {
		{ 24, 0, false, "none" },
		{ 24, 20, false, "none" },
		{ 24, 21, false, "out of bounds" },
		{ 24, 24, false, "out of bounds" },
		{ 32, 28, false, "none" },
		{ 32, 30, false, "out of bounds" },
		{ 32, (size_t)-4, false, "out of bounds" },
		{ 24, 0, true, "use after free" },
		{ 24, 14, true, "use after free" },
		{ 0, 0, false, "out of bounds" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		reset(state);
		assert_string_equal(oracle_of(rows[i].size, rows[i].offset, rows[i].freed),
				    rows[i].oracle);
	}
}

static void null_access(void *arg)
{
	(void)arg;
	hosted_arena_check(8, 4, false);
}

static void free_twice(void *arg)
{
	arg = hosted_alloc(1);
	hosted_free(arg);
	hosted_free(arg);
}

static void free_the_middle(void *arg)
{
	arg = hosted_alloc(64);
	hosted_free((char *)arg + 16);
}

static void too_much(void *arg)
{
	(void)arg;
	for (;;)
		hosted_alloc(1 << 24);
}

static void test_misuse_of_memory_fails(void **state)
{
	static const struct {
		void (*fn)(void *arg);
		const char *oracle;
	} rows[] = {
		{ null_access, "null pointer" },
		{ free_twice, "double free" },
		{ free_the_middle, "wild free" },
		{ too_much, "arena" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct hosted_failure *failure;

		reset(state);
		hosted_spawn("wrong", rows[i].fn, NULL);
		failure = hosted_run();
		assert_non_null(failure);
		assert_string_equal(failure->oracle, rows[i].oracle);
	}
}

static void test_live_blocks_are_found(void **state)
{
	char *first = hosted_alloc(100), *freed = hosted_alloc(10), *second = hosted_alloc(5000);
	size_t size = 0;
	uintptr_t found;

	(void)state;
	hosted_free(freed);
	found = hosted_arena_live(0, hosted_part(0), &size);
	assert_int_equal(found, (uintptr_t)first);
	assert_int_equal(size, 100);
	found = hosted_arena_live(0, found + size, &size);
	assert_int_equal(found, (uintptr_t)second);
	assert_int_equal(hosted_arena_live(0, found + size, &size), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_tasks_take_turns_at_steps_only, reset),
		cmocka_unit_test_setup(test_a_sleeper_is_woken, reset),
		cmocka_unit_test_setup(test_all_asleep_is_a_deadlock, reset),
		cmocka_unit_test_setup(test_a_sleeping_daemon_is_none, reset),
		cmocka_unit_test_setup(test_time_jumps_to_the_next_deadline, reset),
		cmocka_unit_test_setup(test_a_wake_comes_before_the_deadline, reset),
		cmocka_unit_test_setup(test_the_main_program_may_sleep, reset),
		cmocka_unit_test_setup(test_slots_of_ended_tasks_are_used_again, reset),
		cmocka_unit_test_setup(test_a_full_stack_is_seen, reset),
		cmocka_unit_test_setup(test_memory_is_zeroed_aligned_and_counted, reset),
		cmocka_unit_test_setup(test_accesses_outside_of_blocks_fail, reset),
		cmocka_unit_test_setup(test_misuse_of_memory_fails, reset),
		cmocka_unit_test_setup(test_live_blocks_are_found, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
