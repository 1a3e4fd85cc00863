// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stamps, by which the device knows a page that is not its own any more (see abi.h), and what was
 * counted in all contexts together.
 *
 * Limits are read before a word is, under what keeps an invalidation from returning: the mirror's
 * lock, the TLB's, or a transfer. So a generation that was dead by then must not be seen.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include "xmmu_test.h"

static struct xt_stamp *stamps;

static atomic64_t checked, stale;
static atomic64_t reported[XT_EVENTS][2];
/* Of `first_stale`: only who gets it writes. */
static atomic_t first_taken;
static struct xt_stale first_stale;

static DEFINE_SPINLOCK(core_lock);
static struct xmmu_stats core;

int test_stamp_init(void)
{
	stamps = vmalloc_user(XT_PAGES * sizeof(*stamps));
	return stamps ? 0 : -ENOMEM;
}

void test_stamp_exit(void)
{
	vfree(stamps);
}

int test_stamp_mmap(struct vm_area_struct *vma)
{
	return remap_vmalloc_range(vma, stamps, 0);
}

bool test_stamped(struct test_context *ctx, unsigned long addr)
{
	return addr >= ctx->stamps.start && addr < ctx->stamps.end;
}

static unsigned int page_of(struct test_context *ctx, unsigned long addr)
{
	return ctx->stamps.page + (addr - ctx->stamps.start) / PAGE_SIZE;
}

u32 test_stamp_gen(struct test_context *ctx, unsigned long addr)
{
	return test_stamped(ctx, addr) ? smp_load_acquire(&stamps[page_of(ctx, addr)].gen) : 0;
}

static bool word_is_good(const struct xt_stale *seen)
{
	u32 gen = lower_32_bits(seen->value);

	if (!seen->value)
		return seen->fresh & BIT(seen->word);
	return seen->value == xt_stamp_value(seen->page, gen) && gen > seen->dead &&
	       gen <= seen->gen;
}

static bool check_word(unsigned int page, unsigned int word, const u64 *words)
{
	struct xt_stale seen = { .page = page, .word = word };

	seen.dead = smp_load_acquire(&stamps[page].dead[word]);
	seen.fresh = smp_load_acquire(&stamps[page].fresh);
	seen.value = READ_ONCE(words[word]);
	smp_rmb();
	seen.gen = READ_ONCE(stamps[page].gen);
	atomic64_inc(&checked);
	if (word_is_good(&seen))
		return true;
	atomic64_inc(&stale);
	seen.ns = ktime_get_ns();
	if (!atomic_xchg(&first_taken, 1))
		first_stale = seen;
	return false;
}

bool test_stamp_check(struct test_context *ctx, unsigned long addr, const u64 *words)
{
	unsigned int page = page_of(ctx, addr), word;
	bool good = true;

	for (word = 0; word < XT_WORDS; word++)
		good &= check_word(page, word, words);
	return good;
}

/* With the generation at which the device got the page: it must have lost it when that is dead. */
void test_stamp_store(struct test_context *ctx, unsigned long addr, u32 gen, u64 *words)
{
	WRITE_ONCE(words[XT_WORD_DEVICE], xt_stamp_value(page_of(ctx, addr), gen));
}

/* ---- totals */

void test_total_report(const struct xmmu_report *report)
{
	unsigned int event = min_t(unsigned int, report->event.event, XT_EVENTS - 1);

	atomic64_inc(&reported[event][report->event.blockable]);
}

/* Sums, except of the members that are maxima. */
void test_total_detach(struct test_context *ctx)
{
	u64 *total = (u64 *)&core, *mine, wait_max, invalidate_max;
	struct xmmu_stats stats;
	unsigned int i;

	xmmu_mirror_stats(&ctx->mirror, &stats);
	mine = (u64 *)&stats;
	spin_lock(&core_lock);
	wait_max = max(core.wait_ns_max, stats.wait_ns_max);
	invalidate_max = max(core.invalidate_ns_max, stats.invalidate_ns_max);
	for (i = 0; i < sizeof(stats) / sizeof(*mine); i++)
		total[i] += mine[i];
	core.wait_ns_max = wait_max;
	core.invalidate_ns_max = invalidate_max;
	spin_unlock(&core_lock);
}

void test_totals(struct xt_totals *totals)
{
	unsigned int event;

	spin_lock(&core_lock);
	memcpy(&totals->core, &core, sizeof(core));
	spin_unlock(&core_lock);
	for (event = 0; event < XT_EVENTS; event++) {
		totals->reported[event][0] = atomic64_read(&reported[event][0]);
		totals->reported[event][1] = atomic64_read(&reported[event][1]);
	}
	totals->checked = atomic64_read(&checked);
	totals->stale = atomic64_read(&stale);
	totals->first = first_stale;
}
