// SPDX-License-Identifier: GPL-2.0-only
/*
 * Short lives: processes with a device of their own, which end in the middle of its work. Each is
 * this program again, started as `stress --life KIND PAGE`.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stress.h"

#define LIFE_PAGES  512
#define LIMITED_KIB 4096
#define STEP        16 /* pages at a time */
/* For a process that was killed to be gone. */
#define DEATH_MS 20000

/* Their pages in the table, beyond those of the arena: a memory limit needs more of them. */
#define FIRST_PAGE    8192
#define LIMITED_PAGES 1280

/* What a life does when its threads are at work; its exit status, if it gets that far. */
struct kind {
	const char *name;
	int (*finish)(int fd);
	bool keeps_file;
};

static unsigned int first_page;
static size_t nr_pages = LIFE_PAGES;

static struct region memory = { .name = "life", .kind = ANON, .base = ARENA, .unit = 1, .fd = -1 };

/* ---- in the process */

static struct span some_pages(void)
{
	struct span all = { .region = &memory,
			    .addr = ARENA,
			    .size = nr_pages * PAGE,
			    .first = first_page,
			    .pages = nr_pages };

	return span_part(&all, pick(nr_pages - 16), 1 + pick(16));
}

static int device_fd, range_id;

static void walk_on(void *arg)
{
	struct span span;

	for (;;) {
		span = some_pages();
		device_walk(device_fd, range_id, span.addr, span.pages, pick(3) ? XT_WRITE : 0);
		device_access(device_fd, range_id, span.addr, span.pages, true);
		nap_us(pick(200));
	}
}

static void write_on(void *arg)
{
	struct span span;

	for (;;) {
		span = some_pages();
		if (span_lock(&span, true)) {
			span_write(&span);
			span_unlock(&span, true);
		}
		nap_us(pick(200));
	}
}

static void discard_on(void *arg)
{
	uint32_t before[16];
	struct span span;

	for (;;) {
		span = some_pages();
		if (span_lock(&span, false)) {
			span_renew(&span, before);
			if (!madvise(span.addr, span.size, MADV_DONTNEED))
				span_bury(&span, before);
			span_unlock(&span, false);
		}
		nap_us(pick(1000));
	}
}

static void live_for(long ms)
{
	start_thread(walk_on, NULL);
	start_thread(walk_on, NULL);
	start_thread(write_on, NULL);
	start_thread(discard_on, NULL);
	nap_us(ms * 1000);
}

static int just_exit(int fd)
{
	live_for(20 + pick(50));
	return cpu_wrong ? 3 : 0;
}

static int exec_after(const char *what, int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	live_for(20 + pick(50));
	if (cpu_wrong)
		return 3;
	execl("/proc/self/exe", "stress", LIFE, what, number, NULL);
	return 4;
}

static int exec_other(int fd)
{
	return exec_after("done", fd);
}

/* The file stays open across exec, the memory does not. */
static int exec_with_file(int fd)
{
	return exec_after("left", fd);
}

static int wait_for_death(int fd)
{
	live_for(DEATH_MS);
	return 5;
}

/* All of the memory is missing, and nobody will ever bring it. */
static int never_answer(int fd)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register request = {
		.range = { .start = (uintptr_t)ARENA, .len = nr_pages * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) ||
	    madvise(ARENA, nr_pages * PAGE, MADV_DONTNEED) ||
	    ioctl(uffd, UFFDIO_REGISTER, &request))
		die("userfaultfd");
	return wait_for_death(fd);
}

static void write_all(int fd, long limit)
{
	struct span part, all = { .region = &memory,
				  .addr = ARENA,
				  .size = nr_pages * PAGE,
				  .first = first_page,
				  .pages = nr_pages };
	size_t i;

	for (i = 0; i < nr_pages && now_ms() < limit; i += STEP) {
		part = span_part(&all, i, STEP);
		device_walk(fd, range_id, part.addr, part.pages, XT_WRITE);
		device_access(fd, range_id, part.addr, part.pages, true);
		span_write(&part);
	}
}

static bool was_limited(void)
{
	return number_in(LIMITED "/memory.events", "max") > 0;
}

