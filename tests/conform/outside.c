// SPDX-License-Identifier: GPL-2.0-only
/* Operations of scripts that are done to a process: by the kernel, or by somebody who may. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../vm/xmmu_record/abi.h"
#include "guest.h"

#define KSM      "/sys/kernel/mm/ksm/"
#define ATTEMPTS 30

#define CROWD  (16UL << 20)
#define SPARSE 16

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FRAME   ((1ULL << 55) - 1)

static uint64_t pagemap(pid_t pid, unsigned long page)
{
	uint64_t entry = 0;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || pread(fd, &entry, sizeof(entry),
			    (off_t)((uintptr_t)page_at(page) / PAGE * sizeof(entry))) < 0)
		die(path);
	close(fd);
	return entry;
}

/* The kernel finds out by itself which pages are alike: those that are open to it. */
static long do_merge(const struct conform_step *step, pid_t pid)
{
	int attempts = ATTEMPTS;

	put_text(KSM "run", "1");
	while (pagemap(pid, step->first) != pagemap(pid, step->number) && attempts--)
		nap_ms(100);
	put_text(KSM "run", "0");
	return attempts < 0 ? -EAGAIN : 0;
}

/* To the other node, in one call. */
static long do_migrate(const struct conform_step *step, pid_t pid)
{
	unsigned long i, count = step->end - step->first;
	int nodes[512], status[512];
	void *pages[512];

	for (i = 0; i < count; i++)
		pages[i] = page_at(step->first + i);
	if (syscall(SYS_move_pages, pid, count, pages, NULL, status, 0) < 0)
		return -errno;
	for (i = 0; i < count; i++) {
		if (status[i] < 0)
			return status[i];
		nodes[i] = !status[i];
	}
	if (syscall(SYS_move_pages, pid, count, pages, nodes, status, MPOL_MF_MOVE_ALL) < 0)
		return -errno;
	for (i = 0; i < count; i++)
		if (status[i] != nodes[i])
			return status[i] < 0 ? status[i] : -EAGAIN;
	return 0;
}

static bool is_present(const struct conform_step *step, pid_t pid)
{
	unsigned long page;

	for (page = step->first; page < step->end; page++)
		if (pagemap(pid, page) & PAGEMAP_PRESENT)
			return true;
	return false;
}

/* Whatever the group of the process has, until these pages are gone. */
static long do_reclaim(const struct conform_step *step, pid_t pid)
{
	int fd = open(CGROUPS "/script/memory.reclaim", O_WRONLY | O_CLOEXEC);
	int attempts = ATTEMPTS;

	if (fd < 0)
		die("memory.reclaim");
	while (is_present(step, pid) && attempts--)
		if (write(fd, "64K", 3) < 0)
			nap_ms(1);
	close(fd);
	return attempts < 0 ? -EAGAIN : 0;
}

/* ---- compaction: somebody else's memory, and the page of the step below it */

static char *crowd;

