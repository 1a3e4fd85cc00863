// SPDX-License-Identifier: GPL-2.0-only
/* Every command of /dev/xmmu-skeleton, and every error of it. */
#include <sys/wait.h>

#include "sk.h"

#define PAGES 16

/* ---- the calls themselves */

static void unknown_commands_are_enotty(void **state)
{
	struct xmmu_skeleton_stats buffer = {};
	int fd = sk_open(0);

	(void)state;
	assert_int_equal(sk_call(fd, _IO(XMMU_SKELETON_IOC, 0), &buffer), -ENOTTY);
	assert_int_equal(sk_call(fd, _IO(XMMU_SKELETON_IOC, 99), &buffer), -ENOTTY);
	/* Known numbers with another size, direction or type. */
	assert_int_equal(sk_call(fd, _IOW(XMMU_SKELETON_IOC, 1, __u32), &buffer), -ENOTTY);
	assert_int_equal(sk_call(fd, _IOR(XMMU_SKELETON_IOC, 1, __u64), &buffer), -ENOTTY);
	assert_int_equal(sk_call(fd, _IOW('X', 1, __u64), &buffer), -ENOTTY);
	assert_int_equal(sk_call(fd, _IOC(_IOC_WRITE, XMMU_SKELETON_IOC, 1, 8192), &buffer),
			 -ENOTTY);
	/* Nobody looks at the argument. */
	assert_int_equal(sk_call(fd, _IOW(XMMU_SKELETON_IOC, 99, __u64), NULL), -ENOTTY);
	close(fd);
}

static void bad_pointers_are_efault(void **state)
{
	static const unsigned long commands[] = {
		XMMU_SKELETON_ATTACH,   XMMU_SKELETON_RANGE_ADD, XMMU_SKELETON_RANGE_DEL,
		XMMU_SKELETON_POPULATE, XMMU_SKELETON_ZAP,       XMMU_SKELETON_QUERY,
		XMMU_SKELETON_STATS,
	};
	int fd = sk_open(0);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_int_equal(sk_call(fd, commands[i], NULL), -EFAULT);
	close(fd);
}

static void padding_must_be_zero(void **state)
{
	struct xmmu_skeleton_attach attach = { .pad = 1 };
	struct xmmu_skeleton_populate populate = { .len = PAGE, .pad = 1 };
	struct xmmu_skeleton_query query = { .pad = 1 };
	char *memory = t_map(1);
	int fd = sk_start(memory, 1);

	(void)state;
	assert_int_equal(sk_call(fd, XMMU_SKELETON_ATTACH, &attach), -EINVAL);
	populate.addr = query.addr = (uintptr_t)memory;
	assert_int_equal(sk_call(fd, XMMU_SKELETON_POPULATE, &populate), -EINVAL);
	assert_int_equal(sk_call(fd, XMMU_SKELETON_QUERY, &query), -EINVAL);
	populate.pad = query.pad = 0;
	assert_int_equal(sk_call(fd, XMMU_SKELETON_POPULATE, &populate), 0);
	assert_int_equal(sk_call(fd, XMMU_SKELETON_QUERY, &query), 0);
	close(fd);
	t_unmap(memory, 1);
}

/* ---- attach and detach */

static void without_an_address_space_there_is_nothing(void **state)
{
	struct xmmu_skeleton_stats stats;
	struct xmmu_skeleton_event event;
	char *memory = t_map(1);
	int fd = sk_open(0);
	size_t i;

	(void)state;
	assert_int_equal(sk_add(fd, memory, 1), -ESRCH);
	assert_int_equal(sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory, 1), -ESRCH);
	assert_int_equal(sk_populate(fd, memory, 1, 0), -ESRCH);
	assert_int_equal(sk_zap(fd, memory, 1), -ESRCH);
	assert_int_equal(sk_access(fd, memory), -ESRCH);
	assert_int_equal(sk_detach(fd), 0);
	assert_int_equal(sk_read(fd, &event), 0);
	assert_int_equal(sk_poll(fd, 0), POLLHUP);
	memset(&stats, 0xff, sizeof(stats));
	assert_int_equal(sk_call(fd, XMMU_SKELETON_STATS, &stats), 0);
	for (i = 0; i < sizeof(stats) / sizeof(__u64); i++)
		assert_int_equal(((__u64 *)&stats)[i], 0);
	close(fd);
	t_unmap(memory, 1);
}

