/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests of faults on behalf of devices: hmm_range_fault() of some pages, and what it gave. */
#ifndef TESTS_UNIT_FAULTED_H
#define TESTS_UNIT_FAULTED_H

#include <linux/hmm.h>
#include <linux/mmu_notifier.h>

#include "mm.h"

#define HUGE (BASE + 16 * PMD_SIZE)

static struct mmu_interval_notifier interval;
static unsigned int migrations;

static inline bool invalidate(struct mmu_interval_notifier *notifier,
			      const struct mmu_notifier_range *range, unsigned long seq)
{
	mmu_interval_set_seq(notifier, seq);
	migrations += range->event == MMU_NOTIFY_MIGRATE;
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = { .invalidate = invalidate };

static unsigned long pfns[8];

/* hmm_range_fault() of pages from addr on, with their requests in pfns. */
static inline int fault_masked(unsigned long addr, unsigned long pages, unsigned long request,
			       unsigned long mask, void *owner)
{
	struct hmm_range range = {
		.notifier = &interval,
		.start = addr,
		.end = addr + pages * PAGE_SIZE,
		.hmm_pfns = pfns,
		.default_flags = request,
		.pfn_flags_mask = mask,
		.dev_private_owner = owner,
	};
	int err;

	expect(mmu_interval_notifier_insert(&interval, mm, 0, HOSTED_TASK_SIZE, &interval_ops), 0);
	do {
		range.notifier_seq = mmu_interval_read_begin(&interval);
		mmap_read_lock(mm);
		err = hmm_range_fault(&range);
		mmap_read_unlock(mm);
	} while (err == -EBUSY);
	mmu_interval_notifier_remove(&interval);
	return err;
}

static inline int fault(unsigned long n, unsigned long pages, unsigned long request)
{
	memset(pfns, 0, sizeof(pfns));
	return fault_masked(at(n), pages, request, 0, NULL);
}

#define FAULT (HMM_PFN_REQ_FAULT)
#define WRITE (HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE)
#define SNAP  0UL

static inline unsigned long flags_of(unsigned long i)
{
	return pfns[i] & (HMM_PFN_VALID | HMM_PFN_WRITE | HMM_PFN_ERROR);
}

static inline unsigned long pfn_of(unsigned long i)
{
	return page_to_pfn(hmm_pfn_to_page(pfns[i]));
}

static inline long get_page_at(unsigned long n, unsigned int flags, struct page **page)
{
	long got;

	mmap_read_lock(mm);
	got = get_user_pages_remote(mm, at(n), 1, flags, page, NULL);
	mmap_read_unlock(mm);
	return got;
}

static inline int fixup(unsigned long n, unsigned int flags, bool *unlocked)
{
	int err;

	mmap_read_lock(mm);
	err = fixup_user_fault(mm, at(n), flags, unlocked);
	mmap_read_unlock(mm);
	return err;
}

static inline void tidy(void)
{
}

#endif
