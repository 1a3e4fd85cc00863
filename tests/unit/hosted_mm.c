// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hosted memory management: what each operation tells notifiers, in which order, and what it
 * does to pages. The traces are those that the kernel's documentation and sources promise; a
 * recorder of the same format runs on real kernels.
 */
#include <linux/hmm.h>

#include "mm.h"
#include "recorder.h"

/* Both notifiers, which see the same events: an interval notifier has no end. */
#define EVENT(event, span)                               \
	"interval invalidate " event " " span " block\n" \
	"list start " event " " span " block\n"          \
	"list end " event " " span " block\n"

#define HUGE 0x40000000UL

static struct recorder recorder;

static void record(unsigned long pages)
{
	expect(recorder_attach(&recorder, mm, BASE, pages, &recorder_list_ops), 0);
}

/* What was recorded since the last time. */
#define trace(expected) check_trace(expected, __LINE__)

static void check_trace(const char *expected, int line)
{
	if (strcmp(recorder.text, expected))
		hosted_fail("trace", "line %d:\n%s-- expected\n%s", line, recorder.text, expected);
	memset(recorder.text, 0, sizeof(recorder.text));
	recorder.used = 0;
}

static void tidy(void)
{
	if (recorder.interval.mm)
		recorder_detach(&recorder);
}

static void four_anonymous_pages(void)
{
	unsigned long i;

	map(4, 0, NULL);
	for (i = 0; i < 4; i++)
		store(i, i + 1);
	record(4);
}

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
	expect(hosted_compact(), 0);
	trace(EVENT("CLEAR", "0-1") EVENT("CLEAR", "2-3") EVENT("CLEAR", "3-4")
		      EVENT("CLEAR", "1-2"));
}

/* ---- fork, merged pages */

static void fork_and_copy(void)
{
	struct mm_struct *child;

	four_anonymous_pages();
	child = hosted_fork(mm);
	trace(EVENT("PROTECTION_PAGE", "0-4"));
	/* The first who writes gets a copy, the other one the page. */
	store(0, 100);
	trace(EVENT("CLEAR", "0-1"));
	loads(child, 0, 1);
	expect(hosted_store(child, at(1), 200), 0);
	trace("");
	loads(mm, 1, 2);
	store(1, 101);
	trace("");
	loads(child, 1, 200);
	mmput(child);
	store(2, 102);
	trace("");
}

static void fork_of_untouched(void)
{
	map(4, 0, NULL);
	record(4);
	mmput(hosted_fork(mm));
	trace("");
}

static void rmap_after_fork(void)
{
	struct mm_struct *child;

	four_anonymous_pages();
	child = hosted_fork(mm);
	trace(EVENT("PROTECTION_PAGE", "0-4"));
	expect(hosted_store(child, at(3), 300), 0);
	/* The child's page is nobody else's; a shared one is found from either side. */
	expect(hosted_migrate(child, at(3)), 0);
	trace("");
	expect(hosted_migrate(child, at(2)), 0);
	trace(EVENT("CLEAR", "2-3"));
	expect(hosted_madvise(child, at(2), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace(EVENT("CLEAR", "2-3"));
	loads(mm, 2, 3);
	loads(child, 2, 3);
	mmput(child);
}

static void fork_of_swapped(void)
{
	struct mm_struct *child;

	four_anonymous_pages();
	expect(hosted_madvise(mm, at(0), 2 * PAGE_SIZE, HOSTED_PAGEOUT), 0);
	expect(hosted_madvise(mm, at(3), PAGE_SIZE, HOSTED_DONTFORK), 0);
	trace(EVENT("CLEAR", "0-1") EVENT("CLEAR", "1-2"));
	child = hosted_fork(mm);
	trace(EVENT("PROTECTION_PAGE", "0-3"));
	/* What the child reads from swap is the parent's too, until one of them writes. */
	loads(child, 0, 1);
	store(0, 7);
	loads(child, 0, 1);
	expect(hosted_store(child, at(3), 1), -EFAULT);
	expect(hosted_madvise(child, at(1), PAGE_SIZE, HOSTED_FREE), 0);
	loads(child, 1, 0);
	loads(mm, 1, 2);
	mmput(child);
}

static void no_huge_page(void)
{
	expect(hosted_mmap(mm, HUGE, PMD_SIZE, RW, 0, NULL, 0), 0);
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_HUGEPAGE), 0);
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_NOHUGEPAGE), 0);
	expect(hosted_store(mm, HUGE, 1), 0);
	expect(recorder_attach(&recorder, mm, HUGE, 512, &recorder_list_ops), 0);
	expect(hosted_migrate(mm, HUGE), 0);
	trace(EVENT("CLEAR", "0-1"));
}

