// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations that must not block, as the kernel sends them when it reaps a killed process: with
 * a transfer in flight they are refused under each policy, without one under `refuse` only. The
 * driver is made to believe that the transfer goes on for as long as the test wants.
 *
 * usage: edu_nonblock refuse|trylock
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "edu.h"

#define PAGES      4
#define CHILD_FILE 100

static char *memory;
static bool refuses;

struct victim {
	struct t_steps steps;
	bool works;
	pid_t pid;
	int pidfd;
	int fd; /* the victim's context, in this process */
	int job;
};

static int live(void *arg)
{
	struct victim *victim = arg;
	int fd = edu_open_as("/dev/xmmu-edu0"), id = edu_register(fd, memory, PAGES), job;

	t_touch(memory, PAGES);
	job = edu_submit(fd, id, memory, 1, 0, XMMU_EDU_FROM_DEVICE);
	if (!victim->works && edu_wait(fd, job, EDU_LIMIT_MS, NULL))
		return 1;
	dup2(fd, CHILD_FILE);
	t_tell(victim->steps.to_parent, job);
	pause();
	return 1;
}

/* A killed process that is held at its exit, with its memory still there. */
static void strike(struct victim *victim, bool works)
{
	int status;

	victim->works = works;
	edu_inject(works ? "never_done" : "none");
	memory = t_map(PAGES);
	t_steps_init(&victim->steps);
	victim->pid = t_fork(live, victim);
	victim->job = t_hear(victim->steps.to_parent);
	assert_true(victim->job > 0);
	victim->pidfd = syscall(SYS_pidfd_open, victim->pid, 0);
	victim->fd = syscall(SYS_pidfd_getfd, victim->pidfd, CHILD_FILE, 0);
	assert_return_code(victim->fd, errno);
	assert_true(t_until(EDU_LIMIT_MS, edu_stats(victim->fd).transfers == 1));
	assert_return_code(ptrace(PTRACE_SEIZE, victim->pid, NULL, PTRACE_O_TRACEEXIT), errno);
	assert_return_code(kill(victim->pid, SIGKILL), errno);
	assert_int_equal(waitpid(victim->pid, &status, 0), victim->pid);
	assert_true(WIFSTOPPED(status));
	edu_forget_events(victim->fd);
	assert_int_equal(edu_stats(victim->fd).nonblock, 0);
}

static int reap(struct victim *victim)
{
	return syscall(SYS_process_mrelease, victim->pidfd, 0) ? -errno : 0;
}

static void bury(struct victim *victim)
{
	int status;

	edu_inject("none");
	assert_return_code(ptrace(PTRACE_CONT, victim->pid, NULL, NULL), errno);
	assert_int_equal(waitpid(victim->pid, &status, 0), victim->pid);
	assert_true(WIFSIGNALED(status));
	close(victim->fd);
	close(victim->pidfd);
	t_steps_free(&victim->steps);
	t_unmap(memory, PAGES);
}

/*
 * How many of the recorded invalidations were refused; none may have waited. Kernels 7 call what
 * the reaper does CLEAR.
 */
static unsigned int refusals(struct victim *victim)
{
	struct xmmu_edu_event event;
	unsigned int refused = 0;

	while (edu_event(victim->fd, &event)) {
		assert_in_range(event.event, XMMU_EDU_UNMAP, XMMU_EDU_CLEAR);
		assert_false(event.flags & XMMU_EDU_BLOCKABLE);
		assert_int_equal(event.wait_ns, 0);
		refused += !!(event.flags & XMMU_EDU_REFUSED);
	}
	return refused;
}

/* Clears up behind a test that failed, too. */
static int release(void **state)
{
	(void)state;
	edu_inject("none");
	return 0;
}

static void in_flight(void **state)
{
	struct xmmu_edu_stats stats;
	struct victim victim;

	(void)state;
	strike(&victim, true);
	assert_int_equal(edu_wait(victim.fd, victim.job, 0, NULL), -ETIMEDOUT);
	assert_int_equal(reap(&victim), -EAGAIN);
	stats = edu_stats(victim.fd);
	assert_true(stats.nonblock >= 1);
	assert_true(stats.refused >= 1);
	assert_int_equal(stats.waits, 0);
	if (refuses)
		assert_int_equal(stats.refused, stats.nonblock);
	assert_int_equal(refusals(&victim), stats.refused);
	bury(&victim);
}

static void idle(void **state)
{
	struct xmmu_edu_stats stats;
	struct victim victim;

	(void)state;
	strike(&victim, false);
	assert_int_equal(reap(&victim), refuses ? -EAGAIN : 0);
	stats = edu_stats(victim.fd);
	assert_true(stats.nonblock >= 1);
	assert_int_equal(stats.refused, refuses ? stats.nonblock : 0);
	assert_int_equal(refusals(&victim), stats.refused);
	bury(&victim);
}

/* The reaper comes back, and finds that the transfer has ended. */
static void again_afterwards(void **state)
{
	struct victim victim;

	(void)state;
	strike(&victim, true);
	assert_int_equal(reap(&victim), -EAGAIN);
	edu_inject("none");
	assert_int_equal(edu_wait(victim.fd, victim.job, EDU_LIMIT_MS, NULL), 0);
	refusals(&victim);
	assert_int_equal(reap(&victim), refuses ? -EAGAIN : 0);
	assert_true(refuses ? refusals(&victim) > 0 : refusals(&victim) == 0);
	bury(&victim);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(in_flight, release),
		cmocka_unit_test_teardown(idle, release),
		cmocka_unit_test_teardown(again_afterwards, release),
	};

	if (argc != 2 || (strcmp(argv[1], "refuse") && strcmp(argv[1], "trylock"))) {
		fprintf(stderr, "usage: edu_nonblock refuse|trylock\n");
		return 2;
	}
	refuses = !strcmp(argv[1], "refuse");
	return cmocka_run_group_tests_name("edu_nonblock", tests, NULL, NULL);
}
