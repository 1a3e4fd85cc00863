// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/xmmu-gpu0, for the fuzzer. Work is taken back as soon as it has ended, or
 * there would be no room for more.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <xmmu/gpu.h>

#include "fuzz.h"

#define WORD 8U

static uint64_t some_word(struct rng *rng)
{
	const struct place *place = places_pick(rng);
	unsigned int pages = place->size / PAGE;
	uint64_t addr = place->addr + rng_below(rng, pages < 16 ? pages : 16) * PAGE;

	return addr + rng_below(rng, PAGE / WORD) * WORD;
}

static void fill_submit(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_gpu_submit *submit = arg;

	submit->op = rng_below(rng, XMMU_GPU_CHASE + 1);
	submit->dst = some_word(rng);
	submit->src = some_word(rng);
	submit->index = some_word(rng);
	submit->count = rng_below(rng, rng_one_in(rng, 16) ? 4 * PAGE / WORD : 16);
	/* What may be found where a number or an address is expected. */
	submit->value = rng_one_in(rng, 2) ? rng_below(rng, PAGE) : some_word(rng);
	submit->cookie = submit->op;
}

static void fill_span(struct rng *rng, __u64 *addr, __u64 *len)
{
	const struct place *place = places_pick(rng);
	unsigned int pages = place->size / PAGE, first = rng_below(rng, pages);

	*addr = place->addr + first * PAGE;
	*len = (1 + rng_below(rng, pages - first < 32 ? pages - first : 32)) * PAGE;
}

static void fill_advise(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_gpu_advise *advise = arg;

	fill_span(rng, &advise->addr, &advise->len);
	advise->advice = rng_below(rng, XMMU_GPU_IN_RAM + 1);
}

static void fill_prefetch(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_gpu_prefetch *prefetch = arg;

	fill_span(rng, &prefetch->addr, &prefetch->len);
	prefetch->flags = rng_one_in(rng, 2) ? XMMU_GPU_WRITE : 0;
}

static void judge_done(const struct xmmu_gpu_done *done)
{
	static const int errors[] = { 0, EFAULT, EPERM, EINVAL, ESRCH, EIO, ENOMEM, EHWPOISON };
	size_t i;

	for (i = 0; i < array_size(errors); i++) {
		if (done->status == -errors[i] && !done->pad) {
			atomic_fetch_add(&shared->jobs[errors[i]], 1);
			return;
		}
	}
	fail("work %llu has ended with %d, pad %u", done->cookie, done->status, done->pad);
}

/* All files are non-blocking. */
static void submitted(unsigned int file, const void *arg)
{
	struct xmmu_gpu_done done;

	while (read(atomic_load(&files[file]), &done, sizeof(done)) == sizeof(done))
		judge_done(&done);
}

static bool submit_is_wrong(const void *arg)
{
	const struct xmmu_gpu_submit *submit = arg;

	return submit->pad || submit->op > XMMU_GPU_CHASE;
}

static bool span_is_wrong(uint64_t addr, uint64_t len)
{
	return !len || addr % PAGE || len % PAGE || addr + len < addr;
}

static bool advise_is_wrong(const void *arg)
{
	const struct xmmu_gpu_advise *advise = arg;

	return advise->pad || advise->advice > XMMU_GPU_IN_RAM ||
	       span_is_wrong(advise->addr, advise->len) || advise->addr + advise->len > 1ULL << 47;
}

static bool prefetch_is_wrong(const void *arg)
{
	const struct xmmu_gpu_prefetch *prefetch = arg;

	return prefetch->pad || prefetch->flags & ~XMMU_GPU_WRITE ||
	       span_is_wrong(prefetch->addr, prefetch->len);
}

/* Each of them attaches if it is the first, which a signal may interrupt. */
static const struct command commands[] = {
	{
		.name = "submit",
		.number = XMMU_GPU_SUBMIT,
		.weight = 40,
		.fill = fill_submit,
		.is_wrong = submit_is_wrong,
		.accepted = submitted,
		.errors = ERRORS(EINVAL, EAGAIN, EXDEV, EINTR),
		.past = EAGAIN,
	},
	{
		.name = "stats",
		.number = XMMU_GPU_STATS,
		.weight = 4,
		.errors = ERRORS(EXDEV, EINTR),
	},
	{
		.name = "advise",
		.number = XMMU_GPU_ADVISE,
		.weight = 8,
		.fill = fill_advise,
		.is_wrong = advise_is_wrong,
		.errors = ERRORS(EINVAL, EOPNOTSUPP, EXDEV, EINTR),
	},
	{
		.name = "prefetch",
		.number = XMMU_GPU_PREFETCH,
		.weight = 8,
		.may_fault = true,
		.fill = fill_prefetch,
		.is_wrong = prefetch_is_wrong,
		.errors = ERRORS(EINVAL, EPERM, ERANGE, EHWPOISON, EIO, ETIMEDOUT, EXDEV, EINTR),
	},
};

static bool runs(int fd, unsigned int op, const uint64_t *dst, const uint64_t *src, uint64_t count,
		 uint64_t result)
{
	struct xmmu_gpu_submit submit = {
		.op = op,
		.dst = (uintptr_t)dst,
		.src = (uintptr_t)src,
		.count = count,
		.value = 5,
	};
	struct xmmu_gpu_done done;
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };

	return !ioctl(fd, XMMU_GPU_SUBMIT, &submit) && poll(&pollfd, 1, 60000) == 1 &&
	       read(fd, &done, sizeof(done)) == sizeof(done) && !done.status &&
	       done.result == result;
}

/* Pages are filled and copied; and nothing that the device did before was stale. */
static bool works(int fd)
{
	size_t words = 16 * PAGE / WORD, i;
	uint64_t *memory = calloc(2 * words, WORD), *copy = memory + words;
	struct xmmu_gpu_stats stats;
	bool same;

	same = runs(fd, XMMU_GPU_FILL, memory, NULL, words, 0) &&
	       runs(fd, XMMU_GPU_COPY, copy, memory, words, 0) &&
	       runs(fd, XMMU_GPU_COMPARE, copy, memory, words, words);
	for (i = 0; i < 2 * words; i++)
		same &= memory[i] == 5;
	free(memory);
	return same && !ioctl(fd, XMMU_GPU_STATS, &stats) && !stats.stale;
}

const struct target gpu_target = {
	.name = "gpu",
	.device = "/dev/xmmu-gpu0",
	.module = "gpu",
	.type = 'G',
	.commands = commands,
	.nr_commands = array_size(commands),
	.works = works,
	.most = &commands[0],
	.min_most = 200,
};