static void merge_and_unmerge(void)
{
	map(2, 0, NULL);
	store(0, 5);
	store(1, 5);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_MERGEABLE), 0);
	record(2);
	expect(hosted_ksm_merge(mm, at(1), mm, BASE), 0);
	trace(EVENT("CLEAR", "0-1") EVENT("CLEAR", "1-2") EVENT("CLEAR", "1-2"));
	loads(mm, 0, 5);
	loads(mm, 1, 5);
	expect(hosted_migrate(mm, BASE), 0);
	trace(EVENT("CLEAR", "0-1") EVENT("CLEAR", "1-2"));
	store(0, 6);
	trace(EVENT("CLEAR", "0-1"));
	loads(mm, 1, 5);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_UNMERGEABLE), 0);
	trace(EVENT("CLEAR", "1-2"));
	store(1, 7);
	trace("");
}

static void merge_of_different(void)
{
	map(2, 0, NULL);
	store(0, 5);
	store(1, 6);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_MERGEABLE), 0);
	expect(hosted_ksm_merge(mm, at(1), mm, BASE), -EAGAIN);
	loads(mm, 0, 5);
	loads(mm, 1, 6);
}

/* ---- files */

static void shared_memory(void)
{
	struct mm_struct *child;

	map(4, VM_SHARED, NULL);
	store(0, 1);
	record(4);
	child = hosted_fork(mm);
	trace("");
	expect(hosted_store(child, BASE, 9), 0);
	loads(mm, 0, 9);
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_DONTNEED), 0);
	trace(EVENT("CLEAR", "0-1"));
	loads(mm, 0, 9);
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_REMOVE), 0);
	trace(EVENT("CLEAR", "0-1"));
	loads(mm, 0, 0);
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_FREE), -EINVAL);
	mmput(child);
}

static void truncation(void)
{
	struct file *file = hosted_file_open(4, false);

	map(4, VM_SHARED, file);
	store(1, 2);
	store(3, 4);
	record(4);
	/* Twice: a page may be faulted in again before it has left the file. */
	expect(hosted_truncate(file, 2), 0);
	trace(EVENT("CLEAR", "2-4") EVENT("CLEAR", "2-4"));
	loads(mm, 1, 2);
	expect(hosted_store(mm, at(3), 1), -EFAULT);
	expect(hosted_truncate(file, 4), 0);
	trace("");
	loads(mm, 3, 0);
	hosted_file_put(file);
}

static void hole_in_private_mapping(void)
{
	struct file *file = hosted_file_open(4, false);

	map(4, 0, file);
	loads(mm, 0, 0);
	store(1, 2);
	record(4);
	/* What the process has written is its own, and stays. */
	expect(hosted_punch_hole(file, 0, 4), 0);
	trace(EVENT("CLEAR", "0-4"));
	loads(mm, 1, 2);
	store(0, 1);
	trace("");
	hosted_file_put(file);
}

