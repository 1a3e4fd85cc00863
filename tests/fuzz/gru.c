// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of /dev/xmmu-gru, for the fuzzer. An instruction has ended when its call returns, so
 * what the engine says of the memory is what the call fails with.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include <xmmu/gru.h>

#include "fuzz.h"

#define WORD 8U

static uint64_t some_word(struct rng *rng)
{
	const struct place *place = places_pick(rng);
	unsigned int pages = place->size / PAGE;
	uint64_t addr = place->addr + rng_below(rng, pages < 16 ? pages : 16) * PAGE;

	return addr + rng_below(rng, PAGE / WORD) * WORD;
}

static void fill_run(struct rng *rng, unsigned int file, void *arg)
{
	struct xmmu_gru_run *run = arg;

	run->op = rng_below(rng, XMMU_GRU_CHASE + 1);
	run->dst = some_word(rng);
	run->src = some_word(rng);
	run->index = some_word(rng);
	run->count = rng_below(rng, rng_one_in(rng, 16) ? 4 * PAGE / WORD : 16);
	/* What may be found where a number or an address is expected. */
	run->value = rng_one_in(rng, 2) ? rng_below(rng, PAGE) : some_word(rng);
}

static bool run_is_wrong(const void *arg)
{
	const struct xmmu_gru_run *run = arg;

	return run->pad || run->op > XMMU_GRU_CHASE || run->count > XMMU_GRU_WORDS_MAX;
}

/* Each of them attaches if it is the first, which a signal may interrupt. */
static const struct command commands[] = {
	{
		.name = "run",
		.number = XMMU_GRU_RUN,
		.weight = 40,
		.may_fault = true,
		.fill = fill_run,
		.is_wrong = run_is_wrong,
		.errors = ERRORS(EINVAL, EXDEV, EINTR),
	},
	{
		.name = "unload",
		.number = XMMU_GRU_UNLOAD,
		.weight = 4,
		.errors = ERRORS(EXDEV, EINTR),
	},
	{
		.name = "stats",
		.number = XMMU_GRU_STATS,
		.weight = 4,
		.errors = ERRORS(EXDEV, EINTR),
	},
};

static bool runs(int fd, unsigned int op, const uint64_t *dst, const uint64_t *src, uint64_t count,
		 uint64_t result)
{
	struct xmmu_gru_run run = {
		.op = op,
		.dst = (uintptr_t)dst,
		.src = (uintptr_t)src,
		.count = count,
		.value = 5,
	};

	return !ioctl(fd, XMMU_GRU_RUN, &run) && run.result == result;
}

/* Pages are filled and copied; and nothing that the engine did before was stale. */
static bool works(int fd)
{
	size_t words = 16 * PAGE / WORD, i;
	uint64_t *memory = calloc(2 * words, WORD), *copy = memory + words;
	struct xmmu_gru_stats stats;
	bool same;

	same = runs(fd, XMMU_GRU_FILL, memory, NULL, words, 0) &&
	       runs(fd, XMMU_GRU_COPY, copy, memory, words, 0) &&
	       runs(fd, XMMU_GRU_COMPARE, copy, memory, words, words);
	for (i = 0; i < 2 * words; i++)
		same &= memory[i] == 5;
	free(memory);
	return same && !ioctl(fd, XMMU_GRU_STATS, &stats) && !stats.stale;
}

const struct target gru_target = {
	.name = "gru",
	.device = "/dev/xmmu-gru",
	.module = "gru",
	.type = 'G',
	.commands = commands,
	.nr_commands = array_size(commands),
	.works = works,
	.most = &commands[0],
	.min_most = 200,
};
