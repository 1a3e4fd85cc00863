// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page faults: one step for each state that an entry can be in. A step that finds the entry changed
 * by others leaves it alone: the access comes again. Also a program's loads and stores.
 */
#include "internal.h"

#define AROUND (16 * PAGE_SIZE)

struct fault {
	struct vm_area_struct *vma;
	struct mm_struct *mm;
	unsigned long addr; /* of the page */
	unsigned int flags;
	u64 entry; /* as it was found */
};

static bool is_write(const struct fault *fault)
{
	return fault->flags & FAULT_FLAG_WRITE;
}

static u64 page_bits(const struct fault *fault, bool writable)
{
	return HOSTED_PRESENT | HOSTED_YOUNG | (writable ? HOSTED_WRITE : 0) |
	       (is_write(fault) && writable ? HOSTED_DIRTY : 0);
}

/* Under page_table_lock: where the entry is, if it is as it was found, else slot is NULL. */
static struct hosted_place place_if_same(const struct fault *fault)
{
	struct hosted_place place = hosted_place_of(fault->mm, fault->addr, true);

	if (hosted_get(&place) != fault->entry)
		place.slot = NULL;
	return place;
}

static bool set_if_same(const struct fault *fault, u64 entry)
{
	struct hosted_place place;

	spin_lock(&fault->mm->page_table_lock);
	place = place_if_same(fault);
	if (place.slot)
		hosted_set(fault->mm, &place, entry);
	spin_unlock(&fault->mm->page_table_lock);
	return place.slot;
}

/* Map a page, and keep the caller's reference. */
static bool map_if_same(const struct fault *fault, struct folio *folio, unsigned long pfn, u64 bits)
{
	struct hosted_place place;

	spin_lock(&fault->mm->page_table_lock);
	place = place_if_same(fault);
	if (place.slot) {
		hosted_map_folio(folio, 1);
		hosted_set(fault->mm, &place, hosted_entry_make(pfn, bits));
	}
	spin_unlock(&fault->mm->page_table_lock);
	return place.slot;
}

/* The page of the entry, held. NULL: the entry is another one now. */
static struct folio *hold_if_same(const struct fault *fault)
{
	struct folio *folio = NULL;

	spin_lock(&fault->mm->page_table_lock);
	if (place_if_same(fault).slot)
		folio = hosted_folio_hold(hosted_folio_of(hosted_entry_pfn(fault->entry)));
	spin_unlock(&fault->mm->page_table_lock);
	return folio;
}

/* ---- nothing is there yet */

/* A page that others may map too belongs to the whole family. */
void hosted_new_anon(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
		     bool exclusive)
{
	folio->anon_vma = exclusive ? vma->anon_vma : vma->anon_vma->root;
	hosted_anon_get(folio->anon_vma);
	folio->index = vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
	if (exclusive)
		hosted_folio_set(folio, HOSTED_PG_EXCLUSIVE);
}

static vm_fault_t fault_anon(struct fault *fault)
{
	struct folio *folio;

	if (fault->vma->vm_flags & VM_UFFD_MISSING)
		return hosted_uffd_fault(fault->vma, fault->flags);
	if (!is_write(fault)) {
		folio = hosted_zero_folio();
		map_if_same(fault, folio, folio->pfn, page_bits(fault, false));
		return 0;
	}
	hosted_anon_prepare(fault->vma);
	folio = hosted_folio_alloc(0);
	if (!folio)
		return VM_FAULT_OOM;
	hosted_new_anon(folio, fault->vma, fault->addr, true);
	map_if_same(fault, folio, folio->pfn, page_bits(fault, true));
	folio_put(folio);
	return 0;
}

