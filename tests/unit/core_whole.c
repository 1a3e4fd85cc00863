// SPDX-License-Identifier: GPL-2.0-only
/* Whole address spaces: what drop-ins return, what is counted, and who comes and goes when. */
#include "core.h"

#include <xmmu/whole.h>

#define PAGES 8

/* A device with one context. */
static struct {
	struct xmmu_whole *whole;
	unsigned long pfn[PAGES]; /* 0: no translation */
	unsigned int perm[PAGES];
	unsigned int allocated, freed, flushes;
	int refuse;
} dev;

static struct xmmu_whole *dev_alloc(void)
{
	struct xmmu_whole *whole = kzalloc(sizeof(*whole), GFP_KERNEL);

	dev.allocated += !!whole;
	return whole;
}

static void dev_free(struct xmmu_whole *whole)
{
	dev.freed++;
	kfree(whole);
}

static int dev_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	unsigned long page = (dropin->addr - CORE_BASE) / PAGE_SIZE;

	check(dropin->context == &dev);
	if (dev.refuse)
		return dev.refuse;
	dev.pfn[page] = page_to_pfn(dropin->page);
	dev.perm[page] = dropin->perm;
	return 0;
}

static void dev_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	unsigned long page;

	dev.flushes++;
	for (page = 0; page < PAGES; page++)
		if (at(page) >= start && at(page) < end)
			dev.pfn[page] = 0;
}

static bool dev_loaded(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	unsigned long page;

	for (page = 0; page < PAGES; page++)
		if (at(page) >= start && at(page) < end && dev.pfn[page])
			return true;
	return false;
}

static const struct xmmu_whole_ops dev_ops = {
	.alloc = dev_alloc,
	.free = dev_free,
	.load = dev_load,
	.flush = dev_flush,
	.loaded = dev_loaded,
};

static void begin(void)
{
	core_start(PAGES, HOSTED_DMA_DIRECT);
	memset(&dev, 0, sizeof(dev));
	expect(xmmu_whole_init(&dev_ops), 0);
	dev.whole = xmmu_whole_get();
	check(!IS_ERR(dev.whole));
}

static void finish(void)
{
	xmmu_whole_put(dev.whole);
	xmmu_whole_exit();
	expect(dev.freed, dev.allocated);
	core_stop();
}

static int dropin(unsigned long page, unsigned int flags)
{
	return xmmu_whole_dropin(dev.whole, at(page) + 5, flags, NULL, &dev);
}

static struct xmmu_whole_stats stats(void)
{
	struct xmmu_whole_stats stats;

	xmmu_whole_read_stats(dev.whole, &stats);
	return stats;
}

static void case_load_and_flush(void *unused)
{
	begin();
	expect(dropin(0, XMMU_NOWAIT), -EAGAIN); /* nobody has touched the page */
	expect(dropin(0, XMMU_WRITE), 0);
	expect(dev.perm[0], XMMU_PERM_READ | XMMU_PERM_WRITE);
	expect(dropin(1, XMMU_WRITE), 0);
	expect(dropin(1, XMMU_NOWAIT), 0); /* may be written to, is not to be */
	expect(dev.perm[1], XMMU_PERM_READ);
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	expect(dev.pfn[0], 0);
	check(dev.pfn[1]);
	expect(dropin(0, 0), -EFAULT);
	expect(hosted_mprotect(mm, at(1), PAGE_SIZE, VM_READ), 0);
	expect(dropin(1, XMMU_WRITE), -EFAULT);
	expect(dropin(1, 0), 0);
	expect(stats().loads, 4);
	check(stats().events >= 2 && stats().active_max == 1);
	finish();
}
CASE(load_and_flush)

static void case_refused(void *unused)
{
	struct xmmu_whole_ops ops = dev_ops;

	begin();
	expect(dropin(0, XMMU_SNAPSHOT), -EINVAL);
	expect(dropin(PAGES, 0), -EFAULT);
	dev.refuse = -ENXIO;
	expect(dropin(0, 0), -ENXIO);
	expect(stats().loads, 0);
	ops.flush = NULL;
	expect(xmmu_whole_init(&ops), -EINVAL);
	finish();
}
CASE(refused)

