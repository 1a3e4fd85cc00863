// SPDX-License-Identifier: GPL-2.0-only
/* Faults of the hosted kernel on behalf of devices, each with its errors; and migration. */
#include <linux/completion.h>
#include <linux/highmem.h>
#include <linux/memremap.h>

#include "faulted.h"

/* ---- hmm_range_fault() */

static void snapshot(void)
{
	map(4, 0, NULL);
	store(0, 1);
	loads(mm, 1, 0);
	store(3, 1);
	expect(hosted_madvise(mm, at(3), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	expect(hosted_mmap(mm, at(4), PAGE_SIZE, 0, 0, NULL, 0), 0);
	expect(fault(0, 7, SNAP), 0);
	expect(flags_of(0), HMM_PFN_VALID | HMM_PFN_WRITE);
	expect(flags_of(1), HMM_PFN_VALID);
	expect(pfns[2], 0);
	expect(pfns[3], 0);
	expect(pfns[4], HMM_PFN_ERROR);
	expect(pfns[5], HMM_PFN_ERROR);
	expect(pfns[6], HMM_PFN_ERROR);
	expect(hmm_pfn_to_map_order(pfns[0]), 0);
}

static void faults(void)
{
	map(4, 0, NULL);
	store(1, 7);
	expect(fault(0, 4, FAULT), 0);
	expect(flags_of(0), HMM_PFN_VALID);
	expect(flags_of(1), HMM_PFN_VALID | HMM_PFN_WRITE);
	expect(fault(0, 4, WRITE), 0);
	expect(flags_of(3), HMM_PFN_VALID | HMM_PFN_WRITE);
	loads(mm, 1, 7);
}

static void fault_errors(void)
{
	map(2, 0, NULL);
	expect(fault(0, 3, FAULT), -EFAULT);
	expect(fault(0, 0, FAULT), -EINVAL);
	expect(hosted_mprotect(mm, at(0), PAGE_SIZE, VM_READ), 0);
	expect(fault(0, 1, WRITE), -EPERM);
	expect(fault(0, 1, FAULT), 0);
	expect(hosted_mprotect(mm, at(0), PAGE_SIZE, 0), 0);
	expect(fault(0, 1, FAULT), -EFAULT);
	expect(hosted_mmap(mm, at(4), PAGE_SIZE, RW, VM_IO, NULL, 0), 0);
	expect(fault(4, 1, FAULT), -EFAULT);
}

/* What each page asks for by itself. */
static void requests_by_page(void)
{
	map(2, 0, NULL);
	memset(pfns, 0, sizeof(pfns));
	pfns[1] = WRITE;
	expect(fault_masked(at(0), 2, 0, WRITE, NULL), 0);
	expect(pfns[0], 0);
	expect(flags_of(1), HMM_PFN_VALID | HMM_PFN_WRITE);
}

/* A request for reading leaves a page shared, one for writing does not. */
static void read_keeps_sharing(void)
{
	struct mm_struct *child;

	map(1, 0, NULL);
	store(0, 1);
	child = hosted_fork(mm);
	expect(fault(0, 1, FAULT), 0);
	expect(flags_of(0), HMM_PFN_VALID);
	expect(page_mapcount(hmm_pfn_to_page(pfns[0])), 2);
	expect(fault(0, 1, WRITE), 0);
	expect(flags_of(0), HMM_PFN_VALID | HMM_PFN_WRITE);
	expect(page_mapcount(hmm_pfn_to_page(pfns[0])), 1);
	loads(child, 0, 1);
	mmput(child);
}

static void stale_sequence(void)
{
	struct hmm_range range = {
		.notifier = &interval,
		.start = BASE,
		.end = at(1),
		.hmm_pfns = pfns,
	};

	map(1, 0, NULL);
	expect(mmu_interval_notifier_insert(&interval, mm, BASE, PAGE_SIZE, &interval_ops), 0);
	range.notifier_seq = mmu_interval_read_begin(&interval);
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_DONTNEED), 0);
	mmap_read_lock(mm);
	expect(hmm_range_fault(&range), -EBUSY);
	mmap_read_unlock(mm);
	mmu_interval_notifier_remove(&interval);
}