/* Whether a huge page may be where the page is missing. */
static bool huge_possible(const struct fault *fault)
{
	const struct vm_area_struct *vma = fault->vma;
	unsigned long start = ALIGN_DOWN(fault->addr, PMD_SIZE);
	struct hosted_place place;

	if (hosted_generation == HOSTED_2009 || !hosted_vma_is_anon(vma) ||
	    !(vma->vm_flags & (VM_HUGEPAGE | VM_HUGETLB)) || vma->vm_flags & VM_UFFD_MISSING ||
	    start < vma->vm_start || start + PMD_SIZE > vma->vm_end)
		return false;
	place = hosted_huge_place(fault->mm, fault->addr);
	return place.slot && !hosted_get(&place);
}

/* Where the entry is as it was found. */
static void map_huge(const struct fault *fault, struct folio *folio)
{
	struct hosted_place place;

	spin_lock(&fault->mm->page_table_lock);
	place = hosted_huge_place(fault->mm, fault->addr);
	if (place.slot && hosted_get(&place) == fault->entry) {
		hosted_map_folio(folio, 1);
		hosted_set(fault->mm, &place,
			   hosted_entry_make(folio->pfn,
					     page_bits(fault, is_write(fault)) | HOSTED_HUGE));
	}
	spin_unlock(&fault->mm->page_table_lock);
}

static struct folio *new_huge(struct fault *fault)
{
	struct folio *folio;

	hosted_anon_prepare(fault->vma);
	folio = hosted_folio_alloc(HOSTED_PMD_ORDER);
	if (folio)
		hosted_new_anon(folio, fault->vma, ALIGN_DOWN(fault->addr, PMD_SIZE), true);
	return folio;
}

/* False: without memory for it a small page will do. */
static bool fault_huge(struct fault *fault)
{
	struct folio *folio;

	if (!is_write(fault)) {
		hosted_anon_prepare(fault->vma);
		folio = hosted_huge_zero_folio();
		if (folio)
			map_huge(fault, folio);
		return folio;
	}
	folio = new_huge(fault);
	if (!folio)
		return false;
	map_huge(fault, folio);
	folio_put(folio);
	return true;
}

/* Zeros become a page in which all is written but nothing has been. */
static bool replace_huge_zero(struct fault *fault)
{
	struct folio *folio = new_huge(fault);
	struct mmu_notifier_range event;
	unsigned long start = ALIGN_DOWN(fault->addr, PMD_SIZE);

	if (!folio)
		return false;
	hosted_event_init(&event, fault->mm, MMU_NOTIFY_CLEAR, start, start + PMD_SIZE, NULL);
	hosted_event_start(&event);
	map_huge(fault, folio);
	hosted_event_end(&event);
	folio_put(folio);
	return true;
}

static pgoff_t file_index(const struct fault *fault)
{
	return fault->vma->vm_pgoff + ((fault->addr - fault->vma->vm_start) >> PAGE_SHIFT);
}

static vm_fault_t copy_from_file(struct fault *fault, struct folio *from)
{
	struct folio *folio;

	hosted_anon_prepare(fault->vma);
	folio = hosted_folio_alloc(0);
	if (!folio)
		return VM_FAULT_OOM;
	hosted_page_copy(folio->pfn, from->pfn);
	hosted_new_anon(folio, fault->vma, fault->addr, true);
	map_if_same(fault, folio, folio->pfn, page_bits(fault, true));
	folio_put(folio);
	return 0;
}

/* A page of tmpfs may be written at once; one on a disk only after the file system was asked. */
static void map_file(struct fault *fault, struct folio *folio)
{
	const struct vm_area_struct *vma = fault->vma;
	bool writable = vma->vm_flags & VM_SHARED && vma->vm_flags & VM_WRITE &&
			(is_write(fault) || !folio->mapping->disk);

	map_if_same(fault, folio, folio->pfn, page_bits(fault, writable));
}