static void take_crowd(void)
{
	unsigned long second_node = 1UL << 1;

	crowd = mmap(NULL, CROWD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (crowd == MAP_FAILED ||
	    syscall(SYS_mbind, crowd, CROWD, MPOL_BIND, &second_node, 8 * sizeof(second_node), 0))
		die("memory of the second node");
	memset(crowd, 1, CROWD);
}

/* Compaction puts nothing where all is free: some pages stay in between. */
static void thin_crowd(void)
{
	unsigned long offset;

	for (offset = 0; offset < CROWD; offset += SPARSE * PAGE)
		munmap(crowd + offset + PAGE, (SPARSE - 1) * PAGE);
}

/* Where in memory its pages are. */
static uint64_t *crowd_frames(void)
{
	static uint64_t frames[CROWD / PAGE];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned long i;

	if (fd < 0 || pread(fd, frames, sizeof(frames),
			    (off_t)((uintptr_t)crowd / PAGE * sizeof(*frames))) < 0)
		die("pagemap");
	close(fd);
	for (i = 0; i < CROWD / PAGE; i++)
		frames[i] &= PAGEMAP_FRAME;
	return frames;
}

/* The next page that somebody takes is likely to be this one. */
static void free_lowest(uint64_t *frames)
{
	unsigned long i, lowest = 0;

	for (i = 1; i < CROWD / PAGE; i++)
		if (frames[i] < frames[lowest])
			lowest = i;
	frames[lowest] = PAGEMAP_FRAME;
	munmap(crowd + lowest * PAGE, PAGE);
}

static bool is_below(const uint64_t *frames, uint64_t frame)
{
	unsigned long i, above = 0;

	for (i = 0; i < CROWD / PAGE; i++)
		above += frames[i] > frame;
	return above > CROWD / PAGE / 2;
}

static long move_to_node(const struct conform_step *step, pid_t pid, int node)
{
	void *page = page_at(step->first);
	int status;

	if (syscall(SYS_move_pages, pid, 1UL, &page, &node, &status, MPOL_MF_MOVE_ALL) < 0)
		return -errno;
	return status == node ? 0 : -EAGAIN;
}

static uint64_t frame_of(const struct conform_step *step, pid_t pid)
{
	return pagemap(pid, step->first) & PAGEMAP_FRAME;
}

static long do_crowd(const struct conform_step *step, pid_t pid)
{
	int attempts = ATTEMPTS;
	uint64_t *frames;
	long err;

	take_crowd();
	frames = crowd_frames();
	do {
		err = move_to_node(step, pid, 0);
		free_lowest(frames);
		if (!err)
			err = move_to_node(step, pid, 1);
	} while (!err && !is_below(frames, frame_of(step, pid)) && --attempts);
	return attempts ? err : -EAGAIN;
}

static long do_compact(const struct conform_step *step, pid_t pid)
{
	uint64_t frame = frame_of(step, pid);
	int attempts = ATTEMPTS;

	thin_crowd();
	do
		put_text("/proc/sys/vm/compact_memory", "1");
	while (frame_of(step, pid) == frame && --attempts);
	munmap(crowd, CROWD);
	return attempts ? 0 : -EAGAIN;
}

/* ---- */

static long do_refuse(const struct conform_step *step, pid_t pid)
{
	return ioctl(recorder_fd, XR_REFUSE, step->first);
}

static long do_young(const struct conform_step *step, pid_t pid)
{
	return ioctl(recorder_fd, XR_YOUNG, step->first);
}

/* ---- the end of a process */

/* Killed, it stops with its memory still there, because it is traced. */
static long stop_at_exit(pid_t pid)
{
	int status;

	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT) || kill(pid, SIGKILL) ||
	    waitpid(pid, &status, 0) != pid)
		return -errno;
	return WIFSTOPPED(status) ? 0 : -ESRCH;
}

/* It goes on if it was stopped. */
static bool let_go(pid_t pid)
{
	return ptrace(PTRACE_CONT, pid, NULL, NULL) == 0;
}

static long do_reap(const struct conform_step *step, pid_t pid)
{
	siginfo_t unused;
	int pidfd;
	long err;

	/* It may have been stopped by an earlier reap. */
	if (ptrace(PTRACE_GETSIGINFO, pid, NULL, &unused)) {
		err = stop_at_exit(pid);
		if (err)
			return err;
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = syscall(SYS_process_mrelease, pidfd, 0) ? -errno : 0;
	close(pidfd);
	return err;
}

static long do_exit(const struct conform_step *step, pid_t pid)
{
	int status;

	if (!let_go(pid))
		kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid ? 0 : -errno;
}

/* ---- */

#define INSIDE(name)  NULL
#define OUTSIDE(name) do_##name

static long (*const ops[CONFORM_NR_OPS])(const struct conform_step *step, pid_t pid) = {
#define CONFORM_DO(name, where, times) where(name),
	CONFORM_OPS(CONFORM_DO)
#undef CONFORM_DO
};

long do_outside(const struct conform_step *step, pid_t pid)
{
	return ops[step->op](step, pid);
}
