// SPDX-License-Identifier: GPL-2.0-only
/* /dev/xmmu-skeleton attached to another process, by hand and by the tool. */
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "sk.h"

#define PAGES 16

/* A child with memory that is at the same place here, where nothing of it is present. */
struct target {
	struct t_steps steps;
	char *memory;
	pid_t pid;
};

/* Each byte heard is a page to unmap; 'q' ends it. */
static int target_main(void *arg)
{
	struct target *target = arg;
	int step;

	madvise(target->memory, PAGES * PAGE, MADV_NOHUGEPAGE);
	t_touch(target->memory, PAGES);
	t_tell(target->steps.to_parent, 'r');
	while ((step = t_hear(target->steps.to_child)) >= 0 && step != 'q') {
		munmap(target->memory + (step - '0') * PAGE, PAGE);
		t_tell(target->steps.to_parent, 'd');
	}
	return step == 'q' ? 0 : 1;
}

static void target_start(struct target *target)
{
	t_steps_init(&target->steps);
	target->memory = t_map(PAGES);
	target->pid = t_fork(target_main, target);
	assert_int_equal(t_hear(target->steps.to_parent), 'r');
}

static void target_unmap(struct target *target, int page)
{
	t_tell(target->steps.to_child, '0' + page);
	assert_int_equal(t_hear(target->steps.to_parent), 'd');
}

static void target_end(struct target *target)
{
	t_tell(target->steps.to_child, 'q');
	assert_int_equal(t_wait(target->pid, 10000), 0);
	t_steps_free(&target->steps);
	t_unmap(target->memory, PAGES);
}

static void target_trace(struct target *target)
{
	assert_return_code(ptrace(PTRACE_SEIZE, target->pid, NULL, NULL), errno);
}

static void target_end_trace(struct target *target)
{
	int status;

	assert_return_code(ptrace(PTRACE_INTERRUPT, target->pid, NULL, NULL), errno);
	assert_int_equal(waitpid(target->pid, &status, __WALL), target->pid);
	assert_true(WIFSTOPPED(status));
	assert_return_code(ptrace(PTRACE_DETACH, target->pid, NULL, NULL), errno);
}

/* ---- who may attach */

static int just_exit(void *arg)
{
	(void)arg;
	return 0;
}

static void bad_process_ids(void **state)
{
	siginfo_t info;
	pid_t zombie;
	int fd = sk_open(0);

	(void)state;
	assert_int_equal(sk_attach(fd, -1), -EINVAL);
	assert_int_equal(sk_attach(fd, 0x7fffffff), -ESRCH);
	/* A process that nobody traces, the caller itself, and a kernel thread. */
	assert_int_equal(sk_attach(fd, 1), -EPERM);
	assert_int_equal(sk_attach(fd, getpid()), -EPERM);
	assert_int_equal(sk_attach(fd, 2), -ESRCH);
	zombie = t_fork(just_exit, NULL);
	assert_return_code(waitid(P_PID, zombie, &info, WEXITED | WNOWAIT), errno);
	assert_int_equal(sk_attach(fd, zombie), -ESRCH);
	assert_int_equal(t_wait(zombie, 1000), 0);
	assert_int_equal(sk_attach(fd, zombie), -ESRCH);
	close(fd);
}

static int attach_to_parents_child(void *arg)
{
	return -sk_attach(sk_open(0), *(pid_t *)arg);
}

static void only_the_tracer_may_attach(void **state)
{
	struct target target;
	int fd = sk_open(O_NONBLOCK);

	(void)state;
	target_start(&target);
	assert_int_equal(sk_attach(fd, target.pid), -EPERM);
	target_trace(&target);
	/* Somebody else is its tracer. */
	assert_int_equal(t_wait(t_fork(attach_to_parents_child, &target.pid), 10000), EPERM);
	assert_int_equal(sk_attach(fd, target.pid), 0);
	assert_int_equal(sk_detach(fd), 0);
	target_end_trace(&target);
	assert_int_equal(sk_attach(fd, target.pid), -EPERM);
	close(fd);
	target_end(&target);
}

static void one_address_space_at_a_time(void **state)
{
	struct target target;
	int fd = sk_open(O_NONBLOCK | O_CLOEXEC);

	(void)state;
	target_start(&target);
	target_trace(&target);
	assert_int_equal(sk_attach(fd, 0), 0);
	assert_int_equal(sk_attach(fd, target.pid), -EBUSY);
	assert_int_equal(sk_detach(fd), 0);
	assert_int_equal(sk_attach(fd, target.pid), 0);
	assert_int_equal(sk_attach(fd, target.pid), 0);
	assert_int_equal(sk_attach(fd, 0), -EBUSY);
	close(fd);
	target_end_trace(&target);
	target_end(&target);
}

/*
 * The kernel's pages beside the vDSO are for their own process only: to fault them for another one
 * is a warning.
 */
static void the_others_vvar_is_no_memory(void **state)
{
	uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
	struct target target;
	int i, fd = sk_open(O_NONBLOCK);

	(void)state;
	target_start(&target);
	target_trace(&target);
	assert_int_equal(sk_attach(fd, target.pid), 0);
	assert_int_equal(sk_add(fd, (void *)(vdso - 4 * PAGE), 5), 0);
	for (i = 1; i <= 4; i++)
		assert_int_equal(sk_populate(fd, (void *)(vdso - i * PAGE), 1, 0), -EFAULT);
	assert_int_equal(sk_populate(fd, (void *)vdso, 1, 0), 0);
	close(fd);
	target_end_trace(&target);
	target_end(&target);
}

/* ---- what the attachment does */

