/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Address spaces, mappings and pages of the hosted kernel.
 *
 * A struct page is a number in the form of a pointer: `page + i` is the i-th page after it, and no
 * memory lies behind it. What is known of a page is in its folio.
 */
#ifndef _LINUX_MM_TYPES_H
#define _LINUX_MM_TYPES_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <asm/page.h>

struct anon_vma;
struct dev_pagemap;
struct file;
struct hosted_table;
struct mmu_notifier_subscriptions;
struct user_namespace;

typedef unsigned int vm_fault_t;

enum vm_fault_reason {
	VM_FAULT_OOM = 0x1,
	VM_FAULT_SIGBUS = 0x2,
	VM_FAULT_HWPOISON = 0x10,
	VM_FAULT_SIGSEGV = 0x40,
	VM_FAULT_RETRY = 0x400,
};

#define VM_FAULT_ERROR (VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_HWPOISON | VM_FAULT_SIGSEGV)

enum fault_flag {
	FAULT_FLAG_WRITE = 1 << 0,
	FAULT_FLAG_ALLOW_RETRY = 1 << 2,
	FAULT_FLAG_RETRY_NOWAIT = 1 << 3,
	FAULT_FLAG_KILLABLE = 1 << 4,
	FAULT_FLAG_TRIED = 1 << 5,
	FAULT_FLAG_USER = 1 << 6,
	FAULT_FLAG_REMOTE = 1 << 7,
	FAULT_FLAG_UNSHARE = 1 << 10,
};

struct page {
	unsigned long opaque[8];
};

/* One page, or 512 in a row (order 9). */
struct folio {
	unsigned long flags; /* enum hosted_page_flag */
	unsigned long pfn;
	unsigned int order;
	int refs;
	int maps;                  /* entries of page tables: each has a reference too */
	struct anon_vma *anon_vma; /* anonymous memory */
	struct address_space *mapping;
	pgoff_t index; /* in pages, in its file or as vm_pgoff counts */
	struct list_head node;
	unsigned long swap; /* slot in swap that has the same content, or 0 */
	struct dev_pagemap *pgmap;
	struct hosted_table *content;
};

/* The pages of a file. */
struct address_space {
	pgoff_t pages; /* its size */
	bool disk;     /* and not tmpfs: the file system wants to know who writes */
	struct list_head folios;
	struct hosted_table *store; /* content of pages that are not in memory */
	struct rw_semaphore invalidate_lock;
	struct rw_semaphore i_mmap_rwsem;
	struct list_head i_mmap; /* vm_area_struct.shared, under i_mmap_rwsem */
	bool all_locks;          /* taken by mm_take_all_locks() */
};

struct vm_area_struct {
	unsigned long vm_start;
	unsigned long vm_end;
	struct mm_struct *vm_mm;
	unsigned long vm_flags;
	unsigned long vm_pgoff;
	struct file *vm_file;
	struct anon_vma *anon_vma;
	struct list_head anon_vma_chain;
	struct list_head shared; /* in address_space.i_mmap */
	struct list_head node;   /* in mm_struct.vmas, by address */
};

/* An entry of a page table. */
typedef u64 pte_t;

struct mm_struct {
	atomic_t mm_users;
	atomic_t mm_count;
	struct rw_semaphore mmap_lock;
	spinlock_t page_table_lock;
	unsigned long task_size;
	struct user_namespace *user_ns;
	struct mem_cgroup *memcg;
	struct mmu_notifier_subscriptions *notifier_subscriptions;
	int dumpable;
	bool unstable; /* the OOM reaper was here */
	struct list_head vmas;
	struct hosted_table *pgd;
	u64 announced; /* an entry that notifiers know already, and the page table will have */
	unsigned long announced_addr;
	unsigned int uffd_waiting; /* faults that wait for userfaultfd */
	unsigned int uffd_served;  /* counts what lets them go on */
	struct list_head node;     /* of all that there are */
	struct work_struct async_put_work;
};

#endif
