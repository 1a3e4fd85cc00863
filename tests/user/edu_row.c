// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold on every kind of machine: the path that the driver is expected to take there is
 * taken, bytes arrive, stores of the processor beside a transfer are kept, and what the device has
 * written survives reclaim.
 *
 * usage: edu_row direct|iommu|bounce|coherent
 */

#include "edu.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static const char *const paths[] = { "direct", "iommu", "bounce", "coherent" };
static unsigned int expected;
static int fd;
static char *memory;
static int range;

#define PAGES 8

static int setup(void **state)
{
	(void)state;
	fd = edu_open();
	memory = t_map(PAGES);
	/* Small pages: reclaim would split a huge one first. */
	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	range = edu_register(fd, memory, PAGES);
	return range > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	t_unmap(memory, PAGES);
	return close(fd);
}

/* Each transfer of a test takes the path of this machine. */
static void the_path_is_taken(void **state)
{
	struct xmmu_edu_info before = edu_info(fd), after;
	unsigned int i;

	(void)state;
	edu_fill(memory, PAGE, 1);
	assert_int_equal(edu_copy(fd, range, memory, PAGE, 0, XMMU_EDU_TO_DEVICE), 0);
	assert_int_equal(edu_copy(fd, range, memory, 100, 0, XMMU_EDU_FROM_DEVICE), 0);
	after = edu_info(fd);
	assert_int_equal(after.path, expected);
	assert_int_equal(after.flags, 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(after.transfers[i] - before.transfers[i], i == expected ? 3 : 0);
	assert_int_equal(after.bytes_to_device - before.bytes_to_device, PAGE);
	assert_int_equal(after.bytes_from_device - before.bytes_from_device, 100);
	assert_int_equal(after.lost_interrupts, 0);
}

/* Starts, ends and lengths of each kind, to the device and back to another place. */
static void bytes_arrive(void **state)
{
	static const struct {
		unsigned int at, len, offset, back_at;
	} cases[] = {
		{ 0, 1, 0, 4095 },       { 1, 2, 4093, 7 },      { 3, 4095, 0, 0 },
		{ 4095, 1, 4094, 4096 }, { 4090, 13, 17, 8185 }, { 2048, 4095, 100, 1025 },
	};
	char *back = memory + 4 * PAGE;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int len = cases[i].len, to = cases[i].back_at;

		edu_fill(memory + cases[i].at, len, i);
		memset(back, 0, 4 * PAGE);
		assert_int_equal(edu_copy(fd, range, memory + cases[i].at, len, cases[i].offset,
					  XMMU_EDU_TO_DEVICE),
				 0);
		assert_int_equal(edu_copy(fd, range, back + to, len, cases[i].offset,
					  XMMU_EDU_FROM_DEVICE),
				 0);
		assert_int_equal(edu_compare(back + to, len, i, 0), -1);
		assert_true(!to || back[to - 1] == 0);
		assert_int_equal(back[to + len], 0);
	}
}

/*
 * The device writes to the middle of a page while stores go to each byte around it, one after the
 * other, for as long as the transfer takes. A bounce buffer of the whole page would undo them.
 */
static void neighbouring_stores_are_kept(void **state)
{
	enum { BEGIN = 1000, LEN = 600 };
	unsigned int seed, i, stored;
	int job, ret;

	(void)state;
	for (seed = 20; seed < 23; seed++) {
		edu_load(fd, seed);
		memset(memory, 0, PAGE);
		job = edu_submit(fd, range, memory + BEGIN, LEN, 0, XMMU_EDU_FROM_DEVICE);
		assert_true(job > 0);
		for (stored = 0; stored < PAGE - LEN; stored++) {
			i = stored < BEGIN ? stored : stored + LEN;
			*(volatile unsigned char *)(memory + i) = edu_byte(seed, i);
			ret = edu_wait(fd, job, 0, NULL);
			if (ret != -ETIMEDOUT)
				break;
			usleep(100);
		}
		if (ret == -ETIMEDOUT)
			ret = edu_wait(fd, job, EDU_LIMIT_MS, NULL);
		assert_int_equal(ret, 0);
		assert_true(stored > 20);
		for (i = 0; i < stored; i++) {
			unsigned int at = i < BEGIN ? i : i + LEN;

			assert_int_equal((unsigned char)memory[at], edu_byte(seed, at));
		}
		assert_int_equal(edu_compare(memory + BEGIN, LEN, seed, 0), -1);
	}
}

/* The same with stores to the page that the device reads from. */
static void stores_beside_a_read_are_kept(void **state)
{
	int job;

	(void)state;
	edu_fill(memory, PAGE, 30);
	job = edu_submit(fd, range, memory + 64, 128, 0, XMMU_EDU_TO_DEVICE);
	assert_true(job > 0);
	t_sleep(EDU_SOME_MS);
	memset(memory, 0x55, 64);
	memset(memory + 192, 0x66, PAGE - 192);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	assert_int_equal(memory[0], 0x55);
	assert_int_equal(memory[63], 0x55);
	assert_int_equal(memory[192], 0x66);
	assert_int_equal(memory[PAGE - 1], 0x66);
	assert_int_equal(edu_copy(fd, range, memory + PAGE, 128, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_int_equal(edu_compare(memory + PAGE, 128, 30, 64), -1);
}

/* The device writes to a page that MADV_FREE has cleaned; the page behind it stays clean. */
static void write_to_cleaned_pages(void)
{
	/* New pages: those from before may wait for the LRU list on the other processor. */
	assert_return_code(madvise(memory, 2 * PAGE, MADV_DONTNEED), errno);
	t_touch(memory, 2);
	assert_return_code(madvise(memory, 2 * PAGE, MADV_FREE), errno);
	assert_int_equal(edu_copy(fd, range, memory + 10, 500, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_return_code(madvise(memory, 2 * PAGE, MADV_PAGEOUT), errno);
}

/*
 * After MADV_FREE a page that nobody has written to is dropped by reclaim. The second page shows
 * that reclaim has done so, which it need not at the first attempt. One processor: what MADV_FREE
 * has begun waits in a list of its own.
 */
static void device_writes_survive_reclaim(void **state)
{
	int attempts;

	(void)state;
	t_one_processor();
	edu_load(fd, 40);
	for (attempts = 0; attempts < 10; attempts++) {
		write_to_cleaned_pages();
		assert_int_equal(edu_compare(memory + 10, 500, 40, 0), -1);
		if (!memory[PAGE])
			return;
	}
	fail_msg("reclaim has dropped no clean page");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_is_taken),
		cmocka_unit_test(bytes_arrive),
		cmocka_unit_test(neighbouring_stores_are_kept),
		cmocka_unit_test(stores_beside_a_read_are_kept),
		cmocka_unit_test(device_writes_survive_reclaim),
	};

	for (expected = 0; expected < 4; expected++)
		if (argc == 2 && !strcmp(argv[1], paths[expected]))
			return cmocka_run_group_tests_name("edu_row", tests, setup, teardown);
	fprintf(stderr, "usage: edu_row direct|iommu|bounce|coherent\n");
	return 2;
}
