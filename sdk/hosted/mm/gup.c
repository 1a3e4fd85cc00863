// SPDX-License-Identifier: GPL-2.0-only
/* Faults on behalf of others: get_user_pages() and fixup_user_fault(). */
#include "internal.h"

static int fault_errno(vm_fault_t fault, unsigned int gup_flags)
{
	if (fault & VM_FAULT_OOM)
		return -ENOMEM;
	if (fault & VM_FAULT_HWPOISON)
		return gup_flags & FOLL_HWPOISON ? -EHWPOISON : -EFAULT;
	return fault & VM_FAULT_ERROR ? -EFAULT : 0;
}

static bool vma_allows(const struct vm_area_struct *vma, bool write)
{
	return vma->vm_flags & (write ? VM_WRITE : VM_READ | VM_WRITE | VM_EXEC);
}

int fixup_user_fault(struct mm_struct *mm, unsigned long address, unsigned int fault_flags,
		     bool *unlocked)
{
	struct vm_area_struct *vma;
	vm_fault_t fault;

	if (unlocked)
		fault_flags |= FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE;
	for (;;) {
		vma = vma_lookup(mm, address);
		if (!vma || !vma_allows(vma, fault_flags & FAULT_FLAG_WRITE))
			return -EFAULT;
		if (fault_flags & FAULT_FLAG_KILLABLE && fatal_signal_pending(current))
			return -EINTR;
		fault = handle_mm_fault(vma, address, fault_flags, NULL);
		if (!(fault & VM_FAULT_RETRY))
			return fault_errno(fault, 0);
		mmap_read_lock(mm);
		*unlocked = true;
		fault_flags |= FAULT_FLAG_TRIED;
	}
}

/* The page at addr, referenced, if it can be accessed like this. */
static struct folio *follow(struct mm_struct *mm, unsigned long addr, bool write,
			    unsigned long *pfn)
{
	struct hosted_place place;
	struct folio *folio = NULL;
	u64 entry;

	spin_lock(&mm->page_table_lock);
	place = hosted_place_of(mm, addr, false);
	entry = hosted_get(&place);
	if (entry & HOSTED_PRESENT && !(entry & HOSTED_PROTNONE) &&
	    (!write || entry & HOSTED_WRITE)) {
		*pfn = hosted_place_pfn(&place, addr);
		folio = hosted_folio_of(*pfn);
		hosted_folio_hold(folio);
	}
	spin_unlock(&mm->page_table_lock);
	return folio;
}

/* 1: mmap_lock was dropped for it, the page may be there now. */
static int fault_in(struct mm_struct *mm, unsigned long addr, unsigned int gup_flags,
		    bool may_unlock)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (gup_flags & FOLL_WRITE ? FAULT_FLAG_WRITE : 0) |
			     (may_unlock ? FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE : 0);
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	vm_fault_t fault;

	if (!vma || vma->vm_flags & (VM_IO | VM_PFNMAP) || !vma_allows(vma, gup_flags & FOLL_WRITE))
		return -EFAULT;
	fault = handle_mm_fault(vma, addr, flags, NULL);
	if (fault & VM_FAULT_RETRY)
		return 1;
	return fault_errno(fault, gup_flags);
}

static int get_one(struct mm_struct *mm, unsigned long addr, unsigned int gup_flags,
		   struct page **page, int *locked)
{
	struct folio *folio;
	unsigned long pfn;
	int err;

	while (!(folio = follow(mm, addr, gup_flags & FOLL_WRITE, &pfn))) {
		if (fatal_signal_pending(current))
			return -EINTR;
		err = fault_in(mm, addr, gup_flags, locked);
		if (err < 0)
			return err;
		if (err)
			mmap_read_lock(mm);
	}
	if (page)
		*page = pfn_to_page(pfn);
	else
		folio_put(folio);
	return 0;
}

/* How many there are, if any; else the error of the first. mmap_lock is held on return. */
long get_user_pages_remote(struct mm_struct *mm, unsigned long start, unsigned long nr_pages,
			   unsigned int gup_flags, struct page **pages, int *locked)
{
	unsigned long i;
	int err = 0;

	mmap_assert_locked(mm);
	for (i = 0; i < nr_pages; i++) {
		err = get_one(mm, (start & PAGE_MASK) + i * PAGE_SIZE, gup_flags,
			      pages ? pages + i : NULL, locked);
		if (err)
			break;
	}
	return i ? (long)i : err;
}

long get_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
		    struct page **pages)
{
	return get_user_pages_remote(current->mm, start, nr_pages, gup_flags, pages, NULL);
}

int get_user_pages_fast_only(unsigned long start, int nr_pages, unsigned int gup_flags,
			     struct page **pages)
{
	unsigned long pfn;
	int n;

	for (n = 0; n < nr_pages; n++) {
		if (!follow(current->mm, start + n * PAGE_SIZE, gup_flags & FOLL_WRITE, &pfn))
			break;
		pages[n] = pfn_to_page(pfn);
	}
	return n;
}

int get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags,
			struct page **pages)
{
	int n = get_user_pages_fast_only(start, nr_pages, gup_flags, pages);
	int locked = 1;
	long more;

	might_sleep();
	if (n == nr_pages)
		return n;
	mmap_read_lock(current->mm);
	more = get_user_pages_remote(current->mm, start + n * PAGE_SIZE, nr_pages - n, gup_flags,
				     pages + n, &locked);
	mmap_read_unlock(current->mm);
	return more < 0 && n ? n : n + more;
}
