/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the hosted memory management share.
 *
 * Locks, outermost first: mmap_lock, invalidate_lock of a file, lock of a folio, i_mmap_rwsem,
 * anon_vma, page_table_lock. Page tables change under page_table_lock only.
 */
#ifndef HOSTED_MM_INTERNAL_H
#define HOSTED_MM_INTERNAL_H

#include <linux/bits.h>
#include <linux/fs.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include "../sched/sched.h"
#include "cpu.h"

/* ---- table.c: 512 numbers, in chunks that come when they are needed */

#define HOSTED_SLOTS  512
#define HOSTED_CHUNK  32
#define HOSTED_CHUNKS (HOSTED_SLOTS / HOSTED_CHUNK)

struct hosted_table {
	u64 *chunk[HOSTED_CHUNKS];
};

struct hosted_table *hosted_table_alloc(void);
void hosted_table_free(struct hosted_table *table);
bool hosted_table_empty(const struct hosted_table *table);
/* NULL if there is no chunk and none is to be made. */
u64 *hosted_table_slot(struct hosted_table *table, unsigned int index, bool create);
/* Two of them deep: a pointer for each number below 2^18. */
void *hosted_index_get(const struct hosted_table *top, unsigned long number);
void hosted_index_set(struct hosted_table *top, unsigned long number, void *pointer);
void hosted_index_free(struct hosted_table *top);

/* ---- page.c */

#define HOSTED_WORDS     4 /* that a page holds until it is mapped */
#define HOSTED_PMD_ORDER (PMD_SHIFT - PAGE_SHIFT)
#define HOSTED_PMD_PAGES (1UL << HOSTED_PMD_ORDER)

enum hosted_page_flag {
	HOSTED_PG_LOCKED,
	HOSTED_PG_DIRTY,
	HOSTED_PG_FREED,
	HOSTED_PG_ZERO,      /* the zero page */
	HOSTED_PG_EXCLUSIVE, /* anonymous, and nobody else may map it */
	HOSTED_PG_KSM,
	HOSTED_PG_LAZYFREE, /* anonymous, and worth nothing unless dirty */
	HOSTED_PG_POISON,
};

static inline bool hosted_folio_test(const struct folio *folio, enum hosted_page_flag flag)
{
	return folio->flags & BIT(flag);
}

static inline void hosted_folio_set(struct folio *folio, enum hosted_page_flag flag)
{
	folio->flags |= BIT(flag);
}

static inline void hosted_folio_clear(struct folio *folio, enum hosted_page_flag flag)
{
	folio->flags &= ~BIT(flag);
}

struct folio *hosted_folio_alloc(unsigned int order);
struct folio *hosted_folio_of(unsigned long pfn);
/* Memory of a device: a page with a number of its own, which may be used again and again. */
struct folio *hosted_folio_at_pfn(unsigned long pfn);
void hosted_folio_remove(struct folio *folio);
struct folio *hosted_zero_folio(void);
/* NULL: out of memory. */
struct folio *hosted_huge_zero_folio(void);
void hosted_folio_wait_unlocked(struct folio *folio);
/* That of a page which may be freed meanwhile: nobody holds it. */
void hosted_pfn_wait_unlocked(unsigned long pfn);
void hosted_folio_break(struct folio *huge);
struct folio *hosted_folio_hold(struct folio *folio);
void hosted_folio_put_many(struct folio *folio, int refs);
void hosted_page_copy(unsigned long to, unsigned long from);
/* Each folio that is in use, by number; NULL at the end. Start with 0. */
struct folio *hosted_folio_next(unsigned long pfn);

static inline unsigned long hosted_folio_pages(const struct folio *folio)
{
	return 1UL << folio->order;
}

/* A driver gave the memory to the kernel, and moves the pages itself. */
static inline bool hosted_folio_is_managed(const struct folio *folio)
{
	return folio->pgmap && folio->pgmap->ops;
}

/* ---- pgtable.c: entries of page tables */

