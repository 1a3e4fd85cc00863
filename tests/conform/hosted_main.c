// SPDX-License-Identifier: GPL-2.0-only
/*
 * conform_hosted: does the scripts in the hosted kernel and prints what its drivers are told. Each
 * runs in a process of its own, since the hosted kernel keeps its state in static variables.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../sdk/hosted/sched/sched.h"
#include "hosted.h"

struct task_struct;
struct mm_struct;
struct task_struct *hosted_thread(const char *name, struct mm_struct *mm, void (*fn)(void *arg),
				  void *arg);

static void usage(FILE *to)
{
	fprintf(to,
		"usage: conform_hosted [--fault NAME] KERNEL [PATTERN]\n"
		"       conform_hosted --faults\n"
		"Print the traces of the scripts in the hosted kernel, which is to be like KERNEL\n"
		"(6.1, 6.12 or 7.3). PATTERN: only of scripts whose name matches. With a fault\n"
		"it tells drivers something wrong; --faults prints the names of them.\n");
}

static int bad_usage(void)
{
	usage(stderr);
	return 2;
}

static int list_faults(void)
{
	unsigned int i;

	for (i = 0; conform_fault_name(i); i++)
		puts(conform_fault_name(i));
	return 0;
}

static bool plant(const char *name)
{
	unsigned int i;

	for (i = 0; conform_fault_name(i); i++) {
		if (!strcmp(conform_fault_name(i), name)) {
			conform_plant(i);
			return true;
		}
	}
	return false;
}

static int run_here(const struct conform_run *run)
{
	const struct hosted_failure *failure;
	unsigned int i;

	printf("= %s\n", run->name);
	fflush(stdout);
	hosted_thread("script", NULL, conform_do, (void *)run);
	failure = hosted_run();
	for (i = 0; i < run->nr_steps && !failure; i++)
		conform_print(&run->steps[i], conform_outcomes[i].result,
			      conform_outcomes[i].trace);
	if (failure)
		printf("! %s: %s\n", failure->oracle, failure->text);
	fflush(stdout);
	return failure ? 1 : 0;
}

static int run_script(const struct conform_run *run)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid)
		_exit(run_here(run));
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		fprintf(stderr, "conform_hosted: no process for a script: %s\n", strerror(errno));
		exit(2);
	}
	if (WIFSIGNALED(status))
		printf("! killed by signal %d\n", WTERMSIG(status));
	return status;
}

int main(int argc, char **argv)
{
	const struct conform_run *runs;
	unsigned int i, count;
	int status = 0;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		usage(stdout);
		return 0;
	}
	if (argc == 2 && !strcmp(argv[1], "--faults"))
		return list_faults();
	if (argc > 2 && !strcmp(argv[1], "--fault")) {
		if (!plant(argv[2]))
			return bad_usage();
		argv += 2;
		argc -= 2;
	}
	if (argc < 2 || argc > 3 || !conform_choose(argv[1]))
		return bad_usage();
	runs = conform_runs(&count);
	for (i = 0; i < count; i++)
		if (!fnmatch(argc == 3 ? argv[2] : "*", runs[i].name, 0))
			status |= run_script(&runs[i]);
	return !!status;
}
