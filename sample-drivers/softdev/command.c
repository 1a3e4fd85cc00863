// SPDX-License-Identifier: GPL-2.0-only
/*
 * What commands do. A command is cut into parts that lie in one page of each operand; a part is
 * tried until it does not fault any more, so it starts anew each time.
 */
#include <linux/minmax.h>

#include "internal.h"

/* So that no address wraps. */
#define MAX_WORDS BIT_ULL(45)

int softdev_command_check(const struct softdev_command *command)
{
	if (command->op > SOFTDEV_CHASE || command->count > MAX_WORDS ||
	    (command->dst | command->src | command->index) % SOFTDEV_WORD)
		return -EINVAL;
	return 0;
}

static u64 words_to_page_end(u64 operand, u64 first)
{
	u64 addr = operand + first * SOFTDEV_WORD;

	return (SOFTDEV_PAGE - addr % SOFTDEV_PAGE) / SOFTDEV_WORD;
}

/* How many words the part that begins there has. */
u32 softdev_command_part(const struct softdev_command *command, u64 first)
{
	u64 words = min(command->count - first, words_to_page_end(command->dst, first));

	switch (command->op) {
	case SOFTDEV_COPY:
	case SOFTDEV_COMPARE:
		return min(words, words_to_page_end(command->src, first));
	case SOFTDEV_FILL:
	case SOFTDEV_ADD:
		return words;
	default:
		return 1;
	}
}

/* A part that runs, by an engine. */
struct part {
	struct softdev_engine *engine;
	struct softdev_queue *queue;
	struct softdev_lane *lane;
};

static int access(const struct part *part, enum softdev_kind kind, u64 operand, u64 word, u64 *data)
{
	const struct softdev_access access = {
		.kind = kind,
		.addr = operand + word * SOFTDEV_WORD,
		.words = part->lane->words,
		.data = data,
		.value = part->queue->command.value,
	};

	return softdev_access(part->engine, part->queue, part->lane, &access);
}

static int read(const struct part *part, u64 operand, u64 word, u64 *data)
{
	return access(part, SOFTDEV_ACCESS_READ, operand, word, data);
}

static int write(const struct part *part, u64 operand, u64 word, u64 *data)
{
	return access(part, SOFTDEV_ACCESS_WRITE, operand, word, data);
}

static int fill(const struct part *part)
{
	u64 *data = part->engine->a;
	u32 i;

	for (i = 0; i < part->lane->words; i++)
		data[i] = part->queue->command.value;
	return write(part, part->queue->command.dst, part->lane->first, data);
}

static int compare(const struct part *part)
{
	const struct softdev_command *command = &part->queue->command;
	u64 *a = part->engine->a, *b = part->engine->b;
	u64 first = part->lane->first;
	int error;
	u32 i;

	error = read(part, command->src, first, a) ?: read(part, command->dst, first, b);
	for (i = 0; !error && i < part->lane->words; i++)
		if (a[i] != b[i])
			part->queue->result = min(part->queue->result, first + i);
	return error;
}

static int add(const struct part *part)
{
	u64 *before = part->engine->a;
	int error = access(part, SOFTDEV_ACCESS_ADD, part->queue->command.dst, part->lane->first,
			   before);

	if (!error && !part->lane->first)
		part->queue->result = before[0];
	return error;
}

/* dst[to] = src[from] */
static int move(const struct part *part, u64 to, u64 from)
{
	const struct softdev_command *command = &part->queue->command;

	return read(part, command->src, from, part->engine->a) ?:
		       write(part, command->dst, to, part->engine->a);
}

static int load_index(const struct part *part, u64 *index)
{
	return read(part, part->queue->command.index, part->lane->first, index);
}

static int chase(const struct part *part)
{
	struct softdev_queue *queue = part->queue;
	int error = read(part, queue->command.src, 0, &queue->result);

	if (!error && queue->result % SOFTDEV_WORD)
		error = -EINVAL;
	if (!error)
		queue->command.src = queue->result;
	return error;
}

/* 0, SOFTDEV_PARKED, or why the command ends. */
int softdev_command_run(struct softdev_engine *engine, struct softdev_queue *queue,
			struct softdev_lane *lane)
{
	const struct part part = { engine, queue, lane };
	u64 i;

	switch (queue->command.op) {
	case SOFTDEV_COPY:
		return move(&part, lane->first, lane->first);
	case SOFTDEV_FILL:
		return fill(&part);
	case SOFTDEV_COMPARE:
		return compare(&part);
	case SOFTDEV_ADD:
		return add(&part);
	case SOFTDEV_GATHER:
		return load_index(&part, &i) ?: move(&part, lane->first, i);
	case SOFTDEV_SCATTER:
		return load_index(&part, &i) ?: move(&part, i, lane->first);
	case SOFTDEV_CHASE:
		return chase(&part);
	}
	return -EINVAL;
}
