// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidations that must not block, as the kernel sends them when it reaps a killed process: both
 * outcomes of each policy.
 *
 * The victim is killed while it is traced, and stops at its exit with its memory still there. Then
 * process_mrelease() reaps it: 0 if all could be freed, -EAGAIN if a callback refused.
 */
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "t.h"

#define PAGES 8

struct victim {
	int fd;
	int id;
	char *memory;
	struct xt_attach attach;
	struct t_steps steps;
	pid_t pid;
	int pidfd;
};

static int live(void *arg)
{
	struct victim *victim = arg;

	if (xt_attach_as(victim->fd, &victim->attach))
		return 1;
	victim->id = xt_insert(victim->fd, victim->memory, PAGES);
	t_touch(victim->memory, PAGES);
	if (xt_populate(victim->fd, victim->id, victim->memory, PAGES, XT_WRITE))
		return 2;
	t_tell(victim->steps.to_parent, victim->id);
	pause();
	return 3;
}

/* A process that waits at its exit, with a mirror of its memory. */
static struct victim kill_victim(struct xt_attach attach)
{
	struct victim victim = { .fd = xt_open(), .memory = t_map(PAGES), .attach = attach };

	t_steps_init(&victim.steps);
	victim.pid = t_fork(live, &victim);
	victim.id = t_hear(victim.steps.to_parent);
	assert_true(victim.id > 0);
	victim.pidfd = syscall(SYS_pidfd_open, victim.pid, 0);
	assert_return_code(victim.pidfd, errno);
	assert_return_code(ptrace(PTRACE_SEIZE, victim.pid, NULL, PTRACE_O_TRACEEXIT), errno);
	assert_int_equal(xt_stats(victim.fd).core.nonblock, 0);
	return victim;
}

static void strike(struct victim *victim)
{
	int status;

	assert_return_code(kill(victim->pid, SIGKILL), errno);
	assert_int_equal(waitpid(victim->pid, &status, 0), victim->pid);
	assert_true(WIFSTOPPED(status));
}

static int reap(struct victim *victim)
{
	return syscall(SYS_process_mrelease, victim->pidfd, 0) ? -errno : 0;
}

static struct xt_query left(struct victim *victim)
{
	return xt_query(victim->fd, victim->id, victim->memory, PAGES);
}

