// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz: calls the commands of a sample driver with arguments that are almost right, and judges what
 * comes back. Prints TAP; how often each command was called, and what came of it, is in its
 * comments.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"
#include "number.h"

#define WORKERS       3
#define CALLS_DEFAULT 200000
/* The part of the calls that warms the kernel's caches up, before it is measured what is in use. */
#define WARM_UP 16

static const struct target *const targets[] = { &skeleton_target, &edu_target, &gpu_target,
						&rdma_target, &gru_target };

static uint64_t seed;
static unsigned int max_calls = CALLS_DEFAULT;
static unsigned int number;
static bool any_failed;

static void usage(FILE *file)
{
	fprintf(file,
		"usage: fuzz [--seed N] [--calls N] skeleton|edu|gpu|rdma|gru\n"
		"Call the commands of a sample driver, which must be loaded, with arguments that\n"
		"are almost right, and judge what comes back.\n"
		"\n"
		"  --seed N   draw the same calls again (default: another seed for each run)\n"
		"  --calls N  make at least so many calls (default: %u)\n"
		"\n"
		"Prints TAP, and as its comments the seed, and for each command how often it was\n"
		"called, accepted, and refused with which error.\n"
		"Exit status: 0 all was well, 1 something was not, 2 wrong usage.\n",
		CALLS_DEFAULT);
}

static void result(bool good, const char *name)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++number, name);
	any_failed |= !good;
}

/* ---- a run */

static void *worker_main(void *arg)
{
	struct rng *rng = arg;

	while (!atomic_load(&chaos_stop))
		fuzz_once(rng);
	return NULL;
}

static unsigned int accepted(const struct command *command)
{
	return atomic_load(&shared->results[command - target->commands][0]);
}

/* The main run goes on until everything has happened at least once. */
static bool is_enough(unsigned int calls)
{
	if (atomic_load(&shared->calls) < calls || calls < max_calls)
		return atomic_load(&shared->calls) >= calls;
	return shared->forks && shared->execs && shared->kills &&
	       (!target->most || accepted(target->most) >= target->min_most);
}

static void on_signal(int signal)
{
}

static void show_progress(unsigned int calls)
{
	static time_t last;
	time_t now = time(NULL);

	if (now == last || !isatty(STDERR_FILENO))
		return;
	last = now;
	fprintf(stderr, "\r%u of %u calls ", atomic_load(&shared->calls), calls);
}

/* Each thread draws from a sequence of its own. */
static pthread_t start(void *(*thread_main)(void *), struct rng *rng, unsigned int round,
		       unsigned int i)
{
	pthread_t thread;

	rng->state = seed * 1000 + round * 100 + i;
	if (pthread_create(&thread, NULL, thread_main, rng)) {
		perror("fuzz: a thread");
		exit(2);
	}
	return thread;
}

static void run(unsigned int calls, unsigned int round)
{
	void *(*const mains[])(void *) = { worker_main, worker_main, worker_main, chaos_memory,
					   chaos_processes };
	struct rng rngs[array_size(mains) + 1];
	pthread_t threads[array_size(mains)], faults;
	unsigned int i;

	atomic_store(&chaos_stop, false);
	atomic_store(&faults_stop, false);
	for (i = 0; i < FILES; i++)
		file_open(i, &(struct rng){ seed });
	faults = start(chaos_faults, &rngs[array_size(mains)], round, array_size(mains));
	for (i = 0; i < array_size(mains); i++)
		threads[i] = start(mains[i], &rngs[i], round, i);
	for (i = 0; !is_enough(calls); i = (i + 1) % WORKERS) {
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
		/* Whoever waits is interrupted. */
		pthread_kill(threads[i], SIGUSR1);
		show_progress(calls);
	}
	atomic_store(&chaos_stop, true);
	for (i = 0; i < array_size(mains); i++)
		pthread_join(threads[i], NULL);
	atomic_store(&faults_stop, true);
	pthread_join(faults, NULL);
	for (i = 0; i < FILES; i++)
		file_close(i);
}

/* ---- what is in use */

struct usage {
	long slab_kb; /* that the kernel can not give back */
	long mms;
	long references; /* of the module */
	long mirrors;
};

static long count_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	long lines = 0;
	int c;

	while (file && (c = fgetc(file)) != EOF)
		lines += c == '\n';
	if (file)
		fclose(file);
	return lines;
}

static struct usage measure(void)
{
	struct usage usage;
	char path[128];

	usage.slab_kb = number_in("/proc/meminfo", "SUnreclaim");
	usage.mms = number_in("/proc/slabinfo", "mm_struct");
	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", target->module);
	usage.references = number_in(path, NULL);
	snprintf(path, sizeof(path), "/sys/kernel/debug/xmmu-%s/mirrors", target->module);
	usage.mirrors = count_lines(path);
	return usage;
}

/*
 * What is freed is freed late: by RCU, by workers, by other processors. A kernel that has kmemleak
 * keeps more for its checks than could be told from a leak; the runner asks kmemleak at the end.
 */
#define SETTLE_TRIES  100
#define SLAB_SLACK_KB 2048
#define MMS_SLACK     32

static bool is_back(const struct usage *before, const struct usage *now)
{
	bool counted = !access("/sys/kernel/debug/kmemleak", F_OK);

	return !now->references && !now->mirrors &&
	       (counted || now->slab_kb <= before->slab_kb + SLAB_SLACK_KB) &&
	       (counted || now->mms <= before->mms + MMS_SLACK);
}

