// SPDX-License-Identifier: GPL-2.0-only
/* Walks: what they give, how they are called, when they start anew, and when they give up. */
#include "core.h"

#define LEN(pages) ((pages)*PAGE_SIZE)

static struct xmmu_range *range;

/* A range over all pages, nothing populated; it is warm. */
static void start(unsigned long pages)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, pages);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(xmmu_range_zap(range, at(0), at(1)), 0);
	core.leaves = 0;
}

static void stop(void)
{
	core_remove(range);
	core_stop();
}

/* ---- what it gives */

static void case_leaves(void *unused)
{
	unsigned long done;
	u64 value;

	start(40);
	expect(hosted_store(mm, at(3), 7), 0);
	expect(xmmu_populate(range, at(0), at(40), XMMU_WRITE, NULL, &done), 0);
	expect(done, at(40));
	expect(core_translated(), 40);
	expect(core.leaves, 40);
	expect(core.leaf.addr, at(39));
	expect(core.leaf.len, PAGE_SIZE);
	expect(core.leaf.order, 0);
	expect(core.leaf.dma, 0);
	expect(core.leaf.perm, XMMU_PERM_READ | XMMU_PERM_WRITE);
	hosted_page_read(core.table[3] - 1, 0, &value, sizeof(value));
	expect(value, 7);
	expect(core_populate(range, 5, 1, 0), 0);
	expect(core.leaf.perm, XMMU_PERM_READ);
	/* One of them when the test began. */
	expect(core_stats().pages, 1 + 40 + 1);
	expect(core_stats().commits, 3);
	stop();
}
CASE(leaves)

/* The mappings are looked at once, not for each window: what is left is hmm's. */
static void case_surveyed(void *unused)
{
	unsigned long lookups;

	start(2);
	lookups = hosted_vma_lookups;
	expect(core_populate(range, 0, 1, 0), 0);
	expect(hosted_vma_lookups - lookups, 1);
	stop();
}
CASE(surveyed)

/* Windows end at multiples of their size. */
static void case_windows(void *unused)
{
	struct xmmu_walk walk;

	start(600);
	xmmu_walk_init(&walk, range, at(500), at(600), 0, NULL);
	check(xmmu_walk_next(&walk));
	expect(xmmu_walk_start(&walk), at(500));
	expect(xmmu_walk_stop(&walk), at(512));
	check(xmmu_walk_range(&walk) == range && xmmu_walk_flags(&walk) == 0);
	xmmu_walk_commit(&walk);
	check(xmmu_walk_next(&walk));
	expect(xmmu_walk_stop(&walk), at(600));
	xmmu_walk_commit(&walk);
	check(!xmmu_walk_next(&walk));
	expect(xmmu_walk_end(&walk), 0);
	stop();
}
CASE(windows)

/* A huge page is one leaf, or as few as fit into the window. */
static void case_huge(void *unused)
{
	start(1024);
	expect(hosted_madvise(mm, at(512), LEN(512), HOSTED_HUGEPAGE), 0);
	expect(hosted_store(mm, at(512), 1), 0);
	expect(core_populate(range, 512, 512, XMMU_WRITE), 0);
	expect(core.leaves, 1);
	expect(core.leaf.order, 9);
	expect(core.leaf.len, LEN(512));
	expect(core_translated(), 512);
	expect(xmmu_range_zap(range, at(512), at(1024)), 0);
	core.leaves = 0;
	expect(core_populate(range, 513, 511, XMMU_WRITE), 0);
	expect(core.leaves, 9);
	expect(core.leaf.order, 8);
	expect(core_translated(), 511);
	stop();
}
CASE(huge)

