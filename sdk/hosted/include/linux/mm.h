/* SPDX-License-Identifier: GPL-2.0-only */
/* What drivers may ask of the hosted memory management. */
#ifndef _LINUX_MM_H
#define _LINUX_MM_H

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/mm_types.h>
#include <linux/mmap_lock.h>
#include <linux/sched.h>
#include <linux/slab.h>

#define VM_READ         0x00000001UL
#define VM_WRITE        0x00000002UL
#define VM_EXEC         0x00000004UL
#define VM_SHARED       0x00000008UL
#define VM_MAYREAD      0x00000010UL
#define VM_MAYWRITE     0x00000020UL
#define VM_MAYEXEC      0x00000040UL
#define VM_MAYSHARE     0x00000080UL
#define VM_UFFD_MISSING 0x00000200UL
#define VM_PFNMAP       0x00000400UL
#define VM_UFFD_WP      0x00001000UL
#define VM_IO           0x00004000UL
#define VM_DONTCOPY     0x00020000UL
#define VM_HUGETLB      0x00400000UL
#define VM_HUGEPAGE     0x20000000UL
#define VM_NOHUGEPAGE   0x40000000UL
#define VM_MERGEABLE    0x80000000UL

#define PAGE_ALIGN(addr)     ALIGN(addr, PAGE_SIZE)
#define PAGE_ALIGNED(addr)   IS_ALIGNED((unsigned long)(addr), PAGE_SIZE)
#define offset_in_page(addr) ((unsigned long)(addr) & ~PAGE_MASK)

#define PMD_SHIFT 21
#define PMD_SIZE  (1UL << PMD_SHIFT)

/* Pages: no memory lies at this address, in no program. */
#define HOSTED_VMEMMAP ((unsigned long)0xffffea0000000000)

static inline unsigned long page_to_pfn(const struct page *page)
{
	return ((unsigned long)page - HOSTED_VMEMMAP) / sizeof(struct page);
}

static inline struct page *pfn_to_page(unsigned long pfn)
{
	return (struct page *)(HOSTED_VMEMMAP + pfn * sizeof(struct page));
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return (phys_addr_t)page_to_pfn(page) << PAGE_SHIFT;
}

/* Memory of the kernel is at the address that it has; pages of programs lie far below. */
static inline phys_addr_t virt_to_phys(const volatile void *memory)
{
	return (phys_addr_t)memory;
}

static inline void *phys_to_virt(phys_addr_t addr)
{
	return (void *)addr;
}

bool pfn_valid(unsigned long pfn);

bool pte_present(pte_t pte);
bool pte_special(pte_t pte);
struct page *pte_page(pte_t pte);

struct folio *page_folio(const struct page *page);

static inline struct page *folio_page(const struct folio *folio, unsigned long n)
{
	return pfn_to_page(folio->pfn + n);
}

struct page *alloc_page(gfp_t gfp);
struct folio *folio_alloc(gfp_t gfp, unsigned int order);
bool PageCompound(const struct page *page);
struct page *hosted_zero_page(void);
#define ZERO_PAGE(addr) ((void)(addr), hosted_zero_page())

bool folio_mapped(const struct folio *folio);
bool folio_test_anon(const struct folio *folio);
int page_count(const struct page *page);
int page_mapcount(const struct page *page);
void get_page(struct page *page);
void put_page(struct page *page);
void folio_get(struct folio *folio);
void folio_put(struct folio *folio);
void folio_lock(struct folio *folio);
bool folio_trylock(struct folio *folio);
void folio_unlock(struct folio *folio);
bool folio_mark_dirty(struct folio *folio);
bool set_page_dirty(struct page *page);

static inline bool is_zero_pfn(unsigned long pfn)
{
	return pfn == page_to_pfn(hosted_zero_page());
}

/* Drivers have no mappings of their own here. */
static inline int vm_insert_page(struct vm_area_struct *vma, unsigned long addr, struct page *page)
{
	return -EINVAL;
}

struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr);
struct vm_area_struct *vma_lookup(struct mm_struct *mm, unsigned long addr);

static inline unsigned long vma_pages(const struct vm_area_struct *vma)
{
	return (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

/* What a handler of faults is told. */
struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address;
	unsigned int flags;
	struct page *page;
};

vm_fault_t handle_mm_fault(struct vm_area_struct *vma, unsigned long address, unsigned int flags,
			   struct pt_regs *regs);
int fixup_user_fault(struct mm_struct *mm, unsigned long address, unsigned int fault_flags,
		     bool *unlocked);

#define FOLL_WRITE    0x01
#define FOLL_HWPOISON 0x100

long get_user_pages_remote(struct mm_struct *mm, unsigned long start, unsigned long nr_pages,
			   unsigned int gup_flags, struct page **pages, int *locked);
long get_user_pages(unsigned long start, unsigned long nr_pages, unsigned int gup_flags,
		    struct page **pages);

/* Of the caller's address space, without a lock of it, and without waiting: what is there. */
int get_user_pages_fast_only(unsigned long start, int nr_pages, unsigned int gup_flags,
			     struct page **pages);
int get_user_pages_fast(unsigned long start, int nr_pages, unsigned int gup_flags,
			struct page **pages);

int mm_take_all_locks(struct mm_struct *mm);
void mm_drop_all_locks(struct mm_struct *mm);

#endif
