// SPDX-License-Identifier: GPL-2.0-only
/*
 * What commands do. A command is cut into parts that lie in one page of each operand; a part is
 * tried until it does not fault any more, so it starts anew each time.
 */
#include <linux/err.h>
#include <linux/minmax.h>

#include "internal.h"

/* So that no address wraps. */
#define MAX_WORDS BIT_ULL(45)

static struct softdev_access access_to(const struct softdev_command *command,
				       enum softdev_kind kind, enum softdev_operand operand)
{
	struct softdev_access access = {
		.kind = kind,
		.operand = operand,
		.value = command->value,
		.expected = command->expected,
	};

	switch (operand) {
	case SOFTDEV_DST:
		access.addr = command->dst;
		access.key = command->dst_key;
		break;
	case SOFTDEV_SRC:
		access.addr = command->src;
		access.key = command->src_key;
		break;
	case SOFTDEV_INDEX:
		access.addr = command->index;
		break;
	}
	return access;
}

/* Whether all of an operand may be reached. */
static void check_key(struct softdev_queue *queue, enum softdev_kind kind,
		      enum softdev_operand operand)
{
	struct softdev_access access = access_to(&queue->command, kind, operand);
	struct softdev_space *space = softdev_window_space(queue, &access, queue->command.count);

	if (queue->status || !IS_ERR(space))
		return;
	queue->status = PTR_ERR(space);
	queue->failed = operand;
}

/* Before a command begins. Under the lock. */
void softdev_command_check(struct softdev_queue *queue)
{
	const struct softdev_command *command = &queue->command;

	queue->status = 0;
	queue->failed = 0;
	if (command->count > MAX_WORDS ||
	    (command->dst | command->src | command->index) % SOFTDEV_WORD)
		queue->status = -EINVAL;
	switch (command->op) {
	case SOFTDEV_COPY:
		check_key(queue, SOFTDEV_ACCESS_READ, SOFTDEV_SRC);
		check_key(queue, SOFTDEV_ACCESS_WRITE, SOFTDEV_DST);
		break;
	case SOFTDEV_FILL:
		check_key(queue, SOFTDEV_ACCESS_WRITE, SOFTDEV_DST);
		break;
	case SOFTDEV_COMPARE:
		check_key(queue, SOFTDEV_ACCESS_READ, SOFTDEV_SRC);
		check_key(queue, SOFTDEV_ACCESS_READ, SOFTDEV_DST);
		break;
	case SOFTDEV_ADD:
		check_key(queue, SOFTDEV_ACCESS_ADD, SOFTDEV_DST);
		break;
	case SOFTDEV_SWAP:
		check_key(queue, SOFTDEV_ACCESS_SWAP, SOFTDEV_DST);
		break;
	case SOFTDEV_GATHER:
	case SOFTDEV_SCATTER:
	case SOFTDEV_CHASE:
		if (command->dst_key.domain || command->src_key.domain)
			queue->status = -EINVAL;
		break;
	default:
		queue->status = -EINVAL;
	}
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
	case SOFTDEV_SWAP:
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

static int access(const struct part *part, enum softdev_kind kind, enum softdev_operand operand,
		  u64 word, u64 *data)
{
	struct softdev_access access = access_to(&part->queue->command, kind, operand);

	access.addr += word * SOFTDEV_WORD;
	access.words = part->lane->words;
	access.data = data;
	return softdev_access(part->engine, part->queue, part->lane, &access);
}

static int read(const struct part *part, enum softdev_operand operand, u64 word, u64 *data)
{
	return access(part, SOFTDEV_ACCESS_READ, operand, word, data);
}

static int write(const struct part *part, enum softdev_operand operand, u64 word, u64 *data)
{
	return access(part, SOFTDEV_ACCESS_WRITE, operand, word, data);
}

static int fill(const struct part *part)
{
	u64 *data = part->engine->a;
	u32 i;

	for (i = 0; i < part->lane->words; i++)
		data[i] = part->queue->command.value;
	return write(part, SOFTDEV_DST, part->lane->first, data);
}

static int compare(const struct part *part)
{
	u64 *a = part->engine->a, *b = part->engine->b;
	u64 first = part->lane->first;
	int error;
	u32 i;

	error = read(part, SOFTDEV_SRC, first, a) ?: read(part, SOFTDEV_DST, first, b);
	for (i = 0; !error && i < part->lane->words; i++)
		if (a[i] != b[i])
			part->queue->result = min(part->queue->result, first + i);
	return error;
}

/* SOFTDEV_ADD, SOFTDEV_SWAP */
static int atomic(const struct part *part, enum softdev_kind kind)
{
	u64 *before = part->engine->a;
	int error = access(part, kind, SOFTDEV_DST, part->lane->first, before);

	if (!error && !part->lane->first)
		part->queue->result = before[0];
	return error;
}

/* dst[to] = src[from] */
static int move(const struct part *part, u64 to, u64 from)
{
	return read(part, SOFTDEV_SRC, from, part->engine->a) ?:
		       write(part, SOFTDEV_DST, to, part->engine->a);
}

static int load_index(const struct part *part, u64 *index)
{
	return read(part, SOFTDEV_INDEX, part->lane->first, index);
}

static int chase(const struct part *part)
{
	struct softdev_queue *queue = part->queue;
	int error = read(part, SOFTDEV_SRC, 0, &queue->result);

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
		return atomic(&part, SOFTDEV_ACCESS_ADD);
	case SOFTDEV_GATHER:
		return load_index(&part, &i) ?: move(&part, lane->first, i);
	case SOFTDEV_SCATTER:
		return load_index(&part, &i) ?: move(&part, i, lane->first);
	case SOFTDEV_CHASE:
		return chase(&part);
	case SOFTDEV_SWAP:
		return atomic(&part, SOFTDEV_ACCESS_SWAP);
	}
	return -EINVAL;
}
