// SPDX-License-Identifier: GPL-2.0-only
/* Attach, exit and detach: own and foreign memory, in every order, interrupted, all at once. */
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "t.h"

#define PAGES 8

/* ---- one process */

static void attach_and_detach_may_be_repeated(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_open(), id, i;

	(void)state;
	assert_int_equal(xt_detach(fd), 0);
	for (i = 0; i < 3; i++) {
		assert_int_equal(xt_attach(fd, i % 2 ? XT_TRYLOCK : XT_REFUSE), 0);
		assert_int_equal(xt_attach(fd, XT_REFUSE), 0);
		assert_true(xt_stats(fd).is_current);
		id = xt_insert(fd, memory, PAGES);
		assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), 0);
		assert_int_equal(xt_detach(fd), 0);
		assert_int_equal(xt_detach(fd), 0);
		assert_false(xt_stats(fd).alive);
		assert_int_equal(xt_query(fd, id, memory, PAGES).present, 0);
	}
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

/* What kind of lock a mirror has does not change. */
static void policy_may_not_change_the_lock(void **state)
{
	int fd = xt_start(XT_ATOMIC);

	(void)state;
	assert_int_equal(xt_detach(fd), 0);
	assert_int_equal(xt_attach(fd, XT_REFUSE), -EINVAL);
	assert_false(xt_stats(fd).alive);
	assert_int_equal(xt_attach(fd, XT_ATOMIC), 0);
	xt_stop(fd);
}

