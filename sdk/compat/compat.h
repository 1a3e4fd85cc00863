/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, decided here and nowhere else. The probes (sdk/compat/probes, one
 * XMMU_HAS_<NAME> each) say what the kernel has; the rest of the SDK uses the names of this file.
 */
#ifndef XMMU_COMPAT_H
#define XMMU_COMPAT_H

#include <linux/err.h>
#include <linux/hmm.h>
#include <linux/memremap.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/rmap.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>

#include <xmmu/features.h>

/*
 * Interval notifiers in two passes. Where the kernel has one pass, xmmu_compat_finish is empty and
 * the last two functions are not used.
 */
#if XMMU_HAS_TWO_PASS
#define xmmu_compat_finish mmu_interval_notifier_finish
#define XMMU_COMPAT_NOTIFIER_OPS(one_pass, start, finish)              \
	{                                                              \
		.invalidate = (one_pass), .invalidate_start = (start), \
		.invalidate_finish = (finish)                          \
	}
#else
struct xmmu_compat_finish {
};
#define XMMU_COMPAT_NOTIFIER_OPS(one_pass, start, finish) \
	{                                                 \
		.invalidate = (one_pass)                  \
	}
#endif

/* One page, with a reference if it is asked for. Under mmap_lock, which is kept. */
static inline long xmmu_compat_get_page(struct mm_struct *mm, unsigned long addr,
					unsigned int flags, struct page **page)
{
#if XMMU_HAS_GUP_VMAS
	return get_user_pages_remote(mm, addr, 1, flags, page, NULL, NULL);
#else
	return get_user_pages_remote(mm, addr, 1, flags, page, NULL);
#endif
}

/*
 * Whether faulting a page in finds it poisoned. Only get_user_pages_remote() tells poison from any
 * other fault. Under mmap_lock, which is kept.
 */
static inline bool xmmu_compat_is_poisoned(struct mm_struct *mm, unsigned long addr)
{
	return xmmu_compat_get_page(mm, addr, FOLL_HWPOISON, NULL) == -EHWPOISON;
}

/*
 * The right to inspect a process that its tracer may have lost since it began to trace: the process
 * is dumpable, or the tracer has the capability. Under the process's exec_update_lock.
 */
#if XMMU_HAS_MM_DUMPABLE
static inline bool xmmu_compat_may_inspect(struct task_struct *task, struct mm_struct *mm)
{
	return get_dumpable(mm) == SUID_DUMP_USER || ns_capable(mm->user_ns, CAP_SYS_PTRACE);
}
#else
#include <linux/sched/exec_state.h>

static inline bool xmmu_compat_may_inspect(struct task_struct *task, struct mm_struct *mm)
{
	struct task_exec_state *state;
	bool may;

	rcu_read_lock();
	state = rcu_dereference(task->exec_state);
	may = state && (READ_ONCE(state->dumpable) == TASK_DUMPABLE_OWNER ||
			ns_capable(state->user_ns, CAP_SYS_PTRACE));
	rcu_read_unlock();
	return may;
}
#endif

/* Newer kernels carry some bits of what is in the array to what hmm_range_fault() makes of it. */
static inline void xmmu_compat_clear_frames(unsigned long *frames, unsigned long count)
{
#if XMMU_HAS_HMM_DMA_MAPPED
	memset_l(frames, 0, count);
#endif
}

/* What aging callbacks return. */
#if XMMU_HAS_YOUNG_BOOL
typedef bool xmmu_compat_young;
#else
typedef int xmmu_compat_young;
#endif

/* How list notifiers hear which page has replaced another. */
#if XMMU_HAS_CHANGE_PTE
#define XMMU_COMPAT_CHANGE_PTE(callback) .change_pte = (callback),
#else
#define XMMU_COMPAT_CHANGE_PTE(callback)
#endif

/* ---- memory of devices */

#if XMMU_HAS_PAGE_PGMAP
#define xmmu_compat_pgmap(page) page_pgmap(page)
#else
#define xmmu_compat_pgmap(page) ((page)->pgmap)
#endif

