// SPDX-License-Identifier: GPL-2.0-only
/* Operations of scripts that a process does to its own memory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../vm/xmmu_record/abi.h"
#include "guest.h"

/* Newer than the C library's headers. */
#define ADVICE_COLLAPSE 25

#define NUMA_SECONDS 8

#define RW (PROT_READ | PROT_WRITE)

int recorder_fd;
static int file = -1;
static int child_numbers, child_answers;
static const struct conform_run *this_run;
static int this_answers;

static long call(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* ---- loads and stores */

static sigjmp_buf fault_jump;

static void on_fault(int signal, siginfo_t *info, void *unused)
{
	siglongjmp(fault_jump, info->si_code == BUS_MCEERR_AR ? EHWPOISON : EFAULT);
}

static void catch_faults(void)
{
	const struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static long do_store(const struct conform_step *step)
{
	unsigned long page;
	int error = sigsetjmp(fault_jump, 1);

	if (error)
		return -error;
	for (page = step->first; page < step->end; page++)
		*(volatile uint64_t *)page_at(page) = step->number ?: page + 1;
	return 0;
}

static long do_load(const struct conform_step *step)
{
	unsigned long page;
	int error = sigsetjmp(fault_jump, 1);

	if (error)
		return -error;
	for (page = step->first; page < step->end; page++)
		(void)*(volatile uint64_t *)page_at(page);
	return *(volatile uint64_t *)start_of(step);
}

/* ---- mappings */

static void open_file(const struct conform_step *step)
{
	if (step->kind == CONFORM_DISK)
		file = open(DISK "/file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	else
		file = memfd_create("conform", MFD_CLOEXEC);
	if (file < 0 || ftruncate(file, step->end * PAGE))
		die("file of a script");
}

static bool has_file(enum conform_kind kind)
{
	return kind == CONFORM_FILE || kind == CONFORM_DISK || kind == CONFORM_PRIVATE;
}

static long do_map(const struct conform_step *step)
{
	static const int flags[CONFORM_NR_KINDS] = {
		[CONFORM_ANON] = MAP_PRIVATE | MAP_ANONYMOUS,
		[CONFORM_SHARED] = MAP_SHARED | MAP_ANONYMOUS,
		[CONFORM_FILE] = MAP_SHARED,
		[CONFORM_DISK] = MAP_SHARED,
		[CONFORM_PRIVATE] = MAP_PRIVATE,
		[CONFORM_THP] = MAP_PRIVATE | MAP_ANONYMOUS,
	};

	if (has_file(step->kind) && file < 0)
		open_file(step);
	if (mmap(start_of(step), size_of(step), RW, flags[step->kind] | MAP_FIXED_NOREPLACE,
		 has_file(step->kind) ? file : -1,
		 has_file(step->kind) ? (off_t)(step->first * PAGE) : 0) == MAP_FAILED)
		return -errno;
	if (step->kind == CONFORM_THP)
		return call(madvise(start_of(step), size_of(step), MADV_HUGEPAGE));
	return 0;
}

static long do_munmap(const struct conform_step *step)
{
	return call(munmap(start_of(step), size_of(step)));
}

static long do_readonly(const struct conform_step *step)
{
	return call(mprotect(start_of(step), size_of(step), PROT_READ));
}

static long do_readwrite(const struct conform_step *step)
{
	return call(mprotect(start_of(step), size_of(step), RW));
}

static long do_noaccess(const struct conform_step *step)
{
	return call(mprotect(start_of(step), size_of(step), PROT_NONE));
}

static long do_move(const struct conform_step *step)
{
	void *moved = mremap(start_of(step), size_of(step), size_of(step),
			     MREMAP_MAYMOVE | MREMAP_FIXED, page_at(step->number));

	return moved == MAP_FAILED ? -errno : 0;
}

static long do_resize(const struct conform_step *step)
{
	void *same = mremap(start_of(step), size_of(step), step->number * PAGE, 0);

	return same == MAP_FAILED ? -errno : 0;
}

#define ADVICE(name, advice)                                                 \
	static long do_##name(const struct conform_step *step)               \
	{                                                                    \
		return call(madvise(start_of(step), size_of(step), advice)); \
	}

ADVICE(dontneed, MADV_DONTNEED)
ADVICE(free, MADV_FREE)
ADVICE(collapse, ADVICE_COLLAPSE)
ADVICE(hugepage, MADV_HUGEPAGE)
ADVICE(nohugepage, MADV_NOHUGEPAGE)
ADVICE(mergeable, MADV_MERGEABLE)
ADVICE(unmergeable, MADV_UNMERGEABLE)
ADVICE(dontfork, MADV_DONTFORK)
ADVICE(remove, MADV_REMOVE)

static long do_pageout(const struct conform_step *step)
{
	long err = call(madvise(start_of(step), size_of(step), MADV_PAGEOUT));

	wait_for_writes();
	return err;
}

/* ---- files */

static long do_truncate(const struct conform_step *step)
{
	return call(ftruncate(file, step->first * PAGE));
}

static long do_punch(const struct conform_step *step)
{
	return call(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			      (off_t)(step->first * PAGE), (off_t)size_of(step)));
}

static long do_writeback(const struct conform_step *step)
{
	return call(fsync(file));
}

/* ---- userfaultfd */

static int uffd = -1;

static long do_armed(const struct conform_step *step)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)start_of(step), size_of(step) },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	if (uffd < 0) {
		uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
		if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api))
			return -errno;
	}
	return call(ioctl(uffd, UFFDIO_REGISTER, &range));
}