static void attach_twice_and_again(void **state)
{
	char *memory = t_map(1);
	int fd = sk_start(memory, 1);

	(void)state;
	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_equal(sk_populate(fd, memory, 1, 0), 0);
	assert_int_equal(sk_detach(fd), 0);
	assert_int_equal(sk_populate(fd, memory, 1, 0), -ESRCH);
	assert_int_equal(sk_detach(fd), 0);
	/* Nothing of the first time is left. */
	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_equal(sk_populate(fd, memory, 1, 0), -ENOENT);
	assert_int_equal(sk_add(fd, memory, 1), 0);
	assert_int_equal(sk_access(fd, memory), 0);
	assert_int_equal(sk_populate(fd, memory, 1, 0), 0);
	close(fd);
	t_unmap(memory, 1);
}

static int child_uses_inherited_file(void *arg)
{
	int fd = *(int *)arg;
	struct xmmu_skeleton_stats stats;
	static char page[2 * 4096];
	char *memory = (char *)(((uintptr_t)page + PAGE - 1) & ~(PAGE - 1));

	if (sk_add(fd, memory, 1) != -EXDEV || sk_populate(fd, memory, 1, 0) != -EXDEV)
		return 1;
	if (sk_zap(fd, memory, 1) != -EXDEV || sk_access(fd, memory) != -EXDEV)
		return 2;
	if (sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory, 1) != -EXDEV)
		return 3;
	if (sk_attach(fd, 0) != -EBUSY)
		return 4;
	return sk_call(fd, XMMU_SKELETON_STATS, &stats) ? 5 : 0;
}

static void addresses_of_a_child_are_not_taken(void **state)
{
	char *memory = t_map(1);
	int fd = sk_start(memory, 1);

	(void)state;
	assert_int_equal(t_wait(t_fork(child_uses_inherited_file, &fd), 10000), 0);
	assert_int_equal(sk_populate(fd, memory, 1, 0), 0);
	close(fd);
	t_unmap(memory, 1);
}

/* ---- ranges */

static int add_at(int fd, uint64_t addr, uint64_t len)
{
	struct xmmu_skeleton_range argument = { addr, len };

	return sk_call(fd, XMMU_SKELETON_RANGE_ADD, &argument);
}

static void bad_ranges_are_einval(void **state)
{
	int fd = sk_open(0);

	(void)state;
	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_equal(add_at(fd, WINDOW, 0), -EINVAL);
	assert_int_equal(add_at(fd, WINDOW + 1, PAGE), -EINVAL);
	assert_int_equal(add_at(fd, WINDOW, PAGE + 1), -EINVAL);
	assert_int_equal(add_at(fd, -PAGE, PAGE), -EINVAL);
	assert_int_equal(add_at(fd, -PAGE, 2 * PAGE), -EINVAL);
	assert_int_equal(add_at(fd, WINDOW, -PAGE), -EINVAL);
	assert_int_equal(add_at(fd, 1UL << 63, PAGE), -EINVAL);
	assert_int_equal(add_at(fd, WINDOW, 1UL << 40), 0);
	close(fd);
}

static void del_needs_the_bounds_of_add(void **state)
{
	char *memory = t_map(PAGES);
	int fd = sk_start(memory, PAGES);

	(void)state;
	assert_int_equal(sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory, PAGES - 1), -ENOENT);
	assert_int_equal(sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory + PAGE, PAGES - 1), -ENOENT);
	assert_int_equal(sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory + PAGES * PAGE, 1), -ENOENT);
	assert_int_equal(sk_populate(fd, memory, PAGES, 0), 0);
	assert_int_equal(sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory, PAGES), 0);
	assert_int_equal(sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory, PAGES), -ENOENT);
	assert_int_equal(sk_populate(fd, memory, 1, 0), -ENOENT);
	assert_int_equal(sk_zap(fd, memory, 1), -ENOENT);
	assert_int_equal(sk_access(fd, memory), -ENOENT);
	assert_int_equal(sk_add(fd, memory, PAGES), 0);
	assert_int_equal(sk_access(fd, memory), 0);
	close(fd);
	t_unmap(memory, PAGES);
}

/* ---- populate, zap, query */