/* Through more memory than the group may have; a slow kernel takes longer to get there. */
static int exceed_limit(int fd)
{
	long least = now_ms() + 1000, limit = now_ms() + DEATH_MS / 2;

	if (put_text(LIMITED "/cgroup.procs", "%d", getpid()))
		die(LIMITED);
	while (now_ms() < least || (!was_limited() && now_ms() < limit))
		write_all(fd, limit);
	if (cpu_wrong)
		return 3;
	return was_limited() ? 0 : 6;
}

/* Only the end of a process can make room. */
static int exceed_without_swap(int fd)
{
	long limit = now_ms() + DEATH_MS;

	start_thread(walk_on, NULL);
	if (put_text(OOM_GROUP "/cgroup.procs", "%d", getpid()))
		die(OOM_GROUP);
	while (now_ms() < limit)
		write_all(fd, limit);
	return 5;
}

static void ignore(int number)
{
}

static int poison(int fd)
{
	/* Newer kernels tell at once, by a signal that can not be blocked. */
	signal(SIGBUS, ignore);
	*(volatile char *)ARENA = 1;
	if (madvise(ARENA, PAGE, ADVICE_POISON))
		die("MADV_HWPOISON");
	return device_walk(fd, range_id, ARENA, 1, XT_WRITE) == -EHWPOISON ? 0 : 7;
}

/* ---- after exec */

static int end_here(int fd)
{
	return 0;
}

static int find_nothing(int fd)
{
	return device_walk(fd, 1, ARENA, 1, 0) == -ESRCH && !close(fd) ? 0 : 8;
}

enum { EXIT, EXEC, EXEC_KEEP, KILL, REAP, NEVER, POISON, LIMIT, OOM };

static const struct kind kinds[] = {
	[EXIT] = { "exit", just_exit, false },
	[EXEC] = { "exec", exec_other, false },
	[EXEC_KEEP] = { "exec-with-file", exec_with_file, true },
	[KILL] = { "kill", wait_for_death, false },
	[REAP] = { "kill-and-reap", wait_for_death, false },
	[NEVER] = { "uffd-never-answered", never_answer, false },
	[POISON] = { "hwpoison", poison, false },
	[LIMIT] = { "memcg-limit", exceed_limit, false },
	[OOM] = { "memcg-oom", exceed_without_swap, false },
};

static int live(const struct kind *kind)
{
	struct span all;

	device_fd = device_open(!kind->keeps_file);
	stamps_open(device_fd);
	if (kind >= &kinds[LIMIT])
		nr_pages = LIMITED_PAGES;
	all = (struct span){ .region = &memory, .addr = ARENA, .size = nr_pages * PAGE };
	if (span_map(&all))
		die("memory");
	/* Reclaim comes page by page: there, each waits for as little as possible. */
	device_set(device_fd, XT_FLUSH_MODE,
		   pick(2) || kind >= &kinds[LIMIT] ? XT_FLUSH_IRQ : XT_FLUSH_DELAY);
	device_set(device_fd, XT_FLUSH_MS, 1);
	device_stamps(device_fd, ARENA, nr_pages, first_page);
	errno = -device_attach(device_fd, &(struct xt_attach){ .policy = pick(2) });
	if (errno)
		die("attach");
	range_id = device_insert(device_fd, ARENA, nr_pages);
	device_set(device_fd, XT_AGENT, AGENT_US);
	return kind->finish(device_fd);
}

int life_main(int argc, char **argv)
{
	size_t i;

	if (argc != 4)
		return 9;
	if (!strcmp(argv[2], "done"))
		return end_here(atoi(argv[3]));
	if (!strcmp(argv[2], "left"))
		return find_nothing(atoi(argv[3]));
	first_page = atoi(argv[3]);
	/* Another one for each life. */
	seed_random(getpid());
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(argv[2], kinds[i].name))
			return live(&kinds[i]);
	}
	return 9;
}

/* ---- in the parent */

extern char **environ;

