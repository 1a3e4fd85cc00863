// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device of the gpu driver: it works in the same memory, and faults where the others have just
 * taken it away. Its results are compared word by word with what the processor makes of them, and
 * what its own checker finds is counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <xmmu/gpu.h>

#include "stress.h"

#define DEVICE "/dev/xmmu-gpu0"
#define FAULTS "/sys/kernel/debug/xmmu-gpu0/"

#define WORD       8
#define PAGE_WORDS (PAGE / WORD)
/* Behind the stamps of a page: the words of the gpu alone, and one that it adds to. */
#define FIRST_WORD  256
#define ADDED_WORD  200
#define COUNT       32
#define STAMP_PAGES (COUNT / XT_WORDS)
#define ADDITIONS   16
/* Much more than work takes, unless its fault was lost. */
#define LIMIT_MS 4000
#define LOST_MS  300

_Atomic long gpu_checked, gpu_wrong;
long gpu_stale;

/* Of each thread: an open file, and memory beside the arena. */
struct gpu {
	int fd;
	bool open;
	uint64_t index[COUNT];
	uint64_t out[COUNT];
	uint64_t back[COUNT];
};
static __thread struct gpu *gpu;

/* ---- the device */

static int gpu_open(void)
{
	if (!gpu) {
		gpu = mmap(NULL, sizeof(*gpu), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
		if (gpu == MAP_FAILED)
			die("memory");
	}
	if (gpu->open)
		return 0;
	gpu->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (gpu->fd < 0)
		return -errno;
	gpu->open = true;
	return 0;
}

/* What was submitted ends with it. */
static void gpu_close(void)
{
	gpu->open = false;
	close(gpu->fd);
}

static int gpu_submit(const struct xmmu_gpu_submit *submit)
{
	return gpu_open() ?: call(ioctl(gpu->fd, XMMU_GPU_SUBMIT, submit));
}

/* The next that ends. If nothing does, the device is left to itself. */
static int gpu_wait(struct xmmu_gpu_done *done, int limit_ms)
{
	struct pollfd ready = { .fd = gpu->fd, .events = POLLIN };

	if (poll(&ready, 1, limit_ms) != 1) {
		gpu_close();
		return -ETIMEDOUT;
	}
	if (read(gpu->fd, done, sizeof(*done)) != sizeof(*done))
		die("reading of " DEVICE);
	return done->status;
}

/* Errors that hostility explains; -EIO comes with a reset. */
static int gpu_is_expected(int ret)
{
	static const int expected[] = { EFAULT, EPERM, ENOMEM, ETIMEDOUT, EIO, EINTR };
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (ret == -expected[i])
			return ret;
	}
	if (ret) {
		errno = -ret;
		die("work of the gpu");
	}
	return 0;
}

static int gpu_run(const struct xmmu_gpu_submit *submit, uint64_t *result)
{
	struct xmmu_gpu_done done;
	int ret = gpu_submit(submit);

	if (!ret)
		ret = gpu_wait(&done, LIMIT_MS);
	if (!ret && result)
		*result = done.result;
	return gpu_is_expected(ret);
}

/* dst[index[i]] = src[i], or dst[i] = src[index[i]], with the thread's table of indexes. */
static int gpu_move(unsigned int op, const void *dst, const void *src, size_t count)
{
	return gpu_run(&(struct xmmu_gpu_submit){ .op = op,
						  .dst = (uintptr_t)dst,
						  .src = (uintptr_t)src,
						  .index = (uintptr_t)gpu->index,
						  .count = count },
		       NULL);
}

/* How many words are as they were written, from the first one on. */
static int gpu_compare(uint64_t *same)
{
	return gpu_run(&(struct xmmu_gpu_submit){ .op = XMMU_GPU_COMPARE,
						  .dst = (uintptr_t)gpu->out,
						  .src = (uintptr_t)gpu->back,
						  .count = COUNT },
		       same);
}

/* ---- while others write and destroy */

/*
 * The stamps are copied by the device. It must not find one that was dead before it began, nor one
 * that never was; a page may be empty if it was so before or after, or has become another.
 */
static bool stamp_is_good(unsigned int page, unsigned int word, const struct xt_stamp *before,
			  uint64_t value)
{
	const struct xt_stamp *stamp = &stamps[page];
	struct xt_stale seen = {
		.page = page,
		.word = word,
		.value = value,
		.dead = before->dead[word],
		.gen = __atomic_load_n(&stamp->gen, __ATOMIC_SEQ_CST),
		.fresh = before->fresh | __atomic_load_n(&stamp->fresh, __ATOMIC_SEQ_CST),
	};

	if (seen.gen != before->gen)
		seen.fresh = ~0U;
	return word_is_good(&seen);
}

static void check(bool good)
{
	gpu_checked++;
	gpu_wrong += !good;
}