/* What is in memory beside the page, as far as nobody has it locked. */
static void map_neighbour(struct fault *fault)
{
	struct address_space *mapping = hosted_mapping(fault->vma);
	struct folio *folio;

	if (!hosted_cache_has(mapping, file_index(fault)))
		return;
	folio = hosted_cache_get(mapping, file_index(fault));
	if (folio_trylock(folio)) {
		if (folio->mapping == mapping && file_index(fault) < mapping->pages)
			map_file(fault, folio);
		folio_unlock(folio);
	}
	folio_put(folio);
}

/* A read maps more than the one page: 16, beginning with an address that fits, in one table. */
static void map_neighbours(const struct fault *fault)
{
	const struct vm_area_struct *vma = fault->vma;
	struct fault near = *fault;
	unsigned long end;

	near.addr = max(ALIGN_DOWN(fault->addr, AROUND), vma->vm_start);
	end = min3(near.addr + AROUND, vma->vm_end, ALIGN(fault->addr + 1, PMD_SIZE));
	for (; near.addr < end; near.addr += PAGE_SIZE)
		map_neighbour(&near);
}

static vm_fault_t fault_file(struct fault *fault)
{
	struct address_space *mapping = hosted_mapping(fault->vma);
	struct folio *folio;
	vm_fault_t ret = 0;

	if (file_index(fault) >= mapping->pages)
		return VM_FAULT_SIGBUS;
	if (fault->vma->vm_flags & VM_UFFD_MISSING && !hosted_cache_has(mapping, file_index(fault)))
		return hosted_uffd_fault(fault->vma, fault->flags);
	folio = hosted_cache_get(mapping, file_index(fault));
	if (!folio)
		return VM_FAULT_OOM;
	/* Truncation sets the size first; it waits for the lock, and unmaps the page after it. */
	folio_lock(folio);
	if (file_index(fault) >= mapping->pages)
		ret = VM_FAULT_SIGBUS;
	else if (folio->mapping == mapping && is_write(fault) &&
		 !(fault->vma->vm_flags & VM_SHARED))
		ret = copy_from_file(fault, folio);
	else if (folio->mapping == mapping)
		map_file(fault, folio);
	folio_unlock(folio);
	folio_put(folio);
	if (!ret && !is_write(fault))
		map_neighbours(fault);
	return ret;
}

/* ---- the page is elsewhere */

/* The slot must not go while the page is read. */
static bool hold_slot(const struct fault *fault)
{
	bool same;

	spin_lock(&fault->mm->page_table_lock);
	same = place_if_same(fault).slot;
	if (same)
		hosted_swap_get(hosted_entry_pfn(fault->entry));
	spin_unlock(&fault->mm->page_table_lock);
	return same;
}

/* Up to 6.1 a page that is only read can not be written yet, though nobody else has it. */
static bool writable_from_swap(const struct fault *fault, bool exclusive)
{
	if (!exclusive || !(fault->vma->vm_flags & VM_WRITE))
		return false;
	return is_write(fault) || hosted_generation > HOSTED_6_1;
}

