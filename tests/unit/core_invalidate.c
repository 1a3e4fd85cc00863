// SPDX-License-Identifier: GPL-2.0-only
/* Invalidations: what they take away, what they wait for, and which of them are refused. */
#include "core.h"

#include <linux/memremap.h>

#define LEN(pages) ((pages)*PAGE_SIZE)

static struct xmmu_range *range;

/* A range over all pages, each of them populated. */
static void start(unsigned long pages, enum xmmu_policy policy)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core.config.policy = policy;
	core_attach();
	range = core_insert(0, pages);
	expect(core_populate(range, 0, pages, XMMU_WRITE), 0);
	expect(core_translated(), pages);
}

static void stop(void)
{
	core_remove(range);
	core_stop();
}

/* What is not populated any more is zapped no more. */
static void case_spans(void *unused)
{
	start(6, XMMU_TRYLOCK);
	expect(hosted_munmap(mm, at(4), LEN(2)), 0);
	expect(core.zaps, 1);
	expect(core.report.zap_start, at(4));
	expect(core.report.zap_end, at(6));
	expect(core.report.outcome, XMMU_INVALIDATED);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(core.zaps, 2);
	expect(core_translated(), 3);
	expect(hosted_mmap(mm, at(4), LEN(2), RW, 0, NULL, 0), 0);
	expect(hosted_madvise(mm, at(4), LEN(2), HOSTED_DONTNEED), 0);
	expect(core.zaps, 2);
	/* In the middle: it may be more than is populated, never less. */
	expect(hosted_munmap(mm, at(2), LEN(1)), 0);
	expect(core.zaps, 3);
	check(core.table[1] && !core.table[2] && core.table[3]);
	stop();
}
CASE(spans)

/* A mirror that nobody listens to: each event flushes what it has taken away, and no more. */
static void case_plain(void *unused)
{
	core_start(3, HOSTED_DMA_DIRECT);
	core.ops.report = NULL;
	core_attach();
	range = core_insert(0, 3);
	expect(core_populate(range, 0, 2, 0), 0);
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(core.flushes, 1);
	expect(core_translated(), 1);
	expect(hosted_munmap(mm, at(2), LEN(1)), 0);
	expect(core.flushes, 1);
	expect(hosted_munmap(mm, at(1), LEN(1)), 0);
	expect(core.flushes, 2);
	expect(core_stats().flushes, 2);
	expect(core_stats().zaps, 2);
	stop();
}
CASE(plain)

/* Each event is counted as what it is. */
static void case_counted(void *unused)
{
	start(3, XMMU_TRYLOCK);
	expect(hosted_madvise(mm, at(0), LEN(1), HOSTED_DONTNEED), 0);
	expect(hosted_madvise(mm, at(1), LEN(1), HOSTED_DONTNEED), 0);
	expect(hosted_munmap(mm, at(0), LEN(3)), 0);
	expect(core_stats().events[MMU_NOTIFY_UNMAP], 1);
	expect(core_stats().events[MMU_NOTIFY_CLEAR], 2);
	expect(core_stats().events[XMMU_STATS_EVENTS - 1], 0);
	stop();
}
CASE(counted)

/* The driver's own migration takes nothing away; that of another owner does. */
static void case_owner(void *unused)
{
	struct dev_pagemap own = { .type = MEMORY_DEVICE_PRIVATE, .owner = &core };
	struct dev_pagemap other = { .type = MEMORY_DEVICE_PRIVATE, .owner = &own };

	core_start(2, HOSTED_DMA_DIRECT);
	core.config.owner = &core;
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, XMMU_WRITE), 0);
	expect(hosted_to_device(mm, at(0), &own), 0);
	expect(core.report.outcome, XMMU_FILTERED);
	expect(core_translated(), 2);
	expect(core_stats().filtered, 1);
	expect(xmmu_range_zap(range, at(0), at(1)), 0);
	expect(hosted_to_device(mm, at(1), &other), 0);
	expect(core.report.outcome, XMMU_INVALIDATED);
	expect(core_translated(), 0);
	stop();
}
CASE(owner)

/* REFUSE: the reaper gets nothing, and comes back. */
static void case_refuse(void *unused)
{
	start(2, XMMU_REFUSE);
	expect(hosted_oom_reap(mm), -EAGAIN);
	expect(core_translated(), 2);
	expect(core.report.outcome, XMMU_REFUSED);
	check(!core.report.event.blockable);
	expect(core_stats().refused, 1);
	expect(core_stats().nonblock, 1);
	stop();
}
CASE(refuse)

/* ATOMIC: it gets everything. */
static void case_atomic(void *unused)
{
	start(2, XMMU_ATOMIC);
	expect(hosted_oom_reap(mm), 0);
	expect(core_translated(), 0);
	expect(core_stats().refused, 0);
	stop();
}
CASE(atomic)

/* A flush under ATOMIC that is not complete when it returns is a bug of the driver. */
static void case_atomic_late(void *unused)
{
	start(1, XMMU_ATOMIC);
	core.mute = true;
	hosted_munmap(mm, at(0), LEN(1));
}
CASE_UNTIL(atomic_late, "warning")

/* It is told, and its device cut off from memory that the process gets back. */
static void case_atomic_isolated(void *unused)
{
	start(1, XMMU_ATOMIC);
	core.mute = true;
	hosted_warnings_due = 1;
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(hosted_warnings_due, 0);
	expect(core.isolated, 1);
	stop();
}
CASE(atomic_isolated)

