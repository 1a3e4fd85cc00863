// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress: a device works in memory that threads and processes do everything to that the kernel
 * knows. See README.md.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "stress.h"

#define STACK_SIZE (256 * 1024)
/* What all threads together get to finish. */
#define END_MS 30000
/* And what operations get, beyond the time, that have not succeeded yet. */
#define LATE_MS 90000

/*
 * Time is up: only what has not succeeded yet is tried, and the processor checks on. At last all
 * threads stop.
 */
static bool late, stopping;
/* When it all began. */
long start_ms;
static __thread int thread_index;
static unsigned int seed_base;
static __thread unsigned int seed;

void die(const char *what)
{
	fprintf(stderr, "stress: %s: %s\n", what, strerror(errno));
	_exit(2);
}

bool running(void)
{
	return !__atomic_load_n(&stopping, __ATOMIC_RELAXED);
}

long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void nap_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

unsigned int pick(unsigned int below)
{
	return rand_r(&seed) % below;
}

void seed_random(unsigned int value)
{
	seed_base = seed = value;
}

int this_thread(void)
{
	return thread_index;
}

int put_text(const char *path, const char *format, ...)
{
	char text[128];
	va_list args;
	int fd, len, ret;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = call(write(fd, text, len));
	close(fd);
	return ret;
}

/* ---- threads */

static struct thread {
	void (*run)(void *arg);
	void *arg;
	pthread_t thread;
} threads[THREADS];
static int nr_threads;

static void *thread_main(void *arg)
{
	struct thread *thread = arg;

	thread_index = thread - threads;
	seed = seed_base + thread_index;
	thread->run(thread->arg);
	return NULL;
}

void start_thread(void (*run)(void *arg), void *arg)
{
	struct thread *thread = &threads[nr_threads++];
	pthread_attr_t attr;

	*thread = (struct thread){ .run = run, .arg = arg };
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	if (nr_threads > THREADS || pthread_create(&thread->thread, &attr, thread_main, thread))
		die("a thread");
}

/* Where in the kernel each thread is. */
static void show_stacks(void)
{
	char path[64], text[2048];
	int fd, tid;
	ssize_t len;

	for (tid = getpid(); tid < getpid() + THREADS * 2; tid++) {
		snprintf(path, sizeof(path), "/proc/self/task/%d/stack", tid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		len = read(fd, text, sizeof(text));
		close(fd);
		if (len > 0)
			fprintf(stderr, "thread %d:\n%.*s", tid, (int)len, text);
	}
}

static void join_threads(void)
{
	struct timespec limit;
	int i;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += END_MS / 1000;
	for (i = 0; i < nr_threads; i++) {
		errno = pthread_timedjoin_np(threads[i].thread, NULL, &limit);
		if (errno) {
			show_stacks();
			die("a thread does not end");
		}
	}
}

/* ---- who does what */

static const struct worker {
	struct table *table;
	/*
	 * At most, between two operations. While any invalidation of the process is open, walks
	 * wait: with no pause between them, nothing would ever be populated.
	 */
	int pause_us;
} workers[] = {
	{ &map_table, 3000 },     { &map_table, 3000 },     { &advice_table, 3000 },
	{ &advice_table, 3000 },  { &hot_table, 1000 },     { &hot_table, 1000 },
	{ &file_table, 5000 },    { &uffd_table, 10000 },   { &fork_table, 20000 },
	{ &system_table, 10000 }, { &system_table, 10000 }, { &life_table, 20000 },
	{ &life_table, 20000 },   { &limit_table, 20000 },  { &cpu_table, 2000 },
	{ &cpu_table, 2000 },     { &device_table, 20000 }, { &gpu_table, 2000 },
	{ &gpu_table, 2000 },     { &gpu_table, 2000 },
};

#define NR_WORKERS (sizeof(workers) / sizeof(workers[0]))

static void work(void *arg)
{
	const struct worker *worker = arg;
	struct table *table = worker->table;
	struct op *op;

	while (running()) {
		op = &table->ops[table->next++ % table->nr];
		if (!__atomic_load_n(&late, __ATOMIC_RELAXED) || op_owed(op) ||
		    table == &cpu_table || table == &gpu_table)
			op_do(op);
		nap_us(pick(worker->pause_us));
	}
}

static bool all_succeeded(void)
{
	const struct table *table;
	size_t i;
	int j;

	if (cpu_checked <= MIN_CHECKED || gpu_checked <= MIN_GPU_CHECKED)
		return false;
	for (i = 0; i < NR_WORKERS; i++) {
		table = workers[i].table;
		for (j = 0; j < table->nr; j++) {
			if (op_owed(&table->ops[j]))
				return false;
		}
	}
	return true;
}

static void start_workers(void)
{
	size_t i;
	int j;

	for (i = 0; i < NR_WORKERS; i++) {
		for (j = 0; j < workers[i].table->nr; j++)
			op_find_absent(&workers[i].table->ops[j]);
		start_thread(work, (void *)&workers[i]);
	}
}

/* ---- the debug build injects */

static const struct {
	const char *name;
	unsigned int value;
} injections[] = {
	{ "collide", 31 },  { "nonblock", 7 },      { "fail", 301 },
	{ "delay_us", 20 }, { "late_flush_ms", 2 },
};

static void inject(const char *driver, bool on)
{
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(injections) / sizeof(injections[0]); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/xmmu-%s/inject/%s", driver,
			 injections[i].name);
		if (!put_text(path, "%u", on ? injections[i].value : 0) && on)
			printf("# the debug build of %s injects: %s\n", driver, injections[i].name);
	}
}

