// SPDX-License-Identifier: GPL-2.0-only
/* The hosted memory management: system calls, and the end of an address space. */
#include <linux/hmm.h>

#include "traced.h"

/* ---- system calls */

static void munmap_whole(void)
{
	four_anonymous_pages();
	expect(hosted_munmap(mm, BASE, 4 * PAGE_SIZE), 0);
	trace(EVENT("UNMAP", "0-4"));
	expect(hosted_store(mm, BASE, 1), -EFAULT);
}

static void munmap_many(void)
{
	unsigned long i;

	map(40, 0, NULL);
	for (i = 0; i < 40; i++)
		store(i, i);
	record(40);
	expect(hosted_munmap(mm, BASE, 40 * PAGE_SIZE), 0);
	trace(EVENT("UNMAP", "0-40"));
}

static void munmap_part(void)
{
	four_anonymous_pages();
	expect(hosted_munmap(mm, at(1), 2 * PAGE_SIZE), 0);
	trace(EVENT("UNMAP", "1-3"));
	loads(mm, 0, 1);
	loads(mm, 3, 4);
	expect(hosted_store(mm, at(1), 1), -EFAULT);
	/* One event for what was two mappings, and none for what is not mapped. */
	expect(hosted_munmap(mm, BASE, 4 * PAGE_SIZE), 0);
	trace(EVENT("UNMAP", "0-4"));
	expect(hosted_munmap(mm, BASE, 4 * PAGE_SIZE), 0);
	trace("");
}

static void mprotect_part(void)
{
	four_anonymous_pages();
	expect(hosted_mprotect(mm, at(1), PAGE_SIZE, VM_READ), 0);
	trace(EVENT("PROTECTION_VMA", "1-2"));
	loads(mm, 1, 2);
	expect(hosted_store(mm, at(1), 1), -EFAULT);
	expect(hosted_mprotect(mm, at(1), PAGE_SIZE, RW), 0);
	trace(EVENT("PROTECTION_VMA", "1-2"));
	/* The page is its own: no copy. */
	store(1, 7);
	trace("");
	expect(hosted_mprotect(mm, at(3), 2 * PAGE_SIZE, VM_READ), -ENOMEM);
	trace("");
}

static void mprotect_without_tables(void)
{
	map(4, 0, NULL);
	record(4);
	expect(hosted_mprotect(mm, BASE, 4 * PAGE_SIZE, VM_READ), 0);
	trace("");
}

/* One table far into the range: from where on is told differs between kernels. */
static void mprotect_sparse(enum hosted_generation generation, const char *expected)
{
	hosted_generation = generation;
	expect(hosted_mmap(mm, HUGE, 4096 * PAGE_SIZE, RW, 0, NULL, 0), 0);
	expect(hosted_store(mm, HUGE + 1000 * PAGE_SIZE, 1), 0);
	expect(recorder_attach(&recorder, mm, HUGE, 4096, &recorder_list_ops), 0);
	expect(hosted_mprotect(mm, HUGE, 4096 * PAGE_SIZE, VM_READ), 0);
	trace(expected);
}

static void mprotect_sparse_6_1(void)
{
	mprotect_sparse(HOSTED_6_1, EVENT("PROTECTION_VMA", "512-4096"));
}

static void mprotect_sparse_6_12(void)
{
	mprotect_sparse(HOSTED_6_12, EVENT("PROTECTION_VMA", "0-4096"));
}

/* Two mappings side by side are one. */
static void mappings_are_joined(void)
{
	map(2, 0, NULL);
	expect(hosted_mmap(mm, at(2), 2 * PAGE_SIZE, RW, 0, NULL, 0), 0);
	store(0, 1);
	store(3, 1);
	record(4);
	expect(hosted_madvise(mm, BASE, 4 * PAGE_SIZE, HOSTED_DONTNEED), 0);
	trace(EVENT("CLEAR", "0-4"));
}

static void mremap_moves(void)
{
	four_anonymous_pages();
	expect(hosted_mremap(mm, BASE, 4 * PAGE_SIZE, at(16), 4 * PAGE_SIZE), 0);
	trace(EVENT("UNMAP", "0-4") EVENT("UNMAP", "0-4"));
	loads(mm, 16, 1);
	loads(mm, 19, 4);
	expect(hosted_store(mm, BASE, 1), -EFAULT);
}

