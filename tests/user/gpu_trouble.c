// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xmmu-gpu0 and 1 when the hardware fails, and side by side: late flushes, lost faults, an
 * access that hangs. softdev_trouble has the device's own tests.
 */
#include <fcntl.h>

#include "gpu.h"

#define PAGES  16
#define FAULTS "/sys/kernel/debug/xmmu-gpu0/"

static int gpu;
static uint64_t *memory;

static int inject(const char *name, unsigned int value)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), FAULTS "%s", name);
	file = fopen(path, "w");
	if (!file)
		return -errno;
	fprintf(file, "%u\n", value);
	return fclose(file) ? -errno : 0;
}

static int setup(void **state)
{
	(void)state;
	memory = (uint64_t *)t_map(PAGES);
	gpu = gpu_file();
	return gpu < 0;
}

static int teardown(void **state)
{
	struct xmmu_gpu_stats stats;
	int fd = gpu_file(), ret = gpu_stats_of(fd, &stats);

	(void)state;
	inject("flush_delay_ms", 0);
	close(gpu);
	close(fd);
	t_unmap(memory, PAGES);
	return ret || stats.stale;
}

static int fill(int fd, uint64_t value)
{
	return gpu_fill(fd, memory, PAGES * GPU_WORDS, value);
}

static void expect_words(uint64_t value)
{
	size_t i;

	for (i = 0; i < PAGES * GPU_WORDS; i++)
		assert_int_equal(memory[i], value);
}

/* Who takes pages away waits for the device to forget them. */
static void flush_is_late(void **state)
{
	long began;

	(void)state;
	assert_int_equal(fill(gpu, 3), 0);
	assert_int_equal(inject("flush_delay_ms", 200), 0);
	began = t_ms();
	assert_return_code(madvise(memory, PAGES * PAGE, MADV_DONTNEED), errno);
	assert_true(t_ms() - began >= 190);
	assert_int_equal(inject("flush_delay_ms", 0), 0);
	expect_words(0);
	assert_int_equal(fill(gpu, 4), 0);
	expect_words(4);
}

/* Its work hangs, and nothing else: not other files, and not the end of its own. */
static void fault_is_lost(void **state)
{
	int other = gpu_file();
	const struct xmmu_gpu_submit submit = { .op = XMMU_GPU_FILL,
						.dst = (uintptr_t)memory,
						.count = PAGES * GPU_WORDS,
						.value = 5 };

	(void)state;
	assert_int_equal(fill(other, 1), 0);
	assert_int_equal(inject("fault_lose", 1), 0);
	assert_int_equal(gpu_send(gpu, &submit), 0);
	assert_int_equal(gpu_next(gpu, 300, NULL), -ETIMEDOUT);
	assert_int_equal(fill(other, 6), 0);
	close(other);
	close(gpu);
	gpu = gpu_file();
	assert_int_equal(fill(gpu, 7), 0);
	expect_words(7);
}

/* An access that never reaches memory: the driver gives the device up, for this address space. */
static void access_hangs(void **state)
{
	const struct xmmu_gpu_submit submit = {
		.op = XMMU_GPU_FILL, .dst = (uintptr_t)memory, .count = 1, .value = 5
	};
	long began;

	(void)state;
	assert_int_equal(fill(gpu, 8), 0);
	assert_int_equal(inject("stick", 1), 0);
	assert_int_equal(gpu_send(gpu, &submit), 0);
	assert_int_equal(gpu_next(gpu, 100, NULL), -ETIMEDOUT);
	began = t_ms();
	assert_return_code(madvise(memory, PAGES * PAGE, MADV_DONTNEED), errno);
	assert_true(t_ms() - began >= 1000);
	assert_int_equal(gpu_next(gpu, GPU_LIMIT_MS, NULL), -EIO);
	assert_int_equal(fill(gpu, 9), -EIO);
	expect_words(0);
	close(gpu);
	gpu = gpu_file();
	assert_int_equal(fill(gpu, 10), 0);
	expect_words(10);
}

static long fill_again(void *fd)
{
	int ret = 0, i;

	for (i = 0; !ret && i < 20; i++)
		ret = gpu_add(*(int *)fd, memory, 1);
	return ret;
}

/* Each has page tables and a TLB of its own; an invalidation waits for both. */
static void two_devices(void **state)
{
	int second = open("/dev/xmmu-gpu1", O_RDWR | O_CLOEXEC);
	struct t_thread thread;

	(void)state;
	assert_return_code(second, errno);
	assert_int_equal(fill(gpu, 11), 0);
	assert_int_equal(fill(second, 12), 0);
	assert_return_code(madvise(memory, PAGES * PAGE, MADV_DONTNEED), errno);
	t_start(&thread, fill_again, &second);
	assert_int_equal(fill_again(&gpu), 0);
	assert_int_equal(t_join(&thread), 0);
	assert_int_equal(memory[0], 40);
	close(second);
	assert_int_equal(fill(gpu, 13), 0);
	expect_words(13);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(flush_is_late),
		TEST(fault_is_lost),
		TEST(access_hangs),
		TEST(two_devices),
	};

	return cmocka_run_group_tests_name("gpu_trouble", tests, NULL, NULL);
}
