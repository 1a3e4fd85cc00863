// SPDX-License-Identifier: GPL-2.0-only
/* The hosted memory management: huge pages. */
#include <linux/hmm.h>

#include "traced.h"

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
	/* None of the pages that are there can be written. */
	expect(hosted_madvise(mm, HUGE, PMD_SIZE, HOSTED_COLLAPSE), -EINVAL);
	trace("");
	expect(hosted_store(mm, HUGE, 1), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("hosted_mm_huge", tests, NULL, NULL);
}