static void inject_all(bool on)
{
	inject("xmmu_test", on);
	inject("gpu", on);
}

/* ---- all of it */

static void run(long ms)
{
	long limit;
	int fd = device_open(true);

	stamps_open(fd);
	/* The kernel's own threads are nicer than most: they must get their turn. */
	if (nice(19) < 0)
		die("nice");
	system_prepare();
	regions_open();
	uffd_start();
	devices_start();
	inject_all(true);
	start_ms = now_ms();
	limit = start_ms + ms + LATE_MS;
	start_workers();
	nap_us(ms * 1000);
	__atomic_store_n(&late, true, __ATOMIC_RELAXED);
	while (!all_succeeded() && now_ms() < limit)
		nap_us(10000);
	__atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
	join_threads();
	inject_all(false);
	gpu_stop();
	regions_close();
	devices_stop();
	close(fd);
}

/* In a process of its own: however it ends, this one tidies up. */
static int run_apart(long ms)
{
	int status;
	pid_t pid;

	/* Its orphans are to be waited for, too. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		die("prctl");
	pid = fork();
	if (!pid) {
		run(ms);
		exit(report());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("a process");
	system_restore();
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "stress: killed by signal %d\n", WTERMSIG(status));
	return 2;
}

static void usage(FILE *file)
{
	fprintf(file,
		"usage: stress [--seconds N] [--seed N]\n"
		"Let a device work in memory that threads and processes do everything to, and\n"
		"check each word that it reads. Prints TAP with a report. Needs the modules\n"
		"xmmu_test and gpu; run it in a test guest: make stress.\n"
		"\n"
		"  --seconds N   how long (default: 10)\n"
		"  --seed N      of what is random (default: 1)\n"
		"  --help\n"
		"\n"
		"Exit status: 0 all held, 1 something did not, 2 bad usage or no such machine.\n");
}

static long parse(const char *option, const char *text, long max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || value < 1 || value > max) {
		fprintf(stderr, "stress: --%s %s: a number from 1 to %ld\n", option, text, max);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seconds", required_argument, NULL, 's' },
						 { "seed", required_argument, NULL, 'r' },
						 { "help", no_argument, NULL, 'h' },
						 {} };
	long seconds = 10;
	int option, i;

	if (argc > 1 && !strcmp(argv[1], LIFE))
		return life_main(argc, argv);
	seed_random(1);
	while ((option = getopt_long(argc, argv, "", options, &i)) != -1) {
		switch (option) {
		case 's':
			seconds = parse(options[i].name, optarg, 86400);
			break;
		case 'r':
			seed_random(parse(options[i].name, optarg, INT_MAX));
			break;
		default:
			usage(option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	return run_apart(seconds * 1000);
}
