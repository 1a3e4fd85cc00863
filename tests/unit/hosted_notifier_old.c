// SPDX-License-Identifier: GPL-2.0-only
/* List notifiers of kernels before 6.12: what else they were told. */
#include "notified.h"

static struct listener one;

static void old_change_pte(struct mmu_notifier *list, struct mm_struct *unused, unsigned long addr,
			   u64 entry)
{
	u64 value;

	/* In 2009 the processor has the new page already. */
	put(entry && !hosted_load(mm, addr, &value) ? 'C' : 'c');
}

static void late_change_pte(struct mmu_notifier *list, struct mm_struct *unused, unsigned long addr,
			    u64 entry)
{
	put('c');
}

static void old_invalidate_page(struct mmu_notifier *list, struct mm_struct *unused,
				unsigned long addr)
{
	put('p');
}

static const struct mmu_notifier_ops ops_2009 = {
	.release = listener_release,
	.change_pte = old_change_pte,
	.invalidate_page = old_invalidate_page,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

static const struct mmu_notifier_ops ops_2008 = {
	.invalidate_page = old_invalidate_page,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

static const struct mmu_notifier_ops ops_6_1 = {
	.change_pte = late_change_pte,
	.invalidate_range_start = listener_start,
	.invalidate_range_end = listener_end,
};

/* A copy after a fork, pages in swap, merged pages, and the ends of memory. */
static void old_operations(const char *cow, const char *pageout, const char *merge)
{
	struct mm_struct *child;

	map(4, 0, NULL);
	store(0, 5);
	store(1, 5);
	child = hosted_fork(mm);
	happened("se");
	store(0, 6);
	happened(cow);
	mmput(child);
	expect(hosted_madvise(mm, BASE, PAGE_SIZE, HOSTED_PAGEOUT), 0);
	happened(pageout);
	store(0, 5);
	store(1, 5);
	expect(hosted_madvise(mm, BASE, 2 * PAGE_SIZE, HOSTED_MERGEABLE), 0);
	expect(hosted_ksm_merge(mm, at(1), mm, BASE), 0);
	happened(merge);
	expect(hosted_mprotect(mm, BASE, PAGE_SIZE, VM_READ), 0);
	expect(hosted_munmap(mm, BASE, 4 * PAGE_SIZE), 0);
	happened("sese");
}

static void generation_2009(void)
{
	hosted_generation = HOSTED_2009;
	listen(&one, &ops_2009);
	old_operations("C", "p", "pCpCC");
	mmu_notifier_unregister(&one.list, mm);
}

static void generation_2009_fallback(void)
{
	hosted_generation = HOSTED_2009;
	listen(&one, &ops_2008);
	old_operations("p", "p", "ppppp");
	mmu_notifier_unregister(&one.list, mm);
}

static void generation_6_1(void)
{
	hosted_generation = HOSTED_6_1;
	listen(&one, &ops_6_1);
	old_operations("sce", "se", "scescesce");
	mmu_notifier_unregister(&one.list, mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(generation_2009),
		TEST(generation_2009_fallback),
		TEST(generation_6_1),
	};

	return cmocka_run_group_tests_name("hosted_notifier_old", tests, NULL, NULL);
}