/* A snapshot faults nothing in: it gives what is there. */
static void case_snapshot(void *unused)
{
	start(4);
	expect(hosted_store(mm, at(1), 1), 0);
	expect(hosted_store(mm, at(2), 1), 0);
	expect(hosted_mprotect(mm, at(2), LEN(1), VM_READ), 0);
	expect(hosted_munmap(mm, at(3), LEN(1)), 0);
	expect(core_populate(range, 1, 3, XMMU_SNAPSHOT), 0);
	expect(core_translated(), 2);
	expect(core_stats().pages, 1 + 2);
	expect(core_populate(range, 1, 3, XMMU_SNAPSHOT | XMMU_WRITE), 0);
	expect(core_stats().pages, 1 + 2 + 1);
	stop();
}
CASE(snapshot)

/* A page that the device may write is dirty: it reaches the disk. */
static void case_dirty(void *unused)
{
	struct file *file = hosted_file_open(2, true);
	u64 value = 5;

	start(1);
	expect(hosted_mmap(mm, at(8), LEN(2), RW, VM_SHARED, file, 0), 0);
	hosted_file_put(file);
	core_remove(range);
	range = core_insert(8, 2);
	expect(core_populate(range, 8, 2, XMMU_WRITE), 0);
	check(!folio_mark_dirty(page_folio(core.leaf.page)));
	hosted_page_write(core.table[9] - 1, 0, &value, sizeof(value));
	/* Cleaning takes the device's right to write away. */
	expect(hosted_writeback(file), 0);
	expect(core_translated(), 0);
	stop();
}
CASE(dirty)

/* The window has none of the first page of a huge one. */
static void case_dirty_part(void *unused)
{
	start(1024);
	expect(hosted_madvise(mm, at(512), LEN(512), HOSTED_HUGEPAGE), 0);
	expect(hosted_store(mm, at(512), 1), 0);
	expect(core_populate(range, 515, 1, XMMU_WRITE), 0);
	check(core.leaf.page != folio_page(page_folio(core.leaf.page), 0));
	check(!folio_mark_dirty(page_folio(core.leaf.page)));
	stop();
}
CASE(dirty_part)

/* ---- wrong calls */

static void case_wrong(void *unused)
{
	start(4);
	expect(core_walk_fails(range, 0, 1, 8), -EINVAL);
	expect(core_walk_fails(range, 4, 1, 0), -EINVAL);
	expect(core_walk_fails(range, 1, 0, 0), -EINVAL);
	core.ops.populate = NULL;
	expect(core_populate(range, 0, 1, 0), -EINVAL);
	stop();
}
CASE(wrong)

static void case_no_memory(void *unused)
{
	start(40);
	hosted_slab_fail(1);
	expect(core_walk_fails(range, 0, 40, 0), -ENOMEM);
	hosted_slab_fail(1);
	expect(core_walk_fails(range, 0, 40, XMMU_NOWAIT), -ENOMEM);
	hosted_slab_fail(0);
	/* A short one needs none. */
	hosted_slab_fail(1);
	expect(core_populate(range, 0, 16, 0), 0);
	stop();
}
CASE(no_memory)

static int answer;

static int prepare(struct xmmu_walk *walk)
{
	expect(xmmu_walk_start(walk), at(0));
	return answer;
}

static void case_prepare_fails(void *unused)
{
	start(1);
	core.ops.prepare = prepare;
	answer = -E2BIG;
	expect(core_populate(range, 0, 1, 0), -E2BIG);
	expect(core_translated(), 0);
	answer = 0;
	expect(core_populate(range, 0, 1, 0), 0);
	stop();
}
CASE(prepare_fails)

static void case_prepare_wrong(void *unused)
{
	start(1);
	core.ops.prepare = prepare;
	answer = 1;
	core_populate(range, 0, 1, 0);
}
CASE_UNTIL(prepare_wrong, "warning")

static void case_next_without_commit(void *unused)
{
	struct xmmu_walk walk;

	start(1);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	check(xmmu_walk_next(&walk));
	check(!xmmu_walk_next(&walk));
}
CASE_UNTIL(next_without_commit, "warning")

