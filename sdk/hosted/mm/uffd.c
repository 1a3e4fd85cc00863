// SPDX-License-Identifier: GPL-2.0-only
/* userfaultfd: a program serves the faults of mappings, one page at a time. */
#include <linux/userfaultfd_k.h>

#include "internal.h"

static DECLARE_WAIT_QUEUE_HEAD(served_wq);
static DECLARE_WAIT_QUEUE_HEAD(waiting_wq);

static void let_go_on(struct mm_struct *mm)
{
	WRITE_ONCE(mm->uffd_served, mm->uffd_served + 1);
	wake_up_all(&served_wq);
}

/* Memory that has no file on a disk behind it. */
static bool can_register(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	if (!vma || vma->vm_start >= end)
		return false;
	for (; vma && vma->vm_start < end; vma = hosted_vma_next(vma))
		if (!hosted_vma_is_anon(vma) && hosted_mapping(vma)->disk)
			return false;
	return true;
}

static int set_registered(struct mm_struct *mm, unsigned long addr, unsigned long len, bool on)
{
	unsigned long end = addr + len;
	struct vm_area_struct *vma;
	int err = hosted_range_check(addr, len);

	if (err)
		return err;
	mmap_write_lock(mm);
	if (!can_register(mm, addr, end)) {
		mmap_write_unlock(mm);
		return -EINVAL;
	}
	hosted_vma_split(mm, addr);
	hosted_vma_split(mm, end);
	for (vma = find_vma(mm, addr); vma && vma->vm_start < end; vma = hosted_vma_next(vma))
		vma->vm_flags = (vma->vm_flags & ~VM_UFFD_MISSING) | (on ? VM_UFFD_MISSING : 0);
	hosted_vma_merge(mm, addr, end);
	let_go_on(mm);
	mmap_write_unlock(mm);
	return 0;
}

int hosted_uffd_register(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	return set_registered(mm, addr, len, true);
}

int hosted_uffd_unregister(struct mm_struct *mm, unsigned long addr, unsigned long len)
{
	return set_registered(mm, addr, len, false);
}

/* Who can not come again is not served. The mm may not go away: the caller uses it. */
vm_fault_t hosted_uffd_fault(struct vm_area_struct *vma, unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned int served = READ_ONCE(mm->uffd_served);

	if (!(flags & FAULT_FLAG_ALLOW_RETRY))
		return VM_FAULT_SIGBUS;
	if (flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	mm->uffd_waiting++;
	wake_up_all(&waiting_wq);
	mmap_read_unlock(mm);
	if (flags & FAULT_FLAG_KILLABLE)
		wait_event_killable(served_wq, READ_ONCE(mm->uffd_served) != served);
	else
		wait_event(served_wq, READ_ONCE(mm->uffd_served) != served);
	mm->uffd_waiting--;
	return VM_FAULT_RETRY;
}

int hosted_uffd_wait(struct mm_struct *mm)
{
	return wait_event_killable(waiting_wq, READ_ONCE(mm->uffd_waiting)) ? -EINTR : 0;
}

static int map_copy(struct vm_area_struct *vma, unsigned long addr, struct folio *folio)
{
	struct mm_struct *mm = vma->vm_mm;
	struct hosted_place place;
	int err = -EEXIST;

	hosted_anon_prepare(vma);
	hosted_new_anon(folio, vma, addr, true);
	spin_lock(&mm->page_table_lock);
	place = hosted_place_of(mm, addr, true);
	if (!hosted_get(&place)) {
		hosted_map_folio(folio, 1);
		hosted_set(
			mm, &place,
			hosted_entry_make(folio->pfn,
					  HOSTED_PRESENT | HOSTED_DIRTY |
						  (vma->vm_flags & VM_WRITE ? HOSTED_WRITE : 0)));
		err = 0;
	}
	spin_unlock(&mm->page_table_lock);
	return err;
}

/* A page full of the value; anonymous memory only. */
int hosted_uffd_copy(struct mm_struct *mm, unsigned long addr, u64 value)
{
	struct folio *folio = hosted_folio_alloc(0);
	struct vm_area_struct *vma;
	unsigned int i;
	int err = -ENOENT;

	if (!folio)
		return -ENOMEM;
	for (i = 0; i < HOSTED_WORDS; i++)
		hosted_page_write(folio->pfn, i * sizeof(value), &value, sizeof(value));
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && userfaultfd_armed(vma) && hosted_vma_is_anon(vma))
		err = map_copy(vma, addr & PAGE_MASK, folio);
	mmap_read_unlock(mm);
	folio_put(folio);
	let_go_on(mm);
	return err;
}