static int read_stamps(struct op *op, struct span *span)
{
	static __thread struct xt_stamp before[STAMP_PAGES];
	size_t pages = span->pages < STAMP_PAGES ? span->pages : STAMP_PAGES, i;
	int ret = gpu_open();

	if (ret)
		return ret;
	for (i = 0; i < pages * XT_WORDS; i++)
		gpu->index[i] = i / XT_WORDS * PAGE_WORDS + i % XT_WORDS;
	memcpy(before, &stamps[span->first], pages * sizeof(*before));
	atomic_thread_fence(memory_order_seq_cst);
	ret = gpu_move(XMMU_GPU_GATHER, gpu->back, span->addr, pages * XT_WORDS);
	for (i = 0; !ret && i < pages * XT_WORDS; i++)
		check(stamp_is_good(span->first + i / XT_WORDS, i % XT_WORDS, &before[i / XT_WORDS],
				    gpu->back[i]));
	return ret;
}

/* ---- while nobody else writes: what the kernel does must not be seen */

static const struct xmmu_gpu_submit *addition(const uint64_t *word)
{
	static __thread struct xmmu_gpu_submit submit;

	submit = (struct xmmu_gpu_submit){
		.op = XMMU_GPU_ADD, .dst = (uintptr_t)word, .count = 1, .value = 1
	};
	return &submit;
}

/* Words all over the span are written, read and compared by the device, and by the processor. */
static int write_and_compare(struct op *op, struct span *span)
{
	const uint64_t *words = (const uint64_t *)span->addr;
	uint64_t same = 0;
	size_t i;
	int ret = gpu_open();

	if (ret)
		return ret;
	for (i = 0; i < COUNT; i++) {
		gpu->index[i] = i * span->pages / COUNT * PAGE_WORDS + FIRST_WORD + i;
		gpu->out[i] = (uint64_t)pick(INT_MAX) << 32 | i;
	}
	ret = gpu_move(XMMU_GPU_SCATTER, span->addr, gpu->out, COUNT);
	for (i = 0; !ret && i < COUNT; i++)
		check(words[gpu->index[i]] == gpu->out[i]);
	ret = ret ?: gpu_move(XMMU_GPU_GATHER, gpu->back, span->addr, COUNT);
	ret = ret ?: gpu_compare(&same);
	if (!ret)
		check(same == COUNT);
	return ret;
}

/* Both add to the same word at the same time. */
static int add_together(struct op *op, struct span *span)
{
	uint64_t *word = (uint64_t *)span->addr + ADDED_WORD, before = *word;
	struct xmmu_gpu_done done;
	int i, submitted = 0, ret = 0;

	while (!ret && submitted < ADDITIONS) {
		ret = gpu_submit(addition(word));
		submitted += !ret;
		__atomic_fetch_add(word, 1, __ATOMIC_RELAXED);
	}
	for (i = 0; !ret && i < submitted; i++)
		ret = gpu_wait(&done, LIMIT_MS);
	if (!ret)
		check(*word == before + 2 * ADDITIONS);
	else if (gpu->open)
		gpu_close();
	return gpu_is_expected(ret);
}

/* ---- the end of an address space, and what goes wrong in hardware */

/* The file is closed while the device works. */
static int close_at_work(struct op *op, struct span *span)
{
	int ret = gpu_open(), i;

	for (i = 0; !ret && i < ADDITIONS; i++)
		ret = gpu_submit(addition((uint64_t *)span->addr + ADDED_WORD));
	nap_us(pick(1000));
	if (gpu->open)
		gpu_close();
	return ret;
}

static int inject(const char *name, unsigned int value)
{
	char path[128];

	snprintf(path, sizeof(path), FAULTS "%s", name);
	return put_text(path, "%u", value);
}

/* Until the next time. */
static int flush_late(struct op *op, struct span *span)
{
	return inject("flush_delay_ms", pick(4));
}

static int access_late(struct op *op, struct span *span)
{
	int ret = inject("access_delay_ms", 1);

	nap_us(20000);
	return inject("access_delay_ms", 0) ?: ret;
}

/* The next fault is never shown. If that is of another thread, that one waits in vain. */
static int lose_fault(struct op *op, struct span *span)
{
	struct xmmu_gpu_done done;
	int ret = gpu_open();

	if (ret)
		return ret;
	/* All new: whoever does not find it there must fault. */
	gpu_close();
	ret = inject("fault_lose", 1) ?: gpu_submit(addition(gpu->back));
	if (!ret)
		ret = gpu_wait(&done, LOST_MS);
	return ret == -ETIMEDOUT ? 0 : ret;
}

void gpu_stop(void)
{
	struct xmmu_gpu_stats stats;

	inject("flush_delay_ms", 0);
	inject("fault_lose", 0);
	if (gpu_open() || ioctl(gpu->fd, XMMU_GPU_STATS, &stats))
		die("counters of " DEVICE);
	gpu_stale = stats.stale;
	gpu_close();
}

static struct op ops[] = {
	{ .name = "gpu-read", .run = read_stamps, .on = EVERY },
	{ .name = "gpu-write", .run = write_and_compare, .on = EVERY, .exclusive = true },
	{ .name = "gpu-add", .run = add_together, .on = EVERY, .exclusive = true },
	{ .name = "gpu-close", .run = close_at_work, .on = EVERY },
	{ .name = "gpu-flush-late", .run = flush_late },
	{ .name = "gpu-access-late", .run = access_late },
	{ .name = "gpu-lost-fault", .run = lose_fault, .limit = 2 },
};
struct table gpu_table = TABLE(ops);
