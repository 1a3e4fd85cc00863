// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measures the drivers of tests/bench in the guest, in turns, and prints one line for each
 * thing measured and each driver: name, driver, lowest, median. bench-report makes the table. Both
 * drivers on xmmu are `sdk`; names of what the one that follows the whole mm does begin with `whole.`.
 */
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "../abi.h"

#define PAGE 4096UL
#define HUGE (2UL << 20)

/* Each driver gets so many turns, and measures everything so often in each. */
#define TURNS   6
#define ROUNDS  15
#define SAMPLES (TURNS * ROUNDS)

/* The memory of a turn: pages of the largest populate, and one to unmap. */
#define MEMORY (16384 * PAGE)

enum driver { RAW, SDK, WHOLE, DRIVERS };

static const char *const driver_names[] = { "raw", "sdk", "whole" };
static const char *const driver_files[] = { BENCH_DEVICE_RAW, BENCH_DEVICE_SDK,
					    BENCH_DEVICE_WHOLE };

enum what {
	EMPTY_CALLBACK,
	EMPTY_MADVISE,
	EMPTY_MUNMAP,
	UNTOUCHED_4K,
	UNTOUCHED_128K,
	ELSEWHERE_4K,
	FLUSH_4K,
	FLUSH_2M,
	FLUSH_4K_AT_ONCE,
	FLUSH_4K_MADVISE,
	INSERT,
	INSERT_CALL,
	INSERT_FIRST,
	REMOVE,
	REMOVE_CALL,
	REMOVE_LAST,
	READ_1,
	READ_16,
	READ_512,
	READ_16384,
	WRITE_1,
	WRITE_16,
	WRITE_512,
	WRITE_16384,
	READ_1_COLD,
	HMM_512,
	HMM_16384,
	HIT_1,
	HIT_1000,
	HIT_1000000,
	MISS_1,
	MISS_1000,
	MISS_1000000,
	CROWD_INSERT_1,
	CROWD_INSERT_1000,
	CROWD_INSERT_1000000,
	CROWD_REMOVE_1,
	CROWD_REMOVE_1000,
	CROWD_REMOVE_1000000,
	CROWD_BYTES,
	FAULT_ALONE,
	FAULT_TOGETHER,
	TABLE_BYTES,
	TABLE_ENTRIES,
	WHATS
};

static const char *const what_names[] = {
	[EMPTY_CALLBACK] = "empty.callback",
	[EMPTY_MADVISE] = "empty.madvise",
	[EMPTY_MUNMAP] = "empty.munmap",
	[UNTOUCHED_4K] = "untouched.4k",
	[UNTOUCHED_128K] = "untouched.128k",
	[ELSEWHERE_4K] = "elsewhere.4k",
	[FLUSH_4K] = "populated.4k",
	[FLUSH_2M] = "populated.2m",
	[FLUSH_4K_AT_ONCE] = "populated.4k.at-once",
	[FLUSH_4K_MADVISE] = "populated.4k.madvise",
	[INSERT] = "insert",
	[INSERT_CALL] = "insert.ioctl",
	[INSERT_FIRST] = "insert.first",
	[REMOVE] = "remove",
	[REMOVE_CALL] = "remove.ioctl",
	[REMOVE_LAST] = "remove.last",
	[READ_1] = "read.1",
	[READ_16] = "read.16",
	[READ_512] = "read.512",
	[READ_16384] = "read.16384",
	[WRITE_1] = "write.1",
	[WRITE_16] = "write.16",
	[WRITE_512] = "write.512",
	[WRITE_16384] = "write.16384",
	[READ_1_COLD] = "read.1.cold",
	[HMM_512] = "hmm.512",
	[HMM_16384] = "hmm.16384",
	[HIT_1] = "hit.1",
	[HIT_1000] = "hit.1000",
	[HIT_1000000] = "hit.1000000",
	[MISS_1] = "miss.1",
	[MISS_1000] = "miss.1000",
	[MISS_1000000] = "miss.1000000",
	[CROWD_INSERT_1] = "insert.1",
	[CROWD_INSERT_1000] = "insert.1000",
	[CROWD_INSERT_1000000] = "insert.1000000",
	[CROWD_REMOVE_1] = "remove.1",
	[CROWD_REMOVE_1000] = "remove.1000",
	[CROWD_REMOVE_1000000] = "remove.1000000",
	[CROWD_BYTES] = "bytes.1000000",
	[FAULT_ALONE] = "fault.alone",
	[FAULT_TOGETHER] = "fault.together",
	[TABLE_BYTES] = "table.bytes",
	[TABLE_ENTRIES] = "table.entries",
};

