// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xmmu-gpu0: work on plain memory of the program, checked against what the processor makes of
 * it, while that memory stays, comes and goes.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "t.h"
#include "xgpu.h"

#define LIMIT_MS 50000
#define WORDS    (PAGE / 8)

static int gpu = -1;

static int gpu_open(void **state)
{
	(void)state;
	gpu = xgpu_open(NULL);
	return gpu < 0;
}

static struct xmmu_gpu_stats gpu_stats(void)
{
	struct xmmu_gpu_stats stats;

	assert_int_equal(xgpu_stats(gpu, &stats), 0);
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
	return xgpu_submit(gpu, &submit);
}

static struct xmmu_gpu_done gpu_wait(void)
{
	struct xmmu_gpu_done done = {};

	assert_int_equal(xgpu_wait(gpu, LIMIT_MS, &done), 0);
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

/* From malloc(), touched by nobody before. */
static void plain_memory(void **state)
{
	uint64_t *memory = malloc(64 * PAGE);
	size_t i;

	(void)state;
	assert_non_null(memory);
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_FILL,
							   .dst = xgpu_addr(memory),
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
	const struct xmmu_gpu_submit compare = { .op = XMMU_GPU_COMPARE,
						 .dst = xgpu_addr(to),
						 .src = xgpu_addr(from),
						 .count = 500 * WORDS };
	size_t i;

	(void)state;
	for (i = 0; i < 500 * WORDS; i++)
		from[i] = i * 3;
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_COPY,
							   .dst = xgpu_addr(to),
							   .src = xgpu_addr(from),
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
		list[i * WORDS] = xgpu_addr(&list[(i * 17 + 1) % 64 * WORDS]);
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_CHASE,
							   .src = xgpu_addr(list),
							   .count = 64 },
				 &result),
			 0);
	for (i = 64, list = (uint64_t *)list; i; i--)
		list = (uint64_t *)*list;
	assert_int_equal(result, xgpu_addr(list));
	t_unmap((char *)((uintptr_t)list & ~(64 * PAGE - 1)), 64);
}