/* The walk fails, and the window is given up with its lock. */
static void case_window_dropped(void *unused)
{
	struct xmmu_walk walk;

	start(2);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	check(xmmu_walk_next(&walk));
	hosted_warnings_due = 1;
	check(!xmmu_walk_next(&walk));
	expect(hosted_warnings_due, 0);
	expect(xmmu_walk_end(&walk), -EINVAL);
	expect(core_stats().commits, 1);
	expect(core_populate(range, 0, 2, 0), 0);
	stop();
}
CASE(window_dropped)

static void case_commit_without_next(void *unused)
{
	struct xmmu_walk walk;

	start(1);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	xmmu_walk_commit(&walk);
}
CASE_UNTIL(commit_without_next, "warning")

static void case_leaf_without_next(void *unused)
{
	struct xmmu_walk walk;
	struct xmmu_leaf leaf;

	start(1);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	xmmu_walk_leaf(&walk, &leaf, at(0));
}
CASE_UNTIL(leaf_without_next, "warning")

/* Whoever leaves in the middle of a window gives the lock back; nothing is committed. */
static void case_left_open(void *unused)
{
	struct xmmu_walk walk;

	start(1);
	xmmu_walk_init(&walk, range, at(0), at(1), 0, NULL);
	check(xmmu_walk_next(&walk));
	expect(xmmu_walk_end(&walk), 0);
	expect(xmmu_walk_start(&walk), at(0));
	expect(core_stats().commits, 1);
	expect(core_populate(range, 0, 1, 0), 0);
	stop();
}
CASE(left_open)

/* ---- the driver's zap */

static int populated;

static void beside_populate(void *unused)
{
	populated = core_populate(range, 0, 1, 0);
}

static void beside_zap(void *unused)
{
	expect(xmmu_range_zap(range, at(0), at(2)), 0);
}

