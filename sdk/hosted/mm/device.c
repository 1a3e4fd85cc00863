// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that devices give to the kernel as pages, and what moves pages there and back: the pages
 * of a range, or of a device, are taken out of the page tables and locked; the driver makes copies;
 * where the page still has no other user it becomes the copy, else it is put back.
 */
#include <linux/hugetlb.h>
#include <linux/ioport.h>
#include <linux/migrate.h>
#include <linux/pfn.h>

#include "internal.h"

/* ---- addresses */

#define FREE_PHYS (HOSTED_RESERVED_PHYS + HOSTED_RESERVED_SIZE)

struct resource iomem_resource = { .name = "iomem" };

static struct resource *requested[4];
/* Addresses that nobody has had. */
static resource_size_t next_free = FREE_PHYS;

static struct resource **requested_slot(resource_size_t start, resource_size_t end)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(requested); i++)
		if (requested[i] && start <= requested[i]->end && requested[i]->start <= end)
			return &requested[i];
	return NULL;
}

struct resource *request_mem_region(resource_size_t start, resource_size_t size, const char *name)
{
	struct resource *resource;
	unsigned int i;

	if (start < HOSTED_RESERVED_PHYS || requested_slot(start, start + size - 1))
		return NULL;
	for (i = 0; requested[i]; i++)
		BUG_ON(i + 1 == ARRAY_SIZE(requested));
	resource = hosted_alloc(sizeof(*resource));
	*resource = (struct resource){ .start = start, .end = start + size - 1, .name = name };
	requested[i] = resource;
	return resource;
}

struct resource *request_free_mem_region(struct resource *base, unsigned long size,
					 const char *name)
{
	next_free += size;
	return request_mem_region(next_free - size, size, name);
}

void release_mem_region(resource_size_t start, resource_size_t size)
{
	struct resource **slot = requested_slot(start, start + size - 1);

	BUG_ON(!slot);
	hosted_free(*slot);
	*slot = NULL;
}

/* ---- pages */

void *memremap_pages(struct dev_pagemap *pgmap, int nid)
{
	BUG_ON(!pgmap->ops || !pgmap->owner || pgmap->nr_range != 1);
	return pgmap;
}

void memunmap_pages(struct dev_pagemap *pgmap)
{
	unsigned long pfn, last = PHYS_PFN(pgmap->range.end);
	struct folio *folio;

	for (pfn = PHYS_PFN(pgmap->range.start); pfn <= last; pfn++) {
		folio = hosted_folio_of(pfn);
		if (!folio)
			continue;
		if (folio->refs)
			hosted_fail("deadlock", "page %lx of a device that goes is in use", pfn);
		hosted_folio_remove(folio);
	}
}

void zone_device_page_init(struct page *page, struct dev_pagemap *pgmap, unsigned int order)
{
	unsigned long pfn = page_to_pfn(page);
	struct folio *folio = hosted_folio_of(pfn) ?: hosted_folio_at_pfn(pfn);

	BUG_ON(folio->refs || order);
	*folio = (struct folio){ .pfn = pfn, .refs = 1, .pgmap = pgmap };
	INIT_LIST_HEAD(&folio->node);
	hosted_folio_set(folio, HOSTED_PG_LOCKED);
	hosted_acquire(folio);
}

/* ---- what is taken out */

static struct folio *folio_of(unsigned long mpfn)
{
	struct page *page = migrate_pfn_to_page(mpfn);

	return page ? page_folio(page) : NULL;
}

static unsigned long selection(const struct folio *folio)
{
	if (!folio->pgmap)
		return MIGRATE_VMA_SELECT_SYSTEM;
	return folio->pgmap->type == MEMORY_DEVICE_PRIVATE ? MIGRATE_VMA_SELECT_DEVICE_PRIVATE :
							     MIGRATE_VMA_SELECT_DEVICE_COHERENT;
}

static bool is_selected(const struct migrate_vma *args, const struct folio *folio)
{
	return args->flags & selection(folio) &&
	       (!folio->pgmap || folio->pgmap->owner == args->pgmap_owner) &&
	       (folio->anon_vma || folio->mapping) && !folio->order &&
	       !hosted_folio_test(folio, HOSTED_PG_KSM);
}