/* Both add to the same word: no addition is lost. */
static void atomic_add(void **state)
{
	uint64_t *word = (uint64_t *)t_map(1);
	size_t i;

	(void)state;
	for (i = 0; i < 60; i++)
		assert_int_equal(gpu_submit((struct xmmu_gpu_submit){ .op = XMMU_GPU_ADD,
								      .dst = xgpu_addr(word),
								      .count = 1,
								      .value = 1 }),
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
					      .dst = xgpu_addr(memory),
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

/* What could not be given to the program is still there. */
static void bad_buffer(void **state)
{
	(void)state;
	assert_int_equal(gpu_submit((struct xmmu_gpu_submit){ .cookie = 1 }), 0);
	assert_int_equal(gpu_submit((struct xmmu_gpu_submit){ .cookie = 2 }), 0);
	assert_int_equal(read(gpu, (void *)PAGE, sizeof(struct xmmu_gpu_done)), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(gpu_wait().cookie, 1);
	assert_int_equal(gpu_wait().cookie, 2);
	assert_int_equal(read(gpu, &(uint64_t){ 0 }, 8), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(ioctl(gpu, XMMU_GPU_SUBMIT, PAGE), -1);
	assert_int_equal(errno, EFAULT);
}

/* Both files tell of work that ends. */
static void told_by_eventfd(void **state)
{
	int first = eventfd(0, EFD_NONBLOCK), second = eventfd(0, EFD_NONBLOCK);
	struct pollfd ended = { .fd = first, .events = POLLIN };
	uint64_t count;
	int i;

	(void)state;
	assert_int_equal(xgpu_eventfd(gpu, gpu), -EINVAL);
	assert_int_equal(xgpu_eventfd(gpu, 1000), -EBADF);
	assert_int_equal(ioctl(gpu, XMMU_GPU_EVENTFD, &(struct xmmu_gpu_eventfd){ first, 1 }), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(xgpu_eventfd(gpu, first), 0);
	assert_int_equal(gpu_submit((struct xmmu_gpu_submit){}), 0);
	assert_int_equal(poll(&ended, 1, LIMIT_MS), 1);
	assert_int_equal(gpu_wait().status, 0);
	assert_int_equal(xgpu_eventfd(gpu, second), 0);
	for (i = 0; i < 5; i++)
		assert_int_equal(gpu_run((struct xmmu_gpu_submit){}, NULL), 0);
	assert_int_equal(xgpu_eventfd(gpu, -1), 0);
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){}, NULL), 0);
	assert_int_equal(read(first, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	assert_int_equal(read(second, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 5);
	/* It goes with the file. */
	assert_int_equal(xgpu_eventfd(gpu, second), 0);
	close(first);
	close(second);
}

#define HANG (31 * PAGE)

/* Memory whose pages nobody brings until it is closed. */
static int hang(char *memory)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)memory, HANG },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	assert_return_code(uffd, errno);
	assert_return_code(ioctl(uffd, UFFDIO_API, &api), errno);
	assert_return_code(ioctl(uffd, UFFDIO_REGISTER, &range), errno);
	return uffd;
}

/*
 * Commands fail one after another, and each leaves faults that hang. When there is no room for more
 * the device keeps the faults of this program, and only of it; none is lost.
 */
static void no_room(void **state)
{
	char *memory = t_map(2 * WINDOW / PAGE), *first = memory + WINDOW - HANG;
	struct xmmu_gpu_submit fill = {
		.op = XMMU_GPU_FILL, .dst = xgpu_addr(first), .count = HANG / 8 + 1, .value = 4
	};
	int i, other = xgpu_open(NULL), mine = gpu, uffd;
	uint64_t other_word = 0;

	(void)state;
	uffd = hang(first);
	assert_int_equal(munmap(memory + WINDOW, WINDOW), 0);
	for (i = 0; i < 12; i++)
		assert_int_equal(gpu_submit(fill), 0);
	fill.count--;
	assert_int_equal(gpu_submit(fill), 0);
	assert_true(t_until(LIMIT_MS, gpu_stats().faults >= 256));
	gpu = other;
	assert_int_equal(gpu_run((struct xmmu_gpu_submit){ .op = XMMU_GPU_FILL,
							   .dst = xgpu_addr(&other_word),
							   .count = 1,
							   .value = 5 },
				 NULL),
			 0);
	assert_int_equal(other_word, 5);
	close(gpu);
	gpu = mine;
	close(uffd);
	for (i = 0; i < 12; i++)
		assert_int_equal(gpu_wait().status, -EFAULT);
	assert_int_equal(gpu_wait().status, 0);
	for (i = 0; i < (int)(HANG / PAGE); i++)
		assert_int_equal(*t_word(first, i, 7), 4);
	t_unmap(memory, WINDOW / PAGE);
}

static int gpu_advise(const void *memory, size_t pages, enum xmmu_gpu_advice advice)
{
	return xgpu_advise(gpu, memory, pages * PAGE, advice);
}

static int gpu_prefetch(const void *memory, size_t pages, unsigned int flags)
{
	return xgpu_prefetch(gpu, memory, pages * PAGE, flags);
}

/* What was prefetched does not fault, unless the kernel has taken a page back meanwhile. */
static void prefetched(void **state)
{
	char *memory = t_map(1024);
	const struct xmmu_gpu_submit fill = { .op = XMMU_GPU_FILL,
					      .dst = xgpu_addr(memory) + PAGE,
					      .count = 1000 * WORDS,
					      .value = 6 };

	(void)state;
	assert_int_equal(gpu_prefetch(memory, 1024, XMMU_GPU_WRITE), 0);
	assert_int_equal(gpu_stats().prefetched, 1024);
	assert_int_equal(gpu_run(fill, NULL), 0);
	assert_true(gpu_stats().faults < 100);
	assert_int_equal(*t_word(memory, 500, 9), 6);
	assert_int_equal(gpu_prefetch(memory + 1, 1, 0), -EINVAL);
	assert_int_equal(gpu_prefetch(memory, 0, 0), -EINVAL);
	assert_int_equal(gpu_prefetch(memory, -1UL / PAGE, 0), -EINVAL);
	assert_int_equal(gpu_prefetch(memory, 1, 2), -EINVAL);
	assert_int_equal(mprotect(memory, PAGE, PROT_READ), 0);
	assert_int_equal(gpu_prefetch(memory, 2, XMMU_GPU_WRITE), -EPERM);
	assert_int_equal(gpu_prefetch(memory, 2, 0), 0);
	assert_int_equal(munmap(memory + PAGE, PAGE), 0);
	assert_int_equal(gpu_prefetch(memory, 2, 0), -EFAULT);
	t_unmap(memory, 1024);
}

/* Advice is given before there is memory, holds for parts of it, and until something else is said. */
static void advised(void **state)
{
	char *memory = t_map(64);
	const struct xmmu_gpu_submit fill = {
		.op = XMMU_GPU_FILL, .dst = xgpu_addr(memory), .count = 64 * WORDS, .value = 6
	};
	struct xmmu_gpu_stats before = gpu_stats();
	size_t i;

	(void)state;
	assert_int_equal(gpu_advise(memory, 64, 3), -EINVAL);
	assert_int_equal(gpu_advise(memory + 8, 64, 0), -EINVAL);
	assert_int_equal(gpu_advise(memory, 0, 0), -EINVAL);
	assert_int_equal(gpu_advise((void *)-PAGE, 1, 0), -EINVAL);
	assert_int_equal(gpu_advise(memory, -1UL / PAGE, 0), -EINVAL);
	if (gpu_advise(memory, 32, XMMU_GPU_IN_DEVICE) == -EOPNOTSUPP) {
		print_message("this device has no memory\n");
		skip();
	}
	assert_int_equal(gpu_run(fill, NULL), 0);
	assert_true(gpu_stats().to_device - before.to_device >= 32);
	assert_true(gpu_stats().to_device - before.to_device < 64);
	before = gpu_stats();
	assert_int_equal(gpu_advise(memory, 32, XMMU_GPU_IN_RAM), 0);
	assert_int_equal(gpu_prefetch(memory, 64, 0), 0);
	assert_true(gpu_stats().to_ram - before.to_ram >= 32);
	before = gpu_stats();
	assert_int_equal(gpu_advise(memory, 64, XMMU_GPU_IN_DEVICE), 0);
	assert_int_equal(gpu_prefetch(memory, 64, XMMU_GPU_WRITE), 0);
	assert_true(gpu_stats().to_device - before.to_device >= 64);
	assert_int_equal(gpu_run(fill, NULL), 0);
	for (i = 0; i < 64; i++)
		assert_int_equal(*t_word(memory, i, i), 6);
	t_unmap(memory, 64);
}

static void other_process(void **state)
{
	int status;

	(void)state;
	gpu_stats();
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
								   .dst = xgpu_addr(memory),
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
								      .dst = xgpu_addr(memory),
								      .count = 256 * WORDS }),
				 0);
	close(gpu);
	if (!fork()) {
		gpu = xgpu_open(NULL);
		_exit(gpu_submit((struct xmmu_gpu_submit){
			.op = XMMU_GPU_FILL, .dst = xgpu_addr(memory), .count = 256 * WORDS }));
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
		TEST(plain_memory),   TEST(copy_and_compare), TEST(chase),
		TEST(atomic_add),     TEST(refused),          TEST(bad_buffer),
		TEST(no_room),        TEST(told_by_eventfd),  TEST(prefetched),
		TEST(advised),        TEST(other_process),    TEST(pages_go),
		TEST(closed_at_work),
	};

	return cmocka_run_group_tests_name("gpu_work", tests, NULL, NULL);
}
