// SPDX-License-Identifier: GPL-2.0-only
/* A case of the hosted kernel in a process of its own. This side includes the C library. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <stdbool.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../../../sdk/hosted/sched/sched.h"

struct task_struct;
struct mm_struct;
struct task_struct *hosted_thread(const char *name, struct mm_struct *mm, void (*fn)(void *arg),
				  void *arg);
void hosted_case(void (*fn)(void *unused), const char *oracle);
void hosted_others(void);

static bool ended_by(const struct hosted_failure *failure, const char *oracle)
{
	if (!failure || !oracle)
		return !failure && !oracle;
	return !strcmp(failure->oracle, oracle) || strstr(failure->text, oracle);
}

static int run(void (*fn)(void *unused), const char *oracle)
{
	const struct hosted_failure *failure;

	hosted_thread("test", NULL, fn, NULL);
	failure = hosted_run();
	if (ended_by(failure, oracle))
		return 0;
	fprintf(stderr, "expected %s, got %s: %s\n", oracle ? oracle : "no failure",
		failure ? failure->oracle : "none", failure ? failure->text : "");
	return 1;
}

void hosted_case(void (*fn)(void *unused), const char *oracle)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	if (!child)
		exit(run(fn, oracle));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

void hosted_others(void)
{
	for (int i = 0; i < 8; i++)
		hosted_point(HOSTED_STEP, NULL, 0);
}