static void pages_of_file_move(void)
{
	struct file *file = hosted_file_open(4, false);

	map(4, VM_SHARED, file);
	store(1, 2);
	loads(mm, 0, 0);
	record(4);
	expect(hosted_migrate(mm, at(1)), 0);
	trace(EVENT("CLEAR", "1-2"));
	loads(mm, 1, 2);
	/* A mapping is cut and joined again. */
	expect(hosted_mprotect(mm, at(1), PAGE_SIZE, VM_READ), 0);
	trace(EVENT("PROTECTION_VMA", "1-2"));
	expect(hosted_mprotect(mm, at(1), PAGE_SIZE, RW), 0);
	trace(EVENT("PROTECTION_VMA", "1-2"));
	expect(hosted_madvise(mm, at(0), 4 * PAGE_SIZE, HOSTED_DONTNEED), 0);
	trace(EVENT("CLEAR", "0-4"));
	loads(mm, 1, 2);
	/* A page that is in use stays in memory. */
	expect(hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	loads(mm, 1, 2);
	hosted_file_put(file);
}

static void write_of_private_copy(void)
{
	struct file *file = hosted_file_open(4, true);
	struct mm_struct *child;

	map(4, 0, file);
	loads(mm, 0, 0);
	store(1, 2);
	record(4);
	/* Only what it has written is its own: the file is not touched. */
	expect(hosted_writeback(file), 0);
	trace("");
	child = hosted_fork(mm);
	trace(EVENT("PROTECTION_PAGE", "0-4"));
	store(0, 1);
	trace(EVENT("CLEAR", "0-1"));
	mmput(child);
	hosted_file_put(file);
}

static void writeback(void)
{
	struct file *file = hosted_file_open(2, true);

	map(2, VM_SHARED, file);
	store(0, 1);
	record(2);
	expect(hosted_writeback(file), 0);
	trace(EVENT("PROTECTION_PAGE", "0-1"));
	store(0, 2);
	trace("");
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace(EVENT("CLEAR", "0-1"));
	loads(mm, 0, 2);
	hosted_file_put(file);
}

/* ---- huge pages */

static void map_huge(void)
{
	expect(hosted_mmap(mm, HUGE, PMD_SIZE, RW, VM_HUGEPAGE, NULL, 0), 0);
	expect(hosted_store(mm, HUGE + 3 * PAGE_SIZE, 3), 0);
	expect(recorder_attach(&recorder, mm, HUGE, 512, &recorder_list_ops), 0);
}

static void loads_huge(unsigned long n, u64 expected)
{
	u64 value = ~expected;

	expect(hosted_load(mm, HUGE + n * PAGE_SIZE, &value), 0);
	expect(value, expected);
}

static void huge_page_is_one(void)
{
	map_huge();
	expect(hosted_migrate(mm, HUGE + 5 * PAGE_SIZE), 0);
	trace(EVENT("CLEAR", "0-512"));
	loads_huge(3, 3);
	expect(hosted_munmap(mm, HUGE, PMD_SIZE), 0);
	trace(EVENT("UNMAP", "0-512"));
}

static void huge_page_is_split(void)
{
	map_huge();
	/* Before the mapping is cut, the page is mapped by pages. */
	expect(hosted_munmap(mm, HUGE, 2 * PAGE_SIZE), 0);
	trace(EVENT("CLEAR", "0-512") EVENT("UNMAP", "0-2"));
	loads_huge(3, 3);
	expect(hosted_madvise(mm, HUGE + 4 * PAGE_SIZE, PAGE_SIZE, HOSTED_DONTNEED), 0);
	trace(EVENT("CLEAR", "4-5"));
}

static void huge_page_loses_a_page(void)
{
	map_huge();
	/* The one inside the other; interval notifiers have no end. */
	expect(hosted_madvise(mm, HUGE, PAGE_SIZE, HOSTED_DONTNEED), 0);
	trace("interval invalidate CLEAR 0-1 block\n"
	      "list start CLEAR 0-1 block\n" EVENT("CLEAR", "0-512") "list end CLEAR 0-1 block\n");
	loads_huge(3, 3);
}

static void huge_page_gives_up_a_page(void)
{
	map_huge();
	expect(hosted_madvise(mm, HUGE, PAGE_SIZE, HOSTED_FREE), 0);
	trace("interval invalidate CLEAR 0-1 block\n"
	      "list start CLEAR 0-1 block\n" EVENT("CLEAR", "0-512")
		      EVENT("CLEAR", "0-512") "list end CLEAR 0-1 block\n");
	loads_huge(3, 3);
}

static void huge_page_to_swap(void)
{
	map_huge();
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_PAGEOUT), 0);
	trace(EVENT("CLEAR", "0-512"));
	loads_huge(3, 3);
	loads_huge(4, 0);
	trace("");
}

static void huge_page_after_fork(void)
{
	struct mm_struct *child;

	map_huge();
	child = hosted_fork(mm);
	trace(EVENT("PROTECTION_PAGE", "0-512"));
	expect(hosted_store(mm, HUGE, 1), 0);
	trace(EVENT("CLEAR", "0-512") EVENT("CLEAR", "0-1"));
	loads_huge(3, 3);
	mmput(child);
}

static void collapse(void)
{
	expect(hosted_mmap(mm, HUGE, PMD_SIZE, RW, 0, NULL, 0), 0);
	expect(hosted_store(mm, HUGE + 3 * PAGE_SIZE, 3), 0);
	expect(recorder_attach(&recorder, mm, HUGE, 512, &recorder_list_ops), 0);
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), 0);
	trace(EVENT("CLEAR", "0-512"));
	loads_huge(3, 3);
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), 0);
	trace("");
	expect(hosted_munmap(mm, HUGE, PMD_SIZE), 0);
	trace(EVENT("UNMAP", "0-512"));
}

