// SPDX-License-Identifier: GPL-2.0-only
/* Shows through /dev/xmmu-skeleton what the kernel invalidates in an address space. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xmmu/skeleton.h>

#define DEVICE  "/dev/xmmu-skeleton"
#define SECONDS 10

static const char usage_text[] =
	"usage: xmmu-skeleton watch PID [ADDR LEN]\n"
	"       xmmu-skeleton stats PID [SECONDS]\n"
	"       xmmu-skeleton self\n"
	"Show what the kernel invalidates in an address space.\n"
	"\n"
	"  watch   print each invalidation of the writable memory of a running program, or of\n"
	"          LEN bytes from ADDR there, until it exits or Ctrl-C is pressed\n"
	"  stats   count them for SECONDS (10; 0: until it exits or Ctrl-C is pressed), then print\n"
	"          the driver's statistics\n"
	"  self    change memory of this program, and print what the kernel says about it\n"
	"\n"
	"The program is traced for a moment, since only its tracer may attach to its memory: be its\n"
	"user, or root. Mappings that it makes later are not watched.\n"
	"\n"
	"Exit status: 0 all went well, 1 something failed, 2 bad usage.\n";

struct mapping {
	__u64 start;
	__u64 end;
	char name[64];
};

static struct mapping *mappings;
static size_t nr_mappings;
static size_t page_size;
static volatile sig_atomic_t stopped;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("xmmu-skeleton: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Without SA_RESTART: a read that waits ends, and the summary is printed. */
static void stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

__attribute__((format(printf, 1, 2), noreturn)) static void bad_usage(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("xmmu-skeleton: ", stderr);
	vfprintf(stderr, format, args);
	fputs("; try xmmu-skeleton --help\n", stderr);
	va_end(args);
	exit(2);
}

static __u64 number(const char *what, const char *text, __u64 max)
{
	char *end;
	__u64 value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || end == text || *text == '-' || value > max)
		bad_usage("%s '%s': give a number up to %llu", what, text, (unsigned long long)max);
	return value;
}

/* ---- the device ---- */

static int open_device(int flags)
{
	int fd = open(DEVICE, O_RDWR | O_CLOEXEC | flags);

	if (fd < 0 && errno == ENOENT)
		die("there is no " DEVICE ": load the driver, insmod skeleton.ko");
	if (fd < 0)
		die("cannot open " DEVICE ": %s; be root or change its owner", strerror(errno));
	return fd;
}

static void attach(int fd, pid_t pid)
{
	struct xmmu_skeleton_attach argument = { .pid = pid };

	if (ioctl(fd, XMMU_SKELETON_ATTACH, &argument))
		die("cannot attach to the memory of process %d: %s", pid, strerror(errno));
}

/* Tracing ends in a stop only, with the signal that the program would have got there. */
static void end_trace(pid_t pid)
{
	int signal = 0, status;

	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) || waitpid(pid, &status, __WALL) != pid)
		return;
	if (!WIFSTOPPED(status))
		return;
	if (status >> 16 != PTRACE_EVENT_STOP)
		signal = WSTOPSIG(status);
	ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signal);
}

static void attach_traced(int fd, pid_t pid)
{
	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL)) {
		if (errno == ESRCH)
			die("there is no process %d: see ps -e", pid);
		die("cannot trace process %d: %s; be its user or root, and see "
		    "/proc/sys/kernel/yama/ptrace_scope",
		    pid, strerror(errno));
	}
	attach(fd, pid);
	end_trace(pid);
}

/* ---- ranges ---- */

static void add_mapping(int fd, __u64 start, __u64 end, const char *name)
{
	struct xmmu_skeleton_range argument = { .addr = start, .len = end - start };
	struct mapping *mapping;

	if (ioctl(fd, XMMU_SKELETON_RANGE_ADD, &argument))
		die("cannot watch %#llx-%#llx: %s; addresses are multiples of %zu",
		    (unsigned long long)start, (unsigned long long)end, strerror(errno), page_size);
	mappings = realloc(mappings, (nr_mappings + 1) * sizeof(*mappings));
	if (!mappings)
		die("no memory");
	mapping = &mappings[nr_mappings++];
	mapping->start = start;
	mapping->end = end;
	snprintf(mapping->name, sizeof(mapping->name), "%s", name);
}

