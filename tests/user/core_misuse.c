// SPDX-License-Identifier: GPL-2.0-only
/* What no driver may do, and what the SDK makes of it; each prints a warning, as the suite says. */
#include "t.h"

static void next_with_an_open_window_ends_the_walk(void **state)
{
	char *memory = t_map(1);
	int fd = xt_start(XT_REFUSE);
	struct xt_walk twice = { .id = xt_insert(fd, memory, 1),
				 .start = (uintptr_t)memory,
				 .end = (uintptr_t)memory + PAGE,
				 .mode = XT_NEXT_TWICE };

	(void)state;
	assert_int_equal(xt_walk(fd, &twice), -EINVAL);
	assert_int_equal(twice.done, twice.start);
	/* The lock was given back. */
	assert_int_equal(xt_populate(fd, twice.id, memory, 1, 0), 0);
	xt_stop(fd);
	t_unmap(memory, 1);
}

static void leaf_after_the_commit_is_none(void **state)
{
	char *memory = t_map(1);
	int fd = xt_start(XT_REFUSE);
	struct xt_walk late = { .id = xt_insert(fd, memory, 1),
				.start = (uintptr_t)memory,
				.end = (uintptr_t)memory + PAGE,
				.mode = XT_LATE_LEAF };

	(void)state;
	assert_int_equal(xt_walk(fd, &late), 0);
	assert_int_equal(late.leaves, 0);
	xt_stop(fd);
	t_unmap(memory, 1);
}

static void prepare_may_not_return_a_number(void **state)
{
	char *memory = t_map(1);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, 1);

	(void)state;
	xt_set(fd, XT_PREPARE_ERROR, -1);
	assert_int_equal(xt_populate(fd, id, memory, 1, 0), -EINVAL);
	assert_int_equal(xt_populate(fd, id, memory, 1, 0), 0);
	xt_stop(fd);
	t_unmap(memory, 1);
}

/* It may not be waited for, so the device is cut off. */
static void atomic_device_that_confirms_late_is_isolated(void **state)
{
	char *memory = t_map(1);
	int fd = xt_start(XT_ATOMIC), id = xt_insert(fd, memory, 1);
	long begun;

	(void)state;
	assert_int_equal(xt_populate(fd, id, memory, 1, XT_WRITE), 0);
	xt_set(fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	begun = t_ms();
	assert_return_code(madvise(memory, PAGE, MADV_DONTNEED), errno);
	assert_in_range(t_ms() - begun, 0, 2000);
	assert_int_equal(xt_stats(fd).isolates, 1);
	assert_int_equal(xt_populate(fd, id, memory, 1, 0), -EIO);
	xt_stop(fd);
	t_unmap(memory, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_with_an_open_window_ends_the_walk),
		cmocka_unit_test(leaf_after_the_commit_is_none),
		cmocka_unit_test(prepare_may_not_return_a_number),
		cmocka_unit_test(atomic_device_that_confirms_late_is_isolated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