static vm_fault_t swap_in(struct fault *fault, unsigned long slot)
{
	bool exclusive = fault->entry & HOSTED_EXCLUSIVE;
	struct folio *folio = hosted_swap_in(slot);

	if (!folio)
		return VM_FAULT_OOM;
	folio_lock(folio);
	if (!folio->anon_vma)
		hosted_new_anon(folio, fault->vma, fault->addr, exclusive);
	if (map_if_same(fault, folio, folio->pfn,
			page_bits(fault, writable_from_swap(fault, exclusive))))
		hosted_swap_put(slot);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

static vm_fault_t fault_swap(struct fault *fault)
{
	unsigned long slot = hosted_entry_pfn(fault->entry);
	vm_fault_t ret;

	if (!hold_slot(fault))
		return 0;
	ret = swap_in(fault, slot);
	hosted_swap_put(slot);
	return ret;
}

/* Back to memory of the system, as the driver of the device does it. */
static vm_fault_t from_device(struct fault *fault, struct folio *old)
{
	bool writable = fault->entry & HOSTED_WRITE;
	struct folio *folio = hosted_folio_alloc(0);
	struct mmu_notifier_range event;

	if (!folio)
		return VM_FAULT_OOM;
	hosted_event_init(&event, fault->mm, MMU_NOTIFY_MIGRATE, fault->addr,
			  fault->addr + PAGE_SIZE, old->pgmap->owner);
	hosted_event_start(&event);
	hosted_page_copy(folio->pfn, old->pfn);
	hosted_new_anon(folio, fault->vma, fault->addr, true);
	if (map_if_same(fault, folio, folio->pfn, page_bits(fault, writable))) {
		hosted_unmap_folio(old, 1);
		folio_put(old);
	}
	hosted_event_end(&event);
	folio_put(folio);
	return 0;
}

/* The driver brings it back. Newer kernels let only one thread at a time try. */
static vm_fault_t from_driver(struct fault *fault, struct folio *old)
{
	struct vm_fault vmf = {
		.vma = fault->vma,
		.address = fault->addr,
		.flags = fault->flags,
		.page = folio_page(old, 0),
	};
	bool locks = hosted_generation >= HOSTED_7_3;
	vm_fault_t ret;

	if (locks && !folio_trylock(old)) {
		folio_put(old);
		hosted_folio_wait_unlocked(old);
		return 0;
	}
	ret = old->pgmap->ops->migrate_to_ram(&vmf);
	if (locks)
		folio_unlock(page_folio(vmf.page));
	put_page(vmf.page);
	return ret;
}

static vm_fault_t fault_device(struct fault *fault)
{
	struct folio *old = hold_if_same(fault);
	vm_fault_t ret;

	if (!old)
		return 0;
	if (hosted_folio_is_managed(old))
		return from_driver(fault, old);
	ret = from_device(fault, old);
	folio_put(old);
	return ret;
}

/* A processor takes the page back, when the device has let go of its lock. */
static vm_fault_t fault_lent(struct fault *fault)
{
	struct folio *folio = hold_if_same(fault);
	struct mmu_notifier_range event;

	if (!folio)
		return 0;
	folio_lock(folio);
	hosted_event_init(&event, fault->mm, MMU_NOTIFY_CLEAR, fault->addr, fault->addr + PAGE_SIZE,
			  NULL);
	hosted_event_start(&event);
	set_if_same(fault, hosted_entry_given_back(fault->entry));
	hosted_event_end(&event);
	folio_unlock(folio);
	folio_put(folio);
	return 0;
}

static vm_fault_t fault_absent(struct fault *fault)
{
	switch (fault->entry & HOSTED_KIND) {
	case HOSTED_SWAP:
		return fault_swap(fault);
	case HOSTED_DEVICE:
		return fault_device(fault);
	case HOSTED_LENT:
		return fault_lent(fault);
	case HOSTED_MIGRATION:
		hosted_pfn_wait_unlocked(hosted_entry_pfn(fault->entry));
		return 0;
	default:
		return VM_FAULT_HWPOISON;
	}
}

/* ---- it is there, and must not be written */

/* Nobody else has the page: no other entry, not swap, no other user. */
static bool may_reuse(struct folio *folio)
{
	if (!folio->anon_vma || hosted_folio_test(folio, HOSTED_PG_KSM))
		return false;
	if (hosted_folio_test(folio, HOSTED_PG_EXCLUSIVE))
		return true;
	if (folio->swap || folio->refs != folio->maps || folio->maps != 1)
		return false;
	hosted_folio_set(folio, HOSTED_PG_EXCLUSIVE);
	return true;
}

static void replace_page(struct fault *fault, struct folio *old, struct folio *folio)
{
	u64 entry = hosted_entry_make(folio->pfn, page_bits(fault, is_write(fault)));
	struct mmu_notifier_range event;
	struct hosted_place place;

	hosted_event_init(&event, fault->mm, MMU_NOTIFY_CLEAR, fault->addr, fault->addr + PAGE_SIZE,
			  NULL);
	hosted_single_start(&event);
	spin_lock(&fault->mm->page_table_lock);
	place = place_if_same(fault);
	if (place.slot) {
		hosted_set(fault->mm, &place, 0);
		hosted_map_folio(folio, 1);
		hosted_single_replace(fault->mm, &place, entry);
		hosted_unmap_folio(old, 1);
	}
	spin_unlock(&fault->mm->page_table_lock);
	hosted_single_end(&event);
	if (place.slot && !hosted_folio_test(old, HOSTED_PG_ZERO))
		folio_put(old);
}

static vm_fault_t copy_page(struct fault *fault)
{
	unsigned long pfn = hosted_entry_pfn(fault->entry);
	struct folio *old = hold_if_same(fault), *folio;

	if (!old)
		return 0;
	hosted_anon_prepare(fault->vma);
	folio = hosted_folio_alloc(0);
	if (folio) {
		hosted_page_copy(folio->pfn, pfn);
		hosted_new_anon(folio, fault->vma, fault->addr, true);
		replace_page(fault, old, folio);
		folio_put(folio);
	}
	folio_put(old);
	return folio ? 0 : VM_FAULT_OOM;
}

static vm_fault_t handle_entry(struct fault *fault);

static vm_fault_t fault_protected(struct fault *fault)
{
	struct folio *folio = hosted_folio_of(hosted_entry_pfn(fault->entry));
	bool reuse = fault->vma->vm_flags & VM_SHARED;

	if (!reuse) {
		spin_lock(&fault->mm->page_table_lock);
		reuse = place_if_same(fault).slot && may_reuse(folio);
		spin_unlock(&fault->mm->page_table_lock);
	}
	if (reuse) {
		set_if_same(fault, fault->entry | (is_write(fault) ? page_bits(fault, true) : 0));
		return 0;
	}
	if (fault->entry & HOSTED_HUGE && hosted_folio_test(folio, HOSTED_PG_ZERO) &&
	    hosted_generation >= HOSTED_7_3 && replace_huge_zero(fault))
		return 0;
	if (fault->entry & HOSTED_HUGE) {
		hosted_split_huge(fault->vma, fault->addr);
		return handle_entry(fault);
	}
	return copy_page(fault);
}

/* ---- all of them */

static vm_fault_t fault_present(struct fault *fault)
{
	bool unshare = fault->flags & FAULT_FLAG_UNSHARE;

	if (fault->entry & HOSTED_PROTNONE) {
		set_if_same(fault, (fault->entry & ~HOSTED_PROTNONE) | HOSTED_YOUNG);
		return 0;
	}
	if (unshare && !hosted_folio_test(hosted_folio_of(hosted_entry_pfn(fault->entry)),
					  HOSTED_PG_EXCLUSIVE))
		return fault_protected(fault);
	if (is_write(fault) && !(fault->entry & HOSTED_WRITE))
		return fault_protected(fault);
	set_if_same(fault, fault->entry | HOSTED_YOUNG | (is_write(fault) ? HOSTED_DIRTY : 0));
	return 0;
}

static vm_fault_t handle_entry(struct fault *fault)
{
	struct hosted_place place = hosted_look(fault->mm, fault->addr, HOSTED_MARKED_READ);

	fault->entry = hosted_get(&place);
	if (!fault->entry && huge_possible(fault) && fault_huge(fault))
		return 0;
	if (!fault->entry)
		return hosted_vma_is_anon(fault->vma) ? fault_anon(fault) : fault_file(fault);
	if (!(fault->entry & HOSTED_PRESENT))
		return fault_absent(fault);
	return fault_present(fault);
}

/* Under mmap_lock for reading, which is not held any more after VM_FAULT_RETRY. */
vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
			   struct pt_regs *regs)
{
	struct fault fault = {
		.vma = vma,
		.mm = vma->vm_mm,
		.addr = address & PAGE_MASK,
		.flags = flags,
	};

