// SPDX-License-Identifier: GPL-2.0-only
/*
 * The software device of the test driver: page table, TLB, flushes that are confirmed when the
 * test wants, an agent that goes on using the TLB until then, and the callbacks for the SDK.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "xmmu_test.h"

/* A held walk goes on by itself after this, so that a failing test does not hang the guest. */
#define HOLD_LIMIT (15 * HZ)

/* The word of a page that the agent stores the page's address in. */
#define AGENT_WORD 7
/* How many entries of the page table the agent takes into the TLB at a time. */
#define AGENT_WALK 8

/* ---- planted faults */

/* Whether it is the time for a fault, which then is over. */
bool test_planted(struct test_context *ctx, unsigned int plant)
{
	return cmpxchg(&ctx->plant, plant, 0) == plant;
}

static void plant_in_zap(struct test_context *ctx, unsigned long start, unsigned long end,
			 struct xmmu_gather *gather)
{
	unsigned long *freed;

	if (test_planted(ctx, XT_PLANT_SLEEP))
		msleep(1);
	if (test_planted(ctx, XT_PLANT_GATHER))
		xmmu_gather_add(gather, start, end + PAGE_SIZE);
	if (test_planted(ctx, XT_PLANT_USE_AFTER_FREE)) {
		freed = kzalloc(sizeof(*freed), GFP_ATOMIC);
		kfree(freed);
		READ_ONCE(*freed);
	}
}

static void plant_in_populate(struct test_context *ctx)
{
	if (test_planted(ctx, XT_PLANT_RECLAIM))
		kfree(kmalloc(1, GFP_KERNEL));
	if (test_planted(ctx, XT_PLANT_MMAP_LOCK)) {
		mmap_read_lock(current->mm);
		mmap_read_unlock(current->mm);
	}
}

/* The entry of an address, or NULL. The range keeps the table. */
static unsigned long *find_entry(struct test_range *range, unsigned long addr)
{
	struct test_table *table = xa_load(&range->tables, addr / XMMU_WINDOW);

	return table ? &table->entries[addr % XMMU_WINDOW / PAGE_SIZE] : NULL;
}

/* ---- TLB: under tlb_lock */

static struct test_tlb_entry *tlb_find(struct test_context *ctx, unsigned long addr)
{
	unsigned int i;

	for (i = 0; i < TEST_TLB; i++) {
		if (ctx->tlb[i].entry && ctx->tlb[i].addr == addr)
			return &ctx->tlb[i];
	}
	return &ctx->tlb[ctx->tlb_next++ % TEST_TLB];
}

/* Under stress the device looks up again at once what it has to forget, to go on with it. */
static void tlb_drop_entry(struct test_context *ctx, struct test_tlb_entry *tlb)
{
	unsigned long *entry = NULL;

	if (tlb->entry && ctx->stamps.end && !ctx->isolated)
		entry = find_entry(tlb->range, tlb->addr);
	tlb->entry = entry ? READ_ONCE(*entry) : 0;
}

static void tlb_drop(struct test_context *ctx, unsigned long start, unsigned long end)
{
	unsigned int i;

	for (i = 0; i < TEST_TLB; i++) {
		if (ctx->tlb[i].addr >= start && ctx->tlb[i].addr < end)
			tlb_drop_entry(ctx, &ctx->tlb[i]);
	}
}

/* ---- accesses */

static u64 *map_entry(unsigned long entry)
{
	return kmap_local_page(pfn_to_page(entry >> ENTRY_PFN_SHIFT));
}

/* Check a page, and write to it if that is allowed; false if it is not the device's any more. */
static bool use_stamps(struct test_context *ctx, const struct test_tlb_entry *tlb)
{
	u64 *words = map_entry(tlb->entry);
	bool good = test_stamp_check(ctx, tlb->addr, words);

	if (tlb->entry & ENTRY_WRITE)
		test_stamp_store(ctx, tlb->addr, tlb->gen, words);
	kunmap_local(words);
	return good;
}

