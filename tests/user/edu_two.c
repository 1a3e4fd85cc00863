// SPDX-License-Identifier: GPL-2.0-only
/* Two devices work at the same time, in the same memory, and one goes while the other works on. */
#include <fcntl.h>

#include "edu.h"

#define PAGES 8

static int fd[2];
static int range[2];
static char *memory;

static int setup(void **state)
{
	int i;

	(void)state;
	memory = t_map(PAGES);
	for (i = 0; i < 2; i++) {
		fd[i] = edu_open_as(i ? "/dev/xmmu-edu1" : "/dev/xmmu-edu0");
		range[i] = edu_register(fd[i], memory, PAGES);
		if (fd[i] < 0 || range[i] < 1)
			return -1;
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	t_unmap(memory, PAGES);
	return close(fd[0]) | close(fd[1]);
}

/* Each has a buffer of its own. */
static void apart(void **state)
{
	(void)state;
	edu_load(fd[0], 1);
	edu_load(fd[1], 2);
	assert_int_equal(edu_copy(fd[0], range[0], memory, 4000, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_int_equal(edu_copy(fd[1], range[1], memory + PAGE, 4000, 0, XMMU_EDU_FROM_DEVICE),
			 0);
	assert_int_equal(edu_compare(memory, 4000, 1, 0), -1);
	assert_int_equal(edu_compare(memory + PAGE, 4000, 2, 0), -1);
}

static void at_the_same_time(void **state)
{
	long began = t_ms(), took;
	int job[2], i;

	(void)state;
	for (i = 0; i < 2; i++)
		job[i] = edu_submit(fd[i], range[i], memory + i * 2 * PAGE, 2 * PAGE, 0,
				    XMMU_EDU_FROM_DEVICE);
	for (i = 0; i < 2; i++)
		assert_int_equal(edu_wait(fd[i], job[i], EDU_LIMIT_MS, NULL), 0);
	took = t_ms() - began;
	/* 2 pages are 4 transfers: two at their ends, and two at the end of the buffer. */
	assert_in_range(took, 3 * EDU_TRANSFER_MS, 7 * EDU_TRANSFER_MS);
}

/* Both write to one page: munmap waits for both. */
static void in_the_same_page(void **state)
{
	uint64_t before[2] = { edu_stats(fd[0]).transfers, edu_stats(fd[1]).transfers };
	int job[2], i;

	(void)state;
	for (i = 0; i < 2; i++)
		job[i] = edu_submit(fd[i], range[i], memory + 2000 * i, 1000, 0,
				    XMMU_EDU_FROM_DEVICE);
	assert_true(t_until(1000, edu_stats(fd[0]).transfers > before[0] &&
					  edu_stats(fd[1]).transfers > before[1]));
	munmap(memory, PAGE);
	for (i = 0; i < 2; i++) {
		assert_int_equal(edu_wait(fd[i], job[i], EDU_LIMIT_MS, NULL), 0);
		assert_true(edu_stats(fd[i]).waits <= 1);
	}
	assert_true(edu_stats(fd[0]).waits + edu_stats(fd[1]).waits >= 1);
	mmap(memory, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/* Not in the same bytes: two mappings of one cache line for writing are a misuse of the DMA API. */
static void one_goes(void **state)
{
	int stays = edu_submit(fd[1], range[1], memory, 4 * PAGE, 0, XMMU_EDU_FROM_DEVICE);
	int goes =
		edu_submit(fd[0], range[0], memory + 4 * PAGE, 4 * PAGE, 0, XMMU_EDU_FROM_DEVICE);

	(void)state;
	assert_true(goes > 0 && stays > 0);
	t_sleep(EDU_SOME_MS);
	edu_rebind();
	assert_int_equal(edu_wait(fd[0], goes, 0, NULL), -ENODEV);
	assert_int_equal(edu_wait(fd[1], stays, EDU_LIMIT_MS, NULL), 0);
	close(fd[0]);
	fd[0] = edu_open();
	range[0] = edu_register(fd[0], memory, PAGES);
	assert_int_equal(edu_copy(fd[0], range[0], memory, 10, 0, XMMU_EDU_FROM_DEVICE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(apart),
		cmocka_unit_test(at_the_same_time),
		cmocka_unit_test(in_the_same_page),
		cmocka_unit_test(one_goes),
	};

	return cmocka_run_group_tests_name("edu_two", tests, setup, teardown);
}
