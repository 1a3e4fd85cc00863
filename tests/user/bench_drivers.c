// SPDX-License-Identifier: GPL-2.0-only
/*
 * The two drivers that `make bench` compares must both be correct, or the comparison is worth
 * nothing: what the device reads and writes, what it must forget and when, and errors.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "../bench/abi.h"
#include "t.h"

#define PAGES    16
#define RACE_MS  700
#define RACE_MIN 100

struct state {
	const char *file;
	int fd;
	char *memory;
};

static int call(struct state *state, unsigned long cmd, void *arg)
{
	return ioctl(state->fd, cmd, arg) ? -errno : 0;
}

static struct bench_range span(struct state *state, size_t page, size_t pages)
{
	uint64_t start = (uintptr_t)state->memory + page * PAGE;

	return (struct bench_range){ .start = start, .end = start + pages * PAGE };
}

static int populate(struct state *state, size_t page, size_t pages, unsigned int flags)
{
	struct bench_range range = span(state, page, pages);

	range.flags = flags;
	return call(state, BENCH_IOC_POPULATE, &range);
}

/* The first word of a page as the device sees it, or an error. */
static int64_t load(struct state *state, size_t page)
{
	struct bench_word word = { .addr = (uintptr_t)state->memory + page * PAGE };
	int err = call(state, BENCH_IOC_LOAD, &word);

	return err ?: (int64_t)word.value;
}

static int store(struct state *state, size_t page, uint64_t value)
{
	struct bench_word word = { .addr = (uintptr_t)state->memory + page * PAGE, .value = value };

	return call(state, BENCH_IOC_STORE, &word);
}

static void stamp(struct state *state, uint64_t base)
{
	size_t page;

	for (page = 0; page < PAGES; page++)
		*t_word(state->memory, page, 0) = base + page;
}

/* Memory with stamps, all of it populated. */
static void fill(struct state *state, uint64_t base, unsigned int flags)
{
	size_t page;

	stamp(state, base);
	assert_int_equal(populate(state, 0, PAGES, flags), 0);
	for (page = 0; page < PAGES; page++)
		assert_int_equal(load(state, page), base + page);
}

static void setup(struct state *state)
{
	struct bench_range range;

	state->fd = open(state->file, O_RDWR | O_CLOEXEC);
	assert_return_code(state->fd, errno);
	state->memory = t_map(PAGES);
	assert_int_equal(call(state, BENCH_IOC_ATTACH, NULL), 0);
	range = span(state, 0, PAGES);
	assert_int_equal(call(state, BENCH_IOC_INSERT, &range), 0);
}

static void teardown(struct state *state)
{
	close(state->fd);
	munmap(state->memory, PAGES * PAGE);
}

static void values(struct state *state)
{
	size_t page;

	fill(state, 100, BENCH_WRITE);
	for (page = 0; page < PAGES; page++)
		assert_int_equal(store(state, page, 200 + page), 0);
	for (page = 0; page < PAGES; page++)
		assert_int_equal(*t_word(state->memory, page, 0), 200 + page);
}

static void errors(struct state *state)
{
	struct bench_range range = span(state, 0, PAGES);

	assert_int_equal(call(state, BENCH_IOC_INSERT, &range), -EBUSY);
	assert_int_equal(populate(state, 0, PAGES + 1, 0), -EINVAL);
	assert_int_equal(populate(state, 0, 0, 0), -EINVAL);
	assert_int_equal(load(state, 0), -EFAULT);

	fill(state, 100, 0);
	assert_int_equal(store(state, 0, 1), -EPERM);
	assert_int_equal(mprotect(state->memory, PAGE, PROT_READ), 0);
	assert_int_equal(populate(state, 0, PAGES, BENCH_WRITE), -EPERM);
	assert_int_equal(mprotect(state->memory, PAGE, PROT_NONE), 0);
	assert_int_equal(populate(state, 0, 1, 0), -EFAULT);
	t_unmap(state->memory, 1);
	assert_int_equal(populate(state, 0, 1, 0), -EFAULT);
	assert_int_equal(populate(state, 1, PAGES - 1, 0), 0);

	assert_int_equal(call(state, BENCH_IOC_REMOVE, &range), 0);
	assert_int_equal(call(state, BENCH_IOC_REMOVE, &range), -ENOENT);
	assert_int_equal(populate(state, 1, 1, 0), -ENOENT);
	assert_int_equal(call(state, BENCH_IOC_INSERT, &range), 0);
	assert_int_equal(load(state, 1), -EFAULT);
	assert_int_equal(populate(state, 1, 1, 0), 0);
	assert_int_equal(load(state, 1), 101);
}

