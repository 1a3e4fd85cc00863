// SPDX-License-Identifier: GPL-2.0-only
/* Ranges: where they may lie, who finds them, and how they go. */
#include "core.h"

#include <linux/sizes.h>

#define LEN(pages) ((pages)*PAGE_SIZE)

static int insert(unsigned long start, unsigned long end)
{
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	int error = xmmu_range_insert(&core.mirror, range, start, end);

	if (error)
		kfree(range);
	else
		core_remove(range);
	return error;
}

/* Not in a span that is no span, nor into a mirror that is none. */
static void case_wrong_spans(void *unused)
{
	core_start(2, HOSTED_DMA_DIRECT);
	expect(insert(at(0), at(1)), -ESRCH);
	core_attach();
	expect(insert(at(0) + 1, at(1)), -EINVAL);
	expect(insert(at(0), at(1) - 1), -EINVAL);
	expect(insert(at(1), at(1)), -EINVAL);
	expect(insert(at(1), at(0)), -EINVAL);
	expect(insert(HOSTED_TASK_SIZE - LEN(1), HOSTED_TASK_SIZE + LEN(1)), -EINVAL);
	expect(insert(HOSTED_TASK_SIZE - LEN(1), HOSTED_TASK_SIZE), 0);
	expect(core.freed, 1);
	core.ops.range_free = NULL;
	expect(insert(at(0), at(1)), -EINVAL);
	core_stop();
}
CASE(wrong_spans)

static void case_no_memory(void *unused)
{
	struct xmmu_range *range;

	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	range = kzalloc(sizeof(*range), GFP_KERNEL);
	hosted_slab_fail(1);
	expect(xmmu_range_insert(&core.mirror, range, at(0), at(1)), -ENOMEM);
	expect(xmmu_range_insert(&core.mirror, range, at(0), at(1)), 0);
	core_remove(range);
	core_stop();
}
CASE(no_memory)

/* Ranges that overlap are both zapped; the one that was inserted first need not be found first. */
static void case_overlap(void *unused)
{
	struct xmmu_range *a, *b, *found;

	core_start(4, HOSTED_DMA_DIRECT);
	core_attach();
	a = core_insert(0, 3);
	b = core_insert(2, 2);
	expect(core_populate(a, 0, 3, 0), 0);
	expect(core_populate(b, 2, 2, 0), 0);
	expect(core_translated(), 4);
	expect(hosted_munmap(mm, at(2), LEN(1)), 0);
	expect(core.zaps, 2);
	expect(core_translated(), 3);
	found = xmmu_range_find(&core.mirror, at(0));
	check(found == a && xmmu_range_mirror(a) == &core.mirror);
	xmmu_range_put(found);
	core_remove(a);
	found = xmmu_range_find(&core.mirror, at(2));
	check(found == b);
	xmmu_range_put(found);
	check(!xmmu_range_find(&core.mirror, at(0)));
	expect(core.freed, 1);
	core_remove(b);
	expect(core.freed, 2);
	core_stop();
	check(!xmmu_range_find(&core.mirror, at(2)));
}
CASE(overlap)

/* Ranges that cross the border between two coarse stretches share one that contains both. */
static void case_far(void *unused)
{
	unsigned long border = CORE_BASE + SZ_512M - CORE_BASE % SZ_512M;
	struct xmmu_range *near, *wide, *across, *found;

	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	near = core_insert(0, 1);
	wide = kzalloc(sizeof(*wide), GFP_KERNEL);
	expect(xmmu_range_insert(&core.mirror, wide, border - LEN(2), border + LEN(2)), 0);
	across = kzalloc(sizeof(*across), GFP_KERNEL);
	/* No memory is needed for another stretch. */
	hosted_slab_fail(1);
	expect(xmmu_range_insert(&core.mirror, across, border - LEN(1), border + LEN(1)), 0);
	hosted_slab_fail(0);
	core_remove(wide);
	found = xmmu_range_find(&core.mirror, border);
	check(found == across);
	xmmu_range_put(found);
	core_remove(across);
	check(!xmmu_range_find(&core.mirror, border));
	core_remove(near);
	core_stop();
}
CASE(far)

/* Only what lies in the range is zapped, and is gone when that returns. */
static void case_zap(void *unused)
{
	struct xmmu_range *range;

	core_start(4, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, 4);
	expect(core_populate(range, 0, 4, 0), 0);
	expect(xmmu_range_zap(range, at(1), at(3)), 0);
	check(core.table[0] && !core.table[1] && !core.table[2] && core.table[3]);
	expect(xmmu_range_zap(range, at(1) + 1, at(3)), -EINVAL);
	expect(xmmu_range_zap(range, at(1), at(5)), -EINVAL);
	expect(xmmu_range_zap(range, at(0) - LEN(1), at(1)), -EINVAL);
	expect(core_translated(), 2);
	xmmu_range_remove(range);
	expect(core_translated(), 0);
	expect(xmmu_range_zap(range, at(0), at(4)), 0);
	expect(core_populate(range, 0, 1, 0), -ESRCH);
	xmmu_range_remove(range);
	xmmu_range_put(range);
	core_stop();
}
CASE(zap)

static struct xmmu_range *removed;

static void beside_remove(void *unused)
{
	xmmu_range_remove(removed);
	check(!core_translated() && core.ticket == 0);
}

static void beside_remove_range(void *unused)
{
	xmmu_range_remove(removed);
}

