// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has the engine work in plain memory of this program: once, with each step checked by the
 * processor; through each of the driver's ways to serve it; or for a while, with many contexts, in
 * memory to which everything happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xmmu/gru.h>

#define PAGE  4096UL
#define WORDS (PAGE / sizeof(uint64_t))

/* More than the engine ever has places for. */
#define MANY_CONTEXTS 65
/* More than are flushed one by one. */
#define MANY_PAGES 1200

static const char usage_text[] =
	"usage: gru-tool COMMAND [OPTION]...\n"
	"Have the engine work in plain memory of this program.\n"
	"\n"
	"  run       do each kind of instruction, and check each with the processor\n"
	"  selftest  see that faults, flushes and places in the engine work; takes a second\n"
	"  stat      print the counters of the engine\n"
	"  stress    work in memory that comes and goes, with many contexts\n"
	"\n"
	"gru-tool COMMAND --help tells of a command.\n"
	"\n"
	"Exit status: 0 all went well, 1 something failed or was wrong, 2 bad usage.\n";

static const char run_text[] =
	"usage: gru-tool run [--device PATH] [--pages N]\n"
	"Have the engine work in memory from malloc(), and check each step with the processor.\n"
	"\n"
	"  --device PATH  the engine (/dev/xmmu-gru)\n"
	"  --pages N      pages of an array, 1 to 4096 (64); there are three\n"
	"\n"
	"Exit status: 0 all was right, 1 something failed or was wrong, 2 bad usage.\n";

static const char selftest_text[] =
	"usage: gru-tool selftest [--device PATH]\n"
	"See that faults are served in both ways, that memory which goes is flushed in both ways,\n"
	"and that contexts get, lose and change their place. Wants an engine that is not in use.\n"
	"\n"
	"  --device PATH  the engine (/dev/xmmu-gru)\n"
	"\n"
	"Exit status: 0 all was right, 1 something failed or was wrong, 2 bad usage.\n";

static const char stat_text[] = "usage: gru-tool stat [--device PATH]\n"
				"Print the counters of the engine since it is there.\n"
				"\n"
				"  --device PATH  the engine (/dev/xmmu-gru)\n"
				"\n"
				"Exit status: 0 printed, 1 the engine fails, 2 bad usage.\n";

static const char stress_text[] =
	"usage: gru-tool stress [--device PATH] [--contexts N] [--pages N] [--seconds N]\n"
	"Have the engine work for many contexts, while the memory is protected, forked, unmapped\n"
	"and discarded, and check every word that it has written.\n"
	"\n"
	"  --device PATH  the engine (/dev/xmmu-gru)\n"
	"  --contexts N   contexts with a thread each, 1 to 256 (16)\n"
	"  --pages N      pages of each context, 1 to 4096 (64), and as many that may lose it\n"
	"  --seconds N    how long, 1 to 86400 (10)\n"
	"\n"
	"Exit status: 0 all was right, 1 something failed or was wrong, 2 bad usage.\n";

/* ---- messages, options */

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	fputs("gru-tool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

__attribute__((format(printf, 1, 2), noreturn)) static void bad_usage(const char *format, ...)
{
	va_list args;

	fputs("gru-tool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; try gru-tool --help\n", stderr);
	exit(2);
}

static struct options {
	const char *device;
	size_t contexts;
	size_t pages;
	unsigned int seconds;
} options = { .device = "/dev/xmmu-gru", .contexts = 16, .pages = 64, .seconds = 10 };

static unsigned long number(const char *what, const char *text, unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || end == text || *text == '-' || !value || value > max)
		bad_usage("--%s '%s': give a number from 1 to %lu", what, text, max);
	return value;
}

static void take(int option, const char *value)
{
	if (option == 'd')
		options.device = value;
	else if (option == 'c')
		options.contexts = number("contexts", value, 256);
	else if (option == 'p')
		options.pages = number("pages", value, XMMU_GRU_WORDS_MAX / WORDS);
	else
		options.seconds = number("seconds", value, 86400);
}

