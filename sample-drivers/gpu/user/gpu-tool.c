// SPDX-License-Identifier: GPL-2.0-only
/*
 * Has a device work in plain memory of this program: once, with each step checked by the processor;
 * or for a while, in memory to which everything happens.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/xgpu.h"

#define PAGE  4096UL
#define WORDS (PAGE / sizeof(uint64_t))

static const char *device = "/dev/xmmu-gpu0";
static int gpu = -1;

static const char usage_text[] =
	"usage: gpu-tool COMMAND [OPTION]...\n"
	"Have a device work in plain memory of this program.\n"
	"\n"
	"  run     compute something, and check each step with the processor\n"
	"  stat    print the counters of the device\n"
	"  stress  work in memory that comes and goes, and check every word\n"
	"\n"
	"gpu-tool COMMAND --help tells of a command.\n"
	"\n"
	"Exit status: 0 all went well, 1 something failed or was wrong, 2 bad usage.\n";

static const char run_text[] =
	"usage: gpu-tool run [--device PATH] [--pages N]\n"
	"Have the device compute in memory from malloc(), and check each step with the processor.\n"
	"\n"
	"  --device PATH  the device (/dev/xmmu-gpu0)\n"
	"  --pages N      pages of an array, 1 to 65536 (256); there are three\n"
	"\n"
	"Exit status: 0 all was right, 1 something failed or was wrong, 2 bad usage.\n";

static const char stat_text[] = "usage: gpu-tool stat [--device PATH]\n"
				"Print the counters of the device since it is there.\n"
				"\n"
				"  --device PATH  the device (/dev/xmmu-gpu0)\n"
				"\n"
				"Exit status: 0 printed, 1 the device fails, 2 bad usage.\n";

static const char stress_text[] =
	"usage: gpu-tool stress [--device PATH] [--pages N] [--seconds N]\n"
	"Have the device work while a thread protects, forks, unmaps, discards and moves the memory,\n"
	"and check every word that it has written.\n"
	"\n"
	"  --device PATH  the device (/dev/xmmu-gpu0)\n"
	"  --pages N      pages of an array, 1 to 65536 (256); there are two\n"
	"  --seconds N    how long, 1 to 86400 (10)\n"
	"\n"
	"Exit status: 0 all was right, 1 something failed or was wrong, 2 bad usage.\n";

/* ---- messages, options */

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	fputs("gpu-tool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

__attribute__((format(printf, 1, 2), noreturn)) static void bad_usage(const char *format, ...)
{
	va_list args;

	fputs("gpu-tool: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("; try gpu-tool --help\n", stderr);
	exit(2);
}

static struct options {
	size_t pages;
	unsigned int seconds;
} options = { .pages = 256, .seconds = 10 };

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

/* The command takes the options that are named by their first letters. */
static void parse(int argc, char **argv, const char *takes, const char *help)
{
	static const struct option all[] = {
		{ "device", required_argument, NULL, 'd' },
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
		if (option == 'd')
			device = optarg;
		else if (option == 'p')
			options.pages = number("pages", optarg, 65536);
		else
			options.seconds = number("seconds", optarg, 86400);
	}
	if (optind < argc)
		bad_usage("'%s': leave it out", argv[optind]);
}

/* ---- the device */

static void open_device(void)
{
	gpu = xgpu_open(device);
	if (gpu == -ENOENT)
		die("%s is not there: load the driver (modprobe gpu), or give --device", device);
	if (gpu < 0)
		die("%s: %s", device, strerror(-gpu));
}

static struct xmmu_gpu_stats stats(void)
{
	struct xmmu_gpu_stats stats;
	int error = xgpu_stats(gpu, &stats);

	if (error)
		die("%s can not be asked for its counters: %s", device, strerror(-error));
	return stats;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

/* ---- run */

static void work(const char *what, const struct xmmu_gpu_submit *submit, uint64_t *result)
{
	uint64_t faults = stats().faults;
	double start = now();
	int error = xgpu_run(gpu, submit, result);

	if (error)
		die("%s: %s", what, strerror(-error));
	printf("    %-44s %8.1f ms %6llu faults\n", what, (now() - start) * 1e3,
	       (unsigned long long)(stats().faults - faults));
}

static void expect(const char *what, uint64_t is, uint64_t should)
{
	if (is != should)
		die("%s: the device has %llu, the processor %llu", what, (unsigned long long)is,
		    (unsigned long long)should);
}

static uint64_t *array(void)
{
	uint64_t *memory = aligned_alloc(PAGE, options.pages * PAGE);

	if (!memory)
		die("no memory for --pages %zu: give a smaller number", options.pages);
	return memory;
}

/* b[i] = a[order[i]], where order turns the array around. */
static void run_gather(uint64_t *a, uint64_t *b, uint64_t *order)
{
	size_t i, count = options.pages * WORDS;
	struct xmmu_gpu_submit gather = { .op = XMMU_GPU_GATHER,
					  .dst = xgpu_addr(b),
					  .src = xgpu_addr(a),
					  .index = xgpu_addr(order),
					  .count = count };

	for (i = 0; i < count; i++) {
		a[i] = i * i;
		order[i] = count - 1 - i;
	}
	work("gather an array, last word first", &gather, NULL);
	for (i = 0; i < count; i++)
		expect("gather", b[i], a[count - 1 - i]);
}

/* A list through the array, with a pointer to the next node in each. */
static void run_chase(uint64_t *a)
{
	struct xmmu_gpu_submit chase = { .op = XMMU_GPU_CHASE,
					 .src = xgpu_addr(a),
					 .count = options.pages };
	uint64_t end, *node = a;
	size_t i;

	for (i = 0; i < options.pages; i++)
		a[i * WORDS] = xgpu_addr(&a[(i * 17 + 1) % options.pages * WORDS]);
	work("follow the pointers of a list", &chase, &end);
	for (i = 0; i < options.pages; i++)
		node = (uint64_t *)(uintptr_t)*node;
	expect("list", end, xgpu_addr(node));
}

static void run_add(uint64_t *a)
{
	struct xmmu_gpu_submit add = {
		.op = XMMU_GPU_ADD, .dst = xgpu_addr(a), .count = options.pages * WORDS, .value = 2
	};
	size_t i, count = options.pages * WORDS;

	for (i = 0; i < count; i++)
		a[i] = i;
	work("add to each word", &add, NULL);
	for (i = 0; i < count; i++)
		expect("add", a[i], i + 2);
}

static void run_in_device(uint64_t *a, uint64_t *b)
{
	size_t i, count = options.pages * WORDS, size = options.pages * PAGE;
	struct xmmu_gpu_submit copy = {
		.op = XMMU_GPU_COPY, .dst = xgpu_addr(b), .src = xgpu_addr(a), .count = count
	};
	uint64_t moved = stats().to_device;
	int error = xgpu_advise(gpu, b, size, XMMU_GPU_IN_DEVICE);

	if (error == -EOPNOTSUPP) {
		printf("    the device has no memory of its own\n");
		return;
	}
	if (!error)
		error = xgpu_prefetch(gpu, b, size, XMMU_GPU_WRITE);
	if (error)
		die("prefetch to the device: %s", strerror(-error));
	printf("    %llu of %zu pages moved to the device's memory\n",
	       (unsigned long long)(stats().to_device - moved), options.pages);
	work("copy an array to there", &copy, NULL);
	for (i = 0; i < count; i++)
		expect("copy", b[i], a[i]);
	if (xgpu_advise(gpu, b, size, XMMU_GPU_ANYWHERE))
		die("the advice can not be taken back");
}

static int run(void)
{
	uint64_t *a, *b, *order;

	open_device();
	printf("%s works in 3 arrays of %zu pages each, from malloc():\n\n", device, options.pages);
	a = array();
	b = array();
	order = array();
	run_gather(a, b, order);
	run_chase(a);
	run_add(a);
	run_in_device(a, b);
	expect("accesses by translations that were taken away", stats().stale, 0);
	printf("\nPASSED: the processor has the same in every word.\n");
	free(a);
	free(b);
	free(order);
	return 0;
}

/* ---- stat */

static int print_stats(void)
{
	struct xmmu_gpu_stats s;

	open_device();
	s = stats();
	printf("accesses     %llu\n", (unsigned long long)s.accesses);
	printf("tlb_hits     %llu\n", (unsigned long long)s.tlb_hits);
	printf("tlb_misses   %llu\n", (unsigned long long)s.tlb_misses);
	printf("stale        %llu\n", (unsigned long long)s.stale);
	printf("memory_used  %llu pages\n", (unsigned long long)s.memory_used);
	printf("to_device    %llu pages\n", (unsigned long long)s.to_device);
	printf("to_ram       %llu pages\n", (unsigned long long)s.to_ram);
	return 0;
}

/* ---- stress: in one array is what the device wrote, whatever happens; the other may lose it */

static struct stress {
	char *kept;
	char *lost;
	bool stop;
	unsigned long rounds, again, times[8];
	int failed; /* of the thread, for the main one to tell */
} stress;

static void hostile_protect(char *kept, char *lost, size_t len)
{
	(void)lost;
	mprotect(kept, len, PROT_READ);
	mprotect(kept, len, PROT_READ | PROT_WRITE);
}

/* What a child has of the memory does not change, whatever the device does in that of the parent. */
static int watch(const char *memory, size_t len)
{
	const uint64_t *words = (const uint64_t *)memory;
	uint64_t before[16];
	size_t i;

	for (i = 0; i < 16; i++)
		before[i] = words[i * (len / 16) / 8];
	usleep(2000);
	for (i = 0; i < 16; i++)
		if (before[i] != words[i * (len / 16) / 8])
			return 1;
	return 0;
}

static void hostile_fork(char *kept, char *lost, size_t len)
{
	pid_t child = fork();
	int status;

	(void)lost;
	if (!child)
		_exit(watch(kept, len));
	if (child > 0 && waitpid(child, &status, 0) == child && status)
		__atomic_store_n(&stress.failed, 1, __ATOMIC_RELAXED);
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

static void hostile_in_device(char *kept, char *lost, size_t len)
{
	(void)lost;
	xgpu_advise(gpu, kept, len, XMMU_GPU_IN_DEVICE);
	xgpu_prefetch(gpu, kept, len, XMMU_GPU_WRITE);
}

static void hostile_in_ram(char *kept, char *lost, size_t len)
{
	(void)lost;
	xgpu_advise(gpu, kept, len, XMMU_GPU_IN_RAM);
	xgpu_prefetch(gpu, kept, len, 0);
}

static const struct hostile {
	const char *name;
	void (*run)(char *kept, char *lost, size_t len);
} hostile[] = {
	{ "mprotect", hostile_protect },      { "fork", hostile_fork },
	{ "MADV_DONTNEED", hostile_discard }, { "munmap and mmap", hostile_unmap },
	{ "MADV_PAGEOUT", hostile_page_out }, { "to the device", hostile_in_device },
	{ "to RAM", hostile_in_ram },
};

#define HOSTILE (sizeof(hostile) / sizeof(*hostile))

static void *be_hostile(void *unused)
{
	unsigned int seed = 1;
	size_t first, pages, which;

	while (!__atomic_load_n(&stress.stop, __ATOMIC_RELAXED)) {
		which = rand_r(&seed) % HOSTILE;
		first = rand_r(&seed) % options.pages;
		pages = 1 + rand_r(&seed) % (options.pages - first);
		hostile[which].run(stress.kept + first * PAGE, stress.lost + first * PAGE,
				   pages * PAGE);
		stress.times[which]++;
	}
	return unused;
}

/* Again as long as it meets pages that are protected, or unmapped, at the moment. */
static void fill(char *memory, uint64_t value, int transient)
{
	const struct xmmu_gpu_submit submit = { .op = XMMU_GPU_FILL,
						.dst = xgpu_addr(memory),
						.count = options.pages * WORDS,
						.value = value };
	int error;

	while ((error = xgpu_run(gpu, &submit, NULL)) == transient)
		stress.again++;
	if (error)
		die("round %lu: fill: %s", stress.rounds, strerror(-error));
}

static void check(const char *what, const char *memory, uint64_t value)
{
	const volatile uint64_t *words = (const volatile uint64_t *)memory;
	uint64_t word;
	size_t i;

	for (i = 0; i < options.pages * WORDS; i++) {
		word = words[i];
		if (word != value)
			die("round %lu: %s word %zu is %llu, and %llu was written", stress.rounds,
			    what, i, (unsigned long long)word, (unsigned long long)value);
	}
}

static void stress_round(void)
{
	uint64_t value = ++stress.rounds;

	fill(stress.kept, value, -EPERM);
	check("kept", stress.kept, value);
	fill(stress.lost, value, -EFAULT);
	if (__atomic_load_n(&stress.failed, __ATOMIC_RELAXED))
		die("round %lu: memory of a forked child has changed", stress.rounds);
	expect("accesses by translations that were taken away", stats().stale, 0);
}

static char *map(void)
{
	char *memory = mmap(NULL, options.pages * PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("no memory for --pages %zu: give a smaller number", options.pages);
	return memory;
}

static void stress_for(double seconds)
{
	double start = now(), shown = start;

	do {
		stress_round();
		if (isatty(STDERR_FILENO) && now() > shown + 1) {
			shown = now();
			fprintf(stderr, "\r  %.0f of %.0f s, %lu rounds", shown - start, seconds,
				stress.rounds);
		}
	} while (now() < start + seconds);
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

static int run_stress(void)
{
	pthread_t thread;
	size_t i;

	open_device();
	stress.kept = map();
	stress.lost = map();
	stats();
	if (pthread_create(&thread, NULL, be_hostile, NULL))
		die("no thread");
	stress_for(options.seconds);
	__atomic_store_n(&stress.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	/* Nothing happens any more: the device has the last word. */
	fill(stress.lost, stress.rounds, -EFAULT);
	check("lost", stress.lost, stress.rounds);
	for (i = 0; i < HOSTILE; i++)
		printf("    %-16s %8lu times\n", hostile[i].name, stress.times[i]);
	printf("PASSED: %lu rounds of %zu words, %lu commands given again.\n", stress.rounds,
	       2 * options.pages * WORDS, stress.again);
	return 0;
}

static const struct command {
	const char *name;
	const char *takes;
	const char *help;
	int (*run)(void);
} commands[] = {
	{ "run", "dp", run_text, run },
	{ "stat", "d", stat_text, print_stats },
	{ "stress", "dps", stress_text, run_stress },
};

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		bad_usage("no command: give run, stat or stress");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage_text, stdout);
		return 0;
	}
	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		parse(argc - 1, argv + 1, commands[i].takes, commands[i].help);
		return commands[i].run();
	}
	bad_usage("'%s' is no command: give run, stat or stress", argv[1]);
}
