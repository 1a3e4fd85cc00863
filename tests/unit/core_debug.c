// SPDX-License-Identifier: GPL-2.0-only
/* The debug build of the core: it finds what a driver does wrong, and makes events that are rare. */
#include "core.h"

#include <linux/dma-mapping.h>
#include <linux/string.h>

#define LEN(pages) ((pages)*PAGE_SIZE)

static struct xmmu_range *range;

static void inject(const char *what, u32 value)
{
	char path[64];

	snprintf(path, sizeof(path), "xmmu-core/inject/%s", what);
	expect(hosted_debugfs_write(path, value), 0);
}

static void start(unsigned long pages)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, pages);
	expect(core_populate(range, 0, pages, 0), 0);
}

static void stop(void)
{
	core_remove(range);
	core_stop();
}

/* ---- injection */

static void case_collide(void *unused)
{
	start(1);
	inject("collide", 2);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(core_stats().retries, 0);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(core_stats().retries, 1);
	inject("collide", 1);
	expect(core_populate(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	expect(core_stats().retries, 2);
	inject("collide", 0);
	stop();
}
CASE(collide)

static int prepare(struct xmmu_walk *walk)
{
	msleep(100);
	return 0;
}

/* A walk that has no luck gives up, though nobody has said when. */
static void case_collide_always(void *unused)
{
	u64 begun;

	start(1);
	core.ops.prepare = prepare;
	inject("collide", 1);
	begun = hosted_now_ns();
	expect(core_populate(range, 0, 1, 0), -ETIMEDOUT);
	check(hosted_now_ns() - begun >= XMMU_BUDGET_STALL_MS * NSEC_PER_MSEC);
	check(hosted_now_ns() - begun <= XMMU_BUDGET_TOTAL_MS * NSEC_PER_MSEC);
	inject("collide", 0);
	stop();
}
CASE(collide_always)

/* An event that may block comes as one that must not, and is done all the same. */
static void nonblock(enum xmmu_policy policy, unsigned int refused)
{
	core_start(2, HOSTED_DMA_DIRECT);
	core.config.policy = policy;
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	inject("nonblock", 1);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	inject("nonblock", 0);
	expect(core_translated(), 1);
	expect(core_stats().nonblock, 1);
	expect(core_stats().refused, refused);
	stop();
}

static void case_nonblock_taken(void *unused)
{
	nonblock(XMMU_TRYLOCK, 0);
}
CASE(nonblock_taken)

static void case_nonblock_refused(void *unused)
{
	nonblock(XMMU_REFUSE, 1);
}
CASE(nonblock_refused)

/* The n-th allocation fails, once. */
static void case_fail_nth(void *unused)
{
	struct xmmu_range *other = kzalloc(sizeof(*other), GFP_KERNEL);
	struct xmmu_mirror mirror = {};

	start(1);
	inject("fail_nth", 1);
	expect(xmmu_mirror_attach(&mirror, &core.config), -ENOMEM);
	inject("fail_nth", 1);
	expect(xmmu_range_insert(&core.mirror, other, at(1UL << 20), at((1UL << 20) + 1)), -ENOMEM);
	kfree(other);
	inject("fail_nth", 1);
	expect(core_populate(range, 0, 1, 0), -ENOMEM);
	expect(core_populate(range, 0, 1, 0), 0);
	inject("fail", 1);
	expect(core_populate(range, 0, 1, 0), -ENOMEM);
	expect(core_populate(range, 0, 1, 0), -ENOMEM);
	inject("fail", 0);
	stop();
}
CASE(fail_nth)

/* All allocations of a walk that keeps DMA addresses, and of one that is long. */
static void case_fail_walk(void *unused)
{
	unsigned int n = 1;

	core_start(20, HOSTED_DMA_IOMMU);
	core.config.dma = XMMU_DMA_LEAF;
	core.config.dev = &core.dev;
	core_attach();
	range = core_insert(0, 20);
	for (inject("fail_nth", n); core_populate(range, 0, 20, 0) == -ENOMEM;
	     inject("fail_nth", n)) {
		expect(core_translated(), 0);
		n++;
	}
	/* The array, the fault and each page; the room for the addresses stays when it is there. */
	expect(n, 1 + 2 + 20);
	inject("fail_nth", 0);
	expect(core_translated(), 20);
	stop();
}
CASE(fail_walk)

static void case_fail_xfer(void *unused)
{
	struct xmmu_walk walk;
	struct xmmu_xfer xfer;

	core_start(1, HOSTED_DMA_DIRECT);
	core.config.dma = XMMU_DMA_XFER;
	core.config.dev = &core.dev;
	core_attach();
	range = core_insert(0, 1);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	check(xmmu_walk_next(&walk));
	inject("fail_nth", 1);
	expect(xmmu_xfer_begin(&walk, &xfer, at(0), 8, DMA_TO_DEVICE), -ENOMEM);
	expect(xmmu_walk_end(&walk), 0);
	stop();
}
CASE(fail_xfer)

static void case_delay(void *unused)
{
	u64 begun;

	start(1);
	inject("delay_us", 500);
	begun = hosted_now_ns();
	expect(core_populate(range, 0, 1, 0), 0);
	check(hosted_now_ns() - begun >= 2 * 500 * NSEC_PER_USEC);
	inject("delay_us", 0);
	stop();
}
CASE(delay)

/* The device's answer is held back: munmap() waits for it. */
static void case_late_flush(void *unused)
{
	u64 begun;

	start(2);
	inject("late_flush_ms", 100);
	begun = hosted_now_ns();
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	check(hosted_now_ns() - begun >= 90 * NSEC_PER_MSEC);
	expect(core_stats().waits, 1);
	expect(core.isolated, 0);
	/* Without memory for that it comes at once. */
	hosted_slab_fail(2);
	expect(hosted_munmap(mm, at(1), LEN(1)), 0);
	hosted_slab_fail(0);
	expect(core_stats().waits, 1);
	inject("late_flush_ms", 0);
	stop();
}
CASE(late_flush)

/* Detach does not forget an answer that is still to come. */
static void case_late_after_isolation(void *unused)
{
	start(1);
	inject("late_flush_ms", 1000);
	expect(hosted_oom_reap(mm), -EAGAIN);
	xmmu_mirror_isolate(&core.mirror);
	stop();
}
CASE(late_after_isolation)

/* Under ATOMIC a flush can not be late. */
static void case_late_atomic(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core.config.policy = XMMU_ATOMIC;
	core_attach();
	range = core_insert(0, 1);
	expect(core_populate(range, 0, 1, 0), 0);
	inject("late_flush_ms", 1000);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(core_stats().waits, 0);
	stop();
}
CASE(late_atomic)

/* ---- what a driver does wrong */

static void zap_nothing(struct xmmu_range *of, unsigned long start, unsigned long end,
			struct xmmu_gather *gather)
{
}

static void zap_too_much(struct xmmu_range *of, unsigned long start, unsigned long end,
			 struct xmmu_gather *gather)
{
	xmmu_gather_add(gather, start, end + PAGE_SIZE);
}

static void case_forgotten(void *unused)
{
	core_start(5, HOSTED_DMA_DIRECT);
	core.ops.zap = zap_nothing;
	core_attach();
	range = core_insert(0, 5);
	expect(core_populate(range, 3, 1, 0), 0);
	hosted_munmap(mm, at(0), LEN(5));
}
CASE_UNTIL(forgotten, "a translation of 10003000 outlives the invalidation of 10000000-10005000")

static void case_gathered_too_much(void *unused)
{
	core_start(2, HOSTED_DMA_DIRECT);
	core.ops.zap = zap_too_much;
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 1, 0), 0);
	hosted_munmap(mm, at(0), LEN(1));
}
CASE_UNTIL(gathered_too_much, "zap of 10000000-10001000 reports 10000000-10002000")

