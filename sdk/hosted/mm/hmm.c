// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmm_range_fault(): what page tables say, and faults where that is less than was asked for. After
 * a fault it looks again from there on, and gives up when an invalidation has come.
 */
#include <linux/hmm.h>

#include "internal.h"

#define NEED_FAULT 1U
#define NEED_WRITE 2U

/* A stretch with one answer: a part of a mapping, or of what is between mappings. */
struct stretch {
	struct hmm_range *range;
	struct vm_area_struct *vma;
	unsigned long addr;
	unsigned long end;
};

static unsigned long *pfn_at(const struct hmm_range *range, unsigned long addr)
{
	return &range->hmm_pfns[(addr - range->start) >> PAGE_SHIFT];
}

static unsigned int page_needs(const struct hmm_range *range, unsigned long request,
			       unsigned long flags)
{
	request = (request & range->pfn_flags_mask) | range->default_flags;
	if (!(request & HMM_PFN_REQ_FAULT))
		return 0;
	if (request & HMM_PFN_REQ_WRITE && !(flags & HMM_PFN_WRITE))
		return NEED_FAULT | NEED_WRITE;
	return flags & HMM_PFN_VALID ? 0 : NEED_FAULT;
}

static unsigned int needs(const struct stretch *stretch, unsigned long flags)
{
	unsigned int need = 0;
	unsigned long addr;

	for (addr = stretch->addr; addr < stretch->end; addr += PAGE_SIZE)
		need |= page_needs(stretch->range, *pfn_at(stretch->range, addr), flags);
	return need;
}

/* With step, for pages in a row. */
static int fill(const struct stretch *stretch, unsigned long value, unsigned long step)
{
	unsigned long addr;

	for (addr = stretch->addr; addr < stretch->end; addr += PAGE_SIZE, value += step)
		*pfn_at(stretch->range, addr) = value;
	return 0;
}

/* -EBUSY: all were faulted in, and it is to look again. */
static int fault_stretch(const struct stretch *stretch, unsigned int need)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (need & NEED_WRITE ? FAULT_FLAG_WRITE : 0);
	unsigned long addr;

	if (need & NEED_WRITE && !(stretch->vma->vm_flags & VM_WRITE))
		return -EPERM;
	for (addr = stretch->addr; addr < stretch->end; addr += PAGE_SIZE)
		if (handle_mm_fault(stretch->vma, addr, flags, NULL) & VM_FAULT_ERROR)
			return -EFAULT;
	return -EBUSY;
}

static unsigned long entry_flags(u64 entry)
{
	unsigned long flags = HMM_PFN_VALID | (entry & HOSTED_WRITE ? HMM_PFN_WRITE : 0);

	if (entry & HOSTED_PROTNONE)
		return 0;
	if (entry & HOSTED_HUGE)
		flags |= (unsigned long)HOSTED_PMD_ORDER << HMM_PFN_ORDER_SHIFT;
	return flags;
}

static bool is_own_device(const struct hmm_range *range, u64 entry)
{
	return hosted_entry_is(entry, HOSTED_DEVICE) &&
	       hosted_folio_of(hosted_entry_pfn(entry))->pgmap->owner == range->dev_private_owner;
}

/* No page: faults beside it in the same table come along, as they do in the kernel. */
static int walk_absent(struct stretch *stretch, u64 entry, unsigned long table_end)
{
	unsigned int need = needs(stretch, 0);

	if (!need)
		return fill(stretch, 0, 0);
	if (hosted_entry_is(entry, HOSTED_MIGRATION)) {
		hosted_pfn_wait_unlocked(hosted_entry_pfn(entry));
		return -EBUSY;
	}
	if (hosted_entry_is(entry, HOSTED_POISON))
		return -EFAULT;
	stretch->end = table_end;
	return fault_stretch(stretch, need);
}

static int walk_entry(struct stretch *stretch, unsigned long table_end)
{
	struct mm_struct *mm = stretch->vma->vm_mm;
	struct hosted_place place = hosted_look(mm, stretch->addr, HOSTED_MARKED_READ);
	u64 entry = hosted_get(&place);
	unsigned long flags;
	unsigned int need;

	/* What was copied into a page is seen by whoever finds the page. */
	if (place.slot)
		hosted_acquire(place.slot);
	stretch->end = min(stretch->end, place.addr + place.size);
	if (!(entry & HOSTED_PRESENT) && !is_own_device(stretch->range, entry))
		return walk_absent(stretch, entry, table_end);
	flags = entry_flags(entry);
	need = needs(stretch, flags);
	if (need && entry & HOSTED_PRESENT) {
		stretch->end = table_end;
		return fault_stretch(stretch, need);
	}
	return fill(stretch, flags ? hosted_place_pfn(&place, stretch->addr) | flags : 0, !!flags);
}

/* The end of the stretch is where to go on. */
static int walk_stretch(struct stretch *stretch)
{
	struct vm_area_struct *vma = stretch->vma;
	unsigned long table_end;

	if (!vma || vma->vm_start > stretch->addr) {
		if (vma)
			stretch->end = min(stretch->end, vma->vm_start);
		return needs(stretch, 0) ? -EFAULT : fill(stretch, HMM_PFN_ERROR, 0);
	}
	stretch->end = min(stretch->end, vma->vm_end);
	if (vma->vm_flags & (VM_IO | VM_PFNMAP) || !(vma->vm_flags & VM_READ))
		return needs(stretch, 0) ? -EFAULT : fill(stretch, HMM_PFN_ERROR, 0);
	table_end = min(stretch->end, ALIGN(stretch->addr + 1, PMD_SIZE));
	return walk_entry(stretch, table_end);
}

/* From addr on; on return it is where to go on. */
static int walk_from(struct hmm_range *range, unsigned long *addr)
{
	int err = 0;

	while (!err && *addr < range->end) {
		struct stretch stretch = {
			.range = range,
			.vma = find_vma(range->notifier->mm, *addr),
			.addr = *addr,
			.end = range->end,
		};

		err = walk_stretch(&stretch);
		if (!err)
			*addr = stretch.end;
	}
	return err;
}

int hmm_range_fault(struct hmm_range *range)
{
	unsigned long addr = range->start;
	int err;

	mmap_assert_locked(range->notifier->mm);
	if (range->start >= range->end)
		return -EINVAL;
	do {
		if (mmu_interval_check_retry(range->notifier, range->notifier_seq))
			return -EBUSY;
		err = walk_from(range, &addr);
	} while (err == -EBUSY);
	return err;
}
