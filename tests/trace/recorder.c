// SPDX-License-Identifier: GPL-2.0-only
/* See recorder.h. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>

#include "recorder.h"

static const char *const event_names[] = {
	[MMU_NOTIFY_UNMAP] = "UNMAP",
	[MMU_NOTIFY_CLEAR] = "CLEAR",
	[MMU_NOTIFY_PROTECTION_VMA] = "PROTECTION_VMA",
	[MMU_NOTIFY_PROTECTION_PAGE] = "PROTECTION_PAGE",
	[MMU_NOTIFY_SOFT_DIRTY] = "SOFT_DIRTY",
	[MMU_NOTIFY_RELEASE] = "RELEASE",
	[MMU_NOTIFY_MIGRATE] = "MIGRATE",
	[MMU_NOTIFY_EXCLUSIVE] = "EXCLUSIVE",
};

/* Below the base a page has a negative number. */
static long page_number(const struct recorder *recorder, unsigned long addr)
{
	return (long)(addr - recorder->base) >> PAGE_SHIFT;
}

void recorder_add(struct recorder *recorder, const char *what, const char *event,
		  unsigned long start, unsigned long end, const char *tail)
{
	char *text = recorder->text;
	size_t size = sizeof(recorder->text);
	unsigned long flags;

	if (start != end && (end <= recorder->base || start >= recorder->end))
		return;
	spin_lock_irqsave(&recorder->lock, flags);
	if (size - recorder->used < RECORDER_LINE)
		recorder->used = scnprintf(text, size, "too much\n");
	recorder->used +=
		scnprintf(text + recorder->used, size - recorder->used, "%s%s", what, event);
	if (!start && end == ULONG_MAX)
		recorder->used += scnprintf(text + recorder->used, size - recorder->used, " all");
	else if (start != end)
		recorder->used += scnprintf(text + recorder->used, size - recorder->used,
					    " %ld-%ld", page_number(recorder, start),
					    page_number(recorder, end));
	recorder->used += scnprintf(text + recorder->used, size - recorder->used, "%s\n", tail);
	spin_unlock_irqrestore(&recorder->lock, flags);
}

void recorder_take(struct recorder *recorder, char *text, size_t size)
{
	unsigned long flags;

	spin_lock_irqsave(&recorder->lock, flags);
	memcpy(text, recorder->text, min(recorder->used, size - 1));
	text[min(recorder->used, size - 1)] = 0;
	recorder->used = 0;
	spin_unlock_irqrestore(&recorder->lock, flags);
}

static void record_range(struct recorder *recorder, const char *what,
			 const struct mmu_notifier_range *range)
{
	recorder_add(recorder, what, event_names[range->event], range->start, range->end,
		     mmu_notifier_range_blockable(range) ? " block" : " nonblock");
}

/* ---- list notifier */

static void list_release(struct mmu_notifier *list, struct mm_struct *mm)
{
	recorder_add(recorder_of(list), "list release", "", 0, 0, "");
}

static int list_start(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	record_range(recorder_of(list), "list start ", range);
	return 0;
}

static void list_end(struct mmu_notifier *list, const struct mmu_notifier_range *range)
{
	record_range(recorder_of(list), "list end ", range);
}

/* int, or bool in kernels 7. */
typedef typeof(((struct mmu_notifier_ops *)NULL)->test_young(NULL, NULL, 0)) young_t;

static young_t list_clear_flush_young(struct mmu_notifier *list, struct mm_struct *mm,
				      unsigned long start, unsigned long end)
{
	recorder_add(recorder_of(list), "list clear_flush_young", "", start, end, "");
	return recorder_of(list)->young;
}

static young_t list_clear_young(struct mmu_notifier *list, struct mm_struct *mm,
				unsigned long start, unsigned long end)
{
	recorder_add(recorder_of(list), "list clear_young", "", start, end, "");
	return recorder_of(list)->young;
}

static young_t list_test_young(struct mmu_notifier *list, struct mm_struct *mm, unsigned long addr)
{
	recorder_add(recorder_of(list), "list test_young", "", addr, addr + PAGE_SIZE, "");
	return recorder_of(list)->young;
}

const struct mmu_notifier_ops recorder_list_ops = {
	.release = list_release,
	.invalidate_range_start = list_start,
	.invalidate_range_end = list_end,
	.clear_flush_young = list_clear_flush_young,
	.clear_young = list_clear_young,
	.test_young = list_test_young,
};

/* ---- interval notifier */

static bool interval_invalidate(struct mmu_interval_notifier *interval,
				const struct mmu_notifier_range *range, unsigned long seq)
{
	struct recorder *recorder = container_of(interval, struct recorder, interval);
	unsigned long flags;

	if (recorder->refuse && !mmu_notifier_range_blockable(range)) {
		record_range(recorder, "interval refuse ", range);
		return false;
	}
	record_range(recorder, "interval invalidate ", range);
	spin_lock_irqsave(&recorder->lock, flags);
	mmu_interval_set_seq(interval, seq);
	spin_unlock_irqrestore(&recorder->lock, flags);
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = {
	.invalidate = interval_invalidate,
};

/* ---- */

int recorder_attach(struct recorder *recorder, struct mm_struct *mm, unsigned long base,
		    unsigned long pages, const struct mmu_notifier_ops *ops)
{
	int err;

	memset(recorder, 0, sizeof(*recorder));
	spin_lock_init(&recorder->lock);
	recorder->base = base;
	recorder->end = base + pages * PAGE_SIZE;
	recorder->list.ops = ops;
	err = mmu_notifier_register(&recorder->list, mm);
	if (err)
		return err;
	err = mmu_interval_notifier_insert(&recorder->interval, mm, base, pages * PAGE_SIZE,
					   &interval_ops);
	if (err)
		mmu_notifier_unregister(&recorder->list, mm);
	return err;
}

void recorder_detach(struct recorder *recorder)
{
	struct mm_struct *mm = recorder->interval.mm;

	mmu_interval_notifier_remove(&recorder->interval);
	mmu_notifier_unregister(&recorder->list, mm);
}
