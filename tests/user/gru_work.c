// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xmmu-gru: instructions on plain memory of the program, checked against what the processor
 * makes of it, while that memory comes and goes, and with more contexts than the engine has places.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <xmmu/gru.h>

#include "t.h"

#define WORDS     (PAGE / 8)
#define PROCESSES 64
#define CONTEXTS  4 /* of each: 256 in all, on 8 places */

static int gru = -1;

static int gru_node(void)
{
	return open("/dev/xmmu-gru", O_RDWR | O_CLOEXEC);
}

static int gru_open(void **state)
{
	(void)state;
	gru = gru_node();
	return gru < 0;
}

/* 0 or a negative error, as all calls here. */
static int gru_call(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? -errno : 0;
}

static struct xmmu_gru_stats gru_stats(void)
{
	struct xmmu_gru_stats stats = {};

	assert_int_equal(gru_call(gru, XMMU_GRU_STATS, &stats), 0);
	return stats;
}

static int gru_close(void **state)
{
	uint64_t stale = gru_stats().stale;

	(void)state;
	close(gru);
	return stale != 0;
}

static int gru_fill(int fd, const void *memory, uint64_t words, uint64_t value)
{
	struct xmmu_gru_run run = {
		.op = XMMU_GRU_FILL,
		.dst = (uintptr_t)memory,
		.count = words,
		.value = value,
	};

	return gru_call(fd, XMMU_GRU_RUN, &run);
}

static int gru_copy(int fd, const void *to, const void *from, uint64_t words)
{
	struct xmmu_gru_run run = {
		.op = XMMU_GRU_COPY,
		.dst = (uintptr_t)to,
		.src = (uintptr_t)from,
		.count = words,
	};

	return gru_call(fd, XMMU_GRU_RUN, &run);
}

/* From malloc(), touched by nobody before; much more of it than the TLB has entries. */
static void plain_memory(void **state)
{
	uint64_t *from = malloc(100 * PAGE), *to = malloc(100 * PAGE);
	size_t i;

	(void)state;
	assert_non_null(from);
	assert_non_null(to);
	from = (uint64_t *)(((uintptr_t)from + 7) & ~7UL);
	to = (uint64_t *)(((uintptr_t)to + 7) & ~7UL);
	assert_int_equal(gru_fill(gru, from, 99 * WORDS, 7), 0);
	for (i = 0; i < 99 * WORDS; i++)
		assert_int_equal(from[i], 7);
	for (i = 0; i < 99 * WORDS; i++)
		from[i] = i * i;
	assert_int_equal(gru_copy(gru, to, from, 99 * WORDS), 0);
	assert_memory_equal(to, from, 99 * PAGE);
}

static void other_operations(void **state)
{
	uint64_t memory[8] = { 5, 1, 2, 3 };
	struct xmmu_gru_run run = {
		.op = XMMU_GRU_ADD,
		.dst = (uintptr_t)memory,
		.count = 4,
		.value = 10,
	};

	(void)state;
	assert_int_equal(gru_call(gru, XMMU_GRU_RUN, &run), 0);
	assert_int_equal(run.result, 5);
	assert_int_equal(memory[3], 13);
	run = (struct xmmu_gru_run){
		.op = XMMU_GRU_COMPARE,
		.dst = (uintptr_t)memory,
		.src = (uintptr_t)&memory[1],
		.count = 4,
	};
	assert_int_equal(gru_call(gru, XMMU_GRU_RUN, &run), 0);
	assert_int_equal(run.result, 0);
	memory[0] = (uintptr_t)&memory[6];
	memory[6] = (uintptr_t)&memory[2];
	run = (struct xmmu_gru_run){
		.op = XMMU_GRU_CHASE,
		.src = (uintptr_t)memory,
		.count = 2,
	};
	assert_int_equal(gru_call(gru, XMMU_GRU_RUN, &run), 0);
	assert_int_equal(run.result, (uintptr_t)&memory[2]);
}

static void refused(void **state)
{
	char *memory = t_map(2);
	struct xmmu_gru_run run = { .op = 99 };

	(void)state;
	assert_int_equal(gru_call(gru, XMMU_GRU_RUN, &run), -EINVAL);
	run = (struct xmmu_gru_run){ .pad = 1 };
	assert_int_equal(gru_call(gru, XMMU_GRU_RUN, &run), -EINVAL);
	assert_int_equal(gru_call(gru, XMMU_GRU_RUN, NULL), -EFAULT);
	assert_int_equal(gru_call(gru, _IO('G', 99), NULL), -ENOTTY);
	assert_int_equal(gru_fill(gru, memory + 1, 1, 0), -EINVAL);
	assert_int_equal(gru_fill(gru, memory, XMMU_GRU_WORDS_MAX + 1, 0), -EINVAL);
	assert_int_equal(gru_fill(gru, memory, 1, 0), 0);
	assert_int_equal(mprotect(memory, PAGE, PROT_READ), 0);
	assert_int_equal(gru_fill(gru, memory, 1, 1), -EFAULT);
	assert_int_equal(gru_copy(gru, memory + PAGE, memory, WORDS), 0);
	t_unmap(memory, 2);
	assert_int_equal(gru_fill(gru, memory, 1, 0), -EFAULT);
	assert_int_equal(gru_fill(gru, (void *)(-PAGE), 1, 0), -EFAULT);
}