static FILE *open_maps(pid_t pid)
{
	char path[64];
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		die("cannot read %s: %s", path, strerror(errno));
	return maps;
}

static bool is_mapped(pid_t pid, __u64 addr, __u64 len)
{
	unsigned long long start, end;
	FILE *maps = open_maps(pid);
	bool mapped = false;
	char line[512];

	while (!mapped && fgets(line, sizeof(line), maps))
		mapped = sscanf(line, "%llx-%llx", &start, &end) == 2 && start < addr + len &&
			 end > addr;
	fclose(maps);
	return mapped;
}

static void add_writable(int fd, pid_t pid)
{
	unsigned long long start, end;
	char line[512], rights[8], name[256];
	FILE *maps = open_maps(pid);

	while (fgets(line, sizeof(line), maps)) {
		name[0] = '\0';
		if (sscanf(line, "%llx-%llx %7s %*s %*s %*s %255s", &start, &end, rights, name) < 3)
			continue;
		if (rights[1] == 'w')
			add_mapping(fd, start, end, name);
	}
	fclose(maps);
	if (!nr_mappings)
		die("process %d has no writable memory", pid);
}

/* Only what is present: watching must not change what the program does. */
static void populate(int fd, __u64 start, __u64 end)
{
	size_t i;

	for (i = 0; i < nr_mappings; i++) {
		__u64 from = start > mappings[i].start ? start : mappings[i].start;
		__u64 to = end < mappings[i].end ? end : mappings[i].end;
		struct xmmu_skeleton_populate argument = {
			.addr = from,
			.len = to - from,
			.flags = XMMU_SKELETON_SNAPSHOT,
		};

		if (from >= to || !ioctl(fd, XMMU_SKELETON_POPULATE, &argument))
			continue;
		/* Gone, or not to be had just now: what comes next is shown all the same. */
		if (errno != ESRCH && errno != ETIMEDOUT && errno != EINTR)
			die("cannot populate %#llx-%#llx: %s", (unsigned long long)from,
			    (unsigned long long)to, strerror(errno));
	}
}

/* ---- output ---- */

static const char *reason(unsigned int event)
{
	static const char *const names[] = {
		[XMMU_SKELETON_UNMAP] = "unmap",
		[XMMU_SKELETON_CLEAR] = "clear",
		[XMMU_SKELETON_PROTECTION_VMA] = "protect",
		[XMMU_SKELETON_PROTECTION_PAGE] = "protect page",
		[XMMU_SKELETON_SOFT_DIRTY] = "soft dirty",
		[XMMU_SKELETON_RELEASE] = "release",
		[XMMU_SKELETON_MIGRATE] = "migrate",
		[XMMU_SKELETON_EXCLUSIVE] = "exclusive",
	};

	return event < sizeof(names) / sizeof(names[0]) ? names[event] : "other";
}

static const char *name_at(__u64 addr, __u64 end)
{
	size_t i;

	for (i = 0; i < nr_mappings; i++) {
		if (addr < mappings[i].end && end > mappings[i].start)
			return mappings[i].name;
	}
	return "";
}

static double seconds(__u64 since_ns)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec * 1000000000ULL + now.tv_nsec - since_ns) / 1e9;
}

