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
	unsigned int asked;
	enum xmmu_aging how;
	bool young;
	unsigned int remaps;
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

static bool dev_young(struct xmmu_whole *whole, unsigned long start, unsigned long end,
		      enum xmmu_aging how)
{
	check(whole == dev.whole);
	expect(start, at(0));
	expect(end, at(1));
	dev.asked++;
	dev.how = how;
	return dev.young;
}

/* The device remembers nothing: all may be loaded again. */
static bool dev_remap(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	struct xmmu_dropin again = *dropin;

	check(!dropin->context);
	again.context = &dev;
	dev.remaps++;
	return !dev_load(whole, &again);
}

static const struct xmmu_whole_ops dev_ops = {
	.alloc = dev_alloc,
	.free = dev_free,
	.load = dev_load,
	.flush = dev_flush,
	.loaded = dev_loaded,
	.young = dev_young,
	.remap = dev_remap,
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
	expect(xmmu_whole_dropin(dev.whole, at(0) | 1UL << 57, 0, NULL, &dev), -EFAULT);
	expect(xmmu_whole_dropin(dev.whole, mm->task_size, XMMU_NOWAIT, NULL, &dev), -EFAULT);
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

/* It may be what the exit of the process waits for, which ends the wait for a userfaultfd. */
static void serve_unkillable(struct work_struct *work)
{
	expect(dropin(0, 0), -EFAULT);
	expect(dropin(1, XMMU_WRITE), 0); /* it is there already */
	expect(dropin(2, XMMU_WRITE), 0);
	expect(dropin(PAGES, 0), -EFAULT);
}

static void case_userfault(void *unused)
{
	struct work_struct work;

	begin();
	expect(hosted_store(mm, at(1), 1), 0);
	expect(hosted_uffd_register(mm, at(0), 2 * PAGE_SIZE), 0);
	INIT_WORK(&work, serve_unkillable);
	schedule_work(&work);
	flush_work(&work);
	expect(stats().loads, 2);
	expect(hosted_uffd_unregister(mm, at(0), 2 * PAGE_SIZE), 0);
	finish();
}
CASE(userfault)

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

/* ---- aging */

static void expect_asked(enum xmmu_aging how)
{
	expect(dev.asked, 1);
	expect(dev.how, how);
	dev.asked = 0;
}

/* Each of the kernel's three questions, and both answers; reclaim keeps what is in use. */
static void case_questions(void *unused)
{
	begin();
	expect(hosted_store(mm, at(0), 1), 0);
	expect(hosted_clear_young(mm, at(0)), 1);
	dev.asked = 0;
	for (dev.young = true;; dev.young = false) {
		expect(hosted_test_young(mm, at(0)), dev.young);
		expect_asked(XMMU_AGING_TEST);
		expect(hosted_clear_young(mm, at(0)), dev.young);
		expect_asked(XMMU_AGING_CLEAR);
		expect(hosted_reclaim(mm, at(0)), dev.young ? -EAGAIN : 0);
		expect_asked(XMMU_AGING_CLEAR_FLUSH);
		if (!dev.young)
			break;
	}
	finish();
}
CASE(questions)

/* DAMON asks for an address within the page. */
static void case_question_within(void *unused)
{
	const struct mmu_notifier_ops *ops;

	begin();
	ops = dev.whole->notifier.ops;
	dev.young = true;
	check(ops->test_young(&dev.whole->notifier, mm, at(0) + 8));
	check(ops->clear_young(&dev.whole->notifier, mm, at(0) + 8, at(1) + 8));
	expect(dev.asked, 2);
	finish();
}
CASE(question_within)

static void case_no_answers(void *unused)
{
	struct xmmu_whole_ops ops = dev_ops;

	begin();
	ops.young = NULL;
	ops.remap = NULL;
	expect(xmmu_whole_init(&ops), 0);
	expect(hosted_store(mm, at(0), 1), 0);
	expect(hosted_clear_young(mm, at(0)), 1);
	expect(hosted_reclaim(mm, at(0)), 0);
	expect(dev.asked, 0);
	finish();
}
CASE(no_answers)

/* ---- pages that are replaced by others */

static void begin_to_merge(enum hosted_generation generation)
{
	begin();
	hosted_generation = generation;
	expect(hosted_store(mm, at(0), 1), 0);
	expect(hosted_store(mm, at(1), 1), 0);
	expect(hosted_madvise(mm, at(0), 2 * PAGE_SIZE, HOSTED_MERGEABLE), 0);
	expect(dropin(0, XMMU_WRITE), 0);
}

/* Both pages are protected, the first is replaced; then the process writes to it. */
static void case_remap(void *unused)
{
	unsigned long merged;

	begin_to_merge(HOSTED_6_1);
	expect(hosted_ksm_merge(mm, at(0), mm, at(1)), 0);
	merged = dev.pfn[1];
	check(merged);
	expect(dev.pfn[0], merged);
	expect(dev.perm[0], XMMU_PERM_READ);
	expect(stats().changes, 3);
	expect(stats().remaps, 3);
	expect(hosted_store(mm, at(0), 2), 0);
	check(dev.pfn[0] && dev.pfn[0] != merged);
	/* Whether or not the process may write to it. */
	expect(dev.perm[0], XMMU_PERM_READ);
	expect(dev.pfn[1], merged);
	expect(stats().remaps, 4);
	expect(stats().overlaps + stats().outside, 0);
	finish();
}
CASE(remap)

/* Elsewhere, but one is enough: it may have flushed what the change brings. */
static void case_remap_beside(void *unused)
{
	begin_to_merge(HOSTED_6_1);
	open_event();
	expect(hosted_ksm_merge(mm, at(0), mm, at(1)), 0);
	close_event();
	expect(dev.pfn[0], 0);
	expect(stats().changes, 3);
	expect(stats().overlaps, 3);
	expect(stats().remaps + stats().outside, 0);
	expect(dev.remaps, 0);
	finish();
}
CASE(remap_beside)

/* Without an invalidation around it, or in one of another page, nobody answers for the page. */
static void case_remap_outside(void *unused)
{
	const struct mmu_notifier_ops *ops;
	pte_t pte;

	begin_to_merge(HOSTED_2009);
	expect(hosted_ksm_merge(mm, at(0), mm, at(1)), 0);
	expect(stats().changes, 3);
	expect(stats().outside, 3);
	pte = (u64)dev.pfn[0] << PAGE_SHIFT | 1;
	ops = dev.whole->notifier.ops;
	open_event();
	ops->change_pte(&dev.whole->notifier, mm, at(0), pte);
	ops->change_pte(&dev.whole->notifier, mm, at(2), 0);
	close_event();
	expect(stats().changes, 5);
	expect(stats().remaps + stats().overlaps, 0);
	expect(dev.remaps, 0);
	finish();
}
CASE(remap_outside)

/* The device has nothing to load it for; nor has a kernel that does not say what replaces what. */
static void case_remap_refused(void *unused)
{
	begin_to_merge(HOSTED_6_1);
	dev.refuse = -ENXIO;
	expect(hosted_ksm_merge(mm, at(0), mm, at(1)), 0);
	expect(dev.remaps, 3);
	expect(stats().remaps, 0);
	expect(dev.pfn[0], 0);
	hosted_generation = HOSTED_6_12;
	dev.refuse = 0;
	expect(hosted_store(mm, at(0), 2), 0);
	expect(stats().changes, 3);
	expect(dev.pfn[0], 0);
	finish();
}
CASE(remap_refused)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(load_and_flush), cmocka_unit_test(refused),
		cmocka_unit_test(shared),         cmocka_unit_test(no_memory),
		cmocka_unit_test(worker),         cmocka_unit_test(back_off),
		cmocka_unit_test(overlap),        cmocka_unit_test(exit_without_end),
		cmocka_unit_test(questions),      cmocka_unit_test(question_within),
		cmocka_unit_test(no_answers),     cmocka_unit_test(remap),
		cmocka_unit_test(remap_beside),   cmocka_unit_test(remap_outside),
		cmocka_unit_test(remap_refused),  cmocka_unit_test(userfault),
	};

	return cmocka_run_group_tests_name("core_whole", tests, NULL, NULL);
}
