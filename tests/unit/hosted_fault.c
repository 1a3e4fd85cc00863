// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of the hosted kernel on behalf of devices: hmm_range_fault(), get_user_pages_remote(),
 * fixup_user_fault(), each with its errors; and the oracle that judges accesses of a device.
 */
#include <linux/completion.h>
#include <linux/highmem.h>
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mmu_notifier.h>
#include <linux/userfaultfd_k.h>

#include "mm.h"

#define HUGE (BASE + 16 * PMD_SIZE)

static struct mmu_interval_notifier interval;
static unsigned int migrations;

static bool invalidate(struct mmu_interval_notifier *notifier,
		       const struct mmu_notifier_range *range, unsigned long seq)
{
	mmu_interval_set_seq(notifier, seq);
	migrations += range->event == MMU_NOTIFY_MIGRATE;
	return true;
}

static const struct mmu_interval_notifier_ops interval_ops = { .invalidate = invalidate };

static unsigned long pfns[8];

/* hmm_range_fault() of pages from addr on, with their requests in pfns. */
static int fault_masked(unsigned long addr, unsigned long pages, unsigned long request,
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

static int fault(unsigned long n, unsigned long pages, unsigned long request)
{
	memset(pfns, 0, sizeof(pfns));
	return fault_masked(at(n), pages, request, 0, NULL);
}

#define FAULT (HMM_PFN_REQ_FAULT)
#define WRITE (HMM_PFN_REQ_FAULT | HMM_PFN_REQ_WRITE)
#define SNAP  0UL

static unsigned long flags_of(unsigned long i)
{
	return pfns[i] & (HMM_PFN_VALID | HMM_PFN_WRITE | HMM_PFN_ERROR);
}

static unsigned long pfn_of(unsigned long i)
{
	return page_to_pfn(hmm_pfn_to_page(pfns[i]));
}

static void tidy(void)
{
}

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

static long get_page_at(unsigned long n, unsigned int flags, struct page **page)
{
	long got;

	mmap_read_lock(mm);
	got = get_user_pages_remote(mm, at(n), 1, flags, page, NULL);
	mmap_read_unlock(mm);
	return got;
}

static int fixup(unsigned long n, unsigned int flags, bool *unlocked)
{
	int err;

	mmap_read_lock(mm);
	err = fixup_user_fault(mm, at(n), flags, unlocked);
	mmap_read_unlock(mm);
	return err;
}

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

/* ---- userfaultfd */

static void server(void *unused)
{
	expect(hosted_uffd_wait(mm), 0);
	expect(hosted_uffd_copy(mm, BASE, 42), 0);
}

static void userfaultfd(void)
{
	struct task_struct *thread;
	bool unlocked = false;

	map(2, 0, NULL);
	expect(hosted_uffd_register(mm, BASE, PAGE_SIZE), 0);
	expect(fault(0, 1, FAULT), -EFAULT);
	expect(fixup(0, FAULT_FLAG_REMOTE, NULL), -EFAULT);
	thread = hosted_thread("server", NULL, server, NULL);
	expect(fixup(0, FAULT_FLAG_REMOTE, &unlocked), 0);
	expect(unlocked, true);
	hosted_join(thread);
	loads(mm, 0, 42);
	expect(fault(0, 1, FAULT), 0);
	expect(hosted_uffd_copy(mm, BASE, 1), -EEXIST);
	expect(hosted_uffd_copy(mm, at(1), 1), -ENOENT);
}

static void get_unlocked(void *unused)
{
	struct page *page;
	int locked = 1;

	mmap_read_lock(mm);
	expect(get_user_pages_remote(mm, at(0), 1, FOLL_WRITE, &page, &locked), 1);
	mmap_read_unlock(mm);
	put_page(page);
}

static void load_waiting(void *unused)
{
	loads(mm, 0, 42);
}

static void userfaultfd_of_others(void)
{
	struct task_struct *getter, *loader;
	unsigned int i;

	map(1, 0, NULL);
	expect(hosted_uffd_register(mm, BASE + 1, PAGE_SIZE), -EINVAL);
	expect(hosted_uffd_register(mm, BASE, PAGE_SIZE), 0);
	getter = hosted_thread("getter", NULL, get_unlocked, NULL);
	loader = hosted_thread("loader", NULL, load_waiting, NULL);
	expect(hosted_uffd_wait(mm), 0);
	for (i = 0; i < 100; i++)
		cond_resched();
	expect(hosted_uffd_copy(mm, BASE, 42), 0);
	hosted_join(getter);
	hosted_join(loader);
}

/* Of a file, what is not in memory yet. */
static void userfaultfd_of_file(void)
{
	struct file *file = hosted_file_open(2, false);

	map(2, VM_SHARED, file);
	store(0, 1);
	expect(hosted_uffd_register(mm, BASE, 2 * PAGE_SIZE), 0);
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_DONTNEED), 0);
	loads(mm, 0, 1);
	expect(fixup(1, FAULT_FLAG_REMOTE, NULL), -EFAULT);
	mmap_read_lock(mm);
	expect(handle_mm_fault(vma_lookup(mm, at(1)), at(1),
			       FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_RETRY_NOWAIT, NULL),
	       VM_FAULT_RETRY);
	mmap_read_unlock(mm);
	hosted_file_put(file);
}