static bool is_memory(enum what what)
{
	return what == CROWD_BYTES || what == TABLE_BYTES || what == TABLE_ENTRIES;
}

/* Shared with the children. */
struct samples {
	uint64_t value[WHATS][DRIVERS][SAMPLES];
	int count[WHATS][DRIVERS];
};

struct turn {
	enum driver driver;
	int fd;
	char *memory;
	struct samples *samples;
};

static void die(const char *what, const char *name)
{
	fprintf(stderr, "bench-measure: %s %s: %s\n", what, name, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	uint64_t ticks;

	_mm_lfence();
	ticks = __rdtsc();
	_mm_lfence();
	return ticks;
}

static void take(struct turn *turn, enum what what, uint64_t value)
{
	int *count = &turn->samples->count[what][turn->driver];

	if (*count == SAMPLES) {
		fprintf(stderr, "bench-measure: more samples of %s than there is room for\n",
			what_names[what]);
		exit(1);
	}
	turn->samples->value[what][turn->driver][(*count)++] = value;
}

static void call(struct turn *turn, unsigned long cmd, void *arg, const char *name)
{
	if (ioctl(turn->fd, cmd, arg))
		die(driver_names[turn->driver], name);
}

static struct bench_range range_at(struct turn *turn, unsigned int id, size_t offset, size_t size)
{
	uint64_t start = (uintptr_t)turn->memory + offset;

	return (struct bench_range){ .start = start, .end = start + size, .id = id };
}

/* ---- callbacks */

static uint64_t populate(struct turn *turn, size_t size, unsigned int flags)
{
	struct bench_range range = range_at(turn, 0, 0, size);

	range.flags = flags;
	call(turn, BENCH_IOC_POPULATE, &range, "populate");
	return range.cycles;
}

static void touch(char *memory, size_t size)
{
	size_t i;

	for (i = 0; i < size; i += PAGE)
		*(volatile char *)(memory + i) = 1;
}

/* For one event. Flushes tell which path ran. */
static uint64_t callback(struct turn *turn, unsigned int flushes)
{
	struct bench_callbacks callbacks;

	call(turn, BENCH_IOC_CALLBACKS, &callbacks, "callbacks");
	if (callbacks.events != 1 || callbacks.flushes != flushes) {
		fprintf(stderr, "bench-measure: %s: %llu events, %llu flushes instead of 1, %u\n",
			driver_names[turn->driver], (unsigned long long)callbacks.events,
			(unsigned long long)callbacks.flushes, flushes);
		exit(1);
	}
	return callbacks.cycles;
}

static void reset_callbacks(struct turn *turn)
{
	struct bench_callbacks callbacks;

	call(turn, BENCH_IOC_CALLBACKS, &callbacks, "callbacks");
}

/* The program has the memory, and the device if it is populated. Returns the whole call. */
static uint64_t drop(struct turn *turn, size_t size, bool populated)
{
	uint64_t begun;

	touch(turn->memory, size);
	if (populated)
		populate(turn, size, 0);
	reset_callbacks(turn);
	begun = now();
	if (madvise(turn->memory, size, MADV_DONTNEED))
		die("madvise", "");
	return now() - begun;
}

static void measure_empty(struct turn *turn)
{
	char *page = turn->memory + MEMORY;
	uint64_t begun;

	take(turn, EMPTY_MADVISE, drop(turn, PAGE, false));
	take(turn, EMPTY_CALLBACK, callback(turn, 0));

	touch(page, PAGE);
	reset_callbacks(turn);
	begun = now();
	if (munmap(page, PAGE))
		die("munmap", "");
	take(turn, EMPTY_MUNMAP, now() - begun);
	callback(turn, 0);
	if (mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) != page)
		die("mmap", "");
}