static void huge_order(void)
{
	expect(hosted_mmap(mm, HUGE, PMD_SIZE, RW, VM_HUGEPAGE, NULL, 0), 0);
	expect(hosted_store(mm, HUGE, 1), 0);
	memset(pfns, 0, sizeof(pfns));
	expect(fault_masked(HUGE + 5 * PAGE_SIZE, 2, FAULT, 0, NULL), 0);
	expect(hmm_pfn_to_map_order(pfns[0]), 9);
	expect(pfn_of(1), pfn_of(0) + 1);
	expect(pfn_of(0) % 512, 5);
}

static void numa_hint_faults(void)
{
	map(1, 0, NULL);
	store(0, 1);
	expect(hosted_numa_hint(mm, BASE, PAGE_SIZE), 0);
	expect(fault(0, 1, SNAP), 0);
	expect(pfns[0], 0);
	expect(fault(0, 1, FAULT), 0);
	expect(flags_of(0), HMM_PFN_VALID | HMM_PFN_WRITE);
}

static void memory_of_device(void)
{
	static int owner;
	struct dev_pagemap pgmap = { .type = MEMORY_DEVICE_PRIVATE, .owner = &owner };

	map(1, 0, NULL);
	store(0, 5);
	expect(hosted_to_device(mm, BASE, &pgmap), 0);
	memset(pfns, 0, sizeof(pfns));
	expect(fault_masked(BASE, 1, FAULT, 0, &owner), 0);
	expect(is_device_private_page(hmm_pfn_to_page(pfns[0])), true);
	expect(migrations, 0);
	/* For everybody else it comes back. */
	expect(fault(0, 1, FAULT), 0);
	expect(is_device_private_page(hmm_pfn_to_page(pfns[0])), false);
	expect(migrations, 1);
	loads(mm, 0, 5);
}

/* ---- errors of memory */

static void poison(void)
{
	map(1, 0, NULL);
	store(0, 1);
	expect(hosted_poison(mm, BASE), 0);
	expect(fault(0, 1, FAULT), -EFAULT);
	expect(fixup(0, FAULT_FLAG_REMOTE, NULL), -EFAULT);
	expect(get_page_at(0, 0, NULL), -EFAULT);
	expect(get_page_at(0, FOLL_HWPOISON, NULL), -EHWPOISON);
	expect(hosted_store(mm, BASE, 1), -EHWPOISON);
}

static void out_of_memory(void)
{
	map(2, 0, NULL);
	store(0, 1);
	hosted_page_limit = 1;
	expect(fault(1, 1, WRITE), -EFAULT);
	expect(fixup(1, FAULT_FLAG_REMOTE | FAULT_FLAG_WRITE, NULL), -ENOMEM);
	expect(get_page_at(1, FOLL_WRITE, NULL), -ENOMEM);
	expect(hosted_store(mm, at(1), 1), -ENOMEM);
	expect(hosted_migrate(mm, BASE), -ENOMEM);
	hosted_page_limit = ULONG_MAX;
	store(1, 1);
}

static void get_pages(void)
{
	struct page *pages[4];
	long got;

	map(2, 0, NULL);
	mmap_read_lock(mm);
	got = get_user_pages_remote(mm, at(0), 4, FOLL_WRITE, pages, NULL);
	mmap_read_unlock(mm);
	expect(got, 2);
	expect(page_count(pages[0]), 2);
	put_page(pages[0]);
	put_page(pages[1]);
	expect(get_page_at(5, 0, NULL), -EFAULT);
	expect(hosted_mprotect(mm, at(0), PAGE_SIZE, VM_READ), 0);
	expect(get_page_at(0, FOLL_WRITE, NULL), -EFAULT);
	expect(fixup(0, FAULT_FLAG_WRITE, NULL), -EFAULT);
	expect(fixup(5, 0, NULL), -EFAULT);
}

static void get_own_pages(void)
{
	struct page *page;

	map(1, 0, NULL);
	hosted_mm_enter(mm);
	mmap_read_lock(mm);
	expect(get_user_pages(at(0), 1, 0, NULL), 1);
	expect(get_user_pages(at(0), 1, FOLL_WRITE, &page), 1);
	mmap_read_unlock(mm);
	get_page(page);
	put_page(page);
	put_page(page);
}