/* The device is cut off: nothing is asked of it. */
static void case_forgotten_cut_off(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core.ops.zap = zap_nothing;
	core_attach();
	range = core_insert(0, 1);
	expect(core_populate(range, 0, 1, 0), 0);
	xmmu_mirror_isolate(&core.mirror);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	stop();
}
CASE(forgotten_cut_off)

/* What is read of a window after its commit is no page. */
static void case_poison(void *unused)
{
	const unsigned long *frames;
	struct xmmu_walk walk;
	struct xmmu_leaf leaf;

	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, 1);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	check(xmmu_walk_next(&walk));
	frames = xmmu_walk_frames(&walk);
	check(xmmu_walk_leaf(&walk, &leaf, at(0)));
	expect(xmmu_frame_pfn(*frames), page_to_pfn(leaf.page));
	xmmu_walk_commit(&walk);
	expect(*frames, 0x5a5a5a5a5a5a5a5a);
	expect(xmmu_walk_end(&walk), 0);
	stop();
}
CASE(poison)

static void case_range_never_put(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	core_insert(0, 1);
	xmmu_mirror_detach(&core.mirror);
	xmmu_module_exit();
}
CASE_UNTIL(range_never_put, "warning")

static void case_transfer_outlives(void *unused)
{
	struct xmmu_walk walk;
	struct xmmu_xfer xfer;

	core_start(1, HOSTED_DMA_DIRECT);
	core.config.dma = XMMU_DMA_XFER;
	core.config.dev = &core.dev;
	core_attach();
	range = core_insert(0, 1);
	core_remove(range);
	range = core_insert(0, 1);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	check(xmmu_walk_next(&walk));
	/* Not in the span of any range that is removed. */
	expect(xmmu_xfer_begin(&walk, &xfer, at(0), 8, DMA_TO_DEVICE), 0);
	xfer.ticket.start = xfer.ticket.end = 0;
	xmmu_walk_commit(&walk);
	expect(xmmu_walk_end(&walk), 0);
	xmmu_mirror_detach(&core.mirror);
}
CASE_UNTIL(transfer_outlives, "warning")

