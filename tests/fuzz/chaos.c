// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens while the workers call: children are forked that fuzz too, with the files that they
 * inherit and with their own, and exit, exec or get killed; a traced process comes and goes;
 * mappings change; page faults are answered late.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

atomic_bool chaos_stop, faults_stop;

static void sleep_us(unsigned int us)
{
	nanosleep(&(struct timespec){ .tv_nsec = us * 1000L }, NULL);
}

static void make_calls(struct rng *rng, unsigned int count)
{
	while (count--)
		fuzz_once(rng);
}

/* Every file that is open here but for the standard ones is a device. */
void chaos_after_exec(struct rng *rng)
{
	unsigned int file = 0;
	int fd;

	for (fd = 0; fd < FILES; fd++)
		atomic_store(&files[fd], -1);
	for (fd = 3; fd < SHARED_FD && file < FILES; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			atomic_store(&files[file++], fd);
	make_calls(rng, 50);
}

/* The program again, which finds files of an address space that is gone. */
static void exec_again(void)
{
	char *argv[] = { "fuzz", "--after-exec", (char *)target->name, NULL };

	atomic_fetch_add(&shared->execs, 1);
	execv("/proc/self/exe", argv);
	fail("exec: %s", strerror(errno));
}

/* Sleep until a signal: in read() if the file lets us. */
static void wait_for_kill(void)
{
	char bytes[ARGUMENT_MAX];
	int fd = atomic_load(&files[0]);

	fcntl(fd, F_SETFL, O_RDWR);
	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	for (;;)
		pause();
}

static void child_main(struct rng *rng)
{
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Some are still those of the parent. */
	for (i = 0; i < FILES; i++)
		if (rng_one_in(rng, 2))
			file_open(i, rng);
	make_calls(rng, rng_below(rng, 400));
	switch (rng_below(rng, 4)) {
	case 0:
		exec_again();
		break;
	case 1:
		kill(getpid(), SIGKILL);
		break;
	case 2:
		file_open(0, rng);
		wait_for_kill();
		break;
	}
	_exit(0);
}

/* After a while it is killed, whatever it is doing. */
static void run_child(struct rng *rng)
{
	struct rng its = { rng_next(rng) };
	unsigned int ms = rng_below(rng, 200);
	pid_t pid = fork();

	if (!pid)
		child_main(&its);
	if (pid < 0)
		return;
	atomic_fetch_add(&shared->forks, 1);
	while (ms-- && waitpid(pid, NULL, WNOHANG) == 0)
		sleep_us(1000);
	if (kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid)
		atomic_fetch_add(&shared->kills, 1);
}

/* Only the thread that traces it may wait for it. */
static void victim_end(void)
{
	pid_t pid = atomic_exchange(&victim, 0);

	if (!pid)
		return;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void victim_start(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return;
	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		fail("seize: %s", strerror(errno));
	atomic_store(&victim, pid);
}

void *chaos_processes(void *arg)
{
	struct rng *rng = arg;

	while (!atomic_load(&chaos_stop)) {
		if (rng_one_in(rng, 2)) {
			victim_end();
			victim_start();
		}
		run_child(rng);
	}
	victim_end();
	return NULL;
}

void *chaos_memory(void *arg)
{
	struct rng *rng = arg;

	while (!atomic_load(&chaos_stop)) {
		places_disturb(rng);
		sleep_us(rng_below(rng, 4000));
	}
	return NULL;
}

void *chaos_faults(void *arg)
{
	while (!atomic_load(&faults_stop))
		places_serve(arg, 20);
	return NULL;
}