static void mremap_in_place(void)
{
	four_anonymous_pages();
	expect(hosted_mremap(mm, BASE, 4 * PAGE_SIZE, BASE, 6 * PAGE_SIZE), 0);
	trace("");
	store(5, 6);
	expect(hosted_mremap(mm, BASE, 6 * PAGE_SIZE, BASE, 2 * PAGE_SIZE), 0);
	trace(EVENT("UNMAP", "2-6"));
	loads(mm, 1, 2);
}

static void dontneed(void)
{
	four_anonymous_pages();
	expect(hosted_madvise(mm, at(1), 2 * PAGE_SIZE, HOSTED_DONTNEED), 0);
	trace(EVENT("CLEAR", "1-3"));
	loads(mm, 1, 0);
	loads(mm, 3, 4);
	trace("");
	/* The zero page is replaced. */
	store(1, 5);
	trace(EVENT("CLEAR", "1-2"));
}

static void free_then_pageout(void)
{
	four_anonymous_pages();
	expect(hosted_madvise(mm, BASE, 4 * PAGE_SIZE, HOSTED_FREE), 0);
	trace(EVENT("CLEAR", "0-4"));
	store(1, 5);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace(EVENT("CLEAR", "0-1") EVENT("CLEAR", "1-2"));
	loads(mm, 0, 0);
	loads(mm, 1, 5);
}

