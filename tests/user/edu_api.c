// SPDX-License-Identifier: GPL-2.0-only
/* The commands of /dev/xmmu-edu0: what each refuses, and waiting, polling and cancelling. */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "edu.h"

#define PAGES 16
#define TO    XMMU_EDU_TO_DEVICE
#define FROM  XMMU_EDU_FROM_DEVICE

static int fd;
static char *memory;
static int range;

static int setup(void **state)
{
	(void)state;
	fd = edu_open();
	memory = t_map(PAGES);
	range = edu_register(fd, memory, PAGES);
	return range > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	t_unmap(memory, PAGES);
	return close(fd);
}

static short polled(int ms)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN | POLLPRI };

	return poll(&pollfd, 1, ms) < 0 ? -1 : pollfd.revents;
}

static void unknown_commands(void **state)
{
	char space[256] = {};

	(void)state;
	assert_int_equal(edu_call(fd, _IO(XMMU_EDU_IOC, 0), space), -ENOTTY);
	assert_int_equal(edu_call(fd, _IO(XMMU_EDU_IOC, 8), space), -ENOTTY);
	assert_int_equal(edu_call(fd, _IOR(XMMU_EDU_IOC, 1, struct xmmu_edu_wait), space), -ENOTTY);
	assert_int_equal(edu_call(fd, TCGETS, space), -ENOTTY);
}

static void bad_pointers(void **state)
{
	char space[sizeof(struct xmmu_edu_event)];

	(void)state;
	assert_int_equal(edu_call(fd, XMMU_EDU_INFO, NULL), -EFAULT);
	assert_int_equal(edu_call(fd, XMMU_EDU_REGISTER, NULL), -EFAULT);
	assert_int_equal(edu_call(fd, XMMU_EDU_SUBMIT, (void *)-1UL), -EFAULT);
	assert_int_equal(read(fd, space, sizeof(space) - 1), -1);
	assert_int_equal(errno, EINVAL);
}

static void padding_must_be_zero(void **state)
{
	struct xmmu_edu_register reg = { .addr = (uintptr_t)memory, .len = PAGE, .pad = 1 };
	struct xmmu_edu_id id = { .id = range, .pad = 1 << 31 };
	struct xmmu_edu_submit submit = {
		.addr = (uintptr_t)memory,
		.len = 1,
		.range = range,
		.pad = 1,
	};

	(void)state;
	assert_int_equal(edu_call(fd, XMMU_EDU_REGISTER, &reg), -EINVAL);
	assert_int_equal(edu_call(fd, XMMU_EDU_UNREGISTER, &id), -EINVAL);
	assert_int_equal(edu_call(fd, XMMU_EDU_CANCEL, &id), -EINVAL);
	assert_int_equal(edu_call(fd, XMMU_EDU_SUBMIT, &submit), -EINVAL);
}

static int register_at(uint64_t addr, uint64_t len)
{
	struct xmmu_edu_register reg = { .addr = addr, .len = len };

	return edu_call(fd, XMMU_EDU_REGISTER, &reg);
}

static void bad_ranges(void **state)
{
	uint64_t addr = (uintptr_t)memory;

	(void)state;
	assert_int_equal(register_at(addr, 0), -EINVAL);
	assert_int_equal(register_at(addr + 1, PAGE), -EINVAL);
	assert_int_equal(register_at(addr, PAGE - 1), -EINVAL);
	assert_int_equal(register_at(addr, -addr), -EINVAL);
	assert_int_equal(register_at(addr, -PAGE), -EINVAL);
	assert_int_equal(register_at(-PAGE, PAGE), -EINVAL);
	assert_int_equal(register_at(0, -PAGE), -EINVAL);
	assert_int_equal(edu_unregister(fd, 0), -ENOENT);
	assert_int_equal(edu_unregister(fd, range + 1), -ENOENT);
	assert_int_equal(edu_unregister(fd, -1), -ENOENT);
}

/* None of these reaches the device: it would abort QEMU. */
static void bad_jobs(void **state)
{
	uint64_t before = edu_transfers(fd);
	char *end = memory + PAGES * PAGE;

	(void)state;
	assert_int_equal(edu_submit(fd, range, memory, 0, 0, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory, 1, XMMU_EDU_BUFFER, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory, 1, 4096, FROM), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory, 1, -1, FROM), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory, 1, 0, 2), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory, 1, 0, -1), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory, XMMU_EDU_JOB_MAX + 1, 0, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory, -1, 0, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range, memory - 1, 2, 0, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range, end - 1, 2, 0, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range, end, 1, 0, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range, (void *)-1UL, 1, 0, TO), -EINVAL);
	assert_int_equal(edu_submit(fd, range + 1, memory, 1, 0, TO), -ENOENT);
	assert_int_equal(edu_submit(fd, 0, memory, 1, 0, TO), -ENOENT);
	assert_int_equal(edu_wait(fd, 1, 0, NULL), -ENOENT);
	assert_int_equal(edu_cancel(fd, 1), -ENOENT);
	t_sleep(2 * EDU_TRANSFER_MS);
	assert_int_equal(edu_transfers(fd), before);
}