static void waiter(void *unused)
{
	bool unlocked = false;

	expect(fixup(0, FAULT_FLAG_REMOTE, &unlocked), -EINTR);
}

static void userfaultfd_killed(void)
{
	struct task_struct *thread;

	map(1, 0, NULL);
	expect(hosted_uffd_register(mm, BASE, PAGE_SIZE), 0);
	thread = hosted_thread("waiter", NULL, waiter, NULL);
	expect(hosted_uffd_wait(mm), 0);
	send_sig(SIGKILL, thread, 0);
	hosted_join(thread);
	expect(hosted_uffd_unregister(mm, BASE, PAGE_SIZE), 0);
	loads(mm, 0, 0);
}

/* ---- content */

static void content_of_pages(void)
{
	char text[8] = "";
	struct page *page;

	map(1, 0, NULL);
	store(0, 0);
	expect(get_page_at(0, FOLL_WRITE, &page), 1);
	memcpy_to_page(page, 100, "abcdefg", 8);
	memcpy_from_page(text, page, 100, 8);
	expect(strcmp(text, "abcdefg"), 0);
	expect(folio_mark_dirty(page_folio(page)), true);
	expect(set_page_dirty(page), false);
	put_page(page);
}

/* A page that the device writes after MADV_FREE is kept only if it is marked. */
static void lazyfree_and_device(void)
{
	struct page *page;
	u64 value = 9;

	map(2, 0, NULL);
	store(0, 1);
	store(1, 1);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_FREE), 0);
	expect(fault(0, 2, WRITE), 0);
	page = hmm_pfn_to_page(pfns[1]);
	hosted_page_write(pfn_of(0), 0, &value, sizeof(value));
	hosted_page_write(pfn_of(1), 0, &value, sizeof(value));
	folio_mark_dirty(page_folio(page));
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_PAGEOUT), 0);
	loads(mm, 0, 0);
	loads(mm, 1, 9);
}

/* ---- process */

static void forked(void *unused)
{
	hosted_exec();
	check(current->mm && current->mm != mm);
	hosted_exit();
}

static void exec_and_exit(void)
{
	struct mm_struct *child;
	struct task_struct *thread;

	map(1, 0, NULL);
	store(0, 1);
	child = hosted_fork(mm);
	thread = hosted_thread("child", child, forked, NULL);
	hosted_join(thread);
}

static void put_async(void)
{
	struct mm_struct *other = hosted_mm_create();

	mmgrab(other);
	expect(mmget_not_zero(other), true);
	mmput(other);
	mmput_async(other);
	while (atomic_read(&other->mm_count) > 1)
		cond_resched();
	expect(mmget_not_zero(other), false);
	mmdrop(other);
}