static void collapse_fails(void)
{
	struct page *page;

	expect(hosted_mmap(mm, HUGE, 2 * PMD_SIZE, RW, 0, NULL, 0), 0);
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), -EINVAL);
	expect(hosted_store(mm, HUGE, 1), 0);
	loads_huge(1, 0);
	/* A page that somebody holds stays what it is. */
	mmap_read_lock(mm);
	expect(get_user_pages_remote(mm, HUGE, 1, FOLL_WRITE, &page, NULL), 1);
	mmap_read_unlock(mm);
	expect(recorder_attach(&recorder, mm, HUGE, 512, &recorder_list_ops), 0);
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), -EAGAIN);
	trace(EVENT("CLEAR", "0-512"));
	put_page(page);
	expect(hosted_madvise(mm, HUGE, PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace(EVENT("CLEAR", "0-1"));
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), -EAGAIN);
	trace(EVENT("CLEAR", "0-512"));
	loads_huge(0, 1);
	hosted_page_limit = 8;
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), -ENOMEM);
	hosted_page_limit = ULONG_MAX;
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), 0);
	trace(EVENT("CLEAR", "0-512"));
	loads_huge(0, 1);
	expect(hosted_madvise(mm, at(0), PMD_SIZE, HOSTED_COLLAPSE), -EINVAL);
}

static void huge_page_moves(void)
{
	map_huge();
	/* As a whole to a place that fits, by pages elsewhere. */
	expect(hosted_mremap(mm, HUGE, PMD_SIZE, HUGE + 4 * PMD_SIZE, PMD_SIZE), 0);
	trace(EVENT("UNMAP", "0-512") EVENT("UNMAP", "0-512"));
	expect(hosted_mremap(mm, HUGE + 4 * PMD_SIZE, PMD_SIZE, HUGE, PMD_SIZE), 0);
	trace("");
	loads_huge(3, 3);
	expect(hosted_mremap(mm, HUGE, PMD_SIZE, HUGE + 4 * PMD_SIZE + PAGE_SIZE, PMD_SIZE), 0);
	trace("interval invalidate UNMAP 0-512 block\n"
	      "list start UNMAP 0-512 block\n" EVENT(
		      "CLEAR", "0-512") "list end UNMAP 0-512 block\n" EVENT("UNMAP", "0-512"));
	loads_huge(4 * 512 + 4, 3);
}

static void huge_page_goes_to_pieces(void)
{
	map_huge();
	expect(hosted_store(mm, HUGE + 4 * PAGE_SIZE, 3), 0);
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_MERGEABLE), 0);
	/* The huge page goes to pieces first. */
	expect(hosted_ksm_merge(mm, HUGE + 4 * PAGE_SIZE, mm, HUGE + 3 * PAGE_SIZE), 0);
	trace(EVENT("CLEAR", "0-512") EVENT("CLEAR", "0-512") EVENT("CLEAR", "3-4")
		      EVENT("CLEAR", "4-5") EVENT("CLEAR", "4-5"));
	loads_huge(3, 3);
	loads_huge(4, 3);
	loads_huge(5, 0);
	expect(hosted_migrate(mm, HUGE + 5 * PAGE_SIZE), 0);
	trace(EVENT("CLEAR", "5-6"));
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
		TEST(fork_and_copy),
		TEST(fork_of_untouched),
		TEST(rmap_after_fork),
		TEST(merge_and_unmerge),
		TEST(merge_of_different),
		TEST(shared_memory),
		TEST(truncation),
		TEST(hole_in_private_mapping),
		TEST(writeback),
		TEST(huge_page_is_one),
		TEST(huge_page_is_split),
		TEST(huge_page_loses_a_page),
		TEST(huge_page_gives_up_a_page),
		TEST(huge_page_to_swap),
		TEST(huge_page_after_fork),
		TEST(collapse),
		TEST(collapse_fails),
		TEST(huge_page_moves),
		TEST(huge_page_goes_to_pieces),
		TEST(no_huge_page),
		TEST(errors),
		TEST(merge_of_page_in_use),
		TEST(pages_of_file_move),
		TEST(write_of_private_copy),
		TEST(fork_of_swapped),
		TEST(exit_releases_first),
		TEST(unregister_releases),
		TEST(oom_reap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