static void limited_numbers(void **state)
{
	int ids[XMMU_EDU_IDS], i, job;

	(void)state;
	for (i = 1; i < XMMU_EDU_IDS; i++) {
		ids[i] = edu_register(fd, memory, 1);
		assert_true(ids[i] > 0);
	}
	assert_int_equal(edu_register(fd, memory, 1), -EBUSY);
	for (i = 1; i < XMMU_EDU_IDS; i++)
		assert_int_equal(edu_unregister(fd, ids[i]), 0);

	for (i = 0; i < XMMU_EDU_IDS; i++) {
		ids[i] = edu_submit(fd, range, memory, 1, 0, TO);
		assert_true(ids[i] > 0);
	}
	assert_int_equal(edu_submit(fd, range, memory, 1, 0, TO), -EBUSY);
	for (i = 0; i < XMMU_EDU_IDS; i++)
		assert_int_equal(edu_cancel(fd, ids[i]), 0);
	for (i = 0; i < XMMU_EDU_IDS; i++) {
		job = edu_wait(fd, ids[i], EDU_LIMIT_MS, NULL);
		assert_true(job == -ECANCELED || (!i && !job));
	}
}

/* Why a job ends early is said by waiting for it, once. */
static void job_errors(void **state)
{
	unsigned int done;
	int job;

	(void)state;
	munmap(memory + PAGE, PAGE);
	job = edu_submit(fd, range, memory + PAGE - 10, 20, 0, TO);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, &done), -EFAULT);
	assert_int_equal(done, 10);
	assert_int_equal(edu_wait(fd, job, 0, NULL), -ENOENT);
	assert_int_equal(edu_copy(fd, range, memory + PAGE, 1, 0, FROM), -EFAULT);

	mprotect(memory + 2 * PAGE, PAGE, PROT_READ);
	assert_int_equal(edu_copy(fd, range, memory + 2 * PAGE, 1, 0, FROM), -EPERM);
	assert_int_equal(edu_copy(fd, range, memory + 2 * PAGE, 1, 0, TO), 0);
	mprotect(memory + 2 * PAGE, PAGE, PROT_NONE);
	assert_int_equal(edu_copy(fd, range, memory + 2 * PAGE, 1, 0, TO), -EFAULT);
	mmap(memory + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	assert_int_equal(edu_copy(fd, range, memory + PAGE, 1, 0, FROM), 0);
}

/* The buffer is a ring, so a long job repeats it. */
static void long_job(void **state)
{
	unsigned int i;

	(void)state;
	edu_load(fd, 3);
	assert_int_equal(edu_copy(fd, range, memory + 5, 3 * PAGE, 4000, FROM), 0);
	for (i = 0; i < 3 * PAGE; i++)
		assert_int_equal((unsigned char)memory[5 + i],
				 edu_byte(3, (4000 + i) % XMMU_EDU_BUFFER));
}

static void handler(int number)
{
	(void)number;
}

static void waiting(void **state)
{
	struct sigaction action = { .sa_handler = handler };
	int job = edu_submit(fd, range, memory, 2 * PAGE, 0, TO);
	long began = t_ms();

	(void)state;
	assert_true(job > 0);
	assert_int_equal(edu_wait(fd, job, 0, NULL), -ETIMEDOUT);
	assert_int_equal(edu_wait(fd, job, 50, NULL), -ETIMEDOUT);
	assert_true(t_ms() - began >= 50);
	sigaction(SIGALRM, &action, NULL);
	ualarm(20000, 0);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), -EINTR);
	assert_int_equal(edu_wait(fd, job, -1, NULL), 0);
	assert_true(t_ms() - began >= 3 * EDU_TRANSFER_MS);
}

static long wait_for(void *job)
{
	return edu_wait(fd, *(int *)job, EDU_LIMIT_MS, NULL);
}

/* Of two that wait for a job one is told. */
static void two_wait(void **state)
{
	int job = edu_submit(fd, range, memory, PAGE, 0, TO);
	struct t_thread thread;
	long mine, other;

	(void)state;
	t_start(&thread, wait_for, &job);
	mine = wait_for(&job);
	other = t_join(&thread);
	assert_int_equal(mine + other, -ENOENT);
	assert_true(!mine || !other);
}

