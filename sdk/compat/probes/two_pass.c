// SPDX-License-Identifier: GPL-2.0-only
/*
 * 7.1 (7aba71dbc416): an interval notifier may split its invalidation: invalidate_start posts the
 * flush, invalidate_finish waits for it after all notifiers have posted theirs.
 */
#include <linux/mmu_notifier.h>

static bool start(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *range,
		  unsigned long seq, struct mmu_interval_notifier_finish **finish)
{
	return true;
}

static void finish(struct mmu_interval_notifier_finish *final)
{
}

const struct mmu_interval_notifier_ops probe = {
	.invalidate_start = start,
	.invalidate_finish = finish,
};