static void set_confirm(struct turn *turn, uint32_t mode)
{
	call(turn, BENCH_IOC_CONFIRM, &mode, "confirm");
}

static void measure_flush(struct turn *turn)
{
	take(turn, FLUSH_4K_MADVISE, drop(turn, PAGE, true));
	take(turn, FLUSH_4K, callback(turn, 1));
	drop(turn, HUGE, true);
	take(turn, FLUSH_2M, callback(turn, 1));

	set_confirm(turn, BENCH_AT_ONCE);
	drop(turn, PAGE, true);
	take(turn, FLUSH_4K_AT_ONCE, callback(turn, 1));
	set_confirm(turn, BENCH_BY_IRQ);
}

/* ---- ranges */

static uint64_t timed_call(struct turn *turn, unsigned long cmd, struct bench_range *range,
			   const char *name)
{
	uint64_t begun = now();

	call(turn, cmd, range, name);
	return now() - begun;
}

static void insert_remove(struct turn *turn, struct bench_range range, enum what insert,
			  enum what remove)
{
	uint64_t whole;

	whole = timed_call(turn, BENCH_IOC_INSERT, &range, "insert");
	take(turn, insert, range.cycles);
	if (insert == INSERT)
		take(turn, INSERT_CALL, whole);
	whole = timed_call(turn, BENCH_IOC_REMOVE, &range, "remove");
	take(turn, remove, range.cycles);
	if (remove == REMOVE)
		take(turn, REMOVE_CALL, whole);
}

/* Beside another range, and alone in 512 MiB. */
static void measure_range(struct turn *turn)
{
	insert_remove(turn, range_at(turn, 1, 0, 16 * PAGE), INSERT, REMOVE);
	insert_remove(turn, range_at(turn, 1, 4UL << 30, 16 * PAGE), INSERT_FIRST, REMOVE_LAST);
}

/* ---- populate */

static void measure_hmm(struct turn *turn, enum what what, size_t pages)
{
	struct bench_range range = range_at(turn, 0, 0, pages * PAGE);

	if (turn->driver != RAW)
		return;
	call(turn, BENCH_IOC_HMM, &range, "hmm");
	take(turn, what, range.cycles);
}

static void measure_populate(struct turn *turn)
{
	static const size_t pages[] = { 1, 16, 512, 16384 };
	unsigned int i, sizes = turn->driver == WHOLE ? 1 : 4;

	touch(turn->memory, MEMORY);
	take(turn, READ_1_COLD, populate(turn, PAGE, 0));
	for (i = 0; i < sizes; i++) {
		take(turn, READ_1 + i, populate(turn, pages[i] * PAGE, 0));
		take(turn, WRITE_1 + i, populate(turn, pages[i] * PAGE, BENCH_WRITE));
	}
	measure_hmm(turn, HMM_512, 512);
	measure_hmm(turn, HMM_16384, 16384);
	if (madvise(turn->memory, PAGE, MADV_DONTNEED))
		die("madvise", "");
}

/* ---- many ranges */

static void measure_crowd(struct turn *turn)
{
	static const uint64_t counts[] = { 1, 1000, 1000000 };
	struct bench_crowd crowd;
	unsigned int i;

	if (turn->driver != SDK)
		return;
	for (i = 0; i < 3; i++) {
		crowd = (struct bench_crowd){ .start = 4UL << 30, .count = counts[i] };
		call(turn, BENCH_IOC_CROWD, &crowd, "crowd");
		take(turn, HIT_1 + i, crowd.hit / BENCH_CROWD_PROBES);
		take(turn, MISS_1 + i, crowd.miss / BENCH_CROWD_PROBES);
		take(turn, CROWD_REMOVE_1 + i, crowd.remove / BENCH_CROWD_PROBES);
		take(turn, CROWD_INSERT_1 + i, crowd.insert / BENCH_CROWD_PROBES);
	}
	take(turn, CROWD_BYTES, crowd.bytes);
}

