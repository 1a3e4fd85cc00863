// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lets QEMU's edu device work in the memory of this program by DMA, changes that memory under it,
 * and reports what the kernel announced and what the drivers did.
 *
 * /dev/xmmu-edu0 moves the bytes. It keeps no translation for longer than a transfer, so what is seen
 * of it is waiting. /dev/xmmu-skeleton has translations of the same pages meanwhile; it shows what is
 * zapped.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <xmmu/edu.h>
#include <xmmu/skeleton.h>

#define PAGE    4096UL
#define WAIT_MS 10000

static const char usage_text[] =
	"usage: edu-demo\n"
	"Show how a device keeps working in the memory of a program that changes under it.\n"
	"The drivers edu and skeleton must be loaded.\n"
	"\n"
	"Exit status: 0 all held, 1 something did not or failed, 2 bad usage.\n";

static int edu;
static int skeleton;
static bool mapped; /* transfers use the program's own pages, not one of the driver */
static unsigned int steps;
static unsigned int failures;
static unsigned long checked;
static struct xmmu_edu_info at_start;
static struct xmmu_edu_stats total; /* of this program and of its child */

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, format);
	fputs("edu-demo: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(args);
	exit(1);
}

/* ---- report */

static void step(const char *title)
{
	printf("\n%2u  %s\n", ++steps, title);
}

