// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nobody starves: processors and the device of /dev/xmmu-gpu0 fault, write and move the same page at
 * the same time, and each counts what it gets done. Processes whose faults flood the device, or are
 * never answered, do not keep others from theirs, and can be killed.
 *
 * The argument is how long each test takes, in seconds; without one, a moment.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "gpu.h"

#define PAGES   16
#define PER_ALL 20 /* what each has to get done, at least */

static long run_ms = 700;

/* ---- who takes part */

/* Each adds to a word of its own and to one of all, in the first page. */
#define WORD_ALL 0

struct party {
	const char *name;
	/* Once: 0, -EAGAIN if it was not its turn, or an error. */
	int (*run)(struct party *party);
	int fd;
	uint64_t *memory;
	size_t word;
	struct t_thread thread;
	long count;
};

static bool stop;

static long take_part(void *argument)
{
	struct party *party = argument;
	int ret;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		ret = party->run(party);
		if (ret && ret != -EAGAIN)
			return ret;
		if (!ret)
			__atomic_fetch_add(&party->count, 1, __ATOMIC_RELAXED);
	}
	return 0;
}

static bool all_are_fed(const struct party *parties, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (__atomic_load_n(&parties[i].count, __ATOMIC_RELAXED) < PER_ALL)
			return false;
	return true;
}

/* Until time is up and each has done something; at the latest when it should have, long ago. */
static void run_all(struct party *parties, size_t count, uint64_t *memory)
{
	size_t i;
	bool fed;

	stop = false;
	for (i = 0; i < count; i++) {
		parties[i].memory = memory;
		parties[i].word = 1 + i;
		parties[i].fd = gpu_file();
		assert_return_code(parties[i].fd, -parties[i].fd);
		t_start(&parties[i].thread, take_part, &parties[i]);
	}
	t_sleep(run_ms);
	fed = t_until(GPU_LIMIT_MS, all_are_fed(parties, count));
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < count; i++) {
		assert_int_equal(t_join(&parties[i].thread), 0);
		close(parties[i].fd);
		print_message("# %-10s %ld times\n", parties[i].name, parties[i].count);
	}
	assert_true(fed);
}

static uint64_t *word_of(const struct party *party)
{
	return party->memory + party->word;
}

/* What by_processor() does, the device does, on the same cache line. */
static int by_processor(struct party *party)
{
	__atomic_fetch_add(party->memory + WORD_ALL, 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(word_of(party), 1, __ATOMIC_RELAXED);
	return 0;
}

static int by_device(struct party *party)
{
	return gpu_add(party->fd, party->memory + WORD_ALL, 1) ?:
		       gpu_add(party->fd, word_of(party), 1);
}

static int by_discard(struct party *party)
{
	return madvise(party->memory, PAGE, MADV_DONTNEED) ? -errno : 0;
}

/* Its parent's page is copied again and again. */
static int by_fork(struct party *party)
{
	pid_t pid = fork();

	(void)party;
	if (!pid)
		_exit(0);
	return pid < 0 ? -errno : t_wait(pid, GPU_LIMIT_MS);
}

static int by_protection(struct party *party)
{
	if (mprotect(party->memory, PAGE, PROT_READ))
		return -errno;
	return mprotect(party->memory, PAGE, PROT_READ | PROT_WRITE) ? -errno : 0;
}

/* By who may find it read-only. */
static int by_device_if_it_may(struct party *party)
{
	int ret = by_device(party);

	return ret == -EPERM ? -EAGAIN : ret;
}

/* To the memory of the device, and where it says. */
static int by_moving(struct party *party)
{
	static const unsigned int places[] = { XMMU_GPU_IN_DEVICE, XMMU_GPU_IN_RAM };
	struct xmmu_gpu_advise advise = { .addr = (uintptr_t)party->memory, .len = PAGE };
	struct xmmu_gpu_prefetch prefetch = { .addr = advise.addr,
					      .len = PAGE,
					      .flags = XMMU_GPU_WRITE };

	advise.advice = places[party->count % 2];
	return gpu_call(party->fd, XMMU_GPU_ADVISE, &advise) ?:
		       gpu_call(party->fd, XMMU_GPU_PREFETCH, &prefetch);
}

/* Nothing that anyone added is lost. */
static void expect_sums(const struct party *parties, size_t count, const uint64_t *memory)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < count; i++) {
		if (parties[i].run != by_processor && parties[i].run != by_device)
			continue;
		assert_int_equal(memory[1 + i], parties[i].count);
		sum += parties[i].count;
	}
	assert_int_equal(memory[WORD_ALL], sum);
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void while_it_is_discarded(void **state)
{
	uint64_t *memory = (uint64_t *)t_map(PAGES);
	struct party parties[] = {
		{ .name = "processor", .run = by_processor },
		{ .name = "processor", .run = by_processor },
		{ .name = "device", .run = by_device },
		{ .name = "device", .run = by_device },
		{ .name = "discard", .run = by_discard },
	};

	(void)state;
	run_all(parties, COUNT(parties), memory);
	t_unmap(memory, PAGES);
}