/* The child has the file, and another address space; then it writes to memory that was shared. */
static void fork_and_copy_on_write(void **state)
{
	uint64_t *memory = (uint64_t *)t_map(1);
	int status = 0;
	pid_t child;

	(void)state;
	assert_int_equal(gru_fill(gru, memory, WORDS, 1), 0);
	child = fork();
	if (!child)
		_exit(gru_fill(gru, memory, 1, 2) == -EXDEV && memory[0] == 1 ? 0 : 1);
	assert_true(child > 0);
	/* The child keeps its copy whatever the engine writes here. */
	assert_int_equal(gru_fill(gru, memory, 1, 3), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	/* It may have come late and seen what was written before fork() only. */
	assert_int_equal(status, 0);
	assert_int_equal(memory[0], 3);
	assert_int_equal(memory[1], 1);
	t_unmap(memory, 1);
}

/* ---- memory that comes and goes */

#define BUSY_MS 500

struct churn {
	char *memory;
	volatile bool stop;
};

static long churn(void *data)
{
	struct churn *arg = data;
	long rounds = 0;

	while (!arg->stop) {
		madvise(arg->memory, PAGE, MADV_DONTNEED);
		mprotect(arg->memory + 2 * PAGE, PAGE, rounds % 2 ? PROT_READ : PROT_NONE);
		mprotect(arg->memory + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE);
		mmap(arg->memory + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		rounds++;
	}
	return rounds;
}

static void memory_comes_and_goes(void **state)
{
	struct churn arg = { .memory = t_map(4) };
	struct t_thread thread;
	unsigned int rounds = 0;
	uint64_t value = 0;
	long end;
	int ret;

	(void)state;
	t_start(&thread, churn, &arg);
	for (end = t_ms() + BUSY_MS; t_ms() < end || rounds < 20; rounds++) {
		value++;
		assert_int_equal(gru_fill(gru, arg.memory, WORDS, value), 0);
		/* The page in between is touched by nobody else. */
		assert_int_equal(gru_fill(gru, arg.memory + PAGE, WORDS, value), 0);
		assert_int_equal(*t_word(arg.memory, 1, value % WORDS), value);
		ret = gru_fill(gru, arg.memory + 2 * PAGE, 2 * WORDS, value);
		assert_true(!ret || ret == -EFAULT);
	}
	arg.stop = true;
	assert_true(t_join(&thread) > 0);
	assert_true(gru_stats().events > 0);
	t_unmap(arg.memory, 4);
}

/* One page is flushed by itself; far more of them are not. */
static void flushes(void **state)
{
	const size_t many = 1200;
	char *memory = t_map(many);
	struct xmmu_gru_stats before, after;

	(void)state;
	assert_int_equal(gru_fill(gru, memory, WORDS, 1), 0);
	before = gru_stats();
	t_unmap(memory, 1);
	after = gru_stats();
	assert_true(after.flushes > before.flushes);
	assert_int_equal(gru_fill(gru, memory, 1, 1), -EFAULT);
	before = gru_stats();
	t_unmap(memory + PAGE, many - 1);
	after = gru_stats();
	assert_true(after.full_flushes > before.full_flushes);
}

/* The interrupt serves what is there, and leaves the rest to the thread, which may sleep. */
static void faults(void **state)
{
	char *memory = t_map(8);
	struct xmmu_gru_stats before, after;

	(void)state;
	before = gru_stats();
	assert_int_equal(gru_fill(gru, memory, 8 * WORDS, 1), 0);
	after = gru_stats();
	assert_true(after.slow > before.slow);
	assert_in_range(after.dropins - before.dropins, 8, 100);
	assert_int_equal(after.dropins - before.dropins,
			 after.slow - before.slow + after.fast - before.fast);
	assert_int_equal(gru_call(gru, XMMU_GRU_UNLOAD, NULL), 0);
	before = gru_stats();
	assert_int_equal(gru_fill(gru, memory, 8 * WORDS, 2), 0);
	after = gru_stats();
	/* The kernel may have taken a page away in between. */
	assert_in_range(after.fast - before.fast, 4, 100);
	t_unmap(memory, 8);
}

/* ---- places in the engine */

static int places(void)
{
	FILE *file = fopen("/sys/module/gru/parameters/places", "r");
	int number = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &number), 1);
	fclose(file);
	return number;
}

static int some_faults(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	assert_return_code(fd, errno);
	assert_int_equal(ioctl(fd, UFFDIO_API, &api), 0);
	return fd;
}