/* A walk waits for the flush of a zap by the driver; a signal ends that. */
static void case_zap_under_way(void *unused)
{
	struct task_struct *zap, *walk;

	start(2);
	expect(core_populate(range, 0, 2, 0), 0);
	core.mute = true;
	zap = core_beside(beside_zap);
	hosted_others();
	expect(core_walk_fails(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	populated = 1;
	walk = core_beside(beside_populate);
	hosted_others();
	expect(populated, 1);
	send_sig(SIGKILL, walk, 0);
	hosted_join(walk);
	expect(populated, -EINTR);
	populated = 1;
	walk = core_beside(beside_populate);
	hosted_others();
	expect(populated, 1);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(walk);
	hosted_join(zap);
	expect(populated, 0);
	expect(core_translated(), 1);
	core.mute = false;
	stop();
}
CASE(zap_under_way)

static void beside_zap_three(void *unused)
{
	expect(xmmu_range_zap(range, at(0), at(3)), 0);
}

/* It keeps walks out of all of its span, and of no more. */
static void case_zap_span(void *unused)
{
	struct task_struct *zap;
	unsigned long i;

	start(4);
	for (i = 0; i < 4; i++)
		expect(hosted_store(mm, at(i), i), 0);
	expect(core_populate(range, 1, 1, 0), 0);
	core.mute = true;
	zap = core_beside(beside_zap_three);
	hosted_others();
	expect(core_walk_fails(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	expect(core_walk_fails(range, 2, 1, XMMU_NOWAIT), -EAGAIN);
	expect(core_populate(range, 3, 1, XMMU_NOWAIT), 0);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(zap);
	expect(core_populate(range, 0, 3, XMMU_NOWAIT), 0);
	core.mute = false;
	stop();
}
CASE(zap_span)

/* ---- an invalidation in between */

static void beside_discard(void *unused)
{
	expect(hosted_madvise(mm, at(0), LEN(1), HOSTED_DONTNEED), 0);
}

/* The page goes after the walk has found it, and before the walk has the lock. */
static void case_retry(void *unused)
{
	struct task_struct *discard, *walk;

	start(2);
	expect(hosted_store(mm, at(0), 1), 0);
	expect(core_populate(range, 1, 1, 0), 0);
	populated = 1;
	xmmu_mirror_lock(&core.mirror);
	discard = core_beside(beside_discard);
	hosted_others();
	walk = core_beside(beside_populate);
	hosted_others();
	expect(populated, 1);
	xmmu_mirror_unlock(&core.mirror);
	hosted_join(discard);
	hosted_join(walk);
	expect(populated, 0);
	check(core_stats().retries);
	hosted_device_access(mm, at(0), core.table[0] - 1, false);
	stop();
}
CASE(retry)

/* ---- time and signals */

static void case_budget(void *unused)
{
	struct xmmu_budget budget;

	start(1);
	xmmu_budget_init(&budget, 1000, 0);
	expect(xmmu_populate(range, at(0), at(1), 0, &budget, NULL), -ETIMEDOUT);
	xmmu_budget_init(&budget, 0, 1000);
	expect(xmmu_populate(range, at(0), at(1), 0, &budget, NULL), -ETIMEDOUT);
	expect(core_stats().timeouts, 2);
	xmmu_budget_init(&budget, 1000, 1000);
	expect(xmmu_populate(range, at(0), at(1), 0, &budget, NULL), 0);
	stop();
}
CASE(budget)

static int slow_prepare(struct xmmu_walk *walk)
{
	msleep(120);
	return 0;
}

/* Each window is progress: the next one has time again. */
static void case_budget_windows(void *unused)
{
	struct xmmu_budget budget;

	start(1024);
	core.ops.prepare = slow_prepare;
	xmmu_budget_init(&budget, 100, 1000);
	expect(xmmu_populate(range, at(0), at(1024), 0, &budget, NULL), 0);
	expect(core_stats().commits, 1 + 2);
	stop();
}
CASE(budget_windows)

/* The device never confirms the driver's zap: the walk gives up in time. */
static void case_budget_flush(void *unused)
{
	struct task_struct *zap;
	struct xmmu_budget budget;
	u64 begun;

	start(2);
	expect(core_populate(range, 0, 2, 0), 0);
	core.mute = true;
	zap = core_beside(beside_zap);
	hosted_others();
	begun = hosted_now_ns();
	xmmu_budget_init(&budget, 100, 1000);
	expect(xmmu_populate(range, at(0), at(1), 0, &budget, NULL), -ETIMEDOUT);
	check(hosted_now_ns() - begun < 200 * NSEC_PER_MSEC);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(zap);
	core.mute = false;
	stop();
}
CASE(budget_flush)

static void beside_killed(void *unused)
{
	expect(core_populate(range, 0, 1, 0), -EINTR);
}

static void case_killed(void *unused)
{
	struct task_struct *task;

	start(1);
	task = core_beside(beside_killed);
	send_sig(SIGKILL, task, 0);
	hosted_join(task);
	/* And while it waits for a lock. */
	mmap_write_lock(mm);
	task = core_beside(beside_killed);
	hosted_others();
	send_sig(SIGKILL, task, 0);
	hosted_join(task);
	mmap_write_unlock(mm);
	stop();
}
CASE(killed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(surveyed),
		cmocka_unit_test(leaves),
		cmocka_unit_test(windows),
		cmocka_unit_test(huge),
		cmocka_unit_test(snapshot),
		cmocka_unit_test(dirty),
		cmocka_unit_test(dirty_part),
		cmocka_unit_test(wrong),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(prepare_fails),
		cmocka_unit_test(prepare_wrong),
		cmocka_unit_test(next_without_commit),
		cmocka_unit_test(window_dropped),
		cmocka_unit_test(commit_without_next),
		cmocka_unit_test(leaf_without_next),
		cmocka_unit_test(left_open),
		cmocka_unit_test(zap_under_way),
		cmocka_unit_test(zap_span),
		cmocka_unit_test(retry),
		cmocka_unit_test(budget),
		cmocka_unit_test(budget_windows),
		cmocka_unit_test(budget_flush),
		cmocka_unit_test(killed),
	};

	return cmocka_run_group_tests_name("core_walk", tests, NULL, NULL);
}