static bool is_fault_page(const struct migrate_vma *args, const struct folio *folio)
{
	return args && args->fault_page && page_to_pfn(args->fault_page) == folio->pfn;
}

/* Under page_table_lock. The fault has locked its page on newer kernels. */
static unsigned long collect_page(const struct migrate_vma *args, struct hosted_place *place,
				  struct folio *folio)
{
	bool locked = is_fault_page(args, folio) && hosted_generation >= HOSTED_7_3;
	u64 entry = hosted_get(place);

	hosted_folio_hold(folio);
	if (!locked && !folio_trylock(folio)) {
		folio_put(folio);
		return 0;
	}
	if (entry & HOSTED_DIRTY)
		folio_mark_dirty(folio);
	hosted_set(args->vma->vm_mm, place,
		   hosted_entry_make(folio->pfn,
				     HOSTED_MIGRATION | (entry & (HOSTED_WRITE | HOSTED_DIRTY))));
	hosted_unmap_folio(folio, 1);
	folio_put(folio);
	return migrate_pfn(folio->pfn) | MIGRATE_PFN_MIGRATE |
	       (entry & HOSTED_WRITE ? MIGRATE_PFN_WRITE : 0);
}

/* What is empty can get a page, too. */
static unsigned long collect_entry(const struct migrate_vma *args, struct hosted_place *place)
{
	u64 entry = hosted_get(place);
	struct folio *folio;

	if (!entry)
		return hosted_vma_is_anon(args->vma) ? MIGRATE_PFN_MIGRATE : 0;
	if (!(entry & HOSTED_PRESENT) && !hosted_entry_is(entry, HOSTED_DEVICE))
		return 0;
	folio = hosted_folio_of(hosted_entry_pfn(entry));
	if (hosted_folio_test(folio, HOSTED_PG_ZERO))
		return args->flags & MIGRATE_VMA_SELECT_SYSTEM && !folio->order ?
			       MIGRATE_PFN_MIGRATE :
			       0;
	return is_selected(args, folio) ? collect_page(args, place, folio) : 0;
}

static void collect(struct migrate_vma *args)
{
	struct mm_struct *mm = args->vma->vm_mm;
	struct mmu_notifier_range event;
	struct hosted_place place;
	unsigned long addr;

	hosted_event_init(&event, mm, MMU_NOTIFY_MIGRATE, args->start, args->end,
			  args->pgmap_owner);
	hosted_event_start(&event);
	for (addr = args->start; addr < args->end; addr += PAGE_SIZE, args->npages++) {
		spin_lock(&mm->page_table_lock);
		place = hosted_place_of(mm, addr, false);
		args->src[args->npages] = collect_entry(args, &place);
		args->dst[args->npages] = 0;
		spin_unlock(&mm->page_table_lock);
		args->cpages += !!args->src[args->npages];
	}
	hosted_event_end(&event);
}

static void let_go(const struct migrate_vma *args, struct folio *folio)
{
	if (!is_fault_page(args, folio) || hosted_generation < HOSTED_7_3)
		folio_unlock(folio);
	folio_put(folio);
}

/* References are those of the caller, of a file, and of the fault. */
static bool is_unused(const struct migrate_vma *args, struct folio *folio)
{
	int refs = 1 + !!folio->mapping + is_fault_page(args, folio);

	return !folio->maps && !folio->swap && folio->refs == refs;
}

/* Take it away from others as well; what somebody uses goes back. */
static void unmap_page(const struct migrate_vma *args, unsigned long *src)
{
	struct folio *folio = folio_of(*src);

	if (!folio)
		return;
	if (folio->maps)
		hosted_unmap(folio, HOSTED_TO_MIGRATION, 0);
	if (is_unused(args, folio))
		return;
	hosted_remap(folio, folio);
	let_go(args, folio);
	*src = 0;
}

int migrate_vma_setup(struct migrate_vma *args)
{
	unsigned long i;

	if (!args->vma || is_vm_hugetlb_page(args->vma) ||
	    args->vma->vm_flags & (VM_IO | VM_PFNMAP))
		return -EINVAL;
	BUG_ON(args->start >= args->end || args->start < args->vma->vm_start ||
	       args->end > args->vma->vm_end);
	mmap_assert_locked(args->vma->vm_mm);
	args->cpages = 0;
	args->npages = 0;
	collect(args);
	for (i = 0; i < args->npages; i++)
		unmap_page(args, &args->src[i]);
	return 0;
}