static void rights_are_those_asked_for(void **state)
{
	char *memory = t_map(2);
	int fd = sk_start(memory, 2);

	(void)state;
	assert_int_equal(sk_access(fd, memory), 0);
	assert_int_equal(sk_populate(fd, memory, 1, 0), 0);
	assert_int_equal(sk_populate(fd, memory + PAGE, 1, XMMU_SKELETON_WRITE), 0);
	assert_int_equal(sk_access(fd, memory), SK_READ);
	assert_int_equal(sk_access(fd, memory + PAGE), SK_READ_WRITE);
	/* Any byte of the page will do. */
	assert_int_equal(sk_access(fd, memory + 2 * PAGE - 1), SK_READ_WRITE);
	assert_int_equal(sk_access(fd, memory + 2 * PAGE), -ENOENT);
	close(fd);
	t_unmap(memory, 2);
}

static void zap_removes_what_it_is_told(void **state)
{
	char *memory = t_map(PAGES);
	int fd = sk_start(memory, PAGES);
	uint64_t before;

	(void)state;
	assert_int_equal(sk_populate(fd, memory, PAGES, 0), 0);
	before = sk_generation(fd, memory + PAGE);
	assert_int_not_equal(before, 0);
	assert_int_equal(sk_zap(fd, memory + PAGE, 1), 0);
	assert_int_equal(sk_generation(fd, memory + PAGE), 0);
	assert_int_equal(sk_access(fd, memory), SK_READ);
	assert_int_equal(sk_access(fd, memory + PAGE), 0);
	assert_int_equal(sk_access(fd, memory + 2 * PAGE), SK_READ);
	assert_int_equal(sk_populate(fd, memory + PAGE, 1, 0), 0);
	assert_true(sk_generation(fd, memory + PAGE) > before);
	assert_int_equal(sk_zap(fd, memory, PAGES), 0);
	assert_int_equal(sk_access(fd, memory + (PAGES - 1) * PAGE), 0);

	assert_int_equal(sk_zap(fd, memory, 0), -EINVAL);
	assert_int_equal(sk_zap(fd, memory, PAGES + 1), -EINVAL);
	assert_int_equal(sk_zap(fd, memory + 1, 1), -EINVAL);
	assert_int_equal(sk_zap(fd, memory + PAGES * PAGE, 1), -ENOENT);
	close(fd);
	t_unmap(memory, PAGES);
}

static void bad_populates_say_why(void **state)
{
	char *memory = t_map(PAGES);
	int fd = sk_start(memory, PAGES);

	(void)state;
	assert_int_equal(sk_populate(fd, memory, 0, 0), -EINVAL);
	assert_int_equal(sk_populate(fd, memory, PAGES + 1, 0), -EINVAL);
	assert_int_equal(sk_populate(fd, memory + 1, 1, 0), -EINVAL);
	assert_int_equal(sk_populate(fd, memory, 1, 1U << 3), -EINVAL);
	assert_int_equal(sk_populate(fd, memory, 1, 1U << 31), -EINVAL);
	assert_int_equal(sk_populate(fd, memory + PAGES * PAGE, 1, 0), -ENOENT);

	mprotect(memory, PAGE, PROT_READ);
	assert_int_equal(sk_populate(fd, memory, 1, XMMU_SKELETON_WRITE), -EPERM);
	assert_int_equal(sk_populate(fd, memory, 1, 0), 0);
	mprotect(memory, PAGE, PROT_NONE);
	assert_int_equal(sk_access(fd, memory), 0);
	assert_int_equal(sk_populate(fd, memory, 1, 0), -EFAULT);
	t_unmap(memory, PAGES);
	assert_int_equal(sk_populate(fd, memory, PAGES, 0), -EFAULT);
	close(fd);
}

static void populate_says_how_far_it_came(void **state)
{
	size_t window = WINDOW / PAGE;
	char *memory = t_map(2 * window);
	int fd = sk_start(memory, 2 * window);
	uint64_t done;

	(void)state;
	assert_int_equal(sk_populate_done(fd, memory, 2 * window, 0, &done), 0);
	assert_int_equal(done, 2 * WINDOW);
	t_unmap(memory + WINDOW, window);
	assert_int_equal(sk_populate_done(fd, memory, 2 * window, 0, &done), -EFAULT);
	assert_int_equal(done, WINDOW);
	assert_int_equal(sk_access(fd, memory + WINDOW - 1), SK_READ);
	assert_int_equal(sk_access(fd, memory + WINDOW), 0);
	close(fd);
	t_unmap(memory, window);
}

