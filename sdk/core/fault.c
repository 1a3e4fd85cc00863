// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a walk does under mmap_lock: look at the mappings, let hmm find the pages of the window, and
 * fault in what is missing.
 *
 * hmm_range_fault() is not asked to fault at first. Most of what a device asks for is there, and what
 * hmm must not fault in is found out only where something is missing.
 */
#include <linux/fs.h>
#include <linux/hmm.h>
#include <linux/hugetlb.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include "internal.h"

/* Mappings below a range that are looked at to know all of them. */
#define XMMU_SURVEY_MAX 64

/* The first page of the window that is not as it is wanted; the end of the window if all are. */
static unsigned long xmmu_walk_missing(const struct xmmu_walk *walk)
{
	unsigned long addr, *pfn = walk->hmm.hmm_pfns;

	for (addr = walk->hmm.start; addr < walk->hmm.end; addr += PAGE_SIZE, pfn++)
		if (!xmmu_walk_takes(walk, *pfn))
			break;
	return addr;
}

/* Whether all of the window is as it is wanted. */
static bool xmmu_walk_is_complete(const struct xmmu_walk *walk)
{
	unsigned long i, pages = (walk->hmm.end - walk->hmm.start) / PAGE_SIZE;
	unsigned long wanted = xmmu_walk_wanted(walk), found = wanted;

#pragma GCC unroll 8
	for (i = 0; i < pages; i++)
		found &= walk->hmm.hmm_pfns[i];
	return found == wanted;
}

/* An invalidation beside the range makes hmm give up as well: no reason to start anew. */
static bool xmmu_walk_undisturbed(struct xmmu_walk *walk)
{
	return READ_ONCE(walk->range->seq) == walk->seq && xmmu_walk_patience(walk) &&
	       !fatal_signal_pending(current);
}

/*
 * The sequence of the block lets hmm give up early; whether the walk may go on is not decided by
 * it. Under mmap_lock.
 */
static int xmmu_walk_hmm(struct xmmu_walk *walk, unsigned long request)
{
	int err;

	walk->hmm.default_flags = request;
	do {
		walk->hmm.notifier_seq = READ_ONCE(walk->hmm.notifier->invalidate_seq);
		err = hmm_range_fault(&walk->hmm);
	} while (err == -EBUSY && xmmu_walk_undisturbed(walk));
	if (err == -EBUSY)
		return walk->flags & XMMU_NOWAIT ? -EAGAIN : XMMU_AGAIN;
	return err == -EINVAL ? -EFAULT : err;
}

/* A mapping in the window, the first that ends after the address. Under mmap_lock. */
static struct vm_area_struct *xmmu_walk_vma(const struct xmmu_walk *walk, unsigned long addr)
{
	struct vm_area_struct *vma = addr < walk->hmm.end ? find_vma(xmmu_walk_mm(walk), addr) :
							    NULL;

	return vma && vma->vm_start < walk->hmm.end ? vma : NULL;
}

/* Pages of memfd_secret() are in no kernel mapping and for nobody else; hmm does not know. */
static bool xmmu_vma_is_secret(const struct vm_area_struct *vma)
{
	return vma->vm_file && file_inode(vma->vm_file)->i_sb->s_magic == SECRETMEM_MAGIC;
}

/*
 * Look at all mappings below a range at once. Of what kind they are does not change, so it need not
 * be done again until one goes; and while there is no hole, none can come. Under mmap_lock, which
 * who removes a mapping holds until our callback has returned.
 */
static enum xmmu_range_vmas xmmu_range_look(const struct xmmu_range *range)
{
	unsigned long addr = xmmu_range_start(range), end = xmmu_range_end(range);
	struct vm_area_struct *vma;
	unsigned int i;

	for (i = 0; i < XMMU_SURVEY_MAX && addr < end; i++) {
		vma = vma_lookup(range->mirror->mm, addr);
		if (!vma || xmmu_vma_is_secret(vma) || is_vm_hugetlb_page(vma))
			break;
		addr = vma->vm_end;
	}
	return addr < end ? XMMU_VMAS_MIXED : XMMU_VMAS_PLAIN;
}

/* What was seen is worth nothing if the bounds have changed meanwhile. */
static noinline void xmmu_walk_survey(const struct xmmu_walk *walk)
{
	struct xmmu_mirror *mirror = xmmu_walk_mirror(walk);
	struct xmmu_range *range = walk->range;
	unsigned long seq = smp_load_acquire(&range->seq);
	enum xmmu_range_vmas vmas = xmmu_range_look(range);

	if (!(walk->flags & XMMU_NOWAIT))
		xmmu_mirror_lock(mirror);
	else if (!xmmu_mirror_trylock(mirror))
		return;
	if (range->seq == seq)
		WRITE_ONCE(range->vmas, vmas);
	xmmu_mirror_unlock(mirror);
}

/* What hmm_range_fault() would do and must not. Under mmap_lock. */
static noinline int xmmu_walk_check_window(const struct xmmu_walk *walk)
{
	struct vm_area_struct *vma;

	for (vma = xmmu_walk_vma(walk, walk->hmm.start); vma;
	     vma = xmmu_walk_vma(walk, vma->vm_end)) {
		if (xmmu_vma_is_secret(vma))
			return -EFAULT;
		/* It sleeps there, whatever it is asked. */
		if (walk->flags & XMMU_NOWAIT && is_vm_hugetlb_page(vma))
			return -EAGAIN;
	}
	return 0;
}