/* Whether a page is in memory of devices that has this owner. */
static inline bool xmmu_compat_page_belongs(const struct page *page, const void *owner)
{
	return (is_device_private_page(page) || is_device_coherent_page(page)) &&
	       xmmu_compat_pgmap(page)->owner == owner;
}

/* What the kernel says that it does not use any more. */
#if XMMU_HAS_FOLIO_FREE
#define xmmu_compat_freed             folio
#define xmmu_compat_freed_page(freed) folio_page(freed, 0)
#define XMMU_COMPAT_PAGEMAP_OPS(free, fault)                    \
	{                                                       \
		.folio_free = (free), .migrate_to_ram = (fault) \
	}
#else
#define xmmu_compat_freed             page
#define xmmu_compat_freed_page(freed) (freed)
#define XMMU_COMPAT_PAGEMAP_OPS(free, fault)                   \
	{                                                      \
		.page_free = (free), .migrate_to_ram = (fault) \
	}
#endif

/*
 * The page behind an address, of a frame in device memory. hmm_range_fault() of 7.3 counts from the
 * first page of a large folio, wherever in it the range begins; address and page are both aligned.
 */
static inline unsigned long xmmu_compat_device_pfn(unsigned long frame, unsigned long addr)
{
	unsigned long mask = (1UL << hmm_pfn_to_map_order(frame)) - 1;

	return (frame & ~HMM_PFN_FLAGS & ~mask) | (addr >> PAGE_SHIFT & mask);
}

/* Large folios in device memory; without them the bits are none, and the order is always 0. */
#if XMMU_HAS_MIGRATE_COMPOUND
#define XMMU_COMPAT_SELECT_LARGE        MIGRATE_VMA_SELECT_COMPOUND
#define XMMU_COMPAT_PFN_LARGE           MIGRATE_PFN_COMPOUND
#define xmmu_compat_freed_order(freed)  folio_order(freed)
#define xmmu_compat_fault_is_large(vmf) (!(vmf)->pte)
#else
#define XMMU_COMPAT_SELECT_LARGE        0UL
#define XMMU_COMPAT_PFN_LARGE           0UL
#define xmmu_compat_freed_order(freed)  0U
#define xmmu_compat_fault_is_large(vmf) false
#endif

/* Begin to use pages of device memory: one reference, and locked. */
static inline void xmmu_compat_device_page_init(struct page *page, struct dev_pagemap *pgmap,
						unsigned int order)
{
#if XMMU_HAS_MIGRATE_COMPOUND
	/* What the page was before is not looked at. */
	zone_device_folio_init((struct folio *)page, pgmap, order);
#elif XMMU_HAS_DEVICE_PAGE_ORDER
	zone_device_page_init(page, pgmap, 0);
#else
	zone_device_page_init(page);
#endif
}

/*
 * Take a page away from the processor, for exclusive access of a device; with a reference, and
 * locked. -EAGAIN if somebody else has it locked. Under mmap_lock.
 */
static inline struct page *xmmu_compat_make_exclusive(struct mm_struct *mm, unsigned long addr,
						      void *owner)
{
#if XMMU_HAS_MAKE_EXCLUSIVE
	struct folio *folio;

	return make_device_exclusive(mm, addr, owner, &folio);
#elif XMMU_HAS_MAKE_EXCLUSIVE_RANGE
	struct page *page = NULL;
	int count = make_device_exclusive_range(mm, addr, addr + PAGE_SIZE, &page, owner);

	if (count < 0)
		return ERR_PTR(count);
	return page ?: ERR_PTR(-EAGAIN);
#else
	return ERR_PTR(-EOPNOTSUPP);
#endif
}

#define XMMU_COMPAT_EXCLUSIVE (XMMU_HAS_MAKE_EXCLUSIVE || XMMU_HAS_MAKE_EXCLUSIVE_RANGE)

#endif /* XMMU_COMPAT_H */