/* ---- the parts */

static void measure_faults(struct turn *turn)
{
	struct bench_faults faults = { .start = (uintptr_t)turn->memory };

	touch(turn->memory, HUGE);
	call(turn, BENCH_IOC_FAULTS, &faults, "faults");
	take(turn, FAULT_ALONE, faults.alone);
	take(turn, FAULT_TOGETHER, faults.together / BENCH_FAULTS);
}

/* Memory that nobody has written to takes next to none: zero pages. */
static void measure_tables(struct turn *turn)
{
	const size_t half = BENCH_TABLE_PAGES * PAGE;
	struct bench_tables tables;
	char *memory = mmap(NULL, 3 * half, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap", "");
	madvise(memory, 3 * half, MADV_HUGEPAGE);
	tables.start = ((uintptr_t)memory + half - 1) & ~(half - 1);
	call(turn, BENCH_IOC_TABLES, &tables, "tables");
	take(turn, TABLE_BYTES, tables.bytes);
	take(turn, TABLE_ENTRIES, BENCH_TABLE_PAGES * sizeof(uint64_t));
	munmap(memory, 3 * half);
}

static void measure_parts(struct turn *turn)
{
	int i;

	if (turn->driver != SDK)
		return;
	for (i = 0; i < ROUNDS; i++)
		measure_faults(turn);
	measure_tables(turn);
}

/* ---- memory that the device does not use */

static void measure_munmap(struct turn *turn, enum what what, char *where, size_t size)
{
	char *memory =
		mmap(where, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t begun;

	if (memory == MAP_FAILED)
		die("mmap", "");
	madvise(memory, size, MADV_NOHUGEPAGE);
	touch(memory, size);
	begun = now();
	if (munmap(memory, size))
		die("munmap", "");
	take(turn, what, now() - begun);
}

/* Far from all ranges. */
static void measure_elsewhere(struct turn *turn)
{
	measure_munmap(turn, ELSEWHERE_4K, turn->memory - (8UL << 30), PAGE);
}

/* ---- turns */

static struct turn begin_turn(enum driver driver, struct samples *samples)
{
	struct turn turn = { .driver = driver, .samples = samples };

	turn.fd = open(driver_files[driver], O_RDWR | O_CLOEXEC);
	if (turn.fd < 0)
		die("cannot open", driver_files[driver]);
	call(&turn, BENCH_IOC_ATTACH, NULL, "attach");
	return turn;
}

/* Attached to the process, but there is no range: by hand nothing is registered with the kernel. */
static void take_untouched_turn(enum driver driver, struct samples *samples)
{
	struct turn turn = begin_turn(driver, samples);
	int i;

	for (i = 0; i < ROUNDS; i++) {
		measure_munmap(&turn, UNTOUCHED_4K, NULL, PAGE);
		measure_munmap(&turn, UNTOUCHED_128K, NULL, 32 * PAGE);
	}
}

static void take_turn(enum driver driver, struct samples *samples)
{
	struct turn turn = begin_turn(driver, samples);
	struct bench_range range;
	int i;

	turn.memory = mmap(NULL, MEMORY + 2 * HUGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (turn.memory == MAP_FAILED)
		die("mmap", "");
	turn.memory = (char *)(((uintptr_t)turn.memory + HUGE - 1) & ~(HUGE - 1));
	/* Unmapping in the middle of what a huge page could cover invalidates all of that. */
	munmap(turn.memory + MEMORY + PAGE, HUGE);
	madvise(turn.memory, MEMORY, MADV_NOHUGEPAGE);
	range = range_at(&turn, 0, 0, MEMORY + PAGE);
	call(&turn, BENCH_IOC_INSERT, &range, "insert");
	for (i = 0; i < ROUNDS; i++) {
		measure_empty(&turn);
		measure_elsewhere(&turn);
		measure_flush(&turn);
		measure_range(&turn);
		measure_populate(&turn);
	}
	measure_crowd(&turn);
	measure_parts(&turn);
}

/*
 * Each turn is a process of its own: a driver's notifiers would slow the other's calls down, and so
 * would what another turn has mapped.
 */
static void run_turn(void (*turn)(enum driver driver, struct samples *samples), enum driver driver,
		     struct samples *samples)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		turn(driver, samples);
		exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		die("cannot run", "a turn");
	if (status)
		exit(1);
}

static void run_turns(struct samples *samples)
{
	int i;

	for (i = 0; i < TURNS * DRIVERS; i++) {
		run_turn(take_turn, i % DRIVERS, samples);
		run_turn(take_untouched_turn, i % DRIVERS, samples);
	}
}

/* ---- the clock */

/* Two lengths of a loop whose instructions are known: the clock must count every one of them. */
static void check_counting(void)
{
	struct bench_loop loop[] = { { .count = 1000 }, { .count = 101000 } };
	int fd = open(BENCH_DEVICE_RAW, O_RDWR | O_CLOEXEC);
	uint64_t begun, spent;
	uint64_t count = 100000;

	if (fd < 0 || ioctl(fd, BENCH_IOC_LOOP, &loop[0]) || ioctl(fd, BENCH_IOC_LOOP, &loop[1]))
		die("cannot use", BENCH_DEVICE_RAW);
	close(fd);
	begun = now();
	asm volatile("1: dec %0\n\tjnz 1b" : "+r"(count) : : "cc");
	spent = now() - begun;
	if (loop[1].cycles - loop[0].cycles == 200000 && spent >= 200000 && spent < 200020)
		return;
	fprintf(stderr,
		"bench-measure: the time stamp counter does not count instructions here:\n"
		"200000 of them read as %llu in the kernel, %llu here; use the guest row icount\n",
		(unsigned long long)(loop[1].cycles - loop[0].cycles), (unsigned long long)spent);
	exit(1);
}

/* Ticks of the counter in a nanosecond. */
static double tick_rate(void)
{
	struct timespec start, end;
	uint64_t ticks = now();
	double ns;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		clock_gettime(CLOCK_MONOTONIC, &end);
		ns = (end.tv_sec - start.tv_sec) * 1e9 + (end.tv_nsec - start.tv_nsec);
	} while (ns < 2e8);
	return (now() - ticks) / ns;
}

/* ---- results */

/* What the hypervisor calls itself. */
static const char *accelerator(void)
{
	unsigned int eax, name[3];

	__cpuid(0x40000000, eax, name[0], name[1], name[2]);
	if (!memcmp(name, "TCGTCGTCGTCG", 12))
		return "tcg";
	return memcmp(name, "KVMKVMKVM", 9) ? "unknown" : "kvm";
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void print_results(struct samples *samples, double rate)
{
	int what, driver, count;
	uint64_t *value;
	double unit;

	for (what = 0; what < WHATS; what++) {
		unit = is_memory(what) ? 1 : rate;
		for (driver = 0; driver < DRIVERS; driver++) {
			value = samples->value[what][driver];
			count = samples->count[what][driver];
			if (!count)
				continue;
			qsort(value, count, sizeof(*value), compare);
			printf("%s%s\t%s\t%.0f\t%.0f\n", driver == WHOLE ? "whole." : "",
			       what_names[what], driver_names[driver != RAW], value[0] / unit,
			       value[count / 2] / unit);
		}
	}
}

int main(int argc, char **argv)
{
	struct samples *samples;
	struct utsname uts;
	bool count = argc == 2 && !strcmp(argv[1], "count");

	if (!count && (argc != 2 || strcmp(argv[1], "time"))) {
		fprintf(stderr,
			"usage: bench-measure count|time\n"
			"count: instructions, in a guest of the row icount; time: nanoseconds\n");
		return 2;
	}
	samples = mmap(NULL, sizeof(*samples), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	if (samples == MAP_FAILED)
		die("mmap", "");
	if (count)
		check_counting();
	run_turns(samples);
	uname(&uts);
	printf("unit\t%s\nkernel\t%s\naccelerator\t%s\n", count ? "instructions" : "ns",
	       uts.release, accelerator());
	print_results(samples, count ? 1 : tick_rate());
	return 0;
}