static bool young_with_lock(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
			    enum xmmu_aging how)
{
	xmmu_mirror_lock(mirror);
	xmmu_mirror_unlock(mirror);
	return false;
}

/* The order is what is wrong, though nobody waits for anybody here. */
static void case_age_takes_lock(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core.config.policy = XMMU_ATOMIC;
	core.ops.young = young_with_lock;
	core_attach();
	expect(hosted_store(mm, at(0), 1), 0);
	hosted_test_young(mm, at(0));
	hosted_clear_young(mm, at(0));
}
CASE_UNTIL(age_takes_lock, "lock order")

static void console(const char *text)
{
	hosted_fail("message", "%s", text);
}

/* Each check of the kernel that is off is named: none is. */
static void case_checks(void *unused)
{
	hosted_console = console;
	start(1);
	stop();
}
CASE(checks)

static void case_features(void *unused)
{
	char text[512] = {};

	start(1);
	check(hosted_debugfs_read("xmmu-core/features", text, sizeof(text) - 1) > 0);
	check(!strncmp(text, "version ", 8));
	check(strstr(text, "\ndebug 1\n") && strstr(text, "CONFIG_PROVE_LOCKING "));
	stop();
}
CASE(features)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(age_takes_lock),
		cmocka_unit_test(collide),
		cmocka_unit_test(collide_always),
		cmocka_unit_test(nonblock_taken),
		cmocka_unit_test(nonblock_refused),
		cmocka_unit_test(fail_nth),
		cmocka_unit_test(fail_walk),
		cmocka_unit_test(fail_xfer),
		cmocka_unit_test(delay),
		cmocka_unit_test(late_flush),
		cmocka_unit_test(late_after_isolation),
		cmocka_unit_test(late_atomic),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(gathered_too_much),
		cmocka_unit_test(forgotten_cut_off),
		cmocka_unit_test(poison),
		cmocka_unit_test(range_never_put),
		cmocka_unit_test(transfer_outlives),
		cmocka_unit_test(checks),
		cmocka_unit_test(features),
	};

	return cmocka_run_group_tests_name("core_debug", tests, NULL, NULL);
}