static void while_others_fork(void **state)
{
	uint64_t *memory = (uint64_t *)t_map(PAGES);
	struct party parties[] = {
		{ .name = "processor", .run = by_processor },
		{ .name = "device", .run = by_device },
		{ .name = "device", .run = by_device },
		{ .name = "fork", .run = by_fork },
	};

	(void)state;
	run_all(parties, COUNT(parties), memory);
	expect_sums(parties, COUNT(parties), memory);
	t_unmap(memory, PAGES);
}

static void while_it_is_protected(void **state)
{
	uint64_t *memory = (uint64_t *)t_map(PAGES);
	struct party parties[] = {
		{ .name = "device", .run = by_device_if_it_may },
		{ .name = "device", .run = by_device_if_it_may },
		{ .name = "protection", .run = by_protection },
	};

	(void)state;
	run_all(parties, COUNT(parties), memory);
	t_unmap(memory, PAGES);
}

static void while_it_moves(void **state)
{
	uint64_t *memory = (uint64_t *)t_map(PAGES);
	struct party parties[] = {
		{ .name = "processor", .run = by_processor },
		{ .name = "device", .run = by_device },
		{ .name = "device", .run = by_device },
		{ .name = "moving", .run = by_moving },
	};
	struct party probe = { .fd = gpu_file(), .memory = memory };

	(void)state;
	if (by_moving(&probe) == -EOPNOTSUPP) {
		print_message("the device has no memory\n");
		skip();
	}
	close(probe.fd);
	run_all(parties, COUNT(parties), memory);
	expect_sums(parties, COUNT(parties), memory);
	t_unmap(memory, PAGES);
}

/* ---- processes */

/* Faults in all of it, as fast as the device can. */
static int flood(void *unused)
{
	uint64_t *memory = (uint64_t *)t_map(WINDOW / PAGE);
	int fd = gpu_file(), ret = 0;

	(void)unused;
	while (!ret) {
		madvise(memory, WINDOW, MADV_DONTNEED);
		ret = gpu_fill(fd, memory, WINDOW / 8, 1);
	}
	return 1;
}

/* All its faults wait for a program that never answers. */
static int hang(void *ready)
{
	uint64_t *memory = (uint64_t *)t_map(PAGES);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register request = { .range = { (uintptr_t)memory, PAGES * PAGE },
					   .mode = UFFDIO_REGISTER_MODE_MISSING };
	const struct xmmu_gpu_submit fill = { .op = XMMU_GPU_FILL,
					      .dst = (uintptr_t)memory,
					      .count = PAGES * GPU_WORDS };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), fd = gpu_file();

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &request) ||
	    gpu_send(fd, &fill))
		return 2;
	__atomic_store_n((int *)ready, gpu_next(fd, 500, NULL), __ATOMIC_RELAXED);
	gpu_next(fd, -1, NULL);
	return 3;
}

static void while_others_flood_and_hang(void **state)
{
	int *hanging = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t flooding, hung;
	uint64_t *memory = (uint64_t *)t_map(PAGES);
	struct party parties[] = {
		{ .name = "processor", .run = by_processor },
		{ .name = "device", .run = by_device },
		{ .name = "discard", .run = by_discard },
	};

	(void)state;
	flooding = t_fork(flood, NULL);
	hung = t_fork(hang, hanging);
	/* No work of that process ends. */
	assert_true(t_until(GPU_LIMIT_MS, __atomic_load_n(hanging, __ATOMIC_RELAXED)));
	assert_int_equal(*hanging, -ETIMEDOUT);
	run_all(parties, COUNT(parties), memory);
	assert_int_equal(kill(hung, 0), 0);
	kill(flooding, SIGKILL);
	kill(hung, SIGKILL);
	assert_int_equal(t_wait(flooding, GPU_LIMIT_MS), 100 + SIGKILL);
	assert_int_equal(t_wait(hung, GPU_LIMIT_MS), 100 + SIGKILL);
	t_unmap(memory, PAGES);
	munmap(hanging, PAGE);
}

static void nothing_was_stale(void **state)
{
	struct xmmu_gpu_stats stats;
	int fd = gpu_file();

	(void)state;
	assert_int_equal(gpu_stats_of(fd, &stats), 0);
	assert_int_equal(stats.stale, 0);
	close(fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(while_it_is_discarded),       cmocka_unit_test(while_others_fork),
		cmocka_unit_test(while_it_is_protected),       cmocka_unit_test(while_it_moves),
		cmocka_unit_test(while_others_flood_and_hang), cmocka_unit_test(nothing_was_stale),
	};

	if (argc == 2)
		run_ms = atol(argv[1]) * 1000;
	if (argc > 2 || run_ms <= 0) {
		fprintf(stderr, "usage: gpu_progress [SECONDS], of each test\n");
		return 2;
	}
	return cmocka_run_group_tests_name("gpu_progress", tests, NULL, NULL);
}
