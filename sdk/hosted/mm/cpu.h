/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs and the kernel do to an address space while a device works with it, for scenarios
 * and tests; and what a model of a device asks before it touches memory.
 *
 * All but the last group may sleep, and other tasks run while they do: at locks, at changes of page
 * tables, before and after callbacks. They return 0 or a negative error as the system call of the
 * same name does.
 */
#ifndef HOSTED_MM_CPU_H
#define HOSTED_MM_CPU_H

#include <linux/mm.h>

/* ---- which kernel this is; before the first notifier is registered */

enum hosted_generation {
	HOSTED_2009, /* list notifiers with invalidate_page, change_pte outside of start and end */
	HOSTED_6_1,  /* change_pte inside of start and end */
	HOSTED_6_12, /* no change_pte */
	HOSTED_7_3,  /* interval notifiers in two passes */
};

extern enum hosted_generation hosted_generation;

/* Pages that may be in use; beyond that memory is out. */
extern unsigned long hosted_page_limit;

/* How often a mapping was looked for by its address, by whomever. */
extern unsigned long hosted_vma_lookups;
/* How often a page was marked dirty, or was dirty already. */
extern unsigned long hosted_dirty_marks;

/* RAM that the kernel leaves alone, for coherent memory of devices. */
#define HOSTED_RESERVED_PHYS 0x31000000UL
#define HOSTED_RESERVED_SIZE (32UL << 20)

/* ---- address spaces */

#define HOSTED_TASK_SIZE (1UL << 47)

/* One reference to mm_users, for the caller. */
struct mm_struct *hosted_mm_create(void);
/* The current task gets, gives up or replaces its address space. */
void hosted_mm_enter(struct mm_struct *mm);
void hosted_exit(void);
int hosted_exec(void);
struct mm_struct *hosted_fork(struct mm_struct *mm);

/* Whether an interval notifier is inserted, or is still being removed. */
bool hosted_mm_watched(struct mm_struct *mm);

/* ---- files */

/* On a disk, or else on tmpfs. */
struct file *hosted_file_open(unsigned long pages, bool disk);
void hosted_file_get(struct file *file);
void hosted_file_put(struct file *file);
int hosted_truncate(struct file *file, unsigned long pages);
int hosted_punch_hole(struct file *file, unsigned long first, unsigned long pages);
/* Clean the pages, as writeback does. */
int hosted_writeback(struct file *file);

/* ---- system calls */

/* prot: VM_READ, VM_WRITE. flags: VM_SHARED, VM_HUGETLB, VM_IO. Not at 0: below it does not go. */
int hosted_mmap(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long prot,
		unsigned long flags, struct file *file, unsigned long pgoff);
int hosted_munmap(struct mm_struct *mm, unsigned long addr, unsigned long len);
int hosted_mprotect(struct mm_struct *mm, unsigned long addr, unsigned long len,
		    unsigned long prot);
/* In place if to is addr, where it can only shrink, or grow into a hole. */
int hosted_mremap(struct mm_struct *mm, unsigned long addr, unsigned long len, unsigned long to,
		  unsigned long new_len);

enum hosted_advice {
	HOSTED_DONTNEED,
	HOSTED_FREE,
	HOSTED_PAGEOUT,
	HOSTED_COLLAPSE,
	HOSTED_HUGEPAGE,
	HOSTED_NOHUGEPAGE,
	HOSTED_MERGEABLE,
	HOSTED_UNMERGEABLE,
	HOSTED_DONTFORK,
	HOSTED_REMOVE,
};

int hosted_madvise(struct mm_struct *mm, unsigned long addr, unsigned long len,
		   enum hosted_advice advice);

/* userfaultfd: faults of the range wait until a page is copied in, or the range is unregistered. */
int hosted_uffd_register(struct mm_struct *mm, unsigned long addr, unsigned long len);
int hosted_uffd_unregister(struct mm_struct *mm, unsigned long addr, unsigned long len);
int hosted_uffd_copy(struct mm_struct *mm, unsigned long addr, u64 value);
/* Until a fault waits; -EINTR. */
int hosted_uffd_wait(struct mm_struct *mm);

/* ---- what the kernel does by itself */

int hosted_ksm_merge(struct mm_struct *mm, unsigned long addr, struct mm_struct *with,
		     unsigned long with_addr);
int hosted_migrate(struct mm_struct *mm, unsigned long addr);
/* Moves all pages that can be moved but huge ones; returns how many those were. */
unsigned long hosted_compact(void);
/* Take the page at addr away from all who map it, if nobody has used it; what kswapd does. */
int hosted_reclaim(struct mm_struct *mm, unsigned long addr);
/* Whether somebody has used the page since the last time, as MGLRU and idle tracking ask. */
int hosted_test_young(struct mm_struct *mm, unsigned long addr);
int hosted_clear_young(struct mm_struct *mm, unsigned long addr);
int hosted_numa_hint(struct mm_struct *mm, unsigned long addr, unsigned long len);
int hosted_poison(struct mm_struct *mm, unsigned long addr);
/* -EAGAIN if a notifier has refused, as it may. */
int hosted_oom_reap(struct mm_struct *mm);
/* Move the page to memory of a device; the next access of the CPU brings it back. */
int hosted_to_device(struct mm_struct *mm, unsigned long addr, struct dev_pagemap *pgmap);

/* ---- a program's loads and stores: 0, -EFAULT (SIGSEGV, SIGBUS), -ENOMEM, -EHWPOISON, -EINTR */

int hosted_load(struct mm_struct *mm, unsigned long addr, u64 *value);
int hosted_store(struct mm_struct *mm, unsigned long addr, u64 value);

/* ---- for models of devices, in any context */

/*
 * Access through a translation of addr to pfn: ends the schedule with the oracle "stale access" if
 * mm does not map that page there, or not for writing if write.
 */
void hosted_device_access(struct mm_struct *mm, unsigned long addr, unsigned long pfn, bool write);
/* Access by an address that is no more than a page: ends the schedule if the page was freed. */
void hosted_device_access_pfn(unsigned long pfn);
/* Bytes of a page, after one of the above. */
void hosted_page_read(unsigned long pfn, size_t offset, void *to, size_t len);
void hosted_page_write(unsigned long pfn, size_t offset, const void *from, size_t len);

/* ---- oracles at the end of a scenario */

/* Ends the schedule if pages are in use, or address spaces exist. */
void hosted_mm_check_empty(void);

#endif