static void bury(struct victim *victim)
{
	int status;

	xt_set(victim->fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	xt_set(victim->fd, XT_CONFIRM, 0);
	assert_return_code(ptrace(PTRACE_CONT, victim->pid, NULL, NULL), errno);
	assert_int_equal(waitpid(victim->pid, &status, 0), victim->pid);
	assert_true(WIFSIGNALED(status));
	assert_true(t_until(5000, xt_stats(victim->fd).releases == 1));
	assert_int_equal(left(victim).present, 0);
	xt_stop(victim->fd);
	close(victim->pidfd);
	t_steps_free(&victim->steps);
	t_unmap(victim->memory, PAGES);
}

static void refuse_is_refused_and_keeps_the_translations(void **state)
{
	struct victim victim = kill_victim((struct xt_attach){ .policy = XT_REFUSE });
	struct xt_stats stats;
	struct xt_reports reports;

	(void)state;
	strike(&victim);
	xt_reports(victim.fd);
	assert_int_equal(reap(&victim), -EAGAIN);
	stats = xt_stats(victim.fd);
	assert_true(stats.core.nonblock >= 1);
	assert_int_equal(stats.core.refused, stats.core.nonblock);
	assert_int_equal(left(&victim).present, PAGES);
	reports = xt_reports(victim.fd);
	assert_int_equal(reports.count, stats.core.refused);
	assert_int_equal(reports.reports[0].outcome, 2);
	assert_int_equal(reports.reports[0].blockable, 0);
	assert_int_equal(reap(&victim), -EAGAIN);
	bury(&victim);
}

/* What the reaper may take away without asking: nothing is mapped by the device. */
static void refuse_accepts_what_concerns_no_range(void **state)
{
	struct victim victim = kill_victim((struct xt_attach){ .policy = XT_REFUSE });
	struct xt_range range = { .id = victim.id };

	(void)state;
	assert_int_equal(xt_call(victim.fd, XT_IOC_WITHDRAW, &range), 0);
	strike(&victim);
	assert_int_equal(reap(&victim), 0);
	assert_int_equal(xt_stats(victim.fd).core.refused, 0);
	bury(&victim);
}

static void trylock_accepts_if_the_flush_is_immediate(void **state)
{
	struct victim victim = kill_victim((struct xt_attach){ .policy = XT_TRYLOCK });

	(void)state;
	strike(&victim);
	assert_int_equal(reap(&victim), 0);
	assert_true(xt_stats(victim.fd).core.nonblock >= 1);
	assert_int_equal(xt_stats(victim.fd).core.refused, 0);
	assert_int_equal(left(&victim).present, 0);
	bury(&victim);
}

static void trylock_refuses_while_the_lock_is_held(void **state)
{
	struct victim victim = kill_victim((struct xt_attach){ .policy = XT_TRYLOCK });
	struct xt_walker walker;

	(void)state;
	xt_walker_hold(&walker, XT_AT_POPULATE, victim.fd, victim.id, victim.memory, 1, 0);
	strike(&victim);
	assert_int_equal(reap(&victim), -EAGAIN);
	assert_true(xt_stats(victim.fd).core.refused >= 1);
	xt_set(victim.fd, XT_GO, 0);
	assert_int_equal(xt_walker_join(&walker), 0);
	assert_true(left(&victim).present > 0);
	assert_int_equal(reap(&victim), 0);
	assert_int_equal(left(&victim).present, 0);
	bury(&victim);
}

static void trylock_refuses_until_a_slow_flush_is_done(void **state)
{
	struct victim victim = kill_victim((struct xt_attach){ .policy = XT_TRYLOCK });

	(void)state;
	xt_set(victim.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	strike(&victim);
	assert_int_equal(reap(&victim), -EAGAIN);
	assert_true(xt_stats(victim.fd).core.refused >= 1);
	assert_int_equal(left(&victim).present, 0);
	assert_int_equal(xt_stats(victim.fd).pending, 1);
	assert_int_equal(reap(&victim), -EAGAIN);
	assert_int_equal(xt_stats(victim.fd).flushes, 1);
	xt_set(victim.fd, XT_CONFIRM, 0);
	assert_int_equal(reap(&victim), 0);
	bury(&victim);
}

/* Nobody waits for a flush whose event was refused, until somebody comes by who may. */
static void flush_of_a_refused_event_is_waited_for_later(void **state)
{
	struct victim victim = kill_victim((struct xt_attach){ .policy = XT_TRYLOCK });
	struct xt_walker walker;

	(void)state;
	xt_set(victim.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	strike(&victim);
	assert_int_equal(reap(&victim), -EAGAIN);
	xt_walker_start(&walker, victim.fd, victim.id, victim.memory, 1, 0);
	assert_false(t_done(&walker.thread, 200));
	xt_set(victim.fd, XT_CONFIRM, 0);
	xt_walker_join(&walker);
	assert_int_equal(xt_stats(victim.fd).core.isolated, 0);
	bury(&victim);
}

static void atomic_accepts(void **state)
{
	struct victim victim = kill_victim((struct xt_attach){ .policy = XT_ATOMIC });

	(void)state;
	strike(&victim);
	assert_int_equal(reap(&victim), 0);
	assert_true(xt_stats(victim.fd).core.nonblock >= 1);
	assert_int_equal(xt_stats(victim.fd).core.refused, 0);
	assert_int_equal(left(&victim).present, 0);
	bury(&victim);
}

static void transfer_in_flight_is_refused(void **state)
{
	struct victim victim =
		kill_victim((struct xt_attach){ .policy = XT_TRYLOCK, .dma = XT_DMA_XFER });
	struct xt_xfer xfer = { .id = victim.id,
				.addr = (uintptr_t)victim.memory + PAGE + 100,
				.len = 200 };

	(void)state;
	assert_int_equal(xt_call(victim.fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	strike(&victim);
	assert_int_equal(reap(&victim), -EAGAIN);
	assert_int_equal(xt_call(victim.fd, XT_IOC_XFER_END, &xfer), 0);
	assert_int_equal(reap(&victim), 0);
	bury(&victim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuse_is_refused_and_keeps_the_translations),
		cmocka_unit_test(refuse_accepts_what_concerns_no_range),
		cmocka_unit_test(trylock_accepts_if_the_flush_is_immediate),
		cmocka_unit_test(trylock_refuses_while_the_lock_is_held),
		cmocka_unit_test(trylock_refuses_until_a_slow_flush_is_done),
		cmocka_unit_test(flush_of_a_refused_event_is_waited_for_later),
		cmocka_unit_test(atomic_accepts),
		cmocka_unit_test(transfer_in_flight_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