static void leave_address(const struct test_tlb_entry *tlb)
{
	u64 *words;

	if (!(tlb->entry & ENTRY_WRITE))
		return;
	words = map_entry(tlb->entry);
	WRITE_ONCE(words[AGENT_WORD], tlb->addr);
	kunmap_local(words);
}

/* The agent knows nothing of locks: what is in the TLB may be used. */
static void agent_use(struct test_context *ctx, const struct test_tlb_entry *tlb)
{
	atomic64_inc(&ctx->accesses);
	if (!page_count(pfn_to_page(tlb->entry >> ENTRY_PFN_SHIFT)))
		atomic64_inc(&ctx->stale);
	else if (test_stamped(ctx, tlb->addr))
		use_stamps(ctx, tlb);
	else
		leave_address(tlb);
}

static void agent_fill(struct test_context *ctx, struct test_range *range, unsigned long addr)
{
	struct test_tlb_entry fill = { .range = range, .addr = addr };
	unsigned long *entry = find_entry(range, addr);

	fill.entry = entry ? READ_ONCE(*entry) : 0;
	fill.gen = test_stamp_gen(ctx, addr);
	if (fill.entry)
		*tlb_find(ctx, addr) = fill;
}

static unsigned long range_pages(const struct test_range *range)
{
	return (xmmu_range_end(&range->range) - xmmu_range_start(&range->range)) / PAGE_SIZE;
}

/* One of the ranges, with a reference. */
static struct test_range *any_range(struct test_context *ctx, u32 seed)
{
	struct test_range *range = NULL;
	unsigned long id, nr = 0;

	xa_lock(&ctx->ranges);
	xa_for_each(&ctx->ranges, id, range) {
		if (nr++ == seed % AGENT_WALK)
			break;
	}
	if (range)
		xmmu_range_get(&range->range);
	xa_unlock(&ctx->ranges);
	return range;
}

/*
 * The device's own walk of its page table, which fills the TLB without the mirror's lock: an entry
 * is found until it is zapped, and kept until the flush.
 */
static void agent_walk(struct test_context *ctx)
{
	unsigned long flags, addr, i;
	struct test_range *range;
	u32 seed = get_random_u32();

	range = any_range(ctx, seed);
	if (!range)
		return;
	addr = xmmu_range_start(&range->range) +
	       (unsigned long)(seed % range_pages(range)) * PAGE_SIZE;
	spin_lock_irqsave(&ctx->tlb_lock, flags);
	for (i = 0; i < AGENT_WALK && !ctx->isolated; i++)
		agent_fill(ctx, range, addr + i * PAGE_SIZE);
	spin_unlock_irqrestore(&ctx->tlb_lock, flags);
	xmmu_range_put(&range->range);
}

/* While the lock is taken, walks and invalidations queue up for it, and may come in any order. */
static void keep_lock(struct test_context *ctx, unsigned int us)
{
	if (!us)
		return;
	xmmu_mirror_lock(&ctx->mirror);
	if (ctx->atomic)
		udelay(us);
	else
		usleep_range(us, 2 * us);
	xmmu_mirror_unlock(&ctx->mirror);
}

int test_agent(void *data)
{
	struct test_context *ctx = data;
	unsigned long flags;
	unsigned int i;

	while (!kthread_should_stop()) {
		spin_lock_irqsave(&ctx->tlb_lock, flags);
		for (i = 0; i < TEST_TLB; i++) {
			if (ctx->tlb[i].entry)
				agent_use(ctx, &ctx->tlb[i]);
		}
		spin_unlock_irqrestore(&ctx->tlb_lock, flags);
		if (ctx->stamps.end)
			agent_walk(ctx);
		keep_lock(ctx, READ_ONCE(ctx->busy_us));
		usleep_range(ctx->agent_us, 2 * ctx->agent_us);
	}
	return 0;
}