/* The device has read every page, so all would be in its TLB as far as that reaches. */
static void forgets(struct state *state)
{
	size_t page;

	fill(state, 100, 0);
	assert_int_equal(madvise(state->memory + 12 * PAGE, 2 * PAGE, MADV_DONTNEED), 0);
	for (page = 0; page < PAGES; page++)
		assert_int_equal(load(state, page),
				 page == 12 || page == 13 ? -EFAULT : 100 + (int)page);
	assert_int_equal(populate(state, 12, 2, 0), 0);
	assert_int_equal(load(state, 12), 0);

	fill(state, 300, 0);
	t_unmap(state->memory + 15 * PAGE, 1);
	assert_int_equal(load(state, 15), -EFAULT);
	assert_ptr_equal(mmap(state->memory + 15 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 state->memory + 15 * PAGE);
	*t_word(state->memory, 15, 0) = 9;
	assert_int_equal(load(state, 15), -EFAULT);
	assert_int_equal(populate(state, 15, 1, 0), 0);
	assert_int_equal(load(state, 15), 9);
	assert_int_equal(load(state, 14), 314);
}

static void flushes(struct state *state)
{
	struct bench_callbacks callbacks;
	uint32_t mode;

	for (mode = BENCH_BY_IRQ; mode <= BENCH_AT_ONCE; mode++) {
		assert_int_equal(call(state, BENCH_IOC_CONFIRM, &mode), 0);
		fill(state, 100, 0);
		call(state, BENCH_IOC_CALLBACKS, &callbacks);
		assert_int_equal(madvise(state->memory, 3 * PAGE, MADV_DONTNEED), 0);
		call(state, BENCH_IOC_CALLBACKS, &callbacks);
		assert_int_equal(callbacks.events, 1);
		assert_int_equal(callbacks.flushes, 1);
		/* Nothing is populated there any more. */
		assert_int_equal(madvise(state->memory, 3 * PAGE, MADV_DONTNEED), 0);
		call(state, BENCH_IOC_CALLBACKS, &callbacks);
		assert_int_equal(callbacks.events, 1);
		assert_int_equal(callbacks.flushes, 0);
	}
}

static int foreign(void *arg)
{
	return -populate(arg, 0, 1, 0);
}

static int idle(void *arg)
{
	(void)arg;
	pause();
	return 0;
}

/* After a fork whoever writes gets a copy of the page; the device must not keep the old one. */
static void forks(struct state *state)
{
	pid_t pid;

	fill(state, 100, BENCH_WRITE);
	pid = t_fork(idle, NULL);
	assert_int_equal(store(state, 3, 1), -EFAULT);
	*t_word(state->memory, 3, 0) = 77;
	assert_int_equal(populate(state, 3, 1, BENCH_WRITE), 0);
	assert_int_equal(load(state, 3), 77);
	assert_int_equal(store(state, 3, 78), 0);
	assert_int_equal(*t_word(state->memory, 3, 0), 78);
	kill(pid, SIGKILL);
	assert_int_equal(t_wait(pid, 5000), 100 + SIGKILL);
	assert_int_equal(t_wait(t_fork(foreign, state), 5000), EXDEV);
}

/* ---- a page that is replaced all the time */

struct race {
	struct state *state;
	uint64_t written; /* the generation that is in memory, or will be next */
	bool stop;
};

static long replace(void *arg)
{
	struct race *race = arg;
	uint64_t generation = 0;

	while (!__atomic_load_n(&race->stop, __ATOMIC_ACQUIRE)) {
		madvise(race->state->memory, PAGE, MADV_DONTNEED);
		*(volatile uint64_t *)race->state->memory = ++generation;
		__atomic_store_n(&race->written, generation, __ATOMIC_RELEASE);
	}
	return generation;
}

static void races(struct state *state)
{
	struct race race = { .state = state };
	long loads = 0, faults = 0, end = t_ms() + RACE_MS;
	struct t_thread thread;
	uint64_t before;
	int64_t value;

	t_start(&thread, replace, &race);
	while (t_ms() < end || loads < RACE_MIN) {
		before = __atomic_load_n(&race.written, __ATOMIC_ACQUIRE);
		assert_int_equal(populate(state, 0, PAGES, 0), 0);
		value = load(state, 0);
		if (value == -EFAULT) {
			faults++;
			continue;
		}
		/* 0 is the page that was new, before the program has written to it. */
		if (value)
			assert_in_range(value, before,
					__atomic_load_n(&race.written, __ATOMIC_ACQUIRE) + 1);
		loads++;
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELEASE);
	print_message("%s: %ld generations, %ld loads, %ld of pages just taken away\n", state->file,
		      t_join(&thread), loads, faults);
}

/* The process exits with everything populated. */
static int leave(void *arg)
{
	struct state *state = arg;
	struct bench_range range;

	state->fd = open(state->file, O_RDWR);
	range = span(state, 0, PAGES);
	stamp(state, 100);
	if (call(state, BENCH_IOC_ATTACH, NULL) || call(state, BENCH_IOC_INSERT, &range) ||
	    populate(state, 0, PAGES, BENCH_WRITE))
		return 1;
	return load(state, 15) != 115;
}

static void exits(struct state *state)
{
	fill(state, 100, BENCH_WRITE);
	assert_int_equal(t_wait(t_fork(leave, state), 5000), 0);
}

static void both(void (*test)(struct state *state))
{
	static const char *const files[] = { BENCH_DEVICE_RAW, BENCH_DEVICE_SDK };
	size_t i;

	for (i = 0; i < 2; i++) {
		struct state state = { .file = files[i] };

		setup(&state);
		test(&state);
		teardown(&state);
	}
}

static void test_values(void **unused)
{
	(void)unused;
	both(values);
}

static void test_errors(void **unused)
{
	(void)unused;
	both(errors);
}

static void test_forgets(void **unused)
{
	(void)unused;
	both(forgets);
}

static void test_flushes(void **unused)
{
	(void)unused;
	both(flushes);
}

static void test_forks(void **unused)
{
	(void)unused;
	both(forks);
}

static void test_races(void **unused)
{
	(void)unused;
	both(races);
}

static void test_exits(void **unused)
{
	(void)unused;
	both(exits);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),  cmocka_unit_test(test_errors),
		cmocka_unit_test(test_forgets), cmocka_unit_test(test_flushes),
		cmocka_unit_test(test_forks),   cmocka_unit_test(test_races),
		cmocka_unit_test(test_exits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