static void print_event(const struct xmmu_skeleton_event *event, __u64 begin_ns)
{
	const char *name = name_at(event->start, event->end);

	if (event->lost)
		printf("%10s  %u invalidations were not read in time\n", "", event->lost);
	printf("%10.6f  %-12s %12llx-%-12llx %-9s ", (event->time_ns - begin_ns) / 1e9,
	       reason(event->event), (unsigned long long)event->start,
	       (unsigned long long)event->end,
	       event->flags & XMMU_SKELETON_BLOCKABLE ? "may sleep" : "must not");
	if (event->outcome == XMMU_SKELETON_REFUSED)
		printf("refused");
	else if (event->zap_end)
		printf("zapped %llx-%llx", (unsigned long long)event->zap_start,
		       (unsigned long long)event->zap_end);
	else
		printf("nothing to zap");
	if (event->wait_ns)
		printf(", waited %llu us", (unsigned long long)event->wait_ns / 1000);
	printf("%s%s\n", *name ? "  " : "", name);
	fflush(stdout);
}

static void print_count(const char *what, __u64 count)
{
	if (count)
		printf("%10llu  %s\n", (unsigned long long)count, what);
}

static struct xmmu_skeleton_stats get_stats(int fd)
{
	struct xmmu_skeleton_stats stats;

	if (ioctl(fd, XMMU_SKELETON_STATS, &stats))
		die("cannot read the statistics: %s", strerror(errno));
	return stats;
}

/* The SDK counts events by the blocks that it has told the kernel of, before it looks at ranges. */
static void print_stats(int fd)
{
	struct xmmu_skeleton_stats stats = get_stats(fd);
	size_t i;

	printf("Invalidations in the blocks of 512 MiB where something is watched:\n");
	for (i = 0; i < sizeof(stats.events) / sizeof(stats.events[0]); i++)
		print_count(reason(i), stats.events[i]);
	print_count("of them must not block", stats.nonblock);
	print_count("of them refused", stats.refused);
	print_count("of them removed a translation", stats.zaps);
	print_count("waited for the device", stats.waits);
	print_count("ns the longest that had to wait took", stats.invalidate_ns_max);
	print_count("windows populated", stats.commits);
	print_count("pages in them", stats.pages);
	print_count("attempts made void by an invalidation", stats.retries);
}

/* ---- commands ---- */

/*
 * Until the program exits, a signal comes, or time is up; 0 seconds are for ever. Returns how many
 * records were read.
 */
static unsigned long follow(int fd, unsigned int limit, bool print)
{
	struct xmmu_skeleton_event event;
	unsigned long records = 0;
	struct timespec now;
	__u64 begin_ns;
	ssize_t got;

	clock_gettime(CLOCK_MONOTONIC, &now);
	begin_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	while (!stopped && (!limit || seconds(begin_ns) < limit)) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };

		if (poll(&pollfd, 1, 100) <= 0)
			continue;
		got = read(fd, &event, sizeof(event));
		if (!got) {
			printf("%10.6f  the program is gone\n", seconds(begin_ns));
			break;
		}
		if (got < 0)
			continue;
		records++;
		if (print)
			print_event(&event, begin_ns);
		if (event.zap_end)
			populate(fd, event.zap_start, event.zap_end);
	}
	return records;
}

/* For somebody who looks at an idle program: progress is for terminals only. */
__attribute__((format(printf, 1, 2))) static void progress(const char *format, ...)
{
	va_list args;

	if (!isatty(STDERR_FILENO))
		return;
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
}

/* @span: ADDR and LEN, or NULL for all writable memory. */
static int watch(pid_t pid, char **span)
{
	__u64 addr = span ? number("ADDR", span[0], UINT64_MAX) : 0;
	__u64 len = span ? number("LEN", span[1], UINT64_MAX - addr) : 0;
	int fd = open_device(O_NONBLOCK);
	unsigned long records;

	attach_traced(fd, pid);
	if (span)
		add_mapping(fd, addr, addr + len, "");
	else
		add_writable(fd, pid);
	if (span && !is_mapped(pid, addr, len))
		fprintf(stderr,
			"xmmu-skeleton: nothing is mapped at %#llx-%#llx now: see "
			"/proc/%d/maps\n",
			(unsigned long long)addr, (unsigned long long)(addr + len), pid);
	populate(fd, 0, ~0ULL);
	progress("watching %zu mapping%s, %llu pages of %d; Ctrl-C ends\n", nr_mappings,
		 nr_mappings == 1 ? "" : "s", (unsigned long long)get_stats(fd).pages, pid);
	records = follow(fd, 0, true);
	progress("%lu records\n", records);
	return 0;
}