static void two_mirrors_of_one_address_space(void **state)
{
	char *memory = t_map(PAGES);
	int a = xt_start(XT_REFUSE), b = xt_start(XT_ATOMIC);
	int in_a = xt_insert(a, memory, PAGES), in_b = xt_insert(b, memory, PAGES);

	(void)state;
	assert_int_equal(xt_populate(a, in_a, memory, PAGES, 0), 0);
	assert_int_equal(xt_populate(b, in_b, memory, PAGES, 0), 0);
	assert_int_equal(madvise(memory, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(xt_query(a, in_a, memory, PAGES).present, PAGES - 1);
	assert_int_equal(xt_query(b, in_b, memory, PAGES).present, PAGES - 1);
	xt_stop(a);
	assert_int_equal(madvise(memory, 2 * PAGE, MADV_DONTNEED), 0);
	assert_int_equal(xt_query(b, in_b, memory, PAGES).present, PAGES - 2);
	xt_stop(b);
	t_unmap(memory, PAGES);
}

struct shared {
	int fd;
	int id;
	char *memory;
	struct t_steps steps;
};

static int use_inherited_file(void *arg)
{
	struct shared *shared = arg;

	if (xt_stats(shared->fd).is_current || !xt_stats(shared->fd).alive)
		return 1;
	if (munmap(shared->memory, PAGES * PAGE))
		return 2;
	/* The addresses are those of the parent, where the memory is still mapped. */
	return xt_populate(shared->fd, shared->id, shared->memory, PAGES, 0) ? 3 : 0;
}

static void mirror_stays_with_the_parent(void **state)
{
	struct shared shared = { .fd = xt_start(XT_REFUSE), .memory = t_map(PAGES) };

	(void)state;
	t_touch(shared.memory, PAGES);
	shared.id = xt_insert(shared.fd, shared.memory, PAGES);
	assert_int_equal(t_wait(t_fork(use_inherited_file, &shared), 5000), 0);
	assert_true(xt_stats(shared.fd).is_current);
	assert_int_equal(xt_stats(shared.fd).releases, 0);
	assert_int_equal(xt_query(shared.fd, shared.id, shared.memory, PAGES).present, PAGES);
	xt_stop(shared.fd);
	t_unmap(shared.memory, PAGES);
}

/* ---- foreign memory */

static int target(void *arg)
{
	struct shared *shared = arg;
	int c;

	*t_word(shared->memory, 0, 0) = 4711;
	t_tell(shared->steps.to_parent, 'r');
	while ((c = t_hear(shared->steps.to_child)) > 0 && c != 'q') {
		if (c == 'd')
			madvise(shared->memory, PAGE, MADV_DONTNEED);
		if (c == 'u')
			prctl(PR_SET_DUMPABLE, 0);
		if (c == 'x')
			execl("/bin/sleep", "sleep", "10", NULL);
		t_tell(shared->steps.to_parent, 'o');
	}
	return 0;
}

static pid_t start_target(struct shared *shared)
{
	pid_t pid;

	*shared = (struct shared){ .fd = xt_open(), .memory = t_map(PAGES) };
	t_steps_init(&shared->steps);
	pid = t_fork(target, shared);
	assert_int_equal(t_hear(shared->steps.to_parent), 'r');
	return pid;
}

static void end_target(struct shared *shared, pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(t_wait(pid, 5000), 100 + SIGKILL);
	xt_stop(shared->fd);
	t_steps_free(&shared->steps);
	t_unmap(shared->memory, PAGES);
}

static int attach_pid(int fd, pid_t pid)
{
	return xt_attach_as(fd, &(struct xt_attach){ .pid = pid });
}

static void tracer_may_attach_to_another_process(void **state)
{
	struct shared shared;
	pid_t pid = start_target(&shared);
	struct xt_access read = { .start = (uintptr_t)shared.memory };

	(void)state;
	assert_return_code(ptrace(PTRACE_SEIZE, pid, NULL, NULL), errno);
	assert_int_equal(attach_pid(shared.fd, pid), 0);
	assert_false(xt_stats(shared.fd).is_current);
	assert_true(xt_stats(shared.fd).alive);
	/* It may let go of the process then. */
	assert_return_code(ptrace(PTRACE_INTERRUPT, pid, NULL, NULL), errno);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_return_code(ptrace(PTRACE_DETACH, pid, NULL, NULL), errno);

	shared.id = xt_insert(shared.fd, shared.memory, PAGES);
	assert_int_equal(xt_populate(shared.fd, shared.id, shared.memory, PAGES, 0), 0);
	read.id = shared.id;
	read.end = read.start + PAGE;
	read.base = 4711;
	assert_int_equal(xt_access(shared.fd, read).last, 4711);
	t_tell(shared.steps.to_child, 'd');
	assert_int_equal(t_hear(shared.steps.to_parent), 'o');
	assert_int_equal(xt_query(shared.fd, shared.id, shared.memory, PAGES).present, PAGES - 1);
	end_target(&shared, pid);
}

static void nobody_else_may(void **state)
{
	struct shared shared;
	pid_t pid = start_target(&shared);

	(void)state;
	assert_int_equal(attach_pid(shared.fd, pid), -EPERM);
	assert_int_equal(attach_pid(shared.fd, getpid()), -EPERM);
	assert_int_equal(attach_pid(shared.fd, 1), -EPERM);
	assert_false(xt_stats(shared.fd).alive);
	end_target(&shared, pid);
}

static void use_ptrace_capability(bool use)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	assert_return_code(syscall(SYS_capget, &header, data), errno);
	if (use)
		data[0].effective |= 1U << CAP_SYS_PTRACE;
	else
		data[0].effective &= ~(1U << CAP_SYS_PTRACE);
	assert_return_code(syscall(SYS_capset, &header, data), errno);
}

/* A process that has made itself undumpable since it is traced has secrets, also from its tracer. */
static void undumpable_process_needs_the_capability(void **state)
{
	struct shared shared;
	pid_t pid = start_target(&shared);

	(void)state;
	assert_return_code(ptrace(PTRACE_SEIZE, pid, NULL, NULL), errno);
	t_tell(shared.steps.to_child, 'u');
	assert_int_equal(t_hear(shared.steps.to_parent), 'o');
	use_ptrace_capability(false);
	assert_int_equal(attach_pid(shared.fd, pid), -EPERM);
	assert_false(xt_stats(shared.fd).alive);
	use_ptrace_capability(true);
	assert_int_equal(attach_pid(shared.fd, pid), 0);
	end_target(&shared, pid);
}

static int exit_at_once(void *arg)
{
	(void)arg;
	return 0;
}

static void gone_process_is_esrch(void **state)
{
	int fd = xt_open();
	pid_t pid = t_fork(exit_at_once, NULL);
	siginfo_t info;

	(void)state;
	/* A zombie has no memory; a pid that was waited for is nobody's; nor is this one. */
	assert_return_code(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), errno);
	assert_int_equal(attach_pid(fd, pid), -ESRCH);
	assert_int_equal(t_wait(pid, 1000), 0);
	assert_int_equal(attach_pid(fd, pid), -ESRCH);
	assert_int_equal(attach_pid(fd, -5), -ESRCH);
	xt_stop(fd);
}