/* Pages that only the lives of this thread use, and none of them now. */
static unsigned int own_pages(bool limited)
{
	static __thread unsigned int mine;
	static _Atomic unsigned int next;
	unsigned int page, nr = limited ? LIMITED_PAGES : LIFE_PAGES;
	struct span span = { .pages = nr };
	uint32_t before[LIMITED_PAGES];

	if (!mine)
		mine = FIRST_PAGE + next++ * (LIFE_PAGES + LIMITED_PAGES);
	span.first = mine;
	for (page = mine; page < mine + nr; page++)
		stamps[page].lock = 0;
	span_renew(&span, before);
	span_bury(&span, before);
	return mine;
}

static bool wait_exit(pid_t pid, int pidfd, int *status)
{
	struct pollfd pollfd = { .fd = pidfd, .events = POLLIN };

	return poll(&pollfd, 1, DEATH_MS) == 1 && waitpid(pid, status, 0) == pid;
}

/* Kill it, and for one kind take its memory away before it does so itself. */
static int end_life(int kind, int pidfd)
{
	nap_us(1000 * (20 + pick(100)));
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0))
		return -errno;
	return kind == REAP ? call(syscall(SYS_process_mrelease, pidfd, 0)) : 0;
}

static int watch_life(int kind, pid_t pid)
{
	int pidfd = syscall(SYS_pidfd_open, pid, 0), status = 0, ret = 0;
	bool kills = kind == KILL || kind == REAP || kind == NEVER;
	bool dies = kills || kind == OOM;

	if (kills)
		ret = end_life(kind, pidfd);
	if (!wait_exit(pid, pidfd, &status)) {
		/* The next life has the same pages. */
		syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
		waitpid(pid, &status, 0);
		ret = -ETIMEDOUT;
	}
	close(pidfd);
	if (!ret && (dies ? !WIFSIGNALED(status) : status))
		ret = -ECHILD;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 3)
		cpu_wrong++;
	return ret;
}

static int run_life(struct op *op, struct span *span)
{
	char page[16];
	char *argv[] = { "stress", LIFE, (char *)kinds[op->arg].name, page, NULL };
	pid_t pid;

	snprintf(page, sizeof(page), "%u", own_pages(op->arg >= LIMIT));
	errno = posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ);
	return errno ? -errno : watch_life(op->arg, pid);
}

static const char *no_uffd(struct op *op)
{
	return region_absent(UFFD);
}

static const char *no_limit(struct op *op)
{
	const char *absent = missing_file(GROUP "/memory.max") ?: no_swap(op);
	const char *group = op->arg == OOM ? OOM_GROUP : LIMITED;
	char path[64];

	if (absent)
		return absent;
	mkdir(group, 0700);
	snprintf(path, sizeof(path), "%s/memory.max", group);
	put_text(path, "%dK", LIMITED_KIB);
	put_text(OOM_GROUP "/memory.swap.max", "0");
	return NULL;
}

static const char *no_poison(struct op *op)
{
	return madvise(ARENA, 0, ADVICE_POISON) ? "the kernel has no MADV_HWPOISON" : NULL;
}

#define LIFE_OP(KIND, ...)                                                   \
	{                                                                    \
		.name = "life-ends-by-" KIND, .run = run_life, ##__VA_ARGS__ \
	}

static struct op ops[] = {
	LIFE_OP("exit", .arg = EXIT),
	LIFE_OP("exec", .arg = EXEC),
	LIFE_OP("exec-with-file", .arg = EXEC_KEEP),
	LIFE_OP("kill", .arg = KILL),
	LIFE_OP("kill-and-reap", .arg = REAP),
	{ .name = "uffd-never-answered", .run = run_life, .missing = no_uffd, .arg = NEVER },
	{ .name = "hwpoison", .run = run_life, .missing = no_poison, .arg = POISON, .limit = 5 },
};
struct table life_table = TABLE(ops);

/* By one thread: without the swap, who has a limit is killed. */
static struct op limit_ops[] = {
	{ .name = "memcg-limit", .run = run_life, .missing = no_limit, .arg = LIMIT },
	{ .name = "memcg-oom", .run = run_life, .missing = no_limit, .arg = OOM },
	{ .name = "swapoff", .run = swap_off_and_on, .missing = no_swap },
};
struct table limit_table = TABLE(limit_ops);
