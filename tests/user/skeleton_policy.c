// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policies of the skeleton driver: each is a parameter of the module, which is loaded here, and
 * shows in what happens when the kernel reaps the memory of a killed process.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sk.h"

#define PAGES 8

static int load(const char *policy)
{
	char command[96];

	snprintf(command, sizeof(command),
		 "insmod /lib/xmmu/release/skeleton.ko policy=%s 2>/dev/null", policy);
	return system(command);
}

static void unload(void)
{
	assert_int_equal(system("rmmod skeleton"), 0);
}

/* A child that has attached the file and populated its memory. */
struct victim {
	int fd;
	char *memory;
	struct t_steps steps;
	pid_t pid;
};

static int victim_main(void *arg)
{
	struct victim *victim = arg;

	t_touch(victim->memory, PAGES);
	if (sk_attach(victim->fd, 0) || sk_add(victim->fd, victim->memory, PAGES))
		return 1;
	if (sk_populate(victim->fd, victim->memory, PAGES, XMMU_SKELETON_WRITE))
		return 2;
	t_tell(victim->steps.to_parent, 'r');
	t_hear(victim->steps.to_child);
	return 3;
}

/* Killed, it stops with its memory still there, because it is traced, until it is reaped. */
static int victim_reap(struct victim *victim)
{
	int pidfd, ret, status;

	assert_return_code(ptrace(PTRACE_SEIZE, victim->pid, NULL, PTRACE_O_TRACEEXIT), errno);
	assert_return_code(kill(victim->pid, SIGKILL), errno);
	assert_int_equal(waitpid(victim->pid, &status, 0), victim->pid);
	assert_true(WIFSTOPPED(status));
	pidfd = syscall(SYS_pidfd_open, victim->pid, 0);
	assert_return_code(pidfd, errno);
	ret = syscall(SYS_process_mrelease, pidfd, 0) ? -errno : 0;
	close(pidfd);
	return ret;
}

static void victim_end(struct victim *victim)
{
	int status;

	assert_return_code(ptrace(PTRACE_CONT, victim->pid, NULL, NULL), errno);
	assert_int_equal(waitpid(victim->pid, &status, 0), victim->pid);
	assert_true(WIFSIGNALED(status));
	close(victim->fd);
	t_steps_free(&victim->steps);
	t_unmap(victim->memory, PAGES);
}

/* The first event that must not block, of those that concern the memory. */
static struct xmmu_skeleton_event victim_event(struct victim *victim)
{
	struct xmmu_skeleton_event event;

	do {
		assert_int_equal(sk_read(victim->fd, &event), 1);
	} while (event.flags & XMMU_SKELETON_BLOCKABLE);
	return event;
}

static void reap_under(const char *policy, int reaped, unsigned int outcome)
{
	struct victim victim = { .memory = t_map(PAGES) };
	struct xmmu_skeleton_event event;

	assert_int_equal(load(policy), 0);
	victim.fd = sk_open(O_NONBLOCK | O_CLOEXEC);
	t_steps_init(&victim.steps);
	victim.pid = t_fork(victim_main, &victim);
	assert_int_equal(t_hear(victim.steps.to_parent), 'r');
	assert_int_equal(victim_reap(&victim), reaped);
	event = victim_event(&victim);
	/* Kernels 7 call what the reaper does CLEAR. */
	assert_in_range(event.event, XMMU_SKELETON_UNMAP, XMMU_SKELETON_CLEAR);
	assert_int_equal(event.outcome, outcome);
	if (outcome == XMMU_SKELETON_REFUSED)
		assert_int_equal(event.zap_end, 0);
	else
		assert_int_equal(event.zap_end - event.zap_start, PAGES * PAGE);
	victim_end(&victim);
	unload();
}

static void refuse_refuses(void **state)
{
	(void)state;
	reap_under("refuse", -EAGAIN, XMMU_SKELETON_REFUSED);
}

static void trylock_zaps_when_nobody_holds_the_lock(void **state)
{
	(void)state;
	reap_under("trylock", 0, XMMU_SKELETON_INVALIDATED);
}

static void atomic_zaps(void **state)
{
	(void)state;
	reap_under("atomic", 0, XMMU_SKELETON_INVALIDATED);
}

static void others_are_not_loaded(void **state)
{
	(void)state;
	assert_int_not_equal(load("sometimes"), 0);
	assert_int_equal(access("/dev/xmmu-skeleton", F_OK), -1);
}

static void open_files_keep_the_module(void **state)
{
	int fd;

	(void)state;
	assert_int_equal(load("trylock"), 0);
	fd = sk_open(O_CLOEXEC);
	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_not_equal(system("rmmod skeleton 2>/dev/null"), 0);
	assert_int_equal(sk_detach(fd), 0);
	assert_int_not_equal(system("rmmod skeleton 2>/dev/null"), 0);
	close(fd);
	unload();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuse_refuses),
		cmocka_unit_test(trylock_zaps_when_nobody_holds_the_lock),
		cmocka_unit_test(atomic_zaps),
		cmocka_unit_test(others_are_not_loaded),
		cmocka_unit_test(open_files_keep_the_module),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