/* TRYLOCK: a lock that is taken is a refusal; nothing is zapped. */
static void case_trylock_taken(void *unused)
{
	start(2, XMMU_TRYLOCK);
	xmmu_mirror_lock(&core.mirror);
	expect(hosted_oom_reap(mm), -EAGAIN);
	xmmu_mirror_unlock(&core.mirror);
	expect(core_translated(), 2);
	expect(hosted_oom_reap(mm), 0);
	expect(core_translated(), 0);
	expect(core_stats().refused, 1);
	stop();
}
CASE(trylock_taken)

/* TRYLOCK: a flush that is not confirmed is a refusal, too, and the next try finds it done. */
static void case_trylock_late(void *unused)
{
	start(2, XMMU_TRYLOCK);
	core.mute = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	expect(core_translated(), 0);
	expect(core.flushes, 1);
	/* It is still under way: nothing new to flush, but nothing confirmed. */
	expect(hosted_oom_reap(mm), -EAGAIN);
	xmmu_flush_done(&core.mirror, core.ticket);
	expect(hosted_oom_reap(mm), 0);
	expect(core.flushes, 1);
	expect(core_stats().refused, 2);
	core.mute = false;
	stop();
}
CASE(trylock_late)

/* Without memory for the ticket of a flush that nobody waits for, none is posted. */
static void case_trylock_no_memory(void *unused)
{
	bool refused = false;
	unsigned int n;

	for (n = 1; n < 4; n++) {
		start(2, XMMU_TRYLOCK);
		hosted_slab_fail(n);
		if (hosted_oom_reap(mm) == -EAGAIN) {
			expect(core_translated(), 2);
			expect(core.flushes, 0);
			expect(core_stats().refused, 1);
			refused = true;
		}
		hosted_slab_fail(0);
		expect(hosted_oom_reap(mm), 0);
		expect(core_translated(), 0);
		stop();
	}
	check(refused);
}
CASE(trylock_no_memory)

/* A device that caches nothing has nothing to confirm. */
static void case_no_flush(void *unused)
{
	core_start(2, HOSTED_DMA_DIRECT);
	core.ops.flush = NULL;
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	expect(hosted_oom_reap(mm), 0);
	expect(core_translated(), 0);
	expect(core_stats().zaps, 1);
	expect(core_stats().flushes, 0);
	stop();
}
CASE(no_flush)

/* Two passes need memory; without it the event is done in one. */
static void case_one_pass(void *unused)
{
	start(2, XMMU_TRYLOCK);
	hosted_slab_fail(1);
	expect(hosted_madvise(mm, at(0), LEN(2), HOSTED_DONTNEED), 0);
	hosted_slab_fail(0);
	expect(core_translated(), 0);
	expect(core.report.outcome, XMMU_INVALIDATED);
	stop();
}
CASE(one_pass)

static bool unmapped;

static void beside_munmap(void *unused)
{
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	unmapped = true;
}

/* munmap() returns when the device has confirmed, and not before. */
static void case_waits(void *unused)
{
	struct task_struct *task;
	struct xmmu_stats stats;

	start(2, XMMU_TRYLOCK);
	core.mute = true;
	task = core_beside(beside_munmap);
	msleep(20);
	check(!unmapped && !core.table[0] && core.table[1]);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(task);
	check(unmapped);
	stats = core_stats();
	expect(stats.waits, 1);
	check(stats.wait_ns >= 10 * NSEC_PER_MSEC && stats.wait_ns_max == stats.wait_ns);
	check(stats.invalidate_ns_max >= stats.wait_ns_max);
	check(core.report.wait_ns == stats.wait_ns);
	expect(core.isolated, 0);
	core.mute = false;
	/* It is over: who walks now has nothing to wait for. */
	expect(core_populate(range, 1, 1, 0), 0);
	expect(core_stats().cold_waits, 0);
	stop();
}
CASE(waits)

/* Who comes to a page that was zapped before waits for that flush as well. */
static void case_waits_for_another(void *unused)
{
	struct task_struct *task;

	start(2, XMMU_TRYLOCK);
	core.mute = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	task = core_beside(beside_munmap);
	msleep(20);
	check(!unmapped);
	expect(core.flushes, 1);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(task);
	expect(core_stats().waits_shared, 1);
	core.mute = false;
	stop();
}
CASE(waits_for_another)

/* A device that never answers is cut off, and the memory goes. */
static void case_watchdog(void *unused)
{
	start(2, XMMU_TRYLOCK);
	core.mute = true;
	expect(hosted_munmap(mm, at(0), LEN(1)), 0);
	expect(core.isolated, 1);
	check(core_stats().wait_ns_max > 400 * NSEC_PER_MSEC);
	/* What comes later does not wait again. */
	expect(hosted_munmap(mm, at(1), LEN(1)), 0);
	expect(core.isolated, 1);
	expect(core_stats().waits, 1);
	/* A confirmation that comes after all finds nothing. */
	xmmu_flush_done(&core.mirror, core.ticket);
	stop();
}
CASE(watchdog)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans),
		cmocka_unit_test(owner),
		cmocka_unit_test(refuse),
		cmocka_unit_test(atomic),
		cmocka_unit_test(atomic_late),
		cmocka_unit_test(atomic_isolated),
		cmocka_unit_test(trylock_taken),
		cmocka_unit_test(trylock_late),
		cmocka_unit_test(trylock_no_memory),
		cmocka_unit_test(no_flush),
		cmocka_unit_test(one_pass),
		cmocka_unit_test(waits),
		cmocka_unit_test(waits_for_another),
		cmocka_unit_test(watchdog),
		cmocka_unit_test(plain),
		cmocka_unit_test(counted),
	};

	return cmocka_run_group_tests_name("core_invalidate", tests, NULL, NULL);
}