/* The thread waits for a page that nobody brings, with a place. How often it has lost that. */
static long write_late(void *memory)
{
	struct xmmu_gru_stats stats = {};
	int fd = gru_node(), ret = gru_fill(fd, memory, 1, 5);

	if (!ret)
		ret = gru_call(fd, XMMU_GRU_STATS, &stats);
	close(fd);
	return ret ?: (long)stats.steals;
}

/* A context that waits for a page loses its place, and gets another when the page is there. */
static void places_are_taken(void **state)
{
	int uffd = some_faults(), count = places(), i;
	char *memory = t_map(T_THREADS);
	struct uffdio_register all = { .range = { (uintptr_t)memory, T_THREADS * PAGE },
				       .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { .range = all.range };
	struct t_thread threads[T_THREADS];
	struct uffd_msg message;
	uint64_t word;
	long steals = 0, ret;

	(void)state;
	assert_in_range(count, 1, T_THREADS);
	assert_int_equal(ioctl(uffd, UFFDIO_REGISTER, &all), 0);
	for (i = 0; i < count; i++) {
		t_start(&threads[i], write_late, memory + i * PAGE);
		assert_int_equal(read(uffd, &message, sizeof(message)), sizeof(message));
	}
	assert_int_equal(gru_fill(gru, &word, 1, 9), 0);
	assert_int_equal(word, 9);
	assert_int_equal(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), 0);
	for (i = 0; i < count; i++) {
		ret = t_join(&threads[i]);
		assert_true(ret >= 0);
		steals += ret;
		assert_int_equal(*t_word(memory, i, 0), 5);
	}
	assert_true(steals > 0);
	close(uffd);
	t_unmap(memory, T_THREADS);
}

static void unload_and_load(void **state)
{
	uint64_t memory[1] = { 1 };
	uint64_t loads;

	(void)state;
	assert_int_equal(gru_fill(gru, memory, 1, 2), 0);
	loads = gru_stats().loads;
	assert_true(loads > 0);
	assert_int_equal(gru_call(gru, XMMU_GRU_UNLOAD, NULL), 0);
	assert_int_equal(gru_fill(gru, memory, 1, 3), 0);
	assert_int_equal(memory[0], 3);
	assert_true(gru_stats().loads > loads);
}

/* The context goes where its thread goes. */
static void follows_its_thread(void **state)
{
	uint64_t memory[1];
	cpu_set_t all, one;
	int i;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	if (!CPU_ISSET(1, &all)) {
		print_message("the guest has one processor\n");
		skip();
	}
	for (i = 0; i < 4; i++) {
		CPU_ZERO(&one);
		CPU_SET(i % 2, &one);
		assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
		assert_int_equal(gru_fill(gru, memory, 1, i), 0);
	}
	assert_int_equal(sched_setaffinity(0, sizeof(all), &all), 0);
	assert_true(gru_stats().moves > 0);
}

static int child_works(unsigned int number)
{
	uint64_t *memory = (uint64_t *)t_map(CONTEXTS);
	int fd[CONTEXTS], i, round;

	for (i = 0; i < CONTEXTS; i++) {
		fd[i] = gru_node();
		if (fd[i] < 0)
			return 1;
	}
	for (round = 0; round < 3; round++)
		for (i = 0; i < CONTEXTS; i++) {
			if (gru_fill(fd[i], memory + i * WORDS, WORDS, number + round))
				return 2;
			if (memory[i * WORDS + WORDS / 2] != number + round)
				return 3;
		}
	return 0;
}

static void contexts_in_many_processes(void **state)
{
	pid_t child[PROCESSES];
	unsigned int i;
	int status;

	(void)state;
	for (i = 0; i < PROCESSES; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(child_works(1000 * i));
		assert_true(child[i] > 0);
	}
	for (i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(child[i], &status, 0), child[i]);
		assert_int_equal(status, 0);
	}
}

/* The end of a process whose instruction has not ended. */
static void killed_at_work(void **state)
{
	const size_t pages = 4096;
	char *memory = t_map(pages);
	int status, i;
	pid_t child;

	(void)state;
	for (i = 0; i < 4; i++) {
		child = fork();
		if (!child) {
			int fd = gru_node();

			for (;;)
				gru_fill(fd, memory, pages * WORDS, 1);
		}
		assert_true(child > 0);
		t_sleep(10 + 10 * i);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
	}
	t_unmap(memory, pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain_memory, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(other_operations, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(refused, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(fork_and_copy_on_write, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(memory_comes_and_goes, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(flushes, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(faults, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(places_are_taken, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(unload_and_load, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(follows_its_thread, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(contexts_in_many_processes, gru_open, gru_close),
		cmocka_unit_test_setup_teardown(killed_at_work, gru_open, gru_close),
	};

	return cmocka_run_group_tests_name("gru_work", tests, NULL, NULL);
}