static long do_disarmed(const struct conform_step *step)
{
	struct uffdio_range range = { (uintptr_t)start_of(step), size_of(step) };

	return call(ioctl(uffd, UFFDIO_UNREGISTER, &range));
}

static long do_copy(const struct conform_step *step)
{
	static uint64_t page[PAGE / sizeof(uint64_t)] __attribute__((aligned(4096)));
	struct uffdio_copy copy = {
		.dst = (uintptr_t)start_of(step),
		.src = (uintptr_t)page,
		.len = PAGE,
	};
	unsigned int i;

	for (i = 0; i < PAGE / sizeof(uint64_t); i++)
		page[i] = step->number;
	return call(ioctl(uffd, UFFDIO_COPY, &copy));
}

static void *load_in_thread(void *page)
{
	(void)*(volatile uint64_t *)page;
	return NULL;
}

static long do_serve(const struct conform_step *step)
{
	struct uffd_msg message;
	pthread_t thread;
	long err;

	if (pthread_create(&thread, NULL, load_in_thread, start_of(step)))
		return -EAGAIN;
	err = call(read(uffd, &message, sizeof(message)));
	if (!err)
		err = do_copy(step);
	pthread_join(thread, NULL);
	return err;
}

/* ---- the rest */

static long do_record(const struct conform_step *step)
{
	struct xr_span span = { CONFORM_BASE, CONFORM_PAGES };

	return call(ioctl(recorder_fd, XR_START, &span));
}

static long do_forget(const struct conform_step *step)
{
	return call(ioctl(recorder_fd, XR_STOP));
}

void child_pipes(int numbers, int answers)
{
	child_numbers = numbers;
	child_answers = answers;
}

/* The child's parent is the program that gives the orders. */
static long do_fork(const struct conform_step *step)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);

	if (!pid)
		serve_steps(this_run, child_numbers, child_answers);
	return pid < 0 ? -errno : pid;
}

/* The new program answers. */
static long do_exec(const struct conform_step *step)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", this_answers);
	execl("/proc/self/exe", "conform_guest", EXECUTED, number, NULL);
	return -errno;
}

/* The kernel scans a process that runs: until it has come to the memory that is recorded. */
static long do_numa(const struct conform_step *step)
{
	time_t end = time(NULL) + NUMA_SECONDS;
	long used = 0;

	put_text("/proc/sys/kernel/numa_balancing", "1");
	while (!used && time(NULL) < end)
		used = ioctl(recorder_fd, XR_USED);
	put_text("/proc/sys/kernel/numa_balancing", "0");
	return used ? 0 : -EAGAIN;
}

/* ---- */

#define INSIDE(name)  do_##name
#define OUTSIDE(name) NULL

static long (*const ops[CONFORM_NR_OPS])(const struct conform_step *step) = {
#define CONFORM_DO(name, where, times) where(name),
	CONFORM_OPS(CONFORM_DO)
#undef CONFORM_DO
};

void serve_steps(const struct conform_run *run, int numbers, int answers)
{
	unsigned char number;
	long answer;

	this_run = run;
	this_answers = answers;
	catch_faults();
	while (read(numbers, &number, 1) == 1) {
		answer = ops[run->steps[number].op](&run->steps[number]);
		if (write(answers, &answer, sizeof(answer)) != sizeof(answer))
			break;
	}
	_exit(0);
}