/* Contexts share the object, which goes with the last. */
static void case_shared(void *unused)
{
	struct xmmu_whole *other;

	begin();
	other = xmmu_whole_get();
	check(other == dev.whole);
	expect(dev.allocated, 1);
	check(xmmu_whole_is_current(other));
	xmmu_whole_put(other);
	expect(dropin(0, 0), 0);
	finish();
}
CASE(shared)

static void case_no_memory(void *unused)
{
	struct xmmu_whole *other;

	begin();
	xmmu_whole_put(dev.whole);
	msleep(10);
	expect(dev.freed, 1);
	hosted_slab_fail(1);
	other = xmmu_whole_get();
	check(IS_ERR(other));
	expect(PTR_ERR(other), -ENOMEM);
	dev.whole = xmmu_whole_get();
	expect(dev.allocated, 2);
	finish();
}
CASE(no_memory)

static void serve(struct work_struct *work)
{
	/* As an interrupt thread: no address space of its own. */
	expect(dropin(0, XMMU_NOWAIT), 0);
	expect(dropin(1, 0), 0);
}

static void case_worker(void *unused)
{
	struct work_struct work;

	begin();
	expect(dropin(0, XMMU_WRITE), 0);
	INIT_WORK(&work, serve);
	schedule_work(&work);
	flush_work(&work);
	expect(stats().loads, 3);
	finish();
}
CASE(worker)

/* ---- an invalidation that stays open: its page is refused, others are not */

static struct mmu_notifier_range event;

static void open_event(void)
{
	struct mmu_notifier *notifier = &dev.whole->notifier;

	event = (struct mmu_notifier_range){
		.mm = mm, .start = at(2), .end = at(4), .flags = MMU_NOTIFIER_RANGE_BLOCKABLE
	};
	expect(notifier->ops->invalidate_range_start(notifier, &event), 0);
}

static void close_event(void)
{
	dev.whole->notifier.ops->invalidate_range_end(&dev.whole->notifier, &event);
}

static void end_late(void *unused)
{
	msleep(20);
	close_event();
}

static void case_back_off(void *unused)
{
	struct xmmu_budget budget;
	unsigned long begun;

	begin();
	expect(hosted_store(mm, at(3), 1), 0);
	open_event();
	expect(dropin(3, XMMU_NOWAIT), -EAGAIN);
	expect(stats().backoffs, 1);
	expect(dropin(1, 0), 0);
	expect(dropin(4, 0), 0);
	xmmu_budget_init(&budget, 30, 1000);
	expect(xmmu_whole_dropin(dev.whole, at(3), 0, &budget, &dev), -ETIMEDOUT);
	expect(stats().timeouts, 1);
	core_beside(end_late);
	begun = jiffies;
	expect(dropin(3, 0), 0); /* it is woken, and does not wait for its budget */
	check(jiffies - begun < msecs_to_jiffies(500));
	finish();
}
CASE(back_off)

/* Two are open: all that both concern stays shut until both have ended. */
static void case_overlap(void *unused)
{
	begin();
	expect(hosted_store(mm, at(2), 1), 0);
	open_event();
	open_event();
	close_event();
	expect(dropin(2, XMMU_NOWAIT), -EAGAIN);
	close_event();
	expect(dropin(2, XMMU_NOWAIT), 0);
	expect(stats().active_max, 2);
	finish();
}
CASE(overlap)

/* The list is empty after the release, so the end of what was open never comes. */
static void case_exit_without_end(void *unused)
{
	begin();
	expect(dropin(3, XMMU_WRITE), 0);
	open_event();
	hosted_exit();
	expect(dev.pfn[3], 0);
	check(!xmmu_whole_is_current(dev.whole));
	finish();
}
CASE(exit_without_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_and_flush), cmocka_unit_test(refused),
		cmocka_unit_test(shared),         cmocka_unit_test(no_memory),
		cmocka_unit_test(worker),         cmocka_unit_test(back_off),
		cmocka_unit_test(overlap),        cmocka_unit_test(exit_without_end),
	};

	return cmocka_run_group_tests_name("core_whole", tests, NULL, NULL);
}