/* Keep a translation for the agent. */
static void tlb_fill(struct test_context *ctx, const struct test_tlb_entry *fill)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->tlb_lock, flags);
	*tlb_find(ctx, fill->addr) = *fill;
	spin_unlock_irqrestore(&ctx->tlb_lock, flags);
}

static void access_word(unsigned long entry, unsigned long addr, struct xt_access *access)
{
	u64 expected = access->base + (addr - access->start) / PAGE_SIZE;
	u64 *words = map_entry(entry);

	if (access->op == XT_STORE) {
		WRITE_ONCE(words[access->word], expected);
	} else {
		access->last = READ_ONCE(words[access->word]);
		access->wrong += access->last && access->last != expected;
	}
	kunmap_local(words);
}

static void access_page(struct test_context *ctx, struct test_range *range, unsigned long entry,
			unsigned long addr, struct xt_access *access)
{
	struct test_tlb_entry fill = { .range = range, .addr = addr, .entry = entry };

	fill.gen = test_stamp_gen(ctx, addr);
	if (access->op == XT_STORE && !(entry & ENTRY_WRITE)) {
		access->denied++;
		return;
	}
	if (access->op == XT_STAMP)
		access->wrong += !use_stamps(ctx, &fill);
	else
		access_word(entry, addr, access);
	access->done++;
	if (access->tlb)
		tlb_fill(ctx, &fill);
}

void test_access(struct test_context *ctx, struct test_range *range, struct xt_access *access)
{
	unsigned long addr, *entry;

	xmmu_mirror_lock(&ctx->mirror);
	for (addr = access->start; addr < access->end; addr += PAGE_SIZE) {
		entry = find_entry(range, addr);
		if (entry && *entry)
			access_page(ctx, range, *entry, addr, access);
	}
	xmmu_mirror_unlock(&ctx->mirror);
}

static void query_tables(struct test_range *range, struct xt_query *query)
{
	unsigned long addr, *entry;

	for (addr = query->start; addr < query->end; addr += PAGE_SIZE) {
		entry = find_entry(range, addr);
		if (!entry || !*entry)
			continue;
		if (!query->present++)
			query->pfn = *entry >> ENTRY_PFN_SHIFT;
		query->writable += !!(*entry & ENTRY_WRITE);
	}
}

void test_query(struct test_context *ctx, struct test_range *range, struct xt_query *query)
{
	unsigned long flags;
	unsigned int i;

	xmmu_mirror_lock(&ctx->mirror);
	if (range)
		query_tables(range, query);
	spin_lock_irqsave(&ctx->tlb_lock, flags);
	for (i = 0; i < TEST_TLB; i++) {
		const struct test_tlb_entry *tlb = &ctx->tlb[i];

		query->tlb += tlb->entry && tlb->addr >= query->start && tlb->addr < query->end;
	}
	spin_unlock_irqrestore(&ctx->tlb_lock, flags);
	xmmu_mirror_unlock(&ctx->mirror);
}

/* ---- flushes */

/* The device has forgotten the span: from here on it may not be used. */
static void confirm(struct test_flush *flush)
{
	struct test_context *ctx = flush->ctx;
	unsigned long flags;
	u64 ticket;
	bool busy;

	spin_lock_irqsave(&ctx->tlb_lock, flags);
	busy = flush->busy;
	ticket = flush->ticket;
	if (busy)
		tlb_drop(ctx, flush->start, flush->end);
	flush->busy = false;
	spin_unlock_irqrestore(&ctx->tlb_lock, flags);
	if (busy)
		xmmu_flush_done(&ctx->mirror, ticket);
}

static void confirm_work(struct work_struct *work)
{
	confirm(container_of(to_delayed_work(work), struct test_flush, work));
}

static void confirm_irq(struct irq_work *irq)
{
	confirm(container_of(irq, struct test_flush, irq));
}