static void snapshot_takes_only_what_is_there(void **state)
{
	char *memory = t_map(3);
	int fd = sk_start(memory, 3);

	(void)state;
	madvise(memory, 3 * PAGE, MADV_NOHUGEPAGE);
	t_touch(memory + PAGE, 1);
	assert_int_equal(sk_populate(fd, memory, 3, XMMU_SKELETON_SNAPSHOT), 0);
	assert_int_equal(sk_access(fd, memory), 0);
	assert_int_equal(sk_access(fd, memory + PAGE), SK_READ);
	assert_int_equal(sk_access(fd, memory + 2 * PAGE), 0);
	assert_false(t_pagemap(memory) & T_PRESENT);
	close(fd);
	t_unmap(memory, 3);
}

/* Nothing is there, and the driver keeps a table for each 2 MiB that it was asked about. */
static void tables_of_a_file_are_limited(void **state)
{
	size_t table = (2UL << 20) / PAGE, limit = 1024 * table;
	char *memory = (char *)(1UL << 40); /* no mapping is needed */
	uint64_t done = 0;
	int fd = sk_open(0);

	(void)state;
	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_equal(sk_add(fd, memory, limit + table), 0);
	assert_int_equal(sk_populate_done(fd, memory, limit + table, XMMU_SKELETON_SNAPSHOT, &done),
			 -ENOSPC);
	assert_int_equal(done, limit * PAGE);
	/* A range takes its tables with it. */
	assert_int_equal(sk_range(fd, XMMU_SKELETON_RANGE_DEL, memory, limit + table), 0);
	assert_int_equal(sk_add(fd, memory, table), 0);
	assert_int_equal(sk_populate(fd, memory, table, XMMU_SKELETON_SNAPSHOT), 0);
	close(fd);
}

static void nowait_takes_only_what_is_ready(void **state)
{
	char *memory = t_map(2);
	int fd = sk_start(memory, 2);

	(void)state;
	madvise(memory, 2 * PAGE, MADV_NOHUGEPAGE);
	t_touch(memory, 1);
	/* The range may have to be made ready first, which nobody waits for. */
	assert_true(t_until(5000, !sk_populate(fd, memory, 1, XMMU_SKELETON_NOWAIT)));
	assert_int_equal(sk_access(fd, memory), SK_READ);
	assert_int_equal(sk_populate(fd, memory + PAGE, 1, XMMU_SKELETON_NOWAIT), -EAGAIN);
	assert_int_equal(sk_populate(fd, memory, 2, XMMU_SKELETON_NOWAIT), -EAGAIN);
	assert_false(t_pagemap(memory + PAGE) & T_PRESENT);
	close(fd);
	t_unmap(memory, 2);
}

/* ---- statistics */

static void statistics_count(void **state)
{
	char *memory = t_map(PAGES);
	int fd = sk_start(memory, PAGES);
	struct xmmu_skeleton_stats stats;

	(void)state;
	assert_int_equal(sk_populate(fd, memory, PAGES, XMMU_SKELETON_WRITE), 0);
	assert_int_equal(madvise(memory, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(sk_call(fd, XMMU_SKELETON_STATS, &stats), 0);
	assert_int_equal(stats.commits, 1);
	assert_int_equal(stats.pages, PAGES);
	assert_true(stats.events[XMMU_SKELETON_CLEAR] >= 1);
	assert_int_equal(stats.zaps, 1);
	assert_int_equal(stats.flushes, 1);
	assert_int_equal(stats.xfers, 0);
	assert_int_equal(stats.isolated, 0);
	close(fd);
	t_unmap(memory, PAGES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_commands_are_enotty),
		cmocka_unit_test(bad_pointers_are_efault),
		cmocka_unit_test(padding_must_be_zero),
		cmocka_unit_test(without_an_address_space_there_is_nothing),
		cmocka_unit_test(attach_twice_and_again),
		cmocka_unit_test(addresses_of_a_child_are_not_taken),
		cmocka_unit_test(bad_ranges_are_einval),
		cmocka_unit_test(del_needs_the_bounds_of_add),
		cmocka_unit_test(rights_are_those_asked_for),
		cmocka_unit_test(zap_removes_what_it_is_told),
		cmocka_unit_test(bad_populates_say_why),
		cmocka_unit_test(populate_says_how_far_it_came),
		cmocka_unit_test(snapshot_takes_only_what_is_there),
		cmocka_unit_test(tables_of_a_file_are_limited),
		cmocka_unit_test(nowait_takes_only_what_is_ready),
		cmocka_unit_test(statistics_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