/* Whoever comes second returns no sooner than the device has confirmed, either. */
static void case_removed_twice(void *unused)
{
	struct task_struct *first, *second;
	u64 ticket;

	core_start(2, HOSTED_DMA_DIRECT);
	core_attach();
	removed = core_insert(0, 2);
	expect(core_populate(removed, 0, 2, 0), 0);
	core.mute = true;
	first = core_beside(beside_remove);
	hosted_others();
	second = core_beside(beside_remove);
	hosted_others();
	check(!xmmu_range_find(&core.mirror, at(0)));
	expect(core_populate(removed, 0, 1, 0), -ESRCH);
	ticket = core.ticket;
	core.ticket = 0;
	xmmu_flush_done(&core.mirror, ticket);
	hosted_join(first);
	hosted_join(second);
	expect(core.freed, 0);
	xmmu_range_put(removed);
	expect(core.freed, 1);
	core_stop();
}
CASE(removed_twice)

static int walked;

static void beside_munmap(void *unused)
{
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
}

static void beside_walk(void *unused)
{
	walked = core_populate(removed, 1, 1, 0);
}

/* A walk that waits for an invalidation learns at once that the range goes. */
static void case_removed_beside_walk(void *unused)
{
	struct task_struct *munmap, *walk, *remove;
	u64 first;

	core_start(2, HOSTED_DMA_DIRECT);
	core_attach();
	removed = core_insert(0, 2);
	expect(core_populate(removed, 0, 2, 0), 0);
	core.mute = true;
	munmap = core_beside(beside_munmap);
	msleep(10);
	first = core.ticket;
	walk = core_beside(beside_walk);
	msleep(10);
	expect(walked, 0);
	remove = core_beside(beside_remove_range);
	msleep(10);
	expect(walked, -ESRCH);
	expect(core_stats().cold_waits, 1);
	xmmu_flush_done(&core.mirror, first);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(munmap);
	hosted_join(walk);
	hosted_join(remove);
	xmmu_range_put(removed);
	core_stop();
}
CASE(removed_beside_walk)

static void beside_zap(void *unused)
{
	expect(xmmu_range_zap(removed, at(0), at(2)), 0);
}

static void detach_beside(void (*fn)(void *unused), unsigned int points)
{
	struct task_struct *task;

	core_attach();
	removed = core_insert(0, 2);
	expect(core_populate(removed, 0, 2, 0), 0);
	task = core_beside(fn);
	while (points--)
		hosted_point(HOSTED_STEP, NULL, 0);
	xmmu_mirror_detach(&core.mirror);
	memset(&core.mirror, 0, sizeof(core.mirror));
	hosted_join(task);
	xmmu_range_put(removed);
}

/* When detach returns, nobody looks at the mirror any more. */
static void case_gone_after_detach(void *unused)
{
	unsigned int points;

	core_start(2, HOSTED_DMA_DIRECT);
	for (points = 0; points < 200; points++) {
		detach_beside(beside_zap, points);
		detach_beside(beside_walk, points);
		detach_beside(beside_remove_range, points);
	}
	core_stop();
}
CASE(gone_after_detach)

/* What the driver leaves, detach removes; the driver's own reference stays good. */
static void case_detached(void *unused)
{
	struct xmmu_range *a, *b;

	core_start(4, HOSTED_DMA_DIRECT);
	core_attach();
	a = core_insert(0, 2);
	b = core_insert(2, 2);
	expect(core_populate(a, 0, 2, 0), 0);
	xmmu_range_get(b);
	xmmu_range_put(a);
	xmmu_mirror_detach(&core.mirror);
	expect(core_translated(), 0);
	expect(core.freed, 1);
	xmmu_range_remove(b);
	expect(xmmu_range_zap(b, at(2), at(3)), 0);
	xmmu_range_put(b);
	xmmu_range_put(b);
	expect(core.freed, 2);
	core_stop();
}
CASE(detached)

static struct xmmu_range *late;
static int inserted;

/* Its notifier is called before those of the core, which are at higher addresses. */
static bool other_invalidate(struct mmu_interval_notifier *notifier,
			     const struct mmu_notifier_range *event, unsigned long seq)
{
	struct xmmu_range *range;

	if (event->event != MMU_NOTIFY_RELEASE)
		return true;
	check(xmmu_mirror_alive(&core.mirror));
	range = kzalloc(sizeof(*range), GFP_KERNEL);
	inserted = xmmu_range_insert(&core.mirror, range, at(0) + SZ_1G, at(1) + SZ_1G);
	walked = core_populate(late, 0, 1, 0);
	kfree(range);
	return true;
}

static const struct mmu_interval_notifier_ops other_ops = { .invalidate = other_invalidate };

/* The process is exiting and has not told the mirror yet: nothing new is begun. */
static void case_exit_has_begun(void *unused)
{
	struct mmu_interval_notifier other;

	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	late = core_insert(0, 1);
	expect(mmu_interval_notifier_insert(&other, mm, 0, PAGE_SIZE, &other_ops), 0);
	hosted_exit();
	expect(inserted, -ESRCH);
	expect(walked, -ESRCH);
	mmu_interval_notifier_remove(&other);
	core_remove(late);
	core_stop();
}
CASE(exit_has_begun)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_spans),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(overlap),
		cmocka_unit_test(far),
		cmocka_unit_test(zap),
		cmocka_unit_test(removed_twice),
		cmocka_unit_test(detached),
		cmocka_unit_test(exit_has_begun),
		cmocka_unit_test(removed_beside_walk),
		cmocka_unit_test(gone_after_detach),
	};

	return cmocka_run_group_tests_name("core_range", tests, NULL, NULL);
}
