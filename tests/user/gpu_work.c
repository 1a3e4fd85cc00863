// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xmmu-gpu0: work on plain memory of the program, checked against what the processor makes of
 * it, while that memory stays, comes and goes.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include <xmmu/gpu.h>

#include "t.h"

#define LIMIT_MS 20000
#define WORDS    (PAGE / 8)

static int gpu = -1;

static int gpu_open(void **state)
{
	(void)state;
	gpu = open("/dev/xmmu-gpu0", O_RDWR);
	return gpu < 0;
}

static struct xmmu_gpu_stats gpu_stats(void)
{
	struct xmmu_gpu_stats stats;

	assert_return_code(ioctl(gpu, XMMU_GPU_STATS, &stats), errno);
	return stats;
}

static int gpu_close(void **state)
{
	uint64_t stale = gpu_stats().stale;

	(void)state;
	close(gpu);
	return stale != 0;
}

static int gpu_submit(struct xmmu_gpu_submit submit)
{
	return ioctl(gpu, XMMU_GPU_SUBMIT, &submit) ? -errno : 0;
}

static struct xmmu_gpu_done gpu_wait(void)
{
	struct pollfd ready = { .fd = gpu, .events = POLLIN };
	struct xmmu_gpu_done done = {};

	assert_int_equal(poll(&ready, 1, LIMIT_MS), 1);
	assert_int_equal(read(gpu, &done, sizeof(done)), sizeof(done));
	return done;
}

static int gpu_run(struct xmmu_gpu_submit submit, uint64_t *result)
{
	struct xmmu_gpu_done done;

	submit.cookie = (uintptr_t)&submit;
	assert_int_equal(gpu_submit(submit), 0);
	done = gpu_wait();
	assert_int_equal(done.cookie, submit.cookie);
	if (result)
		*result = done.result;
	return done.status;
}

static uint64_t at(const void *memory)
{
	return (uintptr_t)memory;
}

/* From malloc(), touched by nobody before. */
static void plain_memory(void **state)
{
	uint64_t *memory = malloc(64 * PAGE);
	size_t i;

	(void)state;
	assert_non_null(memory);
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_FILL,
							   .dst = at(memory),
							   .count = 64 * WORDS,
							   .value = 7 },
				 NULL),
			 0);
	for (i = 0; i < 64 * WORDS; i++)
		assert_int_equal(memory[i], 7);
	assert_true(gpu_stats().faults > 0);
	assert_int_equal(gpu_stats().cancelled, 0);
	free(memory);
}

static void copy_and_compare(void **state)
{
	char *memory = t_map(1024);
	uint64_t *from = (uint64_t *)memory, *to = (uint64_t *)(memory + 512 * PAGE) + 3, result;
	const struct xmmu_gpu_submit compare = {
		.op = XMMU_GPU_COMPARE, .dst = at(to), .src = at(from), .count = 500 * WORDS
	};
	size_t i;

	(void)state;
	for (i = 0; i < 500 * WORDS; i++)
		from[i] = i * 3;
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_COPY,
							   .dst = at(to),
							   .src = at(from),
							   .count = 500 * WORDS },
				 NULL),
			 0);
	assert_memory_equal(to, from, 500 * PAGE);
	assert_int_equal(gpu_run(compare, &result), 0);
	assert_int_equal(result, 500 * WORDS);
	to[1000]++;
	assert_int_equal(gpu_run(compare, &result), 0);
	assert_int_equal(result, 1000);
	t_unmap(memory, 1024);
}

static void chase(void **state)
{
	uint64_t *list = (uint64_t *)t_map(64), result;
	size_t i;

	(void)state;
	for (i = 0; i < 64; i++)
		list[i * WORDS] = at(&list[(i * 17 + 1) % 64 * WORDS]);
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_CHASE,
							   .src = at(list),
							   .count = 64 },
				 &result),
			 0);
	for (i = 64, list = (uint64_t *)list; i; i--)
		list = (uint64_t *)*list;
	assert_int_equal(result, at(list));
	t_unmap((char *)((uintptr_t)list & ~(64 * PAGE - 1)), 64);
}