void test_confirm(struct test_context *ctx)
{
	unsigned int i;

	for (i = 0; i < TEST_FLUSHES; i++)
		confirm(&ctx->flushes[i]);
}

unsigned int test_pending(struct test_context *ctx)
{
	unsigned int i, pending = 0;

	for (i = 0; i < TEST_FLUSHES; i++)
		pending += READ_ONCE(ctx->flushes[i].busy);
	return pending;
}

/* Post a flush; false if it has to be done at once, because all slots are busy for one. */
static bool post(struct test_context *ctx, const struct xmmu_gather *gather)
{
	struct test_flush *flush = ctx->flushes;

	if (ctx->isolated || ctx->flush_mode == XT_FLUSH_NOW)
		return false;
	while (flush->busy) {
		if (++flush == ctx->flushes + TEST_FLUSHES)
			return false;
	}
	flush->busy = true;
	flush->start = gather->start;
	flush->end = gather->end;
	flush->ticket = gather->ticket;
	if (ctx->flush_mode == XT_FLUSH_IRQ)
		irq_work_queue(&flush->irq);
	if (ctx->flush_mode == XT_FLUSH_DELAY)
		schedule_delayed_work(&flush->work, msecs_to_jiffies(ctx->flush_ms));
	return true;
}

static void test_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	struct test_context *ctx = to_context(mirror);
	unsigned long flags;
	bool posted;

	xmmu_mirror_assert_locked(mirror);
	atomic64_inc(&ctx->nr_flushes);
	if (test_planted(ctx, XT_PLANT_EARLY_CONFIRM)) {
		xmmu_flush_done(mirror, gather->ticket);
		return;
	}
	spin_lock_irqsave(&ctx->tlb_lock, flags);
	posted = post(ctx, gather);
	if (!posted)
		tlb_drop(ctx, gather->start, gather->end);
	spin_unlock_irqrestore(&ctx->tlb_lock, flags);
	if (!posted)
		xmmu_flush_done(mirror, gather->ticket);
}

/* Wait until no confirmation is on its way. */
void test_device_drain(struct test_context *ctx)
{
	unsigned int i;

	for (i = 0; i < TEST_FLUSHES; i++) {
		cancel_delayed_work_sync(&ctx->flushes[i].work);
		irq_work_sync(&ctx->flushes[i].irq);
		ctx->flushes[i].busy = false;
	}
}

void test_device_init(struct test_context *ctx)
{
	unsigned int i;

	spin_lock_init(&ctx->tlb_lock);
	spin_lock_init(&ctx->log_lock);
	mutex_init(&ctx->agent_mutex);
	xa_init_flags(&ctx->ranges, XA_FLAGS_ALLOC1);
	xa_init_flags(&ctx->xfers, XA_FLAGS_ALLOC1);
	for (i = 0; i < TEST_FLUSHES; i++) {
		struct test_flush *flush = &ctx->flushes[i];

		flush->ctx = ctx;
		INIT_DELAYED_WORK(&flush->work, confirm_work);
		init_irq_work(&flush->irq, confirm_irq);
	}
}

/* ---- callbacks */

/* Stop here if the test asked for it, until it says go. With a spinlock held it can only spin. */
void test_hold(struct test_context *ctx, unsigned int point)
{
	bool spin = point == XT_AT_POPULATE && ctx->atomic;
	unsigned long limit = jiffies + HOLD_LIMIT;

	if (cmpxchg(&ctx->hold_at, point, 0) != point)
		return;
	WRITE_ONCE(ctx->held, point);
	while (!xchg(&ctx->go, 0) && time_before(jiffies, limit) &&
	       !fatal_signal_pending(current)) {
		if (spin)
			cpu_relax();
		else
			usleep_range(200, 500);
	}
	WRITE_ONCE(ctx->held, 0);
}