static int count(pid_t pid, unsigned int limit)
{
	int fd = open_device(O_NONBLOCK);

	attach_traced(fd, pid);
	add_writable(fd, pid);
	populate(fd, 0, ~0ULL);
	follow(fd, limit, false);
	print_stats(fd);
	return 0;
}

/* What a step caused, and translations anew for the next one. */
static void show_step(int fd, const char *step, __u64 begin_ns)
{
	struct xmmu_skeleton_event event;

	printf("%s\n", step);
	while (read(fd, &event, sizeof(event)) == sizeof(event))
		print_event(&event, begin_ns);
	populate(fd, 0, ~0ULL);
}

static pid_t start_child(void)
{
	pid_t child = fork();

	if (child < 0)
		die("cannot fork: %s", strerror(errno));
	if (!child) {
		pause();
		_exit(0);
	}
	return child;
}

static int self(void)
{
	size_t len = 8 * page_size;
	char *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_device(O_NONBLOCK);
	struct timespec now;
	__u64 begin_ns;
	pid_t child;

	if (memory == MAP_FAILED)
		die("cannot map %zu bytes: %s", len, strerror(errno));
	clock_gettime(CLOCK_MONOTONIC, &now);
	begin_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	attach(fd, 0);
	add_mapping(fd, (__u64)(unsigned long)memory, (__u64)(unsigned long)memory + len, "");
	memset(memory, 1, len);
	show_step(fd, "write to 8 pages, then populate them", begin_ns);
	madvise(memory, page_size, MADV_DONTNEED);
	show_step(fd, "madvise(MADV_DONTNEED) of the first page", begin_ns);
	mprotect(memory + page_size, page_size, PROT_READ);
	show_step(fd, "mprotect(PROT_READ) of the second", begin_ns);
	child = start_child();
	show_step(fd, "fork", begin_ns);
	memory[2 * page_size] = 2;
	show_step(fd, "write to the third page, which the child shares", begin_ns);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	munmap(memory + 6 * page_size, 2 * page_size);
	show_step(fd, "munmap of the last two", begin_ns);
	munmap(memory, len);
	show_step(fd, "munmap of all", begin_ns);
	print_stats(fd);
	return 0;
}

static pid_t pid_of(const char *text)
{
	if (!text)
		bad_usage("PID is missing: give the number of a process");
	return number("PID", text, INT32_MAX);
}

static void at_most(int max, char **args, int nr_args)
{
	if (nr_args > max)
		bad_usage("'%s': leave it out, there are too many arguments", args[max]);
}

/* After the last argument comes NULL. */
static int run(const char *command, char **args, int nr_args)
{
	if (!strcmp(command, "self")) {
		at_most(0, args, nr_args);
		return self();
	}
	if (!strcmp(command, "stats")) {
		at_most(2, args, nr_args);
		return count(pid_of(args[0]),
			     nr_args == 2 ? number("SECONDS", args[1], 86400) : SECONDS);
	}
	if (!strcmp(command, "watch")) {
		at_most(3, args, nr_args);
		if (nr_args == 2)
			bad_usage("LEN is missing: give how many bytes to watch from %s on",
				  args[1]);
		return watch(pid_of(args[0]), nr_args == 3 ? args + 1 : NULL);
	}
	bad_usage("'%s': give watch, stats or self", command);
}

int main(int argc, char **argv)
{
	page_size = sysconf(_SC_PAGESIZE);
	stop_on_signals();
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (argc == 1) {
		fputs(usage_text, stderr);
		return 2;
	}
	return run(argv[1], argv + 2, argc - 2);
}
