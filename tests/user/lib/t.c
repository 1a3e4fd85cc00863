// SPDX-License-Identifier: GPL-2.0-only
/* Helpers of the guest tests: time, memory, threads and children. */
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "t.h"

#define STEP_LIMIT_MS 10000

/* ---- time */

long t_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void t_sleep(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

/* ---- memory */

char *t_map(size_t pages)
{
	size_t size = pages * PAGE;
	char *all = mmap(NULL, size + WINDOW, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *memory = (char *)(((uintptr_t)all + WINDOW - 1) & ~(WINDOW - 1));

	assert_ptr_not_equal(all, MAP_FAILED);
	if (memory > all)
		munmap(all, memory - all);
	munmap(memory + size, all + WINDOW - memory);
	/* Splitting a huge page invalidates all of it: only who asks gets one. */
	madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

void t_unmap(void *memory, size_t pages)
{
	assert_return_code(munmap(memory, pages * PAGE), errno);
}

void t_one_processor(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(0, &cpus);
	assert_return_code(sched_setaffinity(0, sizeof(cpus), &cpus), errno);
}

void t_touch(char *memory, size_t pages)
{
	size_t i;

	for (i = 0; i < pages; i++)
		*(volatile char *)(memory + i * PAGE) = 1;
}

uint64_t t_pagemap(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	assert_return_code(fd, errno);
	assert_int_equal(pread(fd, &entry, sizeof(entry), (uintptr_t)addr / PAGE * sizeof(entry)),
			 sizeof(entry));
	close(fd);
	return entry;
}

uint64_t t_pfn(const void *addr)
{
	uint64_t entry = t_pagemap(addr);

	return entry & T_PRESENT ? entry & ((1ULL << 55) - 1) : 0;
}

/* ---- threads */

/*
 * To create a thread takes mmap_lock for writing, which a test that holds an invalidation open can
 * not have. So the threads are made once, and each waits for something to run.
 */
static struct t_thread *jobs[T_THREADS];
static pthread_mutex_t jobs_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t jobs_cond = PTHREAD_COND_INITIALIZER;

static struct t_thread *next_job(struct t_thread **slot)
{
	struct t_thread *job;

	pthread_mutex_lock(&jobs_mutex);
	while (!*slot)
		pthread_cond_wait(&jobs_cond, &jobs_mutex);
	job = *slot;
	pthread_mutex_unlock(&jobs_mutex);
	return job;
}

static void *thread_main(void *slot)
{
	struct t_thread *job;

	for (;;) {
		job = next_job(slot);
		job->result = job->run(job->arg);
		pthread_mutex_lock(&jobs_mutex);
		*(struct t_thread **)slot = NULL;
		job->done = true;
		pthread_mutex_unlock(&jobs_mutex);
	}
	return NULL;
}

static void create_threads(void)
{
	pthread_t thread;
	int i;

	for (i = 0; i < T_THREADS; i++)
		assert_int_equal(pthread_create(&thread, NULL, thread_main, &jobs[i]), 0);
}

void t_start(struct t_thread *thread, long (*run)(void *arg), void *arg)
{
	static bool created;
	int i = 0;

	if (!created)
		create_threads();
	created = true;
	thread->run = run;
	thread->arg = arg;
	thread->done = false;
	pthread_mutex_lock(&jobs_mutex);
	while (i < T_THREADS && jobs[i])
		i++;
	if (i < T_THREADS)
		jobs[i] = thread;
	pthread_cond_broadcast(&jobs_cond);
	pthread_mutex_unlock(&jobs_mutex);
	assert_in_range(i, 0, T_THREADS - 1);
}

static bool is_done(struct t_thread *thread)
{
	bool done;

	pthread_mutex_lock(&jobs_mutex);
	done = thread->done;
	pthread_mutex_unlock(&jobs_mutex);
	return done;
}

bool t_done(struct t_thread *thread, long ms)
{
	return t_until(ms, is_done(thread));
}

long t_join(struct t_thread *thread)
{
	while (!is_done(thread))
		t_sleep(1);
	return thread->result;
}

/* ---- children */

pid_t t_fork(int (*run)(void *arg), void *arg)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	assert_return_code(pid, errno);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(arg));
	}
	return pid;
}

int t_wait(pid_t pid, long ms)
{
	int status = 0;

	if (!t_until(ms, waitpid(pid, &status, WNOHANG) == pid))
		return -ETIMEDOUT;
	return WIFSIGNALED(status) ? 100 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

static void kmemleak_scan(void)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

	assert_return_code(fd, errno);
	assert_return_code(write(fd, "scan", 4), errno);
	close(fd);
}

/* The first scan takes down what the memory holds, the second sees that it stayed so. */
bool t_kmemleak_finds(const char *code)
{
	char line[256];
	bool found = false;
	FILE *file;

	kmemleak_scan();
	kmemleak_scan();
	file = fopen(KMEMLEAK, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		found |= !!strstr(line, code);
	fclose(file);
	return found;
}

void t_steps_init(struct t_steps *steps)
{
	assert_return_code(pipe2(steps->to_child, O_CLOEXEC), errno);
	assert_return_code(pipe2(steps->to_parent, O_CLOEXEC), errno);
}

void t_steps_free(struct t_steps *steps)
{
	close(steps->to_child[0]);
	close(steps->to_child[1]);
	close(steps->to_parent[0]);
	close(steps->to_parent[1]);
}

void t_tell(int fd[2], char c)
{
	if (write(fd[1], &c, 1) != 1)
		perror("write to the other process");
}

int t_hear(int fd[2])
{
	struct pollfd pollfd = { .fd = fd[0], .events = POLLIN };
	char c;

	if (poll(&pollfd, 1, STEP_LIMIT_MS) != 1 || read(fd[0], &c, 1) != 1)
		return -1;
	return c;
}
