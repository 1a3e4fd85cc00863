// SPDX-License-Identifier: GPL-2.0-only
/*
 * conform_guest: does the scripts on this kernel and prints what a driver is told. The process of a
 * script gets the numbers of its steps through a pipe, so that it can be anywhere in between:
 * forked, executed, or dead.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../vm/xmmu_record/abi.h"
#include "guest.h"

/* A step that takes longer hangs. */
#define STEP_MS 10000

struct process {
	pid_t pid;
	int numbers[2];
	int answers[2];
};

static void usage(FILE *to)
{
	fprintf(to,
		"usage: conform_guest [PATTERN]\n"
		"Print the traces of the scripts on this kernel. PATTERN: only of scripts whose\n"
		"name matches. Needs the driver xmmu_record, a disk, and two nodes.\n");
}

static void make_pipes(struct process *process)
{
	if (pipe(process->numbers) || pipe(process->answers))
		die("pipe");
}

static void close_pipes(struct process *process)
{
	close(process->numbers[0]);
	close(process->numbers[1]);
	close(process->answers[0]);
	close(process->answers[1]);
}

static void start(struct process *process, const struct conform_run *run)
{
	process->pid = fork();
	if (process->pid < 0)
		die("fork");
	if (process->pid)
		return;
	put_text(CGROUPS "/script/cgroup.procs", "%d", getpid());
	serve_steps(run, process->numbers[0], process->answers[1]);
}

static void stop(struct process *process)
{
	if (process->pid > 0 && !kill(process->pid, SIGKILL))
		waitpid(process->pid, NULL, 0);
	close_pipes(process);
}

static long do_inside(struct process *process, unsigned char number)
{
	struct pollfd answered = { .fd = process->answers[0], .events = POLLIN };
	long answer;

	if (write(process->numbers[1], &number, 1) != 1 || poll(&answered, 1, STEP_MS) != 1 ||
	    read(process->answers[0], &answer, sizeof(answer)) != sizeof(answer))
		return -ETIMEDOUT;
	return answer;
}

static long do_step(const struct conform_run *run, unsigned int number, struct process *processes)
{
	const struct conform_step *step = &run->steps[number];
	struct process *process = &processes[step->in_child];
	long result;

	if (conform_is_outside(step->op)) {
		result = do_outside(step, process->pid);
		if (step->op == CONFORM_exit)
			process->pid = 0;
		return result;
	}
	result = do_inside(process, number);
	if (step->op == CONFORM_fork && result > 0) {
		processes[1].pid = result;
		result = 0;
	}
	return result;
}

static void take_trace(char *trace)
{
	ssize_t length = read(recorder_fd, trace, XR_TEXT);

	if (length < 0)
		die("read of the trace");
	trace[length] = 0;
}

static void run_script(const struct conform_run *run)
{
	static char trace[XR_TEXT + 1];
	struct process processes[2] = {};
	unsigned int i;
	long result = 0;

	recorder_fd = open("/dev/xmmu_record", O_RDWR | O_CLOEXEC);
	if (recorder_fd < 0)
		die("/dev/xmmu_record");
	make_pipes(&processes[0]);
	make_pipes(&processes[1]);
	child_pipes(processes[1].numbers[0], processes[1].answers[1]);
	printf("= %s\n", run->name);
	fflush(stdout);
	start(&processes[0], run);
	for (i = 0; i < run->nr_steps && result != -ETIMEDOUT; i++) {
		result = do_step(run, i, processes);
		take_trace(trace);
		conform_print(&run->steps[i], result, trace);
	}
	fflush(stdout);
	stop(&processes[0]);
	stop(&processes[1]);
	close(recorder_fd);
}

static int answer_executed(const char *answers)
{
	long answer = 0;

	if (write(atoi(answers), &answer, sizeof(answer)) != sizeof(answer))
		return 1;
	return pause();
}

int main(int argc, char **argv)
{
	const char *pattern = argc == 2 ? argv[1] : "*";
	const struct conform_run *runs;
	unsigned int i, count;

	if (argc == 3 && !strcmp(argv[1], EXECUTED))
		return answer_executed(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	if (argc > 2) {
		usage(stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	runs = conform_runs(&count);
	system_prepare();
	for (i = 0; i < count; i++)
		if (!fnmatch(pattern, runs[i].name, 0))
			run_script(&runs[i]);
	system_restore();
	return 0;
}