#define HOSTED_PRESENT   BIT(0)
#define HOSTED_HUGE      BIT(1) /* in a table of the second level: 512 pages */
#define HOSTED_WRITE     BIT(2)
#define HOSTED_YOUNG     BIT(3)
#define HOSTED_DIRTY     BIT(4)
#define HOSTED_PROTNONE  BIT(5) /* there, but the next access must fault */
#define HOSTED_EXCLUSIVE BIT(6) /* of a swapped page, what HOSTED_PG_EXCLUSIVE was */
#define HOSTED_KIND      (7UL << 8)
#define HOSTED_SWAP      (1UL << 8)
#define HOSTED_MIGRATION (2UL << 8)
#define HOSTED_DEVICE    (3UL << 8)
#define HOSTED_POISON    (4UL << 8)
#define HOSTED_LENT      (5UL << 8) /* a page of the system that a device has for itself */

enum hosted_level {
	HOSTED_PTE,
	HOSTED_PMD,
	HOSTED_PUD,
	HOSTED_PGD,
};

static inline unsigned long hosted_entry_pfn(u64 entry)
{
	return entry >> PAGE_SHIFT;
}

static inline u64 hosted_entry_make(unsigned long pfn, u64 bits)
{
	return (u64)pfn << PAGE_SHIFT | bits;
}

static inline bool hosted_entry_is(u64 entry, u64 kind)
{
	return !(entry & HOSTED_PRESENT) && (entry & HOSTED_KIND) == kind;
}

/* Whether the page of the entry is mapped by it. */
static inline bool hosted_entry_maps(u64 entry)
{
	return entry & HOSTED_PRESENT || hosted_entry_is(entry, HOSTED_DEVICE) ||
	       hosted_entry_is(entry, HOSTED_LENT);
}

/* What stands there when the processors have the page again. */
static inline u64 hosted_entry_given_back(u64 entry)
{
	return (entry & ~HOSTED_KIND) | HOSTED_PRESENT;
}

/* A place in a page table: where an entry is or can be, and how much it maps. */
struct hosted_place {
	u64 *slot; /* NULL: no table */
	enum hosted_level level;
	unsigned long addr; /* of what the entry maps */
	unsigned long size;
};

/* The place of the leaf entry for addr; with create, one that can hold an entry for a page. */
struct hosted_place hosted_place_of(struct mm_struct *mm, unsigned long addr, bool create);
struct hosted_place hosted_look(struct mm_struct *mm, unsigned long addr, enum hosted_op op);
/* The same, for an entry of a huge page; slot is NULL if there is a table of pages. */
struct hosted_place hosted_huge_place(struct mm_struct *mm, unsigned long addr);
u64 hosted_get(const struct hosted_place *place);
void hosted_set(struct mm_struct *mm, const struct hosted_place *place, u64 entry);
/* The number of the page at addr; the place maps it. */
unsigned long hosted_place_pfn(const struct hosted_place *place, unsigned long addr);
/* The first address from addr on, below end, below which there is a table or entry at the level. */
unsigned long hosted_populated(struct mm_struct *mm, unsigned long addr, unsigned long end,
			       enum hosted_level level);
void hosted_free_tables(struct mm_struct *mm, unsigned long floor, unsigned long ceiling);
/* Map the huge page at addr by pages, without an event; under page_table_lock. */
void hosted_split_entry(struct mm_struct *mm, const struct hosted_place *place);
struct hosted_table *hosted_swap_table(struct mm_struct *mm, unsigned long addr, u64 entry);

/* ---- notifier.c, interval.c */

/* Of a process with notifiers; made when the first one comes, gone with the mm. */
struct mmu_notifier_subscriptions {
	struct hlist_head list;
	bool has_itree;
	spinlock_t lock;
	unsigned long invalidate_seq;
	unsigned long active; /* invalidations between start and end */
	struct rb_root_cached itree;
	wait_queue_head_t wq;
	struct hlist_head deferred;
};

void hosted_event_init(struct mmu_notifier_range *event, struct mm_struct *mm,
		       enum mmu_notifier_event kind, unsigned long start, unsigned long end,
		       void *owner);
void hosted_event_start(struct mmu_notifier_range *event);
int hosted_event_start_nonblock(struct mmu_notifier_range *event);
void hosted_event_end(struct mmu_notifier_range *event);
void hosted_notifier_release(struct mm_struct *mm);
void hosted_notifier_destroy(struct mm_struct *mm);
bool hosted_notify_clear_flush_young(struct mm_struct *mm, unsigned long start, unsigned long end);
bool hosted_notify_clear_young(struct mm_struct *mm, unsigned long start, unsigned long end);
bool hosted_notify_test_young(struct mm_struct *mm, unsigned long addr);