static void the_others_memory_is_followed_until_it_ends(void **state)
{
	struct xmmu_skeleton_event event;
	struct target target;
	int fd = sk_open(O_NONBLOCK);
	char *page;

	(void)state;
	target_start(&target);
	page = target.memory + 5 * PAGE;
	target_trace(&target);
	assert_int_equal(sk_attach(fd, target.pid), 0);
	target_end_trace(&target);

	assert_int_equal(sk_add(fd, target.memory, PAGES), 0);
	assert_int_equal(sk_populate(fd, target.memory, PAGES, XMMU_SKELETON_WRITE), 0);
	assert_int_equal(sk_access(fd, page), SK_READ_WRITE);
	/* It is not the caller's memory that was populated. */
	assert_false(t_pagemap(page) & T_PRESENT);
	madvise(target.memory, PAGES * PAGE, MADV_DONTNEED);
	assert_int_equal(sk_read(fd, &event), -EAGAIN);

	target_unmap(&target, 5);
	assert_int_equal(sk_read(fd, &event), 1);
	assert_int_equal(event.event, XMMU_SKELETON_UNMAP);
	assert_int_equal(event.zap_start, (uintptr_t)page);
	assert_int_equal(event.zap_end, (uintptr_t)page + PAGE);
	assert_int_equal(sk_access(fd, page), 0);
	assert_int_equal(sk_populate(fd, page, 1, 0), -EFAULT);

	target_end(&target);
	assert_true(t_until(5000, sk_poll(fd, 0) & POLLHUP));
	while (sk_read(fd, &event) == 1)
		;
	assert_int_equal(sk_read(fd, &event), 0);
	assert_int_equal(sk_populate(fd, target.memory, 1, 0), -ESRCH);
	close(fd);
}

/* ---- the tool */

/* Runs a command and keeps what it prints; its exit status. */
static int run(const char *command, char *output, size_t size)
{
	FILE *pipe = popen(command, "r");
	size_t used = 0, got;

	assert_non_null(pipe);
	while ((got = fread(output + used, 1, size - 1 - used, pipe)) > 0)
		used += got;
	output[used] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void assert_says(const char *output, const char *text)
{
	if (!strstr(output, text))
		fail_msg("no '%s' in: %s", text, output);
}

static void tool_shows_itself(void **state)
{
	char output[8192];

	(void)state;
	assert_int_equal(run("xmmu-skeleton self 2>&1", output, sizeof(output)), 0);
	assert_says(output, "\nmadvise(MADV_DONTNEED) of the first page\n");
	assert_says(output, " clear ");
	assert_says(output, " protect ");
	assert_says(output, " protect page ");
	assert_says(output, " unmap ");
	assert_says(output, " removed a translation\n");
}

static void tool_watches_until_the_program_ends(void **state)
{
	struct target target;
	char command[64], line[256] = "";
	FILE *pipe;
	int page;

	(void)state;
	target_start(&target);
	snprintf(command, sizeof(command), "xmmu-skeleton watch %d %p %lu 2>&1", target.pid,
		 (void *)target.memory, PAGES * PAGE);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	/* It says nothing before the first event, so unmap until there is one. */
	for (page = 0; page < PAGES && !line[0]; page++) {
		struct pollfd pollfd = { .fd = fileno(pipe), .events = POLLIN };

		target_unmap(&target, page);
		if (poll(&pollfd, 1, 1000) == 1)
			assert_non_null(fgets(line, sizeof(line), pipe));
	}
	assert_says(line, " unmap ");
	assert_says(line, " zapped ");
	target_end(&target);
	while (fgets(line, sizeof(line), pipe))
		;
	assert_says(line, "the program is gone");
	assert_int_equal(WEXITSTATUS(pclose(pipe)), 0);
}

static void tool_counts_for_some_seconds(void **state)
{
	struct target target;
	char command[64], output[4096];

	(void)state;
	target_start(&target);
	snprintf(command, sizeof(command), "xmmu-skeleton stats %d 1 2>&1", target.pid);
	assert_int_equal(run(command, output, sizeof(output)), 0);
	assert_says(output, " windows populated\n");
	target_end(&target);
}

static void tool_explains_what_is_wrong(void **state)
{
	char output[8192];

	(void)state;
	assert_int_equal(run("xmmu-skeleton --help 2>/dev/null", output, sizeof(output)), 0);
	assert_says(output, "usage: xmmu-skeleton watch PID");
	assert_int_equal(run("xmmu-skeleton 2>&1 >/dev/null", output, sizeof(output)), 2);
	assert_says(output, "usage: xmmu-skeleton watch PID");
	assert_int_equal(run("xmmu-skeleton watch 2>&1", output, sizeof(output)), 2);
	assert_int_equal(run("xmmu-skeleton watch 12ab 2>&1", output, sizeof(output)), 2);
	assert_says(output, "PID '12ab'");
	assert_int_equal(run("xmmu-skeleton watch 999999 2>&1", output, sizeof(output)), 1);
	assert_says(output, "no process 999999");
	assert_int_equal(run("xmmu-skeleton watch 1 0x1001 4096 2>&1", output, sizeof(output)), 1);
	assert_says(output, "cannot watch 0x1001-0x2001: Invalid argument");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_process_ids),
		cmocka_unit_test(only_the_tracer_may_attach),
		cmocka_unit_test(one_address_space_at_a_time),
		cmocka_unit_test(the_others_memory_is_followed_until_it_ends),
		cmocka_unit_test(the_others_vvar_is_no_memory),
		cmocka_unit_test(tool_shows_itself),
		cmocka_unit_test(tool_watches_until_the_program_ends),
		cmocka_unit_test(tool_counts_for_some_seconds),
		cmocka_unit_test(tool_explains_what_is_wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