static void exec_ends_the_mirror_of_the_old_program(void **state)
{
	struct shared shared;
	pid_t pid = start_target(&shared);
	int second = xt_open();

	(void)state;
	assert_return_code(ptrace(PTRACE_SEIZE, pid, NULL, NULL), errno);
	assert_int_equal(attach_pid(shared.fd, pid), 0);
	shared.id = xt_insert(shared.fd, shared.memory, PAGES);
	assert_int_equal(xt_populate(shared.fd, shared.id, shared.memory, PAGES, XT_WRITE), 0);
	t_tell(shared.steps.to_child, 'x');
	assert_true(t_until(5000, xt_stats(shared.fd).releases == 1));
	assert_int_equal(xt_populate(shared.fd, shared.id, shared.memory, 1, 0), -ESRCH);
	assert_int_equal(xt_query(shared.fd, shared.id, shared.memory, PAGES).present, 0);
	/* The mirror is that of the old memory until it is detached. */
	assert_int_equal(attach_pid(shared.fd, pid), -EBUSY);
	assert_int_equal(attach_pid(second, pid), 0);
	xt_stop(second);
	end_target(&shared, pid);
}

/* ---- exit against detach */

static int attach_and_go(void *arg)
{
	struct shared *shared = arg;

	if (xt_attach(shared->fd, XT_TRYLOCK))
		return 1;
	shared->id = xt_insert(shared->fd, shared->memory, PAGES);
	if (xt_populate(shared->fd, shared->id, shared->memory, PAGES, XT_WRITE))
		return 2;
	xt_set(shared->fd, XT_FLUSH_MS, 2);
	xt_set(shared->fd, XT_FLUSH_MODE, XT_FLUSH_DELAY);
	t_tell(shared->steps.to_parent, 'r');
	return 0;
}

static void exit_and_detach_in_every_order(void **state)
{
	struct shared shared = { .memory = t_map(PAGES) };
	long end, rounds = 0, released = 0;
	struct xt_stats stats;
	pid_t pid;

	(void)state;
	t_steps_init(&shared.steps);
	for (end = t_ms() + 3000; t_ms() < end || rounds < 60; rounds++) {
		shared.fd = xt_open();
		pid = t_fork(attach_and_go, &shared);
		assert_int_equal(t_hear(shared.steps.to_parent), 'r');
		if (rounds % 6 == 5)
			assert_int_equal(t_wait(pid, 5000), 0);
		else
			usleep(rounds % 6 * 700);
		assert_int_equal(xt_detach(shared.fd), 0);
		stats = xt_stats(shared.fd);
		assert_int_equal(stats.pending, 0);
		assert_in_range(stats.releases, 0, 1);
		released += stats.releases;
		assert_int_equal(xt_query(shared.fd, 1, shared.memory, PAGES).present, 0);
		if (rounds % 6 != 5)
			assert_int_equal(t_wait(pid, 5000), 0);
		xt_stop(shared.fd);
	}
	/* Each order was seen. */
	assert_in_range(released, 1, rounds - 1);
	t_steps_free(&shared.steps);
	t_unmap(shared.memory, PAGES);
}

static int be_killed_at_work(void *arg)
{
	struct shared *shared = arg;

	if (xt_attach(shared->fd, XT_REFUSE))
		return 1;
	shared->id = xt_insert(shared->fd, shared->memory, PAGES);
	for (;;) {
		if (xt_populate(shared->fd, shared->id, shared->memory, PAGES, XT_WRITE))
			return 2;
		madvise(shared->memory, PAGES * PAGE, MADV_DONTNEED);
	}
}