int hosted_interval_start(struct mmu_notifier_subscriptions *subscriptions,
			  const struct mmu_notifier_range *event);
void hosted_interval_end(struct mmu_notifier_subscriptions *subscriptions);
void hosted_interval_release(struct mm_struct *mm);

/*
 * An event about one entry, of type CLEAR mostly. Kernels of 2009 have no range for those: they
 * tell of the page after the entry was cleared, or replaced.
 */
void hosted_single_start(struct mmu_notifier_range *event);
void hosted_single_end(struct mmu_notifier_range *event);
/* Under page_table_lock; the first returns what was there. */
u64 hosted_single_clear(struct mm_struct *mm, const struct hosted_place *place);
void hosted_single_replace(struct mm_struct *mm, const struct hosted_place *place, u64 entry);

/* ---- vma.c, anon_vma.c */

struct anon_vma {
	struct anon_vma *root; /* whose lock counts */
	struct rw_semaphore rwsem;
	struct list_head chains; /* anon_vma_chain.in_anon_vma */
	int refs;                /* chains, anonymous folios, and those it is the root of */
	bool all_locks;
};

struct anon_vma_chain {
	struct vm_area_struct *vma;
	struct anon_vma *anon_vma;
	struct list_head in_vma;
	struct list_head in_anon_vma;
};

static inline struct rw_semaphore *hosted_anon_lock(struct anon_vma *anon_vma)
{
	return &anon_vma->root->rwsem;
}

void hosted_anon_prepare(struct vm_area_struct *vma);
void hosted_anon_get(struct anon_vma *anon_vma);
void hosted_anon_put(struct anon_vma *anon_vma);
void hosted_anon_clone(struct vm_area_struct *vma, const struct vm_area_struct *from);
void hosted_anon_fork(struct vm_area_struct *vma, const struct vm_area_struct *from);
void hosted_anon_unlink(struct vm_area_struct *vma);
/* Under the lock of the family, which has other members. */
void hosted_anon_unlink_locked(struct vm_area_struct *vma);

struct address_space *hosted_mapping(const struct vm_area_struct *vma);
bool hosted_vma_is_anon(const struct vm_area_struct *vma);
bool hosted_vma_is_cow(const struct vm_area_struct *vma);
/* The next one in the address space, or NULL. */
struct vm_area_struct *hosted_vma_next(struct vm_area_struct *vma);
struct vm_area_struct *hosted_vma_first(struct mm_struct *mm);
struct vm_area_struct *hosted_vma_dup(struct mm_struct *mm, const struct vm_area_struct *from);
void hosted_vma_link(struct vm_area_struct *vma);
void hosted_vma_free(struct vm_area_struct *vma);
/* Under mmap_lock for writing: make addr a border; then join those around the range again. */
void hosted_vma_split(struct mm_struct *mm, unsigned long addr);
void hosted_vma_merge(struct mm_struct *mm, unsigned long start, unsigned long end);
/* Whether all of the range is mapped. */
bool hosted_vma_covers(struct mm_struct *mm, unsigned long start, unsigned long end);
/* -EINVAL if it is no range of pages. */
int hosted_range_check(unsigned long addr, unsigned long len);

#define hosted_for_each_vma(mm, vma) \
	for (vma = hosted_vma_first(mm); vma; vma = hosted_vma_next(vma))

/* ---- zap.c */

/* Pages that were unmapped, to be let go of after the event. */
struct hosted_gather {
	struct hosted_gathered {
		struct folio *folio;
		int refs;
	} * item;
	unsigned int used;
	unsigned int room;
};

void hosted_gather_add(struct hosted_gather *gather, struct folio *folio, int refs);
void hosted_gather_free(struct hosted_gather *gather);
/* No event. With files, only pages of the file itself are removed. */
void hosted_zap(struct vm_area_struct *vma, unsigned long start, unsigned long end, bool only_file,
		struct hosted_gather *gather);
/* Inside a CLEAR event. */
void hosted_zap_event(struct vm_area_struct *vma, unsigned long start, unsigned long end,
		      bool only_file);