	mmap_assert_locked(vma->vm_mm);
	might_sleep();
	if (vma->vm_mm->unstable)
		return VM_FAULT_SIGBUS;
	return handle_entry(&fault);
}

/* ---- loads and stores */

static bool entry_allows(u64 entry, bool write)
{
	return entry & HOSTED_PRESENT && !(entry & HOSTED_PROTNONE) &&
	       (!write || entry & HOSTED_WRITE);
}

/* As the processor does it: at once, and it leaves its marks. */
static bool try_access(struct mm_struct *mm, unsigned long addr, u64 *value, bool write)
{
	struct hosted_place place =
		hosted_look(mm, addr, write ? HOSTED_MARKED_WRITE : HOSTED_MARKED_READ);
	unsigned long pfn;

	if (!entry_allows(hosted_get(&place), write))
		return false;
	*place.slot |= HOSTED_YOUNG | (write ? HOSTED_DIRTY : 0);
	pfn = hosted_place_pfn(&place, addr);
	if (write)
		hosted_page_write(pfn, offset_in_page(addr), value, sizeof(*value));
	else
		hosted_page_read(pfn, offset_in_page(addr), value, sizeof(*value));
	return true;
}

static int user_fault(struct mm_struct *mm, unsigned long addr, bool write)
{
	unsigned int flags = FAULT_FLAG_USER | FAULT_FLAG_ALLOW_RETRY | FAULT_FLAG_KILLABLE |
			     (write ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma;
	vm_fault_t ret;

	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (!vma || !(vma->vm_flags & (write ? VM_WRITE : VM_READ))) {
		mmap_read_unlock(mm);
		return -EFAULT;
	}
	ret = handle_mm_fault(vma, addr, flags, NULL);
	if (ret & VM_FAULT_RETRY)
		return fatal_signal_pending(current) ? -EINTR : 0;
	mmap_read_unlock(mm);
	if (ret & VM_FAULT_OOM)
		return -ENOMEM;
	if (ret & VM_FAULT_HWPOISON)
		return -EHWPOISON;
	return ret & VM_FAULT_ERROR ? -EFAULT : 0;
}

static int user_access(struct mm_struct *mm, unsigned long addr, u64 *value, bool write)
{
	int err = 0;

	while (!err && !try_access(mm, addr, value, write))
		err = user_fault(mm, addr, write);
	return err;
}

int hosted_load(struct mm_struct *mm, unsigned long addr, u64 *value)
{
	return user_access(mm, addr, value, false);
}

int hosted_store(struct mm_struct *mm, unsigned long addr, u64 value)
{
	return user_access(mm, addr, &value, true);
}

/* ---- devices */

/* Notifiers were told, under page_table_lock, what the page table is about to have. */
static bool is_announced(const struct mm_struct *mm, unsigned long addr, unsigned long pfn)
{
	return mm->announced && mm->announced_addr == (addr & PAGE_MASK) &&
	       hosted_entry_pfn(mm->announced) == pfn;
}

void hosted_device_access(struct mm_struct *mm, unsigned long addr, unsigned long pfn, bool write)
{
	struct hosted_place place;
	u64 entry;

	hosted_device_access_pfn(pfn);
	place = hosted_look(mm, addr, HOSTED_MARKED_READ);
	entry = hosted_get(&place);
	if (!write && is_announced(mm, addr, pfn))
		return;
	if (!hosted_entry_maps(entry))
		hosted_fail("stale access", "nothing is mapped at %lx, the device has page %lx",
			    addr, pfn);
	if (hosted_place_pfn(&place, addr) != pfn)
		hosted_fail("stale access", "page %lx is mapped at %lx, the device has page %lx",
			    hosted_place_pfn(&place, addr), addr, pfn);
	if (write && !(entry & HOSTED_WRITE))
		hosted_fail("stale access", "page %lx at %lx is written, and may only be read", pfn,
			    addr);
}