/* Both add to the same word: no addition is lost. */
static void atomic_add(void **state)
{
	uint64_t *word = (uint64_t *)t_map(1);
	size_t i;

	(void)state;
	for (i = 0; i < 60; i++)
		assert_int_equal(
			gpu_submit((struct xmmu_gpu_submit){
				.op = XMMU_GPU_ADD, .dst = at(word), .count = 1, .value = 1 }),
			0);
	for (i = 0; i < 1000; i++)
		__atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 60; i++)
		assert_int_equal(gpu_wait().status, 0);
	assert_int_equal(*word, 1060);
	t_unmap((char *)word, 1);
}

static void refused(void **state)
{
	char *memory = t_map(3);
	const struct xmmu_gpu_submit fill = { .op = XMMU_GPU_FILL,
					      .dst = at(memory),
					      .count = 3 * WORDS };
	struct xmmu_gpu_submit bad = fill;

	(void)state;
	bad.op = 99;
	assert_int_equal(gpu_submit(bad), -EINVAL);
	bad = fill;
	bad.pad = 1;
	assert_int_equal(gpu_submit(bad), -EINVAL);
	assert_int_equal(ioctl(gpu, 0x1234), -1);
	assert_int_equal(errno, ENOTTY);
	bad = fill;
	bad.dst += 4;
	assert_int_equal(gpu_run(bad, NULL), -EINVAL);
	assert_int_equal(mprotect(memory + PAGE, PAGE, PROT_READ), 0);
	assert_int_equal(gpu_run(fill, NULL), -EPERM);
	assert_int_equal(munmap(memory + PAGE, PAGE), 0);
	assert_int_equal(gpu_run(fill, NULL), -EFAULT);
	assert_int_equal(gpu_stats().cancelled, 2);
	t_unmap(memory, 3);
}

static void other_process(void **state)
{
	int status;

	(void)state;
	if (!fork())
		_exit(gpu_submit((struct xmmu_gpu_submit){}) == -EXDEV ? 0 : 1);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
}

static bool stop;

static long discards(void *memory)
{
	long times = 0;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		madvise(memory, 16 * PAGE, MADV_DONTNEED);
		times++;
	}
	return times;
}

/* The pages go while the device writes to them; each word is what was written, or was never. */
static void pages_go(void **state)
{
	uint64_t *memory = (uint64_t *)t_map(16);
	struct t_thread thread;
	long limit = t_ms() + 1000;
	unsigned int rounds = 0;
	size_t i;

	(void)state;
	stop = false;
	t_start(&thread, discards, memory);
	do {
		assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_FILL,
								   .dst = at(memory),
								   .count = 16 * WORDS,
								   .value = 5 },
					 NULL),
				 0);
		rounds++;
	} while (t_ms() < limit || rounds < 5);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	assert_true(t_join(&thread) > 0);
	for (i = 0; i < 16 * WORDS; i++)
		assert_true(memory[i] == 5 || memory[i] == 0);
	assert_true(gpu_stats().flushes > 0);
	t_unmap((char *)memory, 16);
}

/* The file is closed, and the process ends, with work that is under way. */
static void closed_at_work(void **state)
{
	char *memory = t_map(256);
	int status, i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(gpu_submit((struct xmmu_gpu_submit){ .op = XMMU_GPU_FILL,
								      .dst = at(memory),
								      .count = 256 * WORDS }),
				 0);
	close(gpu);
	if (!fork()) {
		gpu = open("/dev/xmmu-gpu0", O_RDWR);
		_exit(gpu_submit((struct xmmu_gpu_submit){
			.op = XMMU_GPU_FILL, .dst = at(memory), .count = 256 * WORDS }));
	}
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	assert_int_equal(gpu_open(NULL), 0);
	t_unmap(memory, 256);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, gpu_open, gpu_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_memory), TEST(copy_and_compare), TEST(chase),    TEST(atomic_add),
		TEST(refused),      TEST(other_process),    TEST(pages_go), TEST(closed_at_work),
	};

	return cmocka_run_group_tests_name("gpu_work", tests, NULL, NULL);
}
