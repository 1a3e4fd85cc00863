// SPDX-License-Identifier: GPL-2.0-only
/*
 * All locks under which the kernel unmaps pages of an address space: nobody is between the start
 * and the end of an invalidation while they are held. Mappings share files and anon_vmas, so each
 * is marked when its lock is taken; the mark is under the lock, and one task does this at a time.
 */
#include <linux/mutex.h>

#include "internal.h"

static DEFINE_MUTEX(all_locks_mutex);

static void lock_file(struct mm_struct *mm, struct address_space *mapping)
{
	if (mapping->all_locks)
		return;
	down_write_nest_lock(&mapping->i_mmap_rwsem, &mm->mmap_lock);
	mapping->all_locks = true;
}

static void lock_anon(struct mm_struct *mm, struct anon_vma *root)
{
	if (root->all_locks)
		return;
	down_write_nest_lock(&root->rwsem, &mm->mmap_lock);
	root->all_locks = true;
}

static void unlock_file(struct address_space *mapping)
{
	if (!mapping->all_locks)
		return;
	mapping->all_locks = false;
	up_write(&mapping->i_mmap_rwsem);
}

static void unlock_anon(struct anon_vma *root)
{
	if (!root->all_locks)
		return;
	root->all_locks = false;
	up_write(&root->rwsem);
}

static int lock_files(struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	hosted_for_each_vma(mm, vma) {
		if (signal_pending(current))
			return -EINTR;
		if (vma->vm_file)
			lock_file(mm, hosted_mapping(vma));
	}
	return 0;
}

static int lock_anons(struct mm_struct *mm)
{
	struct anon_vma_chain *link;
	struct vm_area_struct *vma;

	hosted_for_each_vma(mm, vma) {
		if (signal_pending(current))
			return -EINTR;
		list_for_each_entry(link, &vma->anon_vma_chain, in_vma)
			lock_anon(mm, link->anon_vma->root);
	}
	return 0;
}

/* Under mmap_lock for writing. After -EINTR nothing is held. */
int mm_take_all_locks(struct mm_struct *mm)
{
	int err;

	mmap_assert_write_locked(mm);
	mutex_lock(&all_locks_mutex);
	err = lock_files(mm) ?: lock_anons(mm);
	if (err)
		mm_drop_all_locks(mm);
	return err;
}

void mm_drop_all_locks(struct mm_struct *mm)
{
	struct anon_vma_chain *link;
	struct vm_area_struct *vma;

	mmap_assert_write_locked(mm);
	hosted_for_each_vma(mm, vma) {
		list_for_each_entry(link, &vma->anon_vma_chain, in_vma)
			unlock_anon(link->anon_vma->root);
		if (vma->vm_file)
			unlock_file(hosted_mapping(vma));
	}
	mutex_unlock(&all_locks_mutex);
}
