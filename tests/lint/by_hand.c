// SPDX-License-Identifier: GPL-2.0-only
/* A driver without the SDK. Never compiled. */
#include <linux/mmu_notifier.h>

static bool bad_invalidate(struct mmu_interval_notifier *notifier,
			   const struct mmu_notifier_range *range, unsigned long seq)
{
	struct bad *bad = to_bad(notifier);

	if (range->owner == bad) /* finds: owner-without-event */
		return true;     /* finds: filter-before-sequence */
	if (!mmu_notifier_range_blockable(range))
		return false;
	mutex_lock(&bad->lock);
	mmu_interval_set_seq(notifier, seq);
	forget(bad);
	mutex_unlock(&bad->lock);
	return true;
}

static bool good_invalidate(struct mmu_interval_notifier *notifier,
			    const struct mmu_notifier_range *range, unsigned long seq)
{
	struct bad *bad = to_bad(notifier);

	if (!mmu_notifier_range_blockable(range))
		return false;
	mutex_lock(&bad->lock);
	mmu_interval_set_seq(notifier, seq);
	if (range->event != MMU_NOTIFY_MIGRATE || range->owner != bad)
		forget(bad);
	mutex_unlock(&bad->lock);
	return true;
}

static const struct mmu_interval_notifier_ops bad_ops = {
	.invalidate = bad_invalidate,
};

static const struct mmu_interval_notifier_ops good_ops = {
	.invalidate = good_invalidate,
};