/* Only those that are in use. */
int migrate_device_range(unsigned long *src_pfns, unsigned long start, unsigned long npages)
{
	struct folio *folio;
	unsigned long i;

	for (i = 0; i < npages; i++) {
		folio = hosted_folio_of(start + i);
		src_pfns[i] = 0;
		if (!folio || !folio->refs)
			continue;
		hosted_folio_hold(folio);
		if (folio_trylock(folio))
			src_pfns[i] = migrate_pfn(start + i) | MIGRATE_PFN_MIGRATE;
		else
			folio_put(folio);
		unmap_page(NULL, &src_pfns[i]);
	}
	return 0;
}

/* ---- what becomes of it */

/* A page where there was none. */
static bool insert_page(struct migrate_vma *args, unsigned long addr, struct folio *to)
{
	bool private = is_device_private_page(folio_page(to, 0));
	u64 bits = args->vma->vm_flags & VM_WRITE ? HOSTED_WRITE : 0;
	struct vm_area_struct *vma = args->vma;
	struct mm_struct *mm = vma->vm_mm;
	struct hosted_place place;
	bool empty;
	u64 entry;

	hosted_anon_prepare(vma);
	spin_lock(&mm->page_table_lock);
	place = hosted_place_of(mm, addr, true);
	entry = hosted_get(&place);
	empty = !mm->unstable && place.level == HOSTED_PTE &&
		(!entry ||
		 (entry & HOSTED_PRESENT &&
		  hosted_folio_test(hosted_folio_of(hosted_entry_pfn(entry)), HOSTED_PG_ZERO)));
	if (empty) {
		hosted_new_anon(to, vma, addr, true);
		hosted_map_folio(to, 1);
		hosted_set(mm, &place,
			   hosted_entry_make(to->pfn,
					     bits | (private ? HOSTED_DEVICE : HOSTED_PRESENT)));
	}
	spin_unlock(&mm->page_table_lock);
	return empty;
}

static void insert(struct migrate_vma *args, unsigned long i)
{
	unsigned long addr = args->start + i * PAGE_SIZE;
	struct mmu_notifier_range event;

	hosted_event_init(&event, args->vma->vm_mm, MMU_NOTIFY_MIGRATE, addr, addr + PAGE_SIZE,
			  args->pgmap_owner);
	hosted_event_start(&event);
	if (!insert_page(args, addr, folio_of(args->dst[i])))
		args->src[i] = 0;
	hosted_event_end(&event);
}

static void exchange(struct migrate_vma *args, unsigned long *src, unsigned long dst)
{
	struct folio *from = folio_of(*src), *to = folio_of(dst);

	if (!to || !is_unused(args, from) || (to->pgmap && !from->anon_vma)) {
		*src &= ~MIGRATE_PFN_MIGRATE;
		return;
	}
	hosted_take_over(to, from);
}

static void exchange_all(struct migrate_vma *args, unsigned long *src, unsigned long *dst,
			 unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++) {
		if (migrate_pfn_to_page(src[i]))
			exchange(args, &src[i], dst[i]);
		else if (dst[i] && src[i])
			insert(args, i);
		else
			src[i] = 0;
	}
}

static void finish(struct migrate_vma *args, unsigned long *src, unsigned long *dst,
		   unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++) {
		struct folio *from = folio_of(src[i]), *to = folio_of(dst[i]);

		if (from) {
			hosted_remap(from, src[i] & MIGRATE_PFN_MIGRATE ? to : from);
			let_go(args, from);
		}
		if (to) {
			folio_unlock(to);
			folio_put(to);
		}
	}
}

void migrate_vma_pages(struct migrate_vma *args)
{
	exchange_all(args, args->src, args->dst, args->npages);
}

void migrate_vma_finalize(struct migrate_vma *args)
{
	finish(args, args->src, args->dst, args->npages);
}

void migrate_device_pages(unsigned long *src_pfns, unsigned long *dst_pfns, unsigned long npages)
{
	exchange_all(NULL, src_pfns, dst_pfns, npages);
}

void migrate_device_finalize(unsigned long *src_pfns, unsigned long *dst_pfns, unsigned long npages)
{
	finish(NULL, src_pfns, dst_pfns, npages);
}