static int test_prepare(struct xmmu_walk *walk)
{
	struct test_range *range = to_range(xmmu_walk_range(walk));
	struct test_context *ctx = to_context(xmmu_range_mirror(xmmu_walk_range(walk)));
	gfp_t gfp = xmmu_walk_flags(walk) & XMMU_NOWAIT ? GFP_NOWAIT : GFP_KERNEL;
	unsigned long window = xmmu_walk_start(walk) / XMMU_WINDOW;
	struct test_table *table;
	int ret;

	atomic64_inc(&ctx->prepares);
	ret = -xchg(&ctx->prepare_error, 0);
	if (ret)
		return ret;
	test_hold(ctx, XT_AT_PREPARE);
	if (xa_load(&range->tables, window))
		return 0;
	table = kzalloc(sizeof(*table), gfp);
	if (!table)
		return -ENOMEM;
	ret = xa_insert(&range->tables, window, table, gfp);
	if (ret)
		kfree(table);
	/* Another walk of the same window was faster. */
	return ret == -EBUSY ? 0 : ret;
}

static bool leaf_is_good(struct xmmu_walk *walk, const struct xmmu_leaf *leaf)
{
	bool writes = xmmu_walk_flags(walk) & XMMU_WRITE;

	return leaf->len == PAGE_SIZE << leaf->order && IS_ALIGNED(leaf->addr, leaf->len) &&
	       leaf->addr >= xmmu_walk_start(walk) &&
	       leaf->addr + leaf->len <= xmmu_walk_stop(walk) && leaf->page &&
	       (leaf->perm & XMMU_PERM_READ) && (writes || !(leaf->perm & XMMU_PERM_WRITE));
}

static void fill_leaf(struct test_range *range, const struct xmmu_leaf *leaf)
{
	unsigned long i, entry = ENTRY_PRESENT;

	if (leaf->perm & XMMU_PERM_WRITE)
		entry |= ENTRY_WRITE;
	for (i = 0; i < leaf->len >> PAGE_SHIFT; i++)
		WRITE_ONCE(*find_entry(range, leaf->addr + i * PAGE_SIZE),
			   (page_to_pfn(leaf->page) + i) << ENTRY_PFN_SHIFT | entry);
}

void test_fill(struct xmmu_walk *walk)
{
	struct test_range *range = to_range(xmmu_walk_range(walk));
	struct test_context *ctx = to_context(xmmu_range_mirror(xmmu_walk_range(walk)));
	unsigned long start = xmmu_walk_start(walk);
	struct xmmu_leaf leaf;
	bool unlocked;

	xmmu_mirror_assert_locked(&ctx->mirror);
	atomic64_inc(&ctx->populates);
	test_hold(ctx, XT_AT_POPULATE);
	plant_in_populate(ctx);
	if (start / XMMU_WINDOW != (xmmu_walk_stop(walk) - 1) / XMMU_WINDOW)
		atomic64_inc(&ctx->bad_leaves);
	unlocked = test_planted(ctx, XT_PLANT_UNLOCKED);
	if (unlocked)
		xmmu_mirror_unlock(&ctx->mirror);
	xmmu_walk_for_each(walk, &leaf) {
		if (leaf_is_good(walk, &leaf))
			fill_leaf(range, &leaf);
		else
			atomic64_inc(&ctx->bad_leaves);
	}
	if (unlocked)
		xmmu_mirror_lock(&ctx->mirror);
}

static void zap_table(struct test_table *table, unsigned long base, unsigned long start,
		      unsigned long end, struct xmmu_gather *gather)
{
	unsigned long addr = max(start, base), stop = min(end, base + XMMU_WINDOW);

	for (; addr < stop; addr += PAGE_SIZE) {
		unsigned long *entry = &table->entries[addr % XMMU_WINDOW / PAGE_SIZE];

		if (*entry)
			xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
		WRITE_ONCE(*entry, 0);
	}
}

