// SPDX-License-Identifier: GPL-2.0-only
/* userfaultfd, content and life of an address space; and the oracle that judges a device. */
#include <linux/completion.h>
#include <linux/highmem.h>
#include <linux/userfaultfd_k.h>

#include "faulted.h"

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
		TEST(userfaultfd),
		TEST(userfaultfd_killed),
		TEST(userfaultfd_of_others),
		TEST(userfaultfd_of_file),
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

	return cmocka_run_group_tests_name("hosted_access", tests, NULL, NULL);
}