__attribute__((format(printf, 2, 3))) static void line(const char *who, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("      %-9s", who);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

static void check(bool ok, const char *what)
{
	printf("      %-9s%-74s%s\n", "checked", what, ok ? "ok" : "FAILED");
	failures += !ok;
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

/* ---- patterns */

static unsigned char pattern(unsigned int seed, size_t i)
{
	return (seed * 59 + i * 7 + i / 251) % 255 + 1;
}

static void fill(char *memory, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		memory[i] = pattern(seed, i);
}

static bool holds(const char *memory, size_t len, unsigned int seed)
{
	size_t i;

	checked += len;
	for (i = 0; i < len; i++)
		if ((unsigned char)memory[i] != pattern(seed, i))
			return false;
	return true;
}

static bool is_zero(const char *memory, size_t len)
{
	checked += len;
	while (len)
		if (memory[--len])
			return false;
	return true;
}

/* ---- the devices */

static int open_device(const char *path, const char *driver)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		die("cannot open %s, load the driver '%s' and be root", path, driver);
	return fd;
}

static unsigned int add_range(int fd, const char *memory, size_t pages)
{
	struct xmmu_edu_register reg = { .addr = (uintptr_t)memory, .len = pages * PAGE };

	if (ioctl(fd, XMMU_EDU_REGISTER, &reg))
		die("cannot register %zu pages at %p", pages, memory);
	return reg.range;
}

static unsigned int submit(int fd, unsigned int range, const char *memory, unsigned int len,
			   unsigned int direction)
{
	struct xmmu_edu_submit job = {
		.addr = (uintptr_t)memory,
		.len = len,
		.range = range,
		.direction = direction,
	};

	if (ioctl(fd, XMMU_EDU_SUBMIT, &job))
		die("cannot submit a job of %u bytes", len);
	return job.job;
}

static struct xmmu_edu_wait finish(int fd, unsigned int job)
{
	struct xmmu_edu_wait wait = { .job = job, .timeout_ms = WAIT_MS };

	if (ioctl(fd, XMMU_EDU_WAIT, &wait))
		die("cannot wait for job %u", job);
	return wait;
}

static struct xmmu_edu_stats edu_stats(int fd)
{
	struct xmmu_edu_stats stats;

	if (ioctl(fd, XMMU_EDU_STATS, &stats))
		die("cannot read the statistics of edu");
	return stats;
}

static struct xmmu_edu_info edu_info(void)
{
	struct xmmu_edu_info info;

	if (ioctl(edu, XMMU_EDU_INFO, &info))
		die("cannot ask what edu is");
	return info;
}

static void add_stats(int fd)
{
	struct xmmu_edu_stats stats = edu_stats(fd);

	total.pages += stats.pages;
	total.retries += stats.retries;
	total.waits += stats.waits;
	total.nonblock += stats.nonblock;
	total.refused += stats.refused;
	if (stats.wait_ns_max > total.wait_ns_max)
		total.wait_ns_max = stats.wait_ns_max;
}

/* Submit, and return when the device is at work on it. */
static unsigned int launch(int fd, unsigned int range, const char *memory, unsigned int len,
			   unsigned int direction)
{
	__u64 before = edu_stats(fd).transfers;
	unsigned int job = submit(fd, range, memory, len, direction);
	double limit = now_ms() + (mapped ? WAIT_MS : 20);

	while (edu_stats(fd).transfers == before && now_ms() < limit)
		usleep(1000);
	return job;
}

static bool copy(unsigned int range, const char *memory, unsigned int len, unsigned int direction)
{
	struct xmmu_edu_wait wait = finish(edu, submit(edu, range, memory, len, direction));

	return !wait.status && wait.done == len;
}

/* ---- what the kernel announced */

static const char *const reasons[] = {
	[XMMU_EDU_UNMAP] = "UNMAP",
	[XMMU_EDU_CLEAR] = "CLEAR",
	[XMMU_EDU_PROTECTION_VMA] = "PROTECTION_VMA",
	[XMMU_EDU_PROTECTION_PAGE] = "PROTECTION_PAGE",
	[XMMU_EDU_SOFT_DIRTY] = "SOFT_DIRTY",
	[XMMU_EDU_RELEASE] = "RELEASE",
	[XMMU_EDU_MIGRATE] = "MIGRATE",
	[XMMU_EDU_EXCLUSIVE] = "EXCLUSIVE",
};

static const char *reason(unsigned int event)
{
	return event < sizeof(reasons) / sizeof(reasons[0]) ? reasons[event] : "another event";
}

static void show_span(const char *who, const char *what, __u64 start, __u64 end, const char *more)
{
	if (!start && end > INTPTR_MAX)
		line(who, "%-16s the whole address space%s", what, more);
	else
		line(who, "%-16s %#llx to %#llx, %llu page%s%s", what, start, end,
		     (end - start) / PAGE, end - start == PAGE ? "" : "s", more);
}

/* Print the records of edu; returns the nanoseconds waited in all of them. */
static __u64 show_events(int fd)
{
	struct xmmu_edu_event event;
	__u64 waited = 0;

	while (read(fd, &event, sizeof(event)) == sizeof(event)) {
		show_span("kernel", reason(event.event), event.start, event.end,
			  event.flags & XMMU_EDU_BLOCKABLE ? ", may block" : ", must not block");
		if (event.flags & XMMU_EDU_REFUSED)
			line("edu", "refused it");
		else if (event.wait_ns)
			line("edu", "%-16s %.1f ms for the transfer in flight", "waited",
			     event.wait_ns / 1e6);
		else
			line("edu", "nothing to do");
		waited += event.wait_ns;
	}
	return waited;
}

static void show_zaps(void)
{
	struct xmmu_skeleton_event event;

	while (read(skeleton, &event, sizeof(event)) == sizeof(event))
		if (event.zap_end)
			show_span("skeleton", "zapped", event.zap_start, event.zap_end, "");
}

/* After a change of memory that began at @began, with a transfer in flight on it. */
static void show(double began, bool hit)
{
	double took = now_ms() - began;
	__u64 waited = show_events(edu);

	show_zaps();
	line("program", "%-16s %.1f ms", "call took", took);
	if (hit && mapped)
		check(waited > 0, "the kernel was held back until the device had finished");
	if (!hit)
		check(!waited, "nobody waited: the device works on another page");
}

static void forget_events(void)
{
	char buffer[64 * sizeof(struct xmmu_skeleton_event)];

	while (read(edu, buffer, sizeof(buffer)) > 0)
		;
	while (read(skeleton, buffer, sizeof(buffer)) > 0)
		;
}

/* ---- memory that both devices use */

struct area {
	char *memory;
	size_t pages;
	unsigned int range;
};

static struct area make_area(size_t pages, unsigned int seed)
{
	struct area area = { .pages = pages };
	struct xmmu_skeleton_range range = { .len = pages * PAGE };
	struct xmmu_skeleton_populate populate = { .len = pages * PAGE,
						   .flags = XMMU_SKELETON_WRITE };

	area.memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	if (area.memory == MAP_FAILED)
		die("no memory for %zu pages", pages);
	fill(area.memory, pages * PAGE, seed);
	area.range = add_range(edu, area.memory, pages);
	range.addr = populate.addr = (uintptr_t)area.memory;
	if (ioctl(skeleton, XMMU_SKELETON_RANGE_ADD, &range) ||
	    ioctl(skeleton, XMMU_SKELETON_POPULATE, &populate))
		die("cannot make translations of %zu pages", pages);
	forget_events();
	return area;
}

static void drop_area(const struct area *area)
{
	struct xmmu_skeleton_range range = { (uintptr_t)area->memory, area->pages * PAGE };

	if (ioctl(edu, XMMU_EDU_UNREGISTER, &(struct xmmu_edu_id){ .id = area->range }) ||
	    ioctl(skeleton, XMMU_SKELETON_RANGE_DEL, &range))
		die("cannot take back %zu pages", area->pages);
	munmap(area->memory, area->pages * PAGE);
}

/* Put a pattern into the device's buffer. */
static void load_device(unsigned int seed, unsigned int len)
{
	struct area area = make_area(1, seed);

	if (!copy(area.range, area.memory, len, XMMU_EDU_TO_DEVICE))
		die("cannot load the device");
	drop_area(&area);
}

/* ---- the steps */

static void both_ways(void)
{
	struct area area = make_area(2, 1);
	char *there = area.memory + 2500;
	bool ok;

	step("copy 3000 bytes to the device and back, across the end of a page");
	fill(there, 3000, 1);
	ok = copy(area.range, there, 3000, XMMU_EDU_TO_DEVICE);
	memset(there, 0, 3000);
	ok = ok && copy(area.range, there, 3000, XMMU_EDU_FROM_DEVICE);
	line("device", "%-16s 3000 bytes each way, in 2 transfers each", "moved");
	check(ok && holds(there, 3000, 1), "all 3000 bytes came back");
	drop_area(&area);
}

static void unmap(void)
{
	struct area area = make_area(1, 2);
	unsigned int job;
	double began;
	char *next;

	step("munmap() of the page that the device writes to");
	job = launch(edu, area.range, area.memory, 3000, XMMU_EDU_FROM_DEVICE);
	began = now_ms();
	munmap(area.memory, PAGE);
	next = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	fill(next, PAGE, 3);
	show(began, true);
	check(finish(edu, job).status == 0, "the device moved all 3000 bytes");
	usleep(150000);
	check(holds(next, PAGE, 3), "the page that was mapped next keeps its 4096 bytes");
	munmap(next, PAGE);
	drop_area(&area);
}

static void unmap_part(void)
{
	struct area area = make_area(2, 4);
	char *there = area.memory + PAGE - 1000;
	struct xmmu_edu_wait wait;
	unsigned int job;
	double began;

	step("munmap() of the second of two pages, while the device writes to the first");
	job = launch(edu, area.range, there, 3000, XMMU_EDU_FROM_DEVICE);
	began = now_ms();
	munmap(area.memory + PAGE, PAGE);
	show(began, false);
	wait = finish(edu, job);
	line("device", "%-16s %u of 3000 bytes, then: %s", "moved", wait.done,
	     strerror(-wait.status));
	check(wait.status == -EFAULT && wait.done == 1000, "it stopped where the mapping ends");
	check(holds(there, 1000, 1) && holds(area.memory, PAGE - 1000, 4),
	      "the 1000 bytes arrived, the 3096 bytes before them are as they were");
	drop_area(&area);
}

static void protect(void)
{
	struct area area = make_area(1, 5);
	struct xmmu_edu_wait wait;
	unsigned int job;
	double began;

	step("mprotect() to read-only of the page that the device writes to");
	job = launch(edu, area.range, area.memory, 3000, XMMU_EDU_FROM_DEVICE);
	began = now_ms();
	mprotect(area.memory, PAGE, PROT_READ);
	show(began, true);
	check(holds(area.memory, 3000, 1), "the 3000 bytes were there when it returned");
	check(finish(edu, job).status == 0, "the device moved all of them");
	wait = finish(edu, submit(edu, area.range, area.memory, 1, XMMU_EDU_FROM_DEVICE));
	line("device", "%-16s %u bytes of the next job: %s", "moved", wait.done,
	     strerror(-wait.status));
	check(wait.status == -EPERM && !wait.done, "the device respects the new right");
	drop_area(&area);
}

static void fork_and_write(void)
{
	struct area area = make_area(1, 6);
	int go[2], status = -1;
	unsigned int job;
	double began;
	pid_t child;
	char c;

	step("fork() while the device writes, then it writes again: copy-on-write");
	if (pipe(go))
		die("no pipe");
	fflush(stdout);
	job = launch(edu, area.range, area.memory, 1000, XMMU_EDU_FROM_DEVICE);
	began = now_ms();
	child = fork();
	if (child < 0)
		die("cannot fork");
	if (!child) {
		c = read(go[0], &c, 1) != 1 || !holds(area.memory, 1000, 1);
		_exit(c);
	}
	show(began, true);
	check(finish(edu, job).status == 0, "the device moved all 1000 bytes");
	load_device(7, 3000);
	check(copy(area.range, area.memory, 3000, XMMU_EDU_FROM_DEVICE), "and 3000 more");
	show_events(edu);
	show_zaps();
	check(holds(area.memory, 3000, 7), "this program sees the 3000 new bytes");
	if (write(go[1], "", 1) != 1 || waitpid(child, &status, 0) != child)
		die("the child is lost");
	checked += 1000;
	check(status == 0, "the child sees the 1000 bytes of before");
	close(go[0]);
	close(go[1]);
	drop_area(&area);
}

static void discard(void)
{
	struct area area = make_area(1, 8);
	unsigned int job;
	double began;
	bool zero;

	step("madvise(MADV_DONTNEED) of the page that the device reads from");
	job = launch(edu, area.range, area.memory, 3000, XMMU_EDU_TO_DEVICE);
	began = now_ms();
	madvise(area.memory, PAGE, MADV_DONTNEED);
	show(began, true);
	zero = is_zero(area.memory, PAGE);
	check(zero, "the program sees 4096 zeros");
	check(finish(edu, job).status == 0 &&
		      copy(area.range, area.memory, 3000, XMMU_EDU_FROM_DEVICE) &&
		      holds(area.memory, 3000, 8),
	      "the device read the 3000 bytes of before");
	drop_area(&area);
}

static void move(void)
{
	struct area area = make_area(1, 9), target = make_area(1, 10);
	struct xmmu_edu_wait wait;
	unsigned int job;
	double began;

	step("mremap() to another address of the page that the device writes to");
	job = launch(edu, area.range, area.memory, 3000, XMMU_EDU_FROM_DEVICE);
	began = now_ms();
	if (mremap(area.memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target.memory) ==
	    MAP_FAILED)
		die("mremap");
	show(began, true);
	check(finish(edu, job).status == 0 && holds(target.memory, 3000, 8),
	      "the 3000 bytes are at the new address");
	wait = finish(edu, submit(edu, area.range, area.memory, 1, XMMU_EDU_FROM_DEVICE));
	check(wait.status == -EFAULT, "there is nothing for the device at the old one");
	drop_area(&target);
	drop_area(&area);
}

/* What the child says to its parent. */
struct message {
	int fd;
	unsigned int job;
};

/* In the child: give the device more work than it can do until the exit. */
static void exit_at_work(int socket)
{
	size_t size = 10 * PAGE;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct message message;
	unsigned int range;
	char c;

	message.fd = open_device("/dev/xmmu-edu0", "edu");
	range = add_range(message.fd, memory, 10);
	message.job = launch(message.fd, range, memory, size, XMMU_EDU_FROM_DEVICE);
	if (write(socket, &message, sizeof(message)) == sizeof(message))
		_exit(read(socket, &c, 1) != 1);
	_exit(1);
}

/* A copy of the child's file, which outlives the child. */
static int adopt_file(pid_t child, int fd)
{
	int pidfd = syscall(SYS_pidfd_open, child, 0);
	int copy = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	if (copy < 0)
		die("cannot get the child's file");
	close(pidfd);
	return copy;
}

static void exit_of_child(void)
{
	struct xmmu_edu_wait wait;
	int sockets[2], fd, status = -1;
	struct message message;
	double began;
	pid_t child;

	step("exit of a child in whose memory the device is at work");
	fflush(stdout);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		die("no socket");
	child = fork();
	if (child < 0)
		die("cannot fork");
	if (!child)
		exit_at_work(sockets[1]);
	if (read(sockets[0], &message, sizeof(message)) != sizeof(message))
		die("the child is lost");
	fd = adopt_file(child, message.fd);
	began = now_ms();
	if (write(sockets[0], "", 1) != 1 || waitpid(child, &status, 0) != child)
		die("the child is lost");
	began = now_ms() - began;
	show_events(fd);
	line("program", "%-16s %.1f ms", "exit took", began);
	wait = finish(fd, message.job);
	line("device", "%-16s %u of %lu bytes, then: %s", "moved", wait.done, 10 * PAGE,
	     strerror(-wait.status));
	check(wait.status == -ESRCH, "the job ended with the address space");
	if (mapped)
		check(edu_stats(fd).waits > 0,
		      "the exit was held back until the device had finished");
	add_stats(fd);
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

static void show_device(void)
{
	static const char *const paths[] = {
		[XMMU_EDU_DIRECT] = "at its physical address",
		[XMMU_EDU_IOMMU] = "through an IOMMU",
		[XMMU_EDU_BOUNCE] = "through the kernel's bounce buffers",
		[XMMU_EDU_COHERENT] = "through a page of the driver",
	};
	struct utsname name;

	uname(&name);
	at_start = edu_info();
	mapped = at_start.path != XMMU_EDU_COHERENT;
	printf("A device without an MMU works in the memory of this program, which changes under it.\n\n"
	       "    kernel    %s %s\n"
	       "    device    edu, %u address bits, reaches memory %s\n"
	       "              moves up to %u bytes at a time, which takes 100 ms and cannot be aborted\n",
	       name.sysname, name.release, at_start.dma_bits, paths[at_start.path],
	       XMMU_EDU_BUFFER);
}

static void show_totals(void)
{
	struct xmmu_edu_info info = edu_info();
	__u64 transfers = 0;
	unsigned int i;

	for (i = 0; i < 4; i++)
		transfers += info.transfers[i] - at_start.transfers[i];
	add_stats(edu);
	printf("\n    In total\n");
	line("device", "%llu transfers, %llu bytes to it, %llu bytes from it, %llu interrupts lost",
	     transfers, info.bytes_to_device - at_start.bytes_to_device,
	     info.bytes_from_device - at_start.bytes_from_device,
	     info.lost_interrupts - at_start.lost_interrupts);
	line("edu", "%llu pages looked up, %llu of them again because the kernel came between",
	     total.pages, total.retries);
	line("edu", "%llu invalidations waited, %.1f ms at most; %llu must not block, %llu refused",
	     total.waits, total.wait_ns_max / 1e6, total.nonblock, total.refused);
	line("checked", "%lu bytes", checked);
}

int main(int argc, char **argv)
{
	if (argc == 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		fputs(usage_text, stdout);
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr,
			"edu-demo: '%s': leave it out, there are no arguments; try edu-demo --help\n",
			argv[1]);
		return 2;
	}
	edu = open_device("/dev/xmmu-edu0", "edu");
	skeleton = open_device("/dev/xmmu-skeleton", "skeleton");
	if (ioctl(skeleton, XMMU_SKELETON_ATTACH, &(struct xmmu_skeleton_attach){}))
		die("cannot attach /dev/xmmu-skeleton");
	show_device();
	both_ways();
	unmap();
	unmap_part();
	protect();
	fork_and_write();
	discard();
	move();
	exit_of_child();
	show_totals();
	printf("\n%s\n", failures ? "FAILED: not everything held." :
				    "PASSED: everything held, and every byte was checked.");
	return failures ? 1 : 0;
}