static void test_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	struct test_context *ctx = to_context(xmmu_range_mirror(range));
	struct test_range *mine = to_range(range);
	struct test_table *table;
	unsigned long window;

	xmmu_mirror_assert_locked(&ctx->mirror);
	atomic64_inc(&ctx->zaps);
	if (!READ_ONCE(ctx->expect_callbacks) || READ_ONCE(mine->removed))
		atomic64_inc(&ctx->late);
	plant_in_zap(ctx, start, end, gather);
	if (test_planted(ctx, XT_PLANT_KEEP))
		end -= PAGE_SIZE;
	xa_for_each_range(&mine->tables, window, table, start / XMMU_WINDOW,
			  (end - 1) / XMMU_WINDOW)
		zap_table(table, window * XMMU_WINDOW, start, end, gather);
}

static bool table_has(const struct test_table *table, unsigned long base, unsigned long start,
		      unsigned long end)
{
	unsigned long addr = max(start, base), stop = min(end, base + XMMU_WINDOW);

	for (; addr < stop; addr += PAGE_SIZE)
		if (table->entries[addr % XMMU_WINDOW / PAGE_SIZE])
			return true;
	return false;
}

static bool tlb_has(struct test_context *ctx, const struct test_range *range, unsigned long start,
		    unsigned long end)
{
	const struct test_tlb_entry *tlb;
	unsigned long flags;
	bool has = false;

	spin_lock_irqsave(&ctx->tlb_lock, flags);
	for (tlb = ctx->tlb; tlb < ctx->tlb + TEST_TLB; tlb++)
		has |= tlb->entry && tlb->range == range && tlb->addr >= start && tlb->addr < end;
	spin_unlock_irqrestore(&ctx->tlb_lock, flags);
	return has;
}

static bool test_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct test_range *mine = to_range(range);
	struct test_table *table;
	unsigned long window;

	xa_for_each_range(&mine->tables, window, table, start / XMMU_WINDOW,
			  (end - 1) / XMMU_WINDOW)
		if (table_has(table, window * XMMU_WINDOW, start, end))
			return true;
	return tlb_has(to_context(xmmu_range_mirror(range)), mine, start, end);
}

static void test_isolate(struct xmmu_mirror *mirror)
{
	struct test_context *ctx = to_context(mirror);

	atomic64_inc(&ctx->isolates);
	spin_lock_irq(&ctx->tlb_lock);
	ctx->isolated = true;
	tlb_drop(ctx, 0, ULONG_MAX);
	spin_unlock_irq(&ctx->tlb_lock);
	test_device_drain(ctx);
}

static void test_release(struct xmmu_mirror *mirror)
{
	atomic64_inc(&to_context(mirror)->releases);
}

static void test_report(struct xmmu_mirror *mirror, const struct xmmu_report *report)
{
	struct test_context *ctx = to_context(mirror);
	struct xt_reports *log = &ctx->log;

	test_total_report(report);
	spin_lock(&ctx->log_lock);
	log->reports[log->count++ % XT_REPORTS_MAX] = (struct xt_report){
		.start = report->event.start,
		.end = report->event.end,
		.zap_start = report->zap_end ? report->zap_start : 0,
		.zap_end = report->zap_end,
		.wait_ns = report->wait_ns,
		.event = report->event.event,
		.blockable = report->event.blockable,
		.outcome = report->outcome,
	};
	spin_unlock(&ctx->log_lock);
}

static void test_range_free(struct xmmu_range *range)
{
	struct test_range *mine = to_range(range);
	struct test_table *table;
	unsigned long window;

	atomic64_inc(&to_context(xmmu_range_mirror(range))->range_frees);
	xa_for_each(&mine->tables, window, table)
		kfree(table);
	xa_destroy(&mine->tables);
	kfree(mine);
}

const struct xmmu_ops test_ops = {
	.prepare = test_prepare,
	.populate = test_fill,
	.zap = test_zap,
	.flush = test_flush,
	.translated = test_translated,
	.isolate = test_isolate,
	.release = test_release,
	.report = test_report,
	.range_free = test_range_free,
};