/* The command takes the options that are named by their first letters. */
static void parse(int argc, char **argv, const char *takes, const char *help)
{
	static const struct option all[] = {
		{ "device", required_argument, NULL, 'd' },
		{ "contexts", required_argument, NULL, 'c' },
		{ "pages", required_argument, NULL, 'p' },
		{ "seconds", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{},
	};
	int option, before;

	opterr = 0;
	while (before = optind, (option = getopt_long(argc, argv, "+h", all, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			exit(0);
		}
		if (option == '?' || !strchr(takes, option))
			bad_usage("'%s': no such option, or it lacks its value", argv[before]);
		take(option, optarg);
	}
	if (optind < argc)
		bad_usage("'%s': leave it out", argv[optind]);
}

/* ---- the engine */

static int open_context(void)
{
	int fd = open(options.device, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		die("%s is not there: load the driver (modprobe gru), or give --device",
		    options.device);
	if (fd < 0)
		die("%s: %s", options.device, strerror(errno));
	return fd;
}

static struct xmmu_gru_stats stats(int fd)
{
	struct xmmu_gru_stats stats;

	if (ioctl(fd, XMMU_GRU_STATS, &stats))
		die("%s can not be asked for its counters: %s", options.device, strerror(errno));
	return stats;
}

static uint64_t addr(const void *memory)
{
	return (uintptr_t)memory;
}

/* 0 or a negative error. */
static int try(int fd, struct xmmu_gru_run *run)
{
	return ioctl(fd, XMMU_GRU_RUN, run) ? -errno : 0;
}

static int fill(int fd, void *memory, size_t words, uint64_t value)
{
	struct xmmu_gru_run run = {
		.op = XMMU_GRU_FILL, .dst = addr(memory), .count = words, .value = value
	};

	return try(fd, &run);
}

static void expect(const char *what, uint64_t is, uint64_t should)
{
	if (is != should)
		die("%s: the engine has %llu, the processor %llu", what, (unsigned long long)is,
		    (unsigned long long)should);
}

static void expect_no_stale(int fd)
{
	expect("accesses by translations that were taken away", stats(fd).stale, 0);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void *map(size_t pages)
{
	void *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		die("no memory for %zu pages: give a smaller number", pages);
	return memory;
}

/* ---- run */

static uint64_t work(int fd, const char *what, struct xmmu_gru_run run)
{
	struct xmmu_gru_stats before = stats(fd), after;
	double start = now();
	int error = try(fd, &run);

	if (error)
		die("%s: %s", what, strerror(-error));
	after = stats(fd);
	printf("    %-36s %8.1f ms %8llu %8llu\n", what, (now() - start) * 1e3,
	       (unsigned long long)(after.fast - before.fast),
	       (unsigned long long)(after.slow - before.slow));
	return run.result;
}

static uint64_t *array(void)
{
	uint64_t *memory = aligned_alloc(PAGE, options.pages * PAGE);

	if (!memory)
		die("no memory for --pages %zu: give a smaller number", options.pages);
	return memory;
}

static void run_copy(int fd, uint64_t *a, uint64_t *b)
{
	size_t i, count = options.pages * WORDS;

	work(fd, "fill an array",
	     (struct xmmu_gru_run){
		     .op = XMMU_GRU_FILL, .dst = addr(a), .count = count, .value = 7 });
	for (i = 0; i < count; i++)
		expect("fill", a[i], 7);
	for (i = 0; i < count; i++)
		a[i] = i * i;
	work(fd, "copy it",
	     (struct xmmu_gru_run){
		     .op = XMMU_GRU_COPY, .dst = addr(b), .src = addr(a), .count = count });
	for (i = 0; i < count; i++)
		expect("copy", b[i], a[i]);
}

static void run_compare(int fd, uint64_t *a, uint64_t *b)
{
	size_t count = options.pages * WORDS;
	struct xmmu_gru_run run = {
		.op = XMMU_GRU_COMPARE, .dst = addr(b), .src = addr(a), .count = count
	};

	expect("compare", work(fd, "compare both", run), count);
	b[count / 2]++;
	expect("compare", work(fd, "compare when a word differs", run), count / 2);
}

/* Last word first there, and back again. */
static void run_scatter(int fd, uint64_t *a, uint64_t *b, uint64_t *order)
{
	size_t i, count = options.pages * WORDS;
	struct xmmu_gru_run run = { .op = XMMU_GRU_SCATTER,
				    .dst = addr(b),
				    .src = addr(a),
				    .index = addr(order),
				    .count = count };

	for (i = 0; i < count; i++)
		order[i] = count - 1 - i;
	work(fd, "scatter, last word first", run);
	for (i = 0; i < count; i++)
		expect("scatter", b[i], a[count - 1 - i]);
	memset(a, 0, count * sizeof(*a));
	run.op = XMMU_GRU_GATHER;
	run.dst = addr(a);
	run.src = addr(b);
	work(fd, "gather them again", run);
	for (i = 0; i < count; i++)
		expect("gather", a[i], i * i);
}

static void run_add(int fd, uint64_t *a)
{
	size_t i, count = options.pages * WORDS;

	work(fd, "add to each word",
	     (struct xmmu_gru_run){
		     .op = XMMU_GRU_ADD, .dst = addr(a), .count = count, .value = 2 });
	for (i = 0; i < count; i++)
		expect("add", a[i], i * i + 2);
}

/* A list through the array, with a pointer to the next node in each. */
static void run_chase(int fd, uint64_t *a)
{
	uint64_t end, *node = a;
	size_t i;

	for (i = 0; i < options.pages; i++)
		a[i * WORDS] = addr(&a[(i * 17 + 1) % options.pages * WORDS]);
	end = work(fd, "follow the pointers of a list",
		   (struct xmmu_gru_run){
			   .op = XMMU_GRU_CHASE, .src = addr(a), .count = options.pages });
	for (i = 0; i < options.pages; i++)
		node = (uint64_t *)(uintptr_t)*node;
	expect("list", end, addr(node));
}

static void run(void)
{
	int fd = open_context();
	uint64_t *a, *b, *order;

	printf("%s works in 3 arrays of %zu pages each, from malloc().\n"
	       "%-51s %9s %8s\n",
	       options.device, options.pages, "Faults served by", "interrupt", "thread");
	a = array();
	b = array();
	order = array();
	run_copy(fd, a, b);
	run_compare(fd, a, b);
	run_scatter(fd, a, b, order);
	run_add(fd, a);
	run_chase(fd, a);
	expect_no_stale(fd);
	printf("PASSED: the processor has the same in every word.\n");
	free(a);
	free(b);
	free(order);
}

/* ---- selftest */

/* A step tries what may need more than one try, because others use the same memory or engine. */
#define TRIES 20

static void write_one(int fd, uint64_t *word, uint64_t value)
{
	int error = fill(fd, word, 1, value);

	if (error)
		die("a word can not be written: %s", strerror(-error));
	expect("word", *(volatile uint64_t *)word, value);
}

static void unload(int fd)
{
	if (ioctl(fd, XMMU_GRU_UNLOAD))
		die("the place can not be given up: %s", strerror(errno));
}

static bool test_interrupt(int fd)
{
	uint64_t word, before = stats(fd).fast, i;

	for (i = 0; i < TRIES && stats(fd).fast == before; i++) {
		unload(fd);
		write_one(fd, &word, i);
	}
	return stats(fd).fast != before;
}

static bool test_thread(int fd)
{
	uint64_t before = stats(fd).slow, *memory = map(1);

	write_one(fd, memory, 1);
	munmap(memory, PAGE);
	return stats(fd).slow != before;
}

/* What is unmapped is flushed, and not found any more. */
static bool test_flush(int fd, size_t pages, bool full)
{
	struct xmmu_gru_stats before, after;
	uint64_t *memory = map(pages);

	write_one(fd, memory, 1);
	before = stats(fd);
	munmap(memory, pages * PAGE);
	after = stats(fd);
	return fill(fd, memory, 1, 2) == -EFAULT &&
	       (full ? after.full_flushes != before.full_flushes : after.flushes != before.flushes);
}

static bool test_flush_pages(int fd)
{
	return test_flush(fd, 1, false);
}

static bool test_flush_all(int fd)
{
	return test_flush(fd, MANY_PAGES, true);
}

static bool test_reload(int fd)
{
	uint64_t word, before = stats(fd).loads;

	unload(fd);
	write_one(fd, &word, 3);
	return stats(fd).loads != before;
}

static bool test_steal(int fd)
{
	int contexts[MANY_CONTEXTS], i;
	uint64_t word, steals = 0;

	for (i = 0; i < MANY_CONTEXTS; i++) {
		contexts[i] = open_context();
		write_one(contexts[i], &word, i);
	}
	for (i = 0; i < MANY_CONTEXTS; i++) {
		steals += stats(contexts[i]).steals;
		close(contexts[i]);
	}
	write_one(fd, &word, 4);
	return steals;
}

static bool test_move(int fd)
{
	uint64_t word, before = stats(fd).moves;
	cpu_set_t all, one;
	int i;

	if (sched_getaffinity(0, sizeof(all), &all) || !CPU_ISSET(0, &all) || !CPU_ISSET(1, &all)) {
		printf("    it has no second processor: not tried\n");
		return true;
	}
	for (i = 0; i < TRIES && stats(fd).moves == before; i++) {
		CPU_ZERO(&one);
		CPU_SET(i % 2, &one);
		sched_setaffinity(0, sizeof(one), &one);
		write_one(fd, &word, i);
	}
	sched_setaffinity(0, sizeof(all), &all);
	return stats(fd).moves != before;
}

static void selftest(void)
{
	static const struct {
		const char *name;
		bool (*run)(int fd);
	} steps[] = {
		{ "the interrupt finds a page that is there", test_interrupt },
		{ "the thread fetches one that is not", test_thread },
		{ "a page that goes is flushed", test_flush_pages },
		{ "of many pages that go, all is flushed", test_flush_all },
		{ "a context gets its place again", test_reload },
		{ "more contexts than places take turns", test_steal },
		{ "a context follows its thread", test_move },
	};
	int fd = open_context();
	size_t i;

	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		if (!steps[i].run(fd))
			die("%s: it does not", steps[i].name);
		printf("    %s\n", steps[i].name);
	}
	expect_no_stale(fd);
	printf("PASSED: the engine works.\n");
}

/* ---- stat */

static void print_stats(void)
{
	struct xmmu_gru_stats s = stats(open_context());

	printf("accesses  %llu\n", (unsigned long long)s.accesses);
	printf("faults    %llu\n", (unsigned long long)s.faults);
	printf("stale     %llu\n", (unsigned long long)s.stale);
}

/* ---- stress: in one array is what the engine wrote, whatever happens; the other may lose it */

struct worker {
	pthread_t thread;
	int fd;
	char *kept;
	char *lost;
	unsigned long rounds, again;
};

static struct worker *workers;
static bool stop;

static bool is_over(void)
{
	return __atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Again as long as it meets pages that are protected, or unmapped, at the moment. */
static void insist(struct worker *worker, char *memory, uint64_t value)
{
	int error;

	while ((error = fill(worker->fd, memory, options.pages * WORDS, value)) == -EFAULT)
		worker->again++;
	if (error)
		die("round %lu: fill: %s", worker->rounds, strerror(-error));
}

static void check(const struct worker *worker, const char *what, const char *memory, uint64_t value)
{
	const volatile uint64_t *words = (const volatile uint64_t *)memory;
	uint64_t word;
	size_t i;

	for (i = 0; i < options.pages * WORDS; i++) {
		word = words[i];
		if (word != value)
			die("round %lu: %s word %zu is %llu, and %llu was written", worker->rounds,
			    what, i, (unsigned long long)word, (unsigned long long)value);
	}
}

static void *work_for_long(void *data)
{
	struct worker *worker = data;
	uint64_t value;

	while (!is_over()) {
		value = ++worker->rounds * options.contexts + (worker - workers);
		insist(worker, worker->kept, value);
		check(worker, "kept", worker->kept, value);
		insist(worker, worker->lost, value);
	}
	/* Nothing happens to the memory any more: the engine has the last word. */
	insist(worker, worker->lost, worker->rounds);
	check(worker, "lost", worker->lost, worker->rounds);
	return NULL;
}

static void hostile_protect(char *kept, char *lost, size_t len)
{
	(void)lost;
	mprotect(kept, len, PROT_READ);
	mprotect(kept, len, PROT_READ | PROT_WRITE);
}

/* What a child has of the memory does not change, whatever the engine does for the parent. */
static int watch(const char *memory, size_t len)
{
	const volatile uint64_t *first = (const volatile uint64_t *)memory;
	const volatile uint64_t *last = (const volatile uint64_t *)(memory + len) - 1;
	uint64_t before[2] = { *first, *last };

	usleep(2000);
	return *first != before[0] || *last != before[1];
}

static void hostile_fork(char *kept, char *lost, size_t len)
{
	pid_t child = fork();
	int status;

	(void)lost;
	if (!child)
		_exit(watch(kept, len));
	if (child > 0 && waitpid(child, &status, 0) == child && status)
		die("memory of a forked child has changed");
}

static void hostile_discard(char *kept, char *lost, size_t len)
{
	(void)kept;
	madvise(lost, len, MADV_DONTNEED);
}

static void hostile_unmap(char *kept, char *lost, size_t len)
{
	(void)kept;
	munmap(lost, len);
	mmap(lost, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void hostile_page_out(char *kept, char *lost, size_t len)
{
	(void)lost;
	madvise(kept, len, MADV_PAGEOUT);
}

static struct hostile {
	const char *name;
	void (*run)(char *kept, char *lost, size_t len);
	unsigned long times;
} hostile[] = {
	{ .name = "mprotect", .run = hostile_protect },
	{ .name = "fork", .run = hostile_fork },
	{ .name = "MADV_DONTNEED", .run = hostile_discard },
	{ .name = "munmap and mmap", .run = hostile_unmap },
	{ .name = "MADV_PAGEOUT", .run = hostile_page_out },
};

#define HOSTILE (sizeof(hostile) / sizeof(*hostile))

static void be_hostile(unsigned int *seed)
{
	struct worker *worker = &workers[rand_r(seed) % options.contexts];
	struct hostile *each = &hostile[rand_r(seed) % HOSTILE];
	size_t first = rand_r(seed) % options.pages;
	size_t pages = 1 + rand_r(seed) % (options.pages - first);

	each->run(worker->kept + first * PAGE, worker->lost + first * PAGE, pages * PAGE);
	each->times++;
}

static void be_hostile_for(double seconds)
{
	double start = now(), shown = start;
	unsigned int seed = 1;

	while (now() < start + seconds) {
		be_hostile(&seed);
		if (isatty(STDERR_FILENO) && now() > shown + 1) {
			shown = now();
			fprintf(stderr, "\r  %.0f of %.0f s", shown - start, seconds);
		}
	}
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static void start_worker(struct worker *worker)
{
	worker->fd = open_context();
	worker->kept = map(options.pages);
	worker->lost = map(options.pages);
	if (pthread_create(&worker->thread, NULL, work_for_long, worker))
		die("no thread for --contexts %zu: give a smaller number", options.contexts);
}

static void stress(void)
{
	unsigned long rounds = 0, again = 0;
	uint64_t steals = 0;
	size_t i;

	workers = calloc(options.contexts, sizeof(*workers));
	if (!workers)
		die("no memory for --contexts %zu: give a smaller number", options.contexts);
	for (i = 0; i < options.contexts; i++)
		start_worker(&workers[i]);
	be_hostile_for(options.seconds);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < options.contexts; i++) {
		pthread_join(workers[i].thread, NULL);
		rounds += workers[i].rounds;
		again += workers[i].again;
		steals += stats(workers[i].fd).steals;
	}
	expect_no_stale(workers[0].fd);
	for (i = 0; i < HOSTILE; i++)
		printf("    %-16s %8lu times\n", hostile[i].name, hostile[i].times);
	printf("PASSED: %lu rounds of %zu words, %lu fills given again, %llu places taken away.\n",
	       rounds, 2 * options.pages * WORDS, again, (unsigned long long)steals);
}

static const struct command {
	const char *name;
	const char *takes;
	const char *help;
	void (*run)(void);
} commands[] = {
	{ "run", "dp", run_text, run },
	{ "selftest", "d", selftest_text, selftest },
	{ "stat", "d", stat_text, print_stats },
	{ "stress", "dcps", stress_text, stress },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		bad_usage("no command: give run, selftest, stat or stress");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage_text, stdout);
		return 0;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		parse(argc - 1, argv + 1, commands[i].takes, commands[i].help);
		commands[i].run();
		return 0;
	}
	bad_usage("'%s': no such command: give run, selftest, stat or stress", argv[1]);
}