/* ---- accesses of a device */

static unsigned long device_page(void)
{
	map(2, 0, NULL);
	store(0, 1);
	expect(fault(0, 1, WRITE), 0);
	hosted_device_access(mm, BASE, pfn_of(0), true);
	return pfn_of(0);
}

static void access_after_unmap(void)
{
	unsigned long pfn = device_page();

	expect(hosted_munmap(mm, BASE, PAGE_SIZE), 0);
	hosted_device_access(mm, BASE, pfn, false);
}

static void access_of_freed(void)
{
	unsigned long pfn = device_page();

	expect(hosted_munmap(mm, BASE, PAGE_SIZE), 0);
	hosted_device_access_pfn(pfn);
}

static void access_after_copy(void)
{
	unsigned long pfn = device_page();
	struct mm_struct *child = hosted_fork(mm);

	hosted_device_access(mm, BASE, pfn, false);
	store(0, 2);
	hosted_device_access_pfn(pfn);
	mmget(child);
	hosted_device_access(mm, BASE, pfn, false);
}

static void write_to_read_only(void)
{
	unsigned long pfn = device_page();

	expect(hosted_mprotect(mm, BASE, PAGE_SIZE, VM_READ), 0);
	hosted_device_access(mm, BASE, pfn, false);
	hosted_device_access(mm, BASE, pfn, true);
}

static void leak_of_page(void)
{
	struct page *page;

	map(1, 0, NULL);
	store(0, 1);
	expect(get_page_at(0, 0, &page), 1);
}

static void leak_of_mm(void)
{
	mmgrab(mm);
}

static void dirty_after_free(void)
{
	unsigned long pfn = device_page();

	expect(hosted_munmap(mm, BASE, PAGE_SIZE), 0);
	folio_mark_dirty(page_folio(pfn_to_page(pfn)));
}

static void fault_without_lock(void)
{
	struct hmm_range range = { .notifier = &interval, .start = BASE, .end = at(1) };

	interval.mm = mm;
	hmm_range_fault(&range);
}

#define ENDS(name, oracle)                       \
	static void name##_is_seen(void **state) \
	{                                        \
		run_until(name, oracle);         \
	}

ENDS(access_after_unmap, "stale access")
ENDS(access_of_freed, "stale access")
ENDS(access_after_copy, "stale access")
ENDS(write_to_read_only, "stale access")
ENDS(leak_of_page, "leak")
ENDS(leak_of_mm, "leak")
ENDS(dirty_after_free, "warning")
ENDS(fault_without_lock, "warning")

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(snapshot),
		TEST(faults),
		TEST(fault_errors),
		TEST(requests_by_page),
		TEST(read_keeps_sharing),
		TEST(stale_sequence),
		TEST(huge_order),
		TEST(numa_hint_faults),
		TEST(memory_of_device),
		TEST(poison),
		TEST(out_of_memory),
		TEST(get_pages),
		TEST(get_own_pages),
		TEST(userfaultfd),
		TEST(userfaultfd_killed),
		TEST(userfaultfd_of_others),
		TEST(userfaultfd_of_file),
		TEST(no_page_for_a_copy),
		TEST(no_huge_page_left),
		TEST(migration_is_waited_for),
		TEST(content_of_pages),
		TEST(lazyfree_and_device),
		TEST(exec_and_exit),
		TEST(put_async),
		cmocka_unit_test(access_after_unmap_is_seen),
		cmocka_unit_test(access_of_freed_is_seen),
		cmocka_unit_test(access_after_copy_is_seen),
		cmocka_unit_test(write_to_read_only_is_seen),
		cmocka_unit_test(leak_of_page_is_seen),
		cmocka_unit_test(leak_of_mm_is_seen),
		cmocka_unit_test(dirty_after_free_is_seen),
		cmocka_unit_test(fault_without_lock_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
