// SPDX-License-Identifier: GPL-2.0-only
/* The hosted memory management: pages that several have, by fork, merging or a file. */
#include <linux/hmm.h>

#include "traced.h"

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
	/* A program may put out what is its own; the kernel by itself anything. */
	expect(hosted_madvise(child, at(2), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	trace("");
	expect(hosted_reclaim(child, at(2)), 0);
	trace("list clear_flush_young 2-3\n" EVENT("CLEAR", "2-3"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(fork_and_copy),     TEST(fork_of_untouched),       TEST(rmap_after_fork),
		TEST(merge_and_unmerge), TEST(merge_of_different),      TEST(shared_memory),
		TEST(truncation),        TEST(hole_in_private_mapping), TEST(writeback),
		TEST(no_huge_page),      TEST(pages_of_file_move),      TEST(write_of_private_copy),
		TEST(fork_of_swapped),
	};

	return cmocka_run_group_tests_name("hosted_mm_share", tests, NULL, NULL);
}
