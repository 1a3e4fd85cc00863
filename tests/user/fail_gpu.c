// SPDX-License-Identifier: GPL-2.0-only
/* Every allocation of /dev/xmmu-gpu0 fails in turn: -ENOMEM, nothing lost, and it goes on. */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <xmmu/gpu.h>

#include "fail.h"

/* What takes several walks. */
#define PAGES    48
#define WORDS    (PAGES * PAGE / 8)
#define LIMIT_MS 30000

/* Of the process that makes the attempt. */
static int fd;
static uint64_t *memory;

static int run_open(void)
{
	fd = open("/dev/xmmu-gpu0", O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : 0;
}

static int run_submit(void)
{
	struct xmmu_gpu_submit submit = {
		.op = XMMU_GPU_FILL, .dst = (uintptr_t)memory, .count = WORDS, .value = 7
	};

	return ioctl(fd, XMMU_GPU_SUBMIT, &submit) ? -errno : 0;
}

static int run_wait(void)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	struct xmmu_gpu_done done;

	if (poll(&ready, 1, LIMIT_MS) != 1)
		return -ETIMEDOUT;
	return read(fd, &done, sizeof(done)) == sizeof(done) ? done.status : -EBADMSG;
}

/* The pages are not there, so that workers have to bring them. */
static int run_work(void)
{
	return run_submit() ?: run_wait();
}

static int run_stats(void)
{
	struct xmmu_gpu_stats stats;

	return ioctl(fd, XMMU_GPU_STATS, &stats) ? -errno : stats.stale ? -EBADMSG : 0;
}

static int run_advise(void)
{
	struct xmmu_gpu_advise advise = { .addr = (uintptr_t)memory,
					  .len = PAGES * PAGE,
					  .advice = XMMU_GPU_IN_RAM };

	return ioctl(fd, XMMU_GPU_ADVISE, &advise) ? -errno : 0;
}

static int run_prefetch(void)
{
	struct xmmu_gpu_prefetch prefetch = { .addr = (uintptr_t)memory,
					      .len = PAGES * PAGE,
					      .flags = XMMU_GPU_WRITE };

	return ioctl(fd, XMMU_GPU_PREFETCH, &prefetch) ? -errno : 0;
}

static int run_discard(void)
{
	return madvise(memory, PAGES * PAGE, MADV_DONTNEED) ? -errno : 0;
}

static int run_protect(void)
{
	return mprotect(memory, PAGE, PROT_READ) ? -errno : 0;
}

/* What the device has is one range, which has to be cut in two. */
static int run_munmap(void)
{
	return munmap((char *)memory + 20 * PAGE, 10 * PAGE) ? -errno : 0;
}

static int run_close(void)
{
	return close(fd) ? -errno : 0;
}

/* ---- before */

static int with_memory(void)
{
	memory = (uint64_t *)fail_map(PAGES);
	return memory ? 0 : -ENOMEM;
}

static int with_file(void)
{
	return with_memory() ?: run_open();
}

static int with_mirror(void)
{
	return with_file() ?: run_stats();
}

static int with_work(void)
{
	return with_file() ?: run_submit();
}

static int with_ended_work(void)
{
	struct pollfd ready = { .events = POLLIN };
	int ret = with_work();

	ready.fd = fd;
	return ret ?: poll(&ready, 1, LIMIT_MS) == 1 ? 0 : -ETIMEDOUT;
}

static int with_translations(void)
{
	return with_file() ?: run_work();
}

/* ---- after */

/* All was written, and nothing was stale. */
static int all_there(void)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (memory[i] != 7)
			return -EBADMSG;
	return run_stats();
}

static int can_work(void)
{
	return run_work() ?: all_there();
}

/* The device may have begun while an allocation still was to fail. */
static int can_wait(void)
{
	int ret = run_wait();

	return ret == -ENOMEM ? can_work() : ret ?: all_there();
}

static int can_open(void)
{
	return with_memory() ?: run_open() ?: can_work();
}

/* What is mapped there instead is what the device writes to. */
static int can_work_anew(void)
{
	if (mmap(memory, PAGES * PAGE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	return can_work();
}

static int may_not_write(void)
{
	int ret = run_work();

	return ret == -EPERM ? can_work_anew() : ret ?: -EBADMSG;
}

static int load(void)
{
	return fail_load_module();
}

static const struct fail_op ops[] = {
	{ "open", with_memory, run_open, can_work, .allocates = true },
	{ "attach", with_file, run_stats, can_work, .allocates = true },
	{ "submit", with_mirror, run_submit, can_wait, .allocates = true },
	{ "advise", with_mirror, run_advise, can_work, .allocates = true },
	{ "prefetch", with_mirror, run_prefetch, can_work, .allocates = true },
	{ "work", with_mirror, run_work, all_there, .allocates = true, .in_worker = true },
	{ "read", with_ended_work, run_wait, all_there, .must_work = true },
	{ "stats", with_translations, run_stats, all_there, .must_work = true },
	{ "discard", with_translations, run_discard, can_work, .must_work = true },
	{ "protect", with_translations, run_protect, may_not_write, .must_work = true },
	{ "munmap", with_translations, run_munmap, can_work_anew, .must_work = true },
	{ "close", with_work, run_close, can_open, .must_work = true },
	{ "load", fail_unload_module, load, can_open, .allocates = true, .loads = true,
	  .shallow = true },
};

int main(int argc, char **argv)
{
	return fail_main(argc, argv, "gpu", ops, sizeof(ops) / sizeof(*ops));
}