static void polling(void **state)
{
	struct xmmu_edu_event event;
	int job;

	(void)state;
	edu_forget_events(fd);
	assert_int_equal(polled(0), 0);
	job = edu_submit(fd, range, memory, PAGE, 0, TO);
	assert_int_equal(polled(0), 0);
	assert_int_equal(polled(EDU_LIMIT_MS), POLLPRI);
	assert_int_equal(edu_wait(fd, job, 0, NULL), 0);
	assert_int_equal(polled(0), 0);
	assert_return_code(madvise(memory, PAGE, MADV_DONTNEED), errno);
	assert_int_equal(polled(0), POLLIN);
	assert_true(edu_event(fd, &event));
	assert_int_equal(event.event, XMMU_EDU_CLEAR);
	assert_int_equal(event.start, (uintptr_t)memory);
	assert_int_equal(event.end, (uintptr_t)memory + PAGE);
	assert_int_equal(event.flags, XMMU_EDU_BLOCKABLE);
	assert_int_equal(event.lost, 0);
	assert_false(edu_event(fd, &event));
	assert_int_equal(polled(0), 0);
}

static void lost_events_are_counted(void **state)
{
	struct xmmu_edu_event event;
	unsigned int i, records = 0, lost = 0;

	(void)state;
	edu_forget_events(fd);
	for (i = 0; i < 300; i++) {
		t_touch(memory, 1);
		madvise(memory, PAGE, MADV_DONTNEED);
	}
	while (edu_event(fd, &event)) {
		assert_int_equal(event.lost, 0);
		records++;
	}
	madvise(memory, PAGE, MADV_DONTNEED);
	assert_true(edu_event(fd, &event));
	lost = event.lost;
	assert_true(lost > 0);
	assert_int_equal(records + lost, 300);
}

/* What the device has begun it finishes, nothing more. */
static void cancelling(void **state)
{
	int job = edu_submit(fd, range, memory, 10 * PAGE, 0, FROM);
	unsigned int done;
	long began;

	(void)state;
	edu_load(fd, 9);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	memset(memory, 0, PAGES * PAGE);
	job = edu_submit(fd, range, memory, 10 * PAGE, 0, FROM);
	t_sleep(EDU_TRANSFER_MS + EDU_TRANSFER_MS / 2);
	began = t_ms();
	assert_int_equal(edu_cancel(fd, job), 0);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, &done), -ECANCELED);
	assert_true(t_ms() - began < 5 * EDU_TRANSFER_MS);
	assert_in_range(done, 1, 5 * PAGE);
	assert_int_equal(edu_compare(memory, done < 4095 ? done : 4095, 9, 0), -1);
	t_sleep(2 * EDU_TRANSFER_MS);
	assert_int_equal(memory[done], 0);
}

/* A file that came from another process means nothing by the caller's addresses. */
static int strange_addresses(void *arg)
{
	(void)arg;
	if (edu_register(fd, memory, 1) != -EXDEV)
		return 1;
	if (edu_submit(fd, range, memory, 1, 0, FROM) != -EXDEV)
		return 2;
	return edu_call(fd, XMMU_EDU_STATS, &(struct xmmu_edu_stats){}) ? 3 : 0;
}

static void another_process(void **state)
{
	(void)state;
	assert_int_equal(t_wait(t_fork(strange_addresses, NULL), EDU_LIMIT_MS), 0);
}

static void unregister_at_work(void **state)
{
	int other = edu_register(fd, memory, PAGES), job;

	(void)state;
	job = edu_submit(fd, other, memory, 10 * PAGE, 0, FROM);
	t_sleep(EDU_SOME_MS);
	assert_int_equal(edu_unregister(fd, other), 0);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), -ESRCH);
	assert_int_equal(edu_copy(fd, range, memory, 10, 0, FROM), 0);
}

static void close_at_work(void **state)
{
	int file = edu_open(), id, i;
	long began;

	(void)state;
	id = edu_register(file, memory, PAGES);
	for (i = 0; i < 20; i++)
		assert_true(edu_submit(file, id, memory, 10 * PAGE, 0, FROM) > 0);
	t_sleep(EDU_SOME_MS);
	began = t_ms();
	close(file);
	assert_true(t_ms() - began < 10 * EDU_TRANSFER_MS);
	assert_int_equal(edu_copy(fd, range, memory, 10, 0, FROM), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(unknown_commands), TEST(bad_pointers),    TEST(padding_must_be_zero),
		TEST(bad_ranges),       TEST(bad_jobs),        TEST(limited_numbers),
		TEST(job_errors),       TEST(long_job),        TEST(waiting),
		TEST(two_wait),         TEST(polling),         TEST(lost_events_are_counted),
		TEST(cancelling),       TEST(another_process), TEST(unregister_at_work),
		TEST(close_at_work),
	};

	return cmocka_run_group_tests_name("edu_api", tests, NULL, NULL);
}