static void no_page_for_a_copy(void)
{
	struct file *file = hosted_file_open(2, false);
	struct dev_pagemap pgmap = { .type = MEMORY_DEVICE_PRIVATE, .owner = file };
	struct mm_struct *child;
	u64 value;

	map(4, 0, NULL);
	store(0, 1);
	store(1, 1);
	store(2, 1);
	expect(hosted_mmap(mm, at(8), 2 * PAGE_SIZE, RW, 0, file, 0), 0);
	expect(hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	expect(hosted_to_device(mm, at(2), &pgmap), 0);
	loads(mm, 8, 0);
	child = hosted_fork(mm);
	hosted_page_limit = 1;
	expect(hosted_store(mm, at(0), 2), -ENOMEM);
	expect(hosted_load(mm, at(1), &value), -ENOMEM);
	expect(hosted_load(mm, at(2), &value), -ENOMEM);
	expect(hosted_store(mm, at(9), 2), -ENOMEM);
	expect(hosted_store(mm, at(8), 2), -ENOMEM);
	expect(hosted_load(mm, at(9), &value), -ENOMEM);
	expect(hosted_to_device(mm, at(0), &pgmap), -EINVAL);
	expect(hosted_uffd_copy(mm, at(0), 1), -ENOMEM);
	hosted_page_limit = ULONG_MAX;
	expect(hosted_to_device(mm, at(0), &pgmap), -EAGAIN);
	expect(hosted_migrate(mm, at(2)), -ENOENT);
	mmput(child);
	loads(mm, 2, 1);
	hosted_file_put(file);
}

/* Instead of a huge page there is a small one. */
static void no_huge_page_left(void)
{
	expect(hosted_mmap(mm, HUGE, PMD_SIZE, RW, VM_HUGEPAGE, NULL, 0), 0);
	hosted_page_limit = 8;
	expect(hosted_store(mm, HUGE, 1), 0);
	memset(pfns, 0, sizeof(pfns));
	expect(fault_masked(HUGE, 1, SNAP, 0, NULL), 0);
	expect(hmm_pfn_to_map_order(pfns[0]), 0);
}

/* ---- migration, seen from its middle */

static struct completion entered, go;
static bool moving;

static bool stay(struct mmu_interval_notifier *notifier, const struct mmu_notifier_range *range,
		 unsigned long seq)
{
	mmu_interval_set_seq(notifier, seq);
	if (moving) {
		complete(&entered);
		wait_for_completion(&go);
	}
	return true;
}

static const struct mmu_interval_notifier_ops stay_ops = { .invalidate = stay };

static void migrate_shared(void *unused)
{
	expect(hosted_migrate(mm, BASE), 0);
}

static void load_moving(void *unused)
{
	loads(mm, 0, 7);
}

static void fault_moving(void *unused)
{
	expect(fault(0, 1, FAULT), 0);
	expect(flags_of(0), HMM_PFN_VALID);
}

/* The child is told of the move when the parent has no entry for the page any more. */
static void migration_is_waited_for(void)
{
	static struct mmu_interval_notifier stopper;
	struct task_struct *mover, *loader, *faulter;
	unsigned int i;
	struct mm_struct *child;

	init_completion(&entered);
	init_completion(&go);
	map(1, 0, NULL);
	store(0, 7);
	child = hosted_fork(mm);
	/* From now on an interval notifier can come without all locks. */
	expect(fault(0, 1, SNAP), 0);
	expect(mmu_interval_notifier_insert(&stopper, child, BASE, PAGE_SIZE, &stay_ops), 0);
	moving = true;
	mover = hosted_thread("mover", NULL, migrate_shared, NULL);
	wait_for_completion(&entered);
	loader = hosted_thread("loader", NULL, load_moving, NULL);
	faulter = hosted_thread("faulter", NULL, fault_moving, NULL);
	for (i = 0; i < 100; i++)
		cond_resched();
	moving = false;
	complete_all(&go);
	hosted_join(mover);
	hosted_join(loader);
	hosted_join(faulter);
	loads(child, 0, 7);
	mmu_interval_notifier_remove(&stopper);
	mmput(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(snapshot),           TEST(faults),
		TEST(fault_errors),       TEST(requests_by_page),
		TEST(read_keeps_sharing), TEST(stale_sequence),
		TEST(huge_order),         TEST(numa_hint_faults),
		TEST(memory_of_device),   TEST(poison),
		TEST(out_of_memory),      TEST(get_pages),
		TEST(get_own_pages),      TEST(no_page_for_a_copy),
		TEST(no_huge_page_left),  TEST(migration_is_waited_for),
	};

	return cmocka_run_group_tests_name("hosted_fault", tests, NULL, NULL);
}