static bool no_leak(const struct usage *before)
{
	struct usage now = measure();
	unsigned int tries;

	for (tries = 0; tries < SETTLE_TRIES && !is_back(before, &now); tries++) {
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
		now = measure();
	}
	printf("# in use: slab %ld KiB, was %ld; mm_struct %ld, was %ld; %ld references, %ld "
	       "mirrors\n",
	       now.slab_kb, before->slab_kb, now.mms, before->mms, now.references, now.mirrors);
	return is_back(before, &now);
}

/* ---- report */

static void print_errors(const atomic_uint results[ERRNO_MAX])
{
	unsigned int i;

	for (i = 1; i < ERRNO_MAX; i++)
		if (atomic_load(&results[i]))
			printf(" %s %u", strerrorname_np(i), atomic_load(&results[i]));
	printf("\n");
}

static unsigned int total(const atomic_uint results[ERRNO_MAX])
{
	unsigned int i, sum = 0;

	for (i = 0; i < ERRNO_MAX; i++)
		sum += atomic_load(&results[i]);
	return sum;
}

/*
 * Of each command some calls are accepted, and at least one in a hundred gets past the checks; of
 * those that do not exist none.
 */
static bool command_is_covered(unsigned int i, unsigned int sum, unsigned int good)
{
	unsigned int past = good;

	if (i == target->nr_commands)
		return sum && !good;
	if (target->commands[i].past)
		past += atomic_load(&shared->results[i][target->commands[i].past]);
	return good && past >= sum / 100;
}

static bool is_covered(void)
{
	bool covered = true;
	unsigned int i, sum, good;

	printf("# %-10s %8s %8s  refused\n", "command", "calls", "accepted");
	for (i = 0; i <= target->nr_commands; i++) {
		sum = total(shared->results[i]);
		good = atomic_load(&shared->results[i][0]);
		printf("# %-10s %8u %8u ",
		       i < target->nr_commands ? target->commands[i].name : "unknown", sum, good);
		print_errors(shared->results[i]);
		covered &= command_is_covered(i, sum, good);
	}
	if (target->most) {
		printf("# %-10s %8u %8u ", "jobs", total(shared->jobs),
		       atomic_load(&shared->jobs[0]));
		print_errors(shared->jobs);
	}
	printf("# %u opens, %u forks, %u execs, %u kills, %u mappings changed, %u faults served\n",
	       shared->opens, shared->forks, shared->execs, shared->kills, shared->disturbed,
	       shared->faults);
	return covered;
}

static bool results_are_legal(void)
{
	unsigned int i;

	for (i = 0; i < FAILURES_MAX && i < shared->nr_failures; i++)
		printf("# %s\n", shared->failures[i].text);
	if (shared->nr_failures > FAILURES_MAX)
		printf("# and %u more\n", shared->nr_failures - FAILURES_MAX);
	return !shared->nr_failures;
}

static bool works(void)
{
	bool good;

	file_open(0, &(struct rng){ seed });
	good = atomic_load(&files[0]) >= 0 && target->works(files[0]);
	file_close(0);
	return good;
}

static void fuzz(void)
{
	struct usage before;
	unsigned int i;

	printf("1..6\n# seed %llu, %zu bits\n", (unsigned long long)seed, 8 * sizeof(void *));
	if (target->prepare)
		target->prepare();
	places_make();
	for (i = 0; i < FILES; i++)
		atomic_store(&files[i], -1);
	run(max_calls / WARM_UP, 0);
	before = measure();
	run(max_calls, 1);
	result(is_covered(), "coverage");
	result(no_leak(&before), "no_leak");
	result(works(), "works");
	result(places_unchanged(), "read_only_memory");
	result(results_are_legal(), "results");
	result(atomic_load(&shared->calls) >= max_calls, "calls");
}

/* ---- start */

static void share(bool inherited)
{
	int fd = inherited ? SHARED_FD : memfd_create("fuzz", 0);

	if (!inherited && (dup2(fd, SHARED_FD) < 0 || ftruncate(SHARED_FD, sizeof(*shared)))) {
		perror("fuzz: shared memory");
		exit(2);
	}
	if (!inherited)
		close(fd);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, SHARED_FD, 0);
	if (shared == MAP_FAILED) {
		perror("fuzz: shared memory");
		exit(2);
	}
}

static uint64_t parse(const char *option, const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 0);

	if (*end || end == text) {
		fprintf(stderr, "fuzz: --%s %s: must be a number\n", option, text);
		exit(2);
	}
	return value;
}

static void find_target(const char *name)
{
	size_t i;

	for (i = 0; i < array_size(targets); i++)
		if (name && !strcmp(targets[i]->name, name))
			target = targets[i];
	if (target)
		return;
	fprintf(stderr,
		"fuzz: which driver? skeleton, edu, gpu, rdma or gru, not '%s'; see --help\n",
		name ?: "");
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "calls", required_argument, NULL, 'c' },
		{ "after-exec", no_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	struct sigaction action = { .sa_handler = on_signal };
	bool after_exec = false;
	int option;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = time(NULL);
	seed %= 1000000000;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 's':
			seed = parse("seed", optarg);
			break;
		case 'c':
			max_calls = parse("calls", optarg);
			break;
		case 'x':
			after_exec = true;
			break;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	find_target(argv[optind]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	sigaction(SIGUSR1, &action, NULL);
	share(after_exec);
	if (after_exec)
		chaos_after_exec(&(struct rng){ seed });
	else
		fuzz();
	return any_failed;
}
