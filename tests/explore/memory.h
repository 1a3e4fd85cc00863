/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For scenarios of the hosted memory management itself: a process, and a device that does all as the
 * kernel's documentation says. Whatever happens, it must never use a page that is not mapped, and
 * what it writes must not get lost.
 */
#ifndef TESTS_EXPLORE_MEMORY_H
#define TESTS_EXPLORE_MEMORY_H

#include <linux/hmm.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>

#include "cpu.h"
#include "explore.h"

#define ADDR  0x40000000UL
#define PAGES 4
#define RW    (VM_READ | VM_WRITE)
#define at(n) (ADDR + (n)*PAGE_SIZE)

static struct mm_struct *mm;

static struct {
	struct mmu_interval_notifier interval;
	struct mutex lock;
	unsigned long pfn[PAGES]; /* 0: no translation; under the lock */
} device;

static bool device_invalidate(struct mmu_interval_notifier *interval,
			      const struct mmu_notifier_range *range, unsigned long seq)
{
	unsigned long n;

	if (mmu_notifier_range_blockable(range))
		mutex_lock(&device.lock);
	else if (!mutex_trylock(&device.lock))
		return false;
	mmu_interval_set_seq(interval, seq);
	for (n = 0; n < PAGES; n++)
		if (at(n) >= range->start && at(n) < range->end)
			device.pfn[n] = 0;
	mutex_unlock(&device.lock);
	return true;
}

static const struct mmu_interval_notifier_ops device_ops = { .invalidate = device_invalidate };

/* Fault a page in, to be written; an error if it is not mapped. */
static inline int device_try(unsigned long n, unsigned long *pfn, unsigned long *seq)
{
	struct hmm_range range = {
		.notifier = &device.interval,
		.start = at(n),
		.end = at(n + 1),
		.hmm_pfns = pfn,
		.default_flags = HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE,
	};
	int err;

	*pfn = 0;
	*seq = mmu_interval_read_begin(&device.interval);
	range.notifier_seq = *seq;
	mmap_read_lock(mm);
	err = hmm_range_fault(&range);
	mmap_read_unlock(mm);
	return err;
}

/* The device writes to a page. With an error it did not. */
static inline int device_write(unsigned long n, u64 value)
{
	unsigned long pfn, seq;
	int err;

	for (;;) {
		err = device_try(n, &pfn, &seq);
		if (err == -EBUSY)
			continue;
		if (err)
			return err;
		mutex_lock(&device.lock);
		if (!mmu_interval_read_retry(&device.interval, seq))
			break;
		mutex_unlock(&device.lock);
	}
	device.pfn[n] = page_to_pfn(hmm_pfn_to_page(pfn));
	folio_mark_dirty(page_folio(hmm_pfn_to_page(pfn)));
	hosted_device_access(mm, at(n), device.pfn[n], true);
	hosted_page_write(device.pfn[n], 0, &value, sizeof(value));
	mutex_unlock(&device.lock);
	return 0;
}

/* Once more through the translation, if there still is one. */
static inline bool device_write_again(unsigned long n, u64 value)
{
	bool there;

	mutex_lock(&device.lock);
	there = device.pfn[n];
	if (there) {
		hosted_device_access(mm, at(n), device.pfn[n], true);
		hosted_page_write(device.pfn[n], 0, &value, sizeof(value));
	}
	mutex_unlock(&device.lock);
	return there;
}

static inline void start_device(void)
{
	mutex_init(&device.lock);
	explore_assert(!mmu_interval_notifier_insert(&device.interval, mm, ADDR, PAGES * PAGE_SIZE,
						     &device_ops));
}

static inline void start(unsigned long flags, struct file *file)
{
	mm = hosted_mm_create();
	explore_assert(!hosted_mmap(mm, ADDR, PAGES * PAGE_SIZE, RW, flags, file, 0));
	start_device();
}

static inline void stop(void)
{
	mmu_interval_notifier_remove(&device.interval);
	mmput(mm);
	hosted_mm_check_empty();
}

static inline u64 value_at(unsigned long n)
{
	u64 value = 0;

	explore_assert(!hosted_load(mm, at(n), &value));
	return value;
}

#endif
