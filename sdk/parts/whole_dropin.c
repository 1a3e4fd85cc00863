// SPDX-License-Identifier: GPL-2.0-only
/*
 * Drop-ins: look the page up between two looks at the counter, without a lock in between, and start
 * anew if an invalidation has begun meanwhile.
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/userfaultfd_k.h>

#include <xmmu/whole.h>

#include "whole_internal.h"

/* get_user_pages_fast(), but not of a userfaultfd: none is armed while mmap_lock is held. */
static int xmmu_whole_find_unkillable(unsigned long addr, unsigned int gup, struct page **page)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int found = get_user_pages_fast_only(addr, 1, gup, page);

	if (found == 1)
		return found;
	mmap_read_lock(mm);
	vma = vma_lookup(mm, addr);
	if (vma && !userfaultfd_armed(vma))
		found = xmmu_compat_get_page(mm, addr, gup, page);
	else
		found = -EFAULT;
	mmap_read_unlock(mm);
	return found;
}

/* The page as the process has it now, with a reference. */
static int xmmu_whole_find(const struct xmmu_dropin *dropin, unsigned int flags, struct page **page)
{
	unsigned int gup = flags & XMMU_WRITE ? FOLL_WRITE : 0;
	int found;

	if (flags & XMMU_NOWAIT)
		found = get_user_pages_fast_only(dropin->addr, 1, gup, page);
	else if (xmmu_can_be_killed())
		found = get_user_pages_fast(dropin->addr, 1, gup, page);
	else
		found = xmmu_whole_find_unkillable(dropin->addr, gup, page);
	if (found == 1)
		return 0;
	if (flags & XMMU_NOWAIT)
		return -EAGAIN;
	return found ?: -EFAULT;
}

static int xmmu_whole_attempt(struct xmmu_whole *whole, struct xmmu_dropin *dropin,
			      unsigned int flags)
{
	u64 token;
	int ret;

	ret = xmmu_whole_look(whole, dropin->addr, &token);
	if (ret)
		return ret;
	ret = xmmu_whole_find(dropin, flags, &dropin->page);
	if (ret)
		return ret;
	xmmu_inject_delay();
	ret = xmmu_whole_load(whole, dropin, token);
	put_page(dropin->page);
	return ret;
}

/* For the invalidations of the page, all at once: new ones may come while the old ones end. */
static int xmmu_whole_wait(struct xmmu_whole *whole, unsigned long addr,
			   const struct xmmu_budget *budget)
{
	unsigned long now = jiffies;
	long ret = 0;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (time_before(now, budget->end))
		ret = wait_event_killable_timeout(whole->wait, !xmmu_whole_waits(whole, addr),
						  budget->end - now);
	if (ret > 0)
		return 0;
	if (ret)
		return -EINTR;
	xmmu_whole_timed_out(whole);
	return -ETIMEDOUT;
}

static int xmmu_whole_insist(struct xmmu_whole *whole, struct xmmu_dropin *dropin,
			     unsigned int flags, struct xmmu_budget *budget)
{
	struct xmmu_budget own;
	int ret;

	if (!budget) {
		budget = &own;
		xmmu_budget_init(budget, XMMU_BUDGET_STALL_MS, XMMU_BUDGET_TOTAL_MS);
	}
	do {
		ret = xmmu_whole_attempt(whole, dropin, flags);
		if (ret != -EAGAIN)
			break;
		ret = xmmu_whole_wait(whole, dropin->addr, budget);
	} while (!ret);
	if (!ret)
		xmmu_budget_progress(budget);
	return ret;
}

static int xmmu_whole_bring(struct xmmu_whole *whole, struct xmmu_dropin *dropin,
			    unsigned int flags, struct xmmu_budget *budget)
{
	if (flags & XMMU_NOWAIT)
		return xmmu_whole_attempt(whole, dropin, flags);
	return xmmu_whole_insist(whole, dropin, flags, budget);
}

/* Pages are looked up in the address space of the thread that runs. */
static int xmmu_whole_borrow(struct xmmu_whole *whole, struct xmmu_dropin *dropin,
			     unsigned int flags, struct xmmu_budget *budget)
{
	struct mm_struct *mm = whole->notifier.mm;
	int ret;

	if (!mmget_not_zero(mm))
		return -ESRCH;
	kthread_use_mm(mm);
	ret = xmmu_whole_bring(whole, dropin, flags, budget);
	kthread_unuse_mm(mm);
	mmput_async(mm);
	return ret;
}

int xmmu_whole_dropin(struct xmmu_whole *whole, unsigned long addr, unsigned int flags,
		      struct xmmu_budget *budget, void *context)
{
	struct xmmu_dropin dropin = {
		.addr = addr & PAGE_MASK,
		.perm = XMMU_PERM_READ | (flags & XMMU_WRITE ? XMMU_PERM_WRITE : 0),
		.context = context,
	};

	if (flags & ~(XMMU_WRITE | XMMU_NOWAIT))
		return -EINVAL;
	/* The page would be found by an address with a tag, and not be flushed by it. */
	if (dropin.addr >= whole->notifier.mm->task_size)
		return -EFAULT;
	if (current->mm == whole->notifier.mm)
		return xmmu_whole_bring(whole, &dropin, flags, budget);
	if (!(current->flags & PF_KTHREAD) || current->mm)
		return -EXDEV;
	return xmmu_whole_borrow(whole, &dropin, flags, budget);
}