static void pageout(void)
{
	four_anonymous_pages();
	expect(hosted_madvise(mm, at(2), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace(EVENT("CLEAR", "2-3"));
	loads(mm, 2, 3);
	trace("");
}

static void pageout_asks_up_to_6_1(void)
{
	hosted_generation = HOSTED_6_1;
	four_anonymous_pages();
	recorder.young = true;
	expect(hosted_madvise(mm, at(2), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace("list clear_flush_young 2-3\n");
	recorder.young = false;
	expect(hosted_madvise(mm, at(2), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace("list clear_flush_young 2-3\n" EVENT("CLEAR", "2-3"));
	loads(mm, 2, 3);
}

static void reclaim_asks_first(void)
{
	four_anonymous_pages();
	/* The processor has used it; that is forgotten with the question. */
	expect(hosted_reclaim(mm, BASE), -EAGAIN);
	trace("list clear_flush_young 0-1\n");
	recorder.young = true;
	expect(hosted_reclaim(mm, BASE), -EAGAIN);
	trace("list clear_flush_young 0-1\n");
	recorder.young = false;
	expect(hosted_reclaim(mm, BASE), 0);
	trace("list clear_flush_young 0-1\n" EVENT("CLEAR", "0-1"));
	loads(mm, 0, 1);
}

static void aging(void)
{
	four_anonymous_pages();
	expect(hosted_test_young(mm, BASE), 1);
	trace("");
	expect(hosted_clear_young(mm, BASE), 1);
	trace("list clear_young 0-1\n");
	expect(hosted_test_young(mm, BASE), 0);
	trace("list test_young 0-1\n");
	recorder.young = true;
	expect(hosted_test_young(mm, BASE), 1);
	trace("list test_young 0-1\n");
}

static void numa_hint(void)
{
	four_anonymous_pages();
	expect(hosted_numa_hint(mm, BASE, 4 * PAGE_SIZE), 0);
	trace(EVENT("PROTECTION_VMA", "0-4"));
	loads(mm, 0, 1);
	trace("");
}

static void migration(void)
{
	struct page *page;

	four_anonymous_pages();
	expect(hosted_migrate(mm, at(1)), 0);
	trace(EVENT("CLEAR", "1-2"));
	loads(mm, 1, 2);
	/* Whoever holds the page keeps it where it is. */
	mmap_read_lock(mm);
	expect(get_user_pages_remote(mm, at(1), 1, FOLL_WRITE, &page, NULL), 1);
	mmap_read_unlock(mm);
	expect(hosted_migrate(mm, at(1)), -EAGAIN);
	trace(EVENT("CLEAR", "1-2"));
	put_page(page);
	loads(mm, 1, 2);
	expect(hosted_compact(), 4);
	trace(EVENT("CLEAR", "0-1") EVENT("CLEAR", "2-3") EVENT("CLEAR", "3-4")
		      EVENT("CLEAR", "1-2"));
}

/* ---- what can not be done */

static void errors(void)
{
	struct file *file = hosted_file_open(2, true);

	map(2, 0, NULL);
	store(0, 1);
	expect(hosted_mmap(mm, at(1), PAGE_SIZE, RW, 0, NULL, 0), -EEXIST);
	expect(hosted_mmap(mm, at(1) + 1, PAGE_SIZE, RW, 0, NULL, 0), -EINVAL);
	expect(hosted_munmap(mm, at(0), 0), -EINVAL);
	expect(hosted_mprotect(mm, at(0), 1, RW), -EINVAL);
	expect(hosted_mremap(mm, at(0), 0, at(0), PAGE_SIZE), -EINVAL);
	expect(hosted_mremap(mm, at(0), 3 * PAGE_SIZE, at(8), 3 * PAGE_SIZE), -EFAULT);
	expect(hosted_mremap(mm, at(0), PAGE_SIZE, at(1), PAGE_SIZE), -EINVAL);
	expect(hosted_mremap(mm, at(0), PAGE_SIZE, at(0), 3 * PAGE_SIZE), -ENOMEM);
	expect(hosted_madvise(mm, at(0), 1, HOSTED_DONTNEED), -EINVAL);
	expect(hosted_madvise(mm, at(0), PAGE_SIZE, HOSTED_REMOVE), -EINVAL);
	expect(hosted_numa_hint(mm, at(0), 1), -EINVAL);
	expect(hosted_migrate(mm, at(1)), -ENOENT);
	expect(hosted_reclaim(mm, at(1)), -ENOENT);
	expect(hosted_test_young(mm, at(1)), -ENOENT);
	expect(hosted_poison(mm, at(1)), -ENOENT);
	expect(hosted_ksm_merge(mm, at(0), mm, at(1)), -EINVAL);
	expect(hosted_punch_hole(file, 0, 0), -EINVAL);
	hosted_file_put(file);
	file = hosted_file_open(2, false);
	expect(hosted_writeback(file), -EINVAL);
	hosted_file_put(file);
}

static void merge_of_page_in_use(void)
{
	struct page *page;

	map(2, 0, NULL);
	store(0, 5);
	store(1, 5);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_MERGEABLE), 0);
	mmap_read_lock(mm);
	expect(get_user_pages_remote(mm, at(1), 1, FOLL_WRITE, &page, NULL), 1);
	mmap_read_unlock(mm);
	/* Its holder could write to it, seen by all. */
	expect(hosted_ksm_merge(mm, at(1), mm, at(0)), -EAGAIN);
	expect(hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_FREE), 0);
	put_page(page);
	expect(hosted_ksm_merge(mm, at(1), mm, at(0)), 0);
	loads(mm, 1, 5);
}

/* ---- the end */

static void exit_releases_first(void)
{
	struct mm_struct *victim = mm;

	four_anonymous_pages();
	mmgrab(victim);
	mmput(victim);
	trace("interval invalidate RELEASE all block\n"
	      "list release\n"
	      "interval invalidate UNMAP all block\n");
	recorder_detach(&recorder);
	trace("");
	recorder.interval.mm = NULL;
	mmdrop(victim);
	mm = hosted_mm_create();
}

static void unregister_releases(void)
{
	four_anonymous_pages();
	recorder_detach(&recorder);
	trace("list release\n");
	recorder.interval.mm = NULL;
}

static void oom_reap(void)
{
	four_anonymous_pages();
	recorder.refuse = true;
	expect(hosted_oom_reap(mm), -EAGAIN);
	/* Others are not asked any more, and nothing is undone: nothing was begun. */
	trace("interval refuse UNMAP 0-4 nonblock\n");
	recorder.refuse = false;
	expect(hosted_oom_reap(mm), 0);
	trace("interval invalidate UNMAP 0-4 nonblock\n"
	      "list start UNMAP 0-4 nonblock\n"
	      "list end UNMAP 0-4 nonblock\n");
	expect(hosted_store(mm, BASE, 1), -EFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(munmap_whole),
		TEST(munmap_many),
		TEST(munmap_part),
		TEST(mprotect_part),
		TEST(mprotect_without_tables),
		TEST(mprotect_sparse_6_1),
		TEST(mprotect_sparse_6_12),
		TEST(mappings_are_joined),
		TEST(mremap_moves),
		TEST(mremap_in_place),
		TEST(dontneed),
		TEST(free_then_pageout),
		TEST(pageout),
		TEST(pageout_asks_up_to_6_1),
		TEST(reclaim_asks_first),
		TEST(aging),
		TEST(numa_hint),
		TEST(migration),
		TEST(errors),
		TEST(merge_of_page_in_use),
		TEST(exit_releases_first),
		TEST(unregister_releases),
		TEST(oom_reap),
	};

	return cmocka_run_group_tests_name("hosted_mm", tests, NULL, NULL);
}