static void process_may_be_killed_at_any_point(void **state)
{
	struct shared shared = { .memory = t_map(PAGES) };
	long end, rounds = 0;
	pid_t pid;

	(void)state;
	for (end = t_ms() + 1500; t_ms() < end || rounds < 30; rounds++) {
		shared.fd = xt_open();
		pid = t_fork(be_killed_at_work, &shared);
		assert_true(t_until(5000, xt_stats(shared.fd).core.commits > 0));
		usleep(rounds % 7 * 300);
		kill(pid, SIGKILL);
		assert_int_equal(t_wait(pid, 5000), 100 + SIGKILL);
		assert_int_equal(xt_stats(shared.fd).releases, 1);
		assert_int_equal(xt_populate(shared.fd, 1, shared.memory, 1, 0), -ESRCH);
		xt_stop(shared.fd);
	}
	t_unmap(shared.memory, PAGES);
}

static long detach_it(void *arg)
{
	return xt_detach(*(int *)arg);
}

static void detach_waits_for_a_walk(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES), i;
	const unsigned int points[] = { XT_AT_PREPARE, XT_AT_POPULATE };
	struct xt_walker walker;
	struct t_thread thread;

	(void)state;
	for (i = 0; i < 2; i++) {
		xt_walker_hold(&walker, points[i], fd, id, memory, PAGES, 0);
		t_start(&thread, detach_it, &fd);
		assert_false(t_done(&thread, 200));
		xt_set(fd, XT_GO, 0);
		assert_int_equal(t_join(&thread), 0);
		assert_int_equal(xt_walker_join(&walker), points[i] == XT_AT_PREPARE ? -ESRCH : 0);
		assert_int_equal(xt_query(fd, id, memory, PAGES).present, 0);
		assert_int_equal(xt_attach(fd, XT_REFUSE), 0);
		id = xt_insert(fd, memory, PAGES);
	}
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

/* ---- signals */

struct pest {
	pthread_t victim;
	bool stop;
};

static void ignore(int number)
{
	(void)number;
}

/* How often it was interrupted before it was attached; 255 if that left something. */
static int attach_in_spite_of_signals(void *arg)
{
	int fd = xt_open(), interrupted = 0, ret;

	(void)arg;
	while ((ret = xt_attach(fd, XT_REFUSE)) == -EINTR) {
		interrupted++;
		if (xt_stats(fd).alive)
			return 255;
	}
	return ret || !xt_stats(fd).alive ? 255 : interrupted;
}

/*
 * The first attach of an address space takes all its locks, which a signal ends. Many mappings make
 * it take longer.
 */
static void interrupted_attach_leaves_nothing(void **state)
{
	struct sigaction action = { .sa_handler = ignore };
	const size_t pages = 4000;
	char *memory = t_map(pages);
	long end, interrupted = 0;
	int i, ret;
	pid_t pid;

	(void)state;
	for (i = 0; i < (int)pages; i += 2)
		assert_return_code(mprotect(memory + i * PAGE, PAGE, PROT_READ), errno);
	assert_return_code(sigaction(SIGUSR1, &action, NULL), errno);
	for (end = t_ms() + 15000; t_ms() < end && interrupted < 20;) {
		pid = t_fork(attach_in_spite_of_signals, NULL);
		for (i = 0; i < 50; i++) {
			kill(pid, SIGUSR1);
			usleep(100);
		}
		ret = t_wait(pid, 10000);
		assert_in_range(ret, 0, 254);
		interrupted += ret;
	}
	assert_true(interrupted > 0);
	t_unmap(memory, pages);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attach_and_detach_may_be_repeated),
		cmocka_unit_test(policy_may_not_change_the_lock),
		cmocka_unit_test(two_mirrors_of_one_address_space),
		cmocka_unit_test(mirror_stays_with_the_parent),
		cmocka_unit_test(tracer_may_attach_to_another_process),
		cmocka_unit_test(nobody_else_may),
		cmocka_unit_test(undumpable_process_needs_the_capability),
		cmocka_unit_test(gone_process_is_esrch),
		cmocka_unit_test(exec_ends_the_mirror_of_the_old_program),
		cmocka_unit_test(exit_and_detach_in_every_order),
		cmocka_unit_test(process_may_be_killed_at_any_point),
		cmocka_unit_test(detach_waits_for_a_walk),
		cmocka_unit_test(interrupted_attach_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