/* Map the huge page around addr, if there is one, by pages; in an event of its own. */
void hosted_split_huge(struct vm_area_struct *vma, unsigned long addr);
/* The same with the event, though there may be none. */
void hosted_split_event(struct vm_area_struct *vma, unsigned long addr);
/* The next entry from addr on, below end, with page_table_lock held; false: there is none. */
bool hosted_lock_next(struct vm_area_struct *vma, unsigned long *addr, unsigned long end,
		      struct hosted_place *place);

/* ---- fault.c, swap.c, file.c, uffd.c */

void hosted_map_folio(struct folio *folio, int count);
void hosted_unmap_folio(struct folio *folio, int count);
void hosted_new_anon(struct folio *folio, struct vm_area_struct *vma, unsigned long addr,
		     bool exclusive);

/* A page in swap has one entry for each place in page tables that it is missing from. */
unsigned long hosted_swap_add(struct folio *folio, unsigned int pages);
void hosted_swap_get(unsigned long slot);
void hosted_swap_put(unsigned long slot);
/* The content, when nobody can write to the page any more. */
void hosted_swap_write(unsigned long slot, unsigned long pfn);
/* A page with what is in the slot, referenced. NULL: out of memory. */
struct folio *hosted_swap_in(unsigned long slot);
/* The page is no copy of its slot any more. */
void hosted_swap_forget(struct folio *folio);

bool hosted_cache_has(struct address_space *mapping, pgoff_t index);
/* The page, read in if need be, referenced. NULL: out of memory. */
struct folio *hosted_cache_get(struct address_space *mapping, pgoff_t index);
/* With the page locked. */
void hosted_cache_replace(struct folio *old, struct folio *folio);
void hosted_cache_remove(struct folio *folio);
void hosted_cache_write(struct folio *folio);

/* With mmap_lock released, if it is to be retried. */
vm_fault_t hosted_uffd_fault(struct vm_area_struct *vma, unsigned int flags);

/* ---- rmap.c */

/* Of each mapping that a page may be in; false ends the walk. */
typedef bool (*hosted_rmap_fn)(struct vm_area_struct *vma, unsigned long addr, struct folio *folio,
			       void *arg);
void hosted_rmap_walk(struct folio *folio, hosted_rmap_fn fn, void *arg);
/* The place at addr if it maps the folio, else slot is NULL. Under page_table_lock. */
struct hosted_place hosted_rmap_place(struct mm_struct *mm, unsigned long addr,
				      const struct folio *folio);
/* The end of what the folio can map from addr on. */
unsigned long hosted_rmap_end(const struct vm_area_struct *vma, unsigned long addr,
			      const struct folio *folio);
enum hosted_unmap_to {
	HOSTED_TO_NOTHING,
	HOSTED_TO_SWAP,
	HOSTED_TO_MIGRATION,
	HOSTED_TO_PIECES, /* migration, page by page */
	HOSTED_TO_POISON,
};

/* From everywhere; false if it is still mapped. The folio is locked. */
bool hosted_unmap(struct folio *folio, enum hosted_unmap_to to, unsigned long swap);
/* The folio mapped at addr, referenced; NULL if there is none. */
struct folio *hosted_folio_at(struct mm_struct *mm, unsigned long addr);

/* ---- reclaim.c, migrate.c, huge.c, ksm.c */

/* Users beside page tables, the file and the caller would keep the old page. */
bool hosted_may_move(const struct folio *folio);
/* One page becomes another one, except for the content. */
void hosted_take_over(struct folio *to, struct folio *from);
/* Entries that say that a page is on its way get the one it has become, or itself. */
void hosted_remap(struct folio *from, struct folio *to);

/* A huge page becomes pages that have nothing to do with each other. The folio is locked. */
int hosted_folio_split(struct folio *folio);
int hosted_page_out(struct mm_struct *mm, unsigned long addr);
int hosted_collapse(struct mm_struct *mm, unsigned long addr);
void hosted_ksm_unmerge(struct vm_area_struct *vma, unsigned long start, unsigned long end);
void hosted_ksm_replace(struct folio *from, struct folio *to);
void hosted_ksm_walk(struct folio *folio, hosted_rmap_fn fn, void *arg);
void hosted_ksm_forget(struct folio *folio);

#endif
