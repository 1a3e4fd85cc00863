// SPDX-License-Identifier: GPL-2.0-only
/* What a zap defers is freed once: after its flush, and before detach returns. */
#include "core.h"

static struct xmmu_range *range;
static struct xmmu_deferred deferred[2];
static unsigned int used, freed;
static void (*core_zap)(struct xmmu_range *range, unsigned long start, unsigned long end,
			struct xmmu_gather *gather);

static void free_deferred(struct xmmu_deferred *which)
{
	might_sleep();
	check(which == &deferred[0] || which == &deferred[1]);
	freed++;
}

static void zap_and_defer(struct xmmu_range *zapped, unsigned long start, unsigned long end,
			  struct xmmu_gather *gather)
{
	core_zap(zapped, start, end, gather);
	xmmu_gather_defer(gather, &deferred[used++], free_deferred);
}

static void start(enum xmmu_policy policy)
{
	core_start(4, HOSTED_DMA_DIRECT);
	core.config.policy = policy;
	core_zap = core.ops.zap;
	core.ops.zap = zap_and_defer;
	core_attach();
	range = core_insert(0, 4);
	expect(core_populate(range, 0, 2, XMMU_WRITE), 0);
}

/* A device that confirms at once. */
static void case_at_once(void *unused)
{
	start(XMMU_TRYLOCK);
	expect(xmmu_range_zap(range, at(0), at(1)), 0);
	msleep(10);
	expect(freed, 1);
	core_remove(range);
	core_stop();
	expect(freed, used);
}
CASE(at_once)

static void case_atomic(void *unused)
{
	start(XMMU_ATOMIC);
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	msleep(10);
	expect(freed, 1);
	core_remove(range);
	core_stop();
	expect(freed, used);
}
CASE(atomic)

/* The kernel's event was refused, so nobody waits for the flush; the memory does. */
static void case_refused(void *unused)
{
	start(XMMU_TRYLOCK);
	core.mute = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	msleep(100);
	expect(used, 1);
	expect(freed, 0);
	xmmu_flush_done(&core.mirror, core.ticket);
	msleep(10);
	expect(freed, 1);
	core.mute = false;
	core_remove(range);
	core_stop();
}
CASE(refused)

static void zap_first(void *unused)
{
	expect(xmmu_range_zap(range, at(0), at(1)), 0);
}

static void zap_second(void *unused)
{
	expect(xmmu_range_zap(range, at(1), at(2)), 0);
}

/* Nothing waits for a flush that was posted later. */
static void case_later_flush(void *unused)
{
	u64 first;

	start(XMMU_TRYLOCK);
	core.mute = true;
	core_beside(zap_first);
	msleep(10);
	first = core.ticket;
	core_beside(zap_second);
	msleep(10);
	expect(used, 2);
	expect(freed, 0);
	xmmu_flush_done(&core.mirror, first);
	msleep(10);
	expect(freed, 1);
	xmmu_flush_done(&core.mirror, core.ticket);
	msleep(10);
	expect(freed, 2);
	core.mute = false;
	core_remove(range);
	core_stop();
}
CASE(later_flush)

/* The device never confirms: detach cuts it off, and leaves nothing to be freed. */
static void case_detach(void *unused)
{
	start(XMMU_TRYLOCK);
	core.mute = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	xmmu_mirror_detach(&core.mirror);
	expect(core.isolated, 1);
	expect(freed, 1);
	xmmu_range_put(range);
	core_stop();
}
CASE(detach)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_once),     cmocka_unit_test(atomic), cmocka_unit_test(refused),
		cmocka_unit_test(later_flush), cmocka_unit_test(detach),
	};

	return cmocka_run_group_tests_name("core_deferred", tests, NULL, NULL);
}