/* Under mmap_lock. */
static int xmmu_walk_check_vmas(const struct xmmu_walk *walk)
{
	struct xmmu_range *range = walk->range;

	if (likely(READ_ONCE(range->vmas) == XMMU_VMAS_PLAIN))
		return 0;
	if (READ_ONCE(range->vmas) == XMMU_VMAS_UNKNOWN)
		xmmu_walk_survey(walk);
	return xmmu_walk_check_window(walk);
}

/* Under mmap_lock. */
static bool xmmu_walk_has_userfault(const struct xmmu_walk *walk)
{
	struct vm_area_struct *vma;

	for (vma = xmmu_walk_vma(walk, walk->hmm.start); vma;
	     vma = xmmu_walk_vma(walk, vma->vm_end))
		if (userfaultfd_armed(vma))
			return true;
	return false;
}

/*
 * A kernel thread that can not be killed must not wait for a program that may never answer: it
 * would keep a process from exiting which it may be waiting for.
 */
bool xmmu_can_be_killed(void)
{
	/* A thread that runs keeps what it has. */
	const struct sighand_struct *sighand = rcu_dereference_protected(current->sighand, true);

	return !(current->flags & PF_KTHREAD) ||
	       sighand->action[SIGKILL - 1].sa.sa_handler != SIG_IGN;
}

/*
 * hmm_range_fault() says -EFAULT of userfaultfd memory, memory shortage and poison alike. Faulting
 * the page once more by itself serves the first and tells the second; poison shows only to
 * get_user_pages_remote(). Mappings without pages never give one, and some of them (vvar) may only
 * be faulted by their own process. Under mmap_lock, which may have been dropped and taken again.
 */
static int xmmu_walk_fixup(struct xmmu_walk *walk)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (walk->flags & XMMU_WRITE ? FAULT_FLAG_WRITE : 0);
	struct mm_struct *mm = xmmu_walk_mm(walk);
	struct vm_area_struct *vma;
	bool unlocked = false;
	unsigned long addr;
	int err;

	/* It did not say how far it came. */
	err = xmmu_walk_hmm(walk, 0);
	if (err)
		return err;
	addr = xmmu_walk_missing(walk);
	/* Somebody else has brought it in. */
	if (addr == walk->hmm.end)
		return 0;
	vma = vma_lookup(mm, addr);
	if (!vma || vma->vm_flags & (VM_IO | VM_PFNMAP) ||
	    (!xmmu_can_be_killed() && userfaultfd_armed(vma)))
		return -EFAULT;
	if (walk->flags & XMMU_WRITE && (vma->vm_flags & (VM_READ | VM_WRITE)) == VM_READ)
		return -EPERM;
	/* It did not help, and nothing has taken the page away again. */
	if (addr == walk->fixed && walk->seq == walk->fixed_seq)
		return -EFAULT;
	walk->fixed = addr;
	walk->fixed_seq = walk->seq;
	err = fixup_user_fault(mm, addr, flags, &unlocked);
	if (err == -EFAULT && xmmu_compat_is_poisoned(mm, addr))
		return -EHWPOISON;
	if (err)
		return err;
	xmmu_count(xmmu_walk_mirror(walk), fixups);
	xmmu_budget_progress(xmmu_walk_budget(walk));
	return XMMU_AGAIN;
}

/*
 * The window is not complete. hmm must not fault userfaultfd memory in: it can not wait for the
 * answer, and debug kernels complain. Under mmap_lock.
 */
static noinline int xmmu_walk_fault_in(struct xmmu_walk *walk)
{
	unsigned long request = HMM_PFN_REQ_FAULT;
	int err = -EFAULT;

	if (walk->flags & XMMU_WRITE)
		request |= HMM_PFN_REQ_WRITE;
	if (!xmmu_walk_has_userfault(walk))
		err = xmmu_walk_hmm(walk, request);
	return err == -EFAULT ? xmmu_walk_fixup(walk) : err;
}

/* Under mmap_lock. */
static int xmmu_walk_complete(struct xmmu_walk *walk)
{
	if (likely(xmmu_walk_is_complete(walk)))
		return 0;
	return walk->flags & XMMU_NOWAIT ? -EAGAIN : xmmu_walk_fault_in(walk);
}

static noinline int xmmu_walk_fault_exclusive(struct xmmu_walk *walk)
{
	return xmmu_walk_complete(walk) ?: xmmu_exclusive_take(walk);
}

/* Under mmap_lock. */
static int xmmu_walk_fault_locked(struct xmmu_walk *walk)
{
	int err = xmmu_walk_check_vmas(walk);

	if (!err)
		err = xmmu_walk_hmm(walk, 0);
	if (err)
		return err;
	if (unlikely(walk->flags & (XMMU_SNAPSHOT | XMMU_EXCLUSIVE)))
		return walk->flags & XMMU_SNAPSHOT ? 0 : xmmu_walk_fault_exclusive(walk);
	return xmmu_walk_complete(walk);
}

int xmmu_walk_fault(struct xmmu_walk *walk)
{
	struct mm_struct *mm = xmmu_walk_mm(walk);
	int err;

	if (xmmu_inject_fail())
		return -ENOMEM;
	if (walk->flags & XMMU_NOWAIT) {
		if (!mmap_read_trylock(mm))
			return -EAGAIN;
	} else if (mmap_read_lock_killable(mm)) {
		return -EINTR;
	}
	err = xmmu_walk_fault_locked(walk);
	mmap_read_unlock(mm);
	return err;
}
