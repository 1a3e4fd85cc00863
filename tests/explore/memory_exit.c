// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process exits while its driver unregisters: release has run before the first page is freed, and
 * nobody is called after it was removed. It may run a second time: an unregister that is late
 * calls it again.
 */
#include "memory.h"

static struct mmu_notifier list;
static bool entered, released;
static unsigned long pfn;
static bool gone;

static void list_release(struct mmu_notifier *notifier, struct mm_struct *unused)
{
	bool first = !entered;

	explore_assert(!gone);
	entered = true;
	mutex_lock(&device.lock);
	mutex_unlock(&device.lock);
	if (first)
		hosted_device_access_pfn(pfn);
	released = true;
}

static int list_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	explore_assert(!gone);
	return 0;
}

static const struct mmu_notifier_ops list_ops = {
	.release = list_release,
	.invalidate_range_start = list_start,
};

static void setup(void)
{
	start(0, NULL);
	list.ops = &list_ops;
	explore_assert(!mmu_notifier_register(&list, mm));
	explore_assert(!device_write(0, 1));
	pfn = device.pfn[0];
	mmgrab(mm);
}

static void exit_side(void *unused)
{
	mmput(mm);
	explore_assert(released);
}

static void driver_side(void *unused)
{
	mmu_notifier_unregister(&list, mm);
	gone = true;
	explore_assert(released);
}

static void check(void)
{
	mmu_interval_notifier_remove(&device.interval);
	mmdrop(mm);
	hosted_mm_check_empty();
}

const struct explore_scenario explore_scenario = {
	.name = "memory_exit",
	.about = "exit beside unregister",
	.setup = setup,
	.threads = { { "exit", exit_side }, { "driver", driver_side } },
	.check = check,
	.keeps_memory = true,
};
