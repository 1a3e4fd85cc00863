// SPDX-License-Identifier: GPL-2.0-only
/* The table of stamps: locks, generations, and the processor's side of each page. */
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "stress.h"

#define EXCLUSIVE (-1)

struct xt_stamp *stamps;
_Atomic long cpu_checked, cpu_wrong;
struct xt_stale cpu_first;

void stamps_open(int fd)
{
	stamps = mmap(NULL, XT_PAGES * sizeof(*stamps), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		      XT_STAMPS_OFFSET);
	if (stamps == MAP_FAILED)
		die("mmap of the table of stamps");
}

/* ---- locks */

static bool page_lock(struct xt_stamp *stamp, bool exclusive)
{
	int lock = __atomic_load_n(&stamp->lock, __ATOMIC_RELAXED);

	do {
		if (lock == EXCLUSIVE || (exclusive && lock))
			return false;
	} while (!__atomic_compare_exchange_n(&stamp->lock, &lock, exclusive ? EXCLUSIVE : lock + 1,
					      false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED));
	return true;
}

static void page_unlock(struct xt_stamp *stamp, bool exclusive)
{
	__atomic_fetch_sub(&stamp->lock, exclusive ? EXCLUSIVE : 1, __ATOMIC_RELEASE);
}

bool span_lock(const struct span *span, bool exclusive)
{
	size_t i;

	for (i = 0; i < span->pages; i++) {
		if (!page_lock(&stamps[span->first + i], exclusive))
			break;
	}
	if (i == span->pages)
		return true;
	while (i)
		page_unlock(&stamps[span->first + --i], exclusive);
	return false;
}

void span_unlock(const struct span *span, bool exclusive)
{
	size_t i;

	for (i = 0; i < span->pages; i++)
		page_unlock(&stamps[span->first + i], exclusive);
}

/* ---- generations */

static void set_fresh(struct xt_stamp *stamp)
{
	__atomic_fetch_or(&stamp->fresh, (1 << XT_WORDS) - 1, __ATOMIC_SEQ_CST);
}

/* Before the pages are destroyed: a new generation, and they may be zero. */
void span_renew(const struct span *span, uint32_t *before)
{
	size_t i;

	for (i = 0; i < span->pages; i++) {
		set_fresh(&stamps[span->first + i]);
		before[i] = __atomic_fetch_add(&stamps[span->first + i].gen, 1, __ATOMIC_SEQ_CST);
	}
}

static void kill_up_to(uint32_t *dead, uint32_t gen)
{
	uint32_t old = __atomic_load_n(dead, __ATOMIC_RELAXED);

	while (old < gen && !__atomic_compare_exchange_n(dead, &old, gen, false, __ATOMIC_SEQ_CST,
							 __ATOMIC_RELAXED))
		;
}

/* When the call that destroyed them has returned: nobody may see the old ones any more. */
void span_bury(const struct span *span, const uint32_t *before)
{
	size_t i, word;

	for (i = 0; i < span->pages; i++) {
		for (word = 0; word < XT_WORDS; word++)
			kill_up_to(&stamps[span->first + i].dead[word], before[i]);
	}
}

/* ---- the processor: pages are locked exclusively */

bool word_is_good(const struct xt_stale *seen)
{
	uint32_t gen = (uint32_t)seen->value;

	if (!seen->value)
		return seen->fresh & (1 << seen->word);
	return seen->value == xt_stamp_value(seen->page, gen) && gen > seen->dead &&
	       gen <= seen->gen;
}

static bool word_check(unsigned int page, unsigned int word, const char *addr)
{
	const struct xt_stamp *stamp = &stamps[page];
	struct xt_stale seen = {
		.page = page, .word = word, .dead = stamp->dead[word], .fresh = stamp->fresh
	};

	seen.value = __atomic_load_n((const uint64_t *)addr + word, __ATOMIC_SEQ_CST);
	seen.gen = __atomic_load_n(&stamp->gen, __ATOMIC_SEQ_CST);
	cpu_checked++;
	if (word_is_good(&seen))
		return true;
	seen.ns = now_ms() * 1000000;
	if (!cpu_wrong++)
		cpu_first = seen;
	return false;
}

bool page_check(unsigned int page, const char *addr)
{
	return word_check(page, XT_WORD_CPU, addr) & word_check(page, XT_WORD_DEVICE, addr);
}

/* The stamp of the generation that it has now. */
void page_stamp(unsigned int page, char *addr)
{
	__atomic_store_n((uint64_t *)addr, xt_stamp_value(page, stamps[page].gen),
			 __ATOMIC_SEQ_CST);
}

/* Overwrite the first word: what the device still finds of the old one is stale. */
void page_write(unsigned int page, char *addr)
{
	struct xt_stamp *stamp = &stamps[page];
	uint32_t before = __atomic_fetch_add(&stamp->gen, 1, __ATOMIC_SEQ_CST);

	page_stamp(page, addr);
	__atomic_fetch_and(&stamp->fresh, ~(1U << XT_WORD_CPU), __ATOMIC_SEQ_CST);
	kill_up_to(&stamp->dead[XT_WORD_CPU], before);
}

void span_write(const struct span *span)
{
	size_t i;

	for (i = 0; i < span->pages; i++) {
		page_check(span->first + i, span->addr + i * PAGE);
		page_write(span->first + i, span->addr + i * PAGE);
	}
}

/* The word was written, and may not be empty any more. */
void span_keep(const struct span *span, unsigned int word)
{
	size_t i;

	for (i = 0; i < span->pages; i++)
		__atomic_fetch_and(&stamps[span->first + i].fresh, ~(1U << word), __ATOMIC_SEQ_CST);
}

static int write_span(struct op *op, struct span *span)
{
	span_write(span);
	return 0;
}

static struct op ops[] = {
	{ .name = "write-by-processor", .run = write_span, .on = EVERY, .exclusive = true },
};
struct table cpu_table = TABLE(ops);
