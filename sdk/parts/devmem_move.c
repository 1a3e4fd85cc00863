// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages move between RAM and device memory.
 *
 * The kernel takes the pages of a window out of the page tables and locks them. That invalidates,
 * so that by then no device and no processor can reach them. What is given a destination here is
 * copied; the kernel makes the exchange where it still can, and puts the rest back where it was.
 *
 * The kernel's events of a move carry the owner of the memory, which must not be that of a mirror:
 * what moves has to be zapped in all mirrors, our own included.
 */
#include <linux/highmem.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "devmem.h"

#define XMMU_MOVE_PAGES (XMMU_WINDOW / PAGE_SIZE)
/* How often a fault tries again by itself while others have the page. */
#define XMMU_FAULT_TRIES 16

/* Pages on their way in one direction. */
struct xmmu_move {
	struct xmmu_devmem *mem;
	unsigned long *src;
	unsigned long *dst;
	struct xmmu_devmem_copy *copies;
	unsigned int nr_copies;
	unsigned long missing; /* pages that there was no room for */
	gfp_t gfp;             /* for pages in RAM */
	bool to_device;
	bool lose; /* what can not be copied is lost, because its memory goes away */
};

/* A move with room for a window. */
struct xmmu_window {
	struct xmmu_move move;
	unsigned long src[XMMU_MOVE_PAGES];
	unsigned long dst[XMMU_MOVE_PAGES];
	struct xmmu_devmem_copy copies[XMMU_MOVE_PAGES];
};

static struct xmmu_window *xmmu_window_alloc(struct xmmu_devmem *mem, bool to_device, gfp_t gfp)
{
	struct xmmu_window *window = kvzalloc(sizeof(*window), gfp);

	if (!window)
		return NULL;
	window->move = (struct xmmu_move){
		.mem = mem,
		.src = window->src,
		.dst = window->dst,
		.copies = window->copies,
		.gfp = GFP_HIGHUSER_MOVABLE,
		.to_device = to_device,
	};
	return window;
}

/* ---- destinations: locked, and with a reference, both of which the kernel takes over */

static void xmmu_move_add(struct xmmu_move *move, unsigned long i, struct page *to,
			  struct page *in_ram, struct page *in_device)
{
	struct xmmu_devmem_copy *copy = &move->copies[move->nr_copies++];

	copy->page = in_ram;
	copy->offset = xmmu_devmem_offset(move->mem, in_device);
	move->dst[i] = migrate_pfn(page_to_pfn(to));
}

/* Only anonymous memory can be in a device. `page` is NULL where there is none, or a zero page. */
static int xmmu_move_page_in(struct xmmu_move *move, unsigned long i, struct page *page)
{
	struct page *to;

	if (page && !folio_test_anon(page_folio(page)))
		return 0;
	to = xmmu_devmem_get_page(move->mem);
	if (to)
		xmmu_move_add(move, i, to, page, to);
	else
		move->missing++;
	return 0;
}

static int xmmu_move_page_out(struct xmmu_move *move, unsigned long i, struct page *page)
{
	struct page *to;

	/* Another memory of the same owner moves its pages itself. */
	if (!page || xmmu_devmem_of(page) != move->mem)
		return 0;
	to = xmmu_inject_fail() && !(move->gfp & __GFP_NOFAIL) ? NULL : alloc_page(move->gfp);
	if (!to)
		return -ENOMEM;
	lock_page(to);
	xmmu_move_add(move, i, to, to, page);
	return 0;
}

/* Of all that could be taken out of the page tables; without memory, of as many as there is. */
static int xmmu_move_fill(struct xmmu_move *move, unsigned long pages)
{
	unsigned long i;
	int err = 0;

	move->nr_copies = 0;
	move->missing = 0;
	memset(move->dst, 0, pages * sizeof(*move->dst));
	for (i = 0; i < pages && !err; i++) {
		struct page *page = migrate_pfn_to_page(move->src[i]);

		if (!(move->src[i] & MIGRATE_PFN_MIGRATE))
			continue;
		err = move->to_device ? xmmu_move_page_in(move, i, page) :
					xmmu_move_page_out(move, i, page);
	}
	return err;
}

/* The pages stay where they are. */
static void xmmu_move_give_up(struct xmmu_move *move, unsigned long pages)
{
	unsigned long i;

	for (i = 0; i < pages; i++) {
		struct page *to = migrate_pfn_to_page(move->dst[i]);

		if (!to)
			continue;
		unlock_page(to);
		put_page(to);
		move->dst[i] = 0;
	}
}

static void xmmu_move_lose(struct xmmu_move *move)
{
	unsigned int i;

	for (i = 0; i < move->nr_copies; i++)
		clear_highpage(move->copies[i].page);
	atomic64_add(move->nr_copies, &move->mem->lost);
}

static int xmmu_move_copy(struct xmmu_move *move, unsigned long pages)
{
	const struct xmmu_devmem_ops *ops = move->mem->config.ops;
	int err;

	if (!move->nr_copies)
		return 0;
	if (move->to_device)
		err = ops->copy_to_device(move->mem, move->copies, move->nr_copies);
	else
		err = ops->copy_to_ram(move->mem, move->copies, move->nr_copies);
	if (err && move->lose)
		xmmu_move_lose(move);
	else if (err)
		xmmu_move_give_up(move, pages);
	return move->lose ? 0 : err;
}

static int xmmu_move_prepare(struct xmmu_move *move, unsigned long pages)
{
	int no_memory = xmmu_move_fill(move, pages);

	return xmmu_move_copy(move, pages) ?: no_memory;
}

/* The kernel has made the exchange: of how many pages? */
static unsigned long xmmu_move_count(struct xmmu_move *move, unsigned long pages)
{
	unsigned long i, moved = 0;

	for (i = 0; i < pages; i++)
		moved += move->dst[i] && move->src[i] & MIGRATE_PFN_MIGRATE;
	atomic64_add(moved, move->to_device ? &move->mem->to_device : &move->mem->to_ram);
	return moved;
}

/* ---- by address: under mmap_lock */

static int xmmu_move_vma(struct xmmu_move *move, struct migrate_vma *args, unsigned long *moved)
{
	int err;

	args->src = move->src;
	args->dst = move->dst;
	err = migrate_vma_setup(args);
	if (err)
		return -EOPNOTSUPP;
	err = xmmu_move_prepare(move, args->npages);
	migrate_vma_pages(args);
	*moved = xmmu_move_count(move, args->npages);
	migrate_vma_finalize(args);
	return err;
}

/*
 * Who the events say that they are from does not matter on the way to the device; on the way back
 * it selects the pages.
 */
static unsigned long xmmu_move_flags(const struct xmmu_move *move)
{
	if (move->to_device)
		return MIGRATE_VMA_SELECT_SYSTEM;
	return move->mem->config.type == XMMU_DEVMEM_COHERENT ? MIGRATE_VMA_SELECT_DEVICE_COHERENT :
								MIGRATE_VMA_SELECT_DEVICE_PRIVATE;
}

/* As far as the mapping goes; sets where to go on. */
static int xmmu_move_mapping(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			     unsigned long *end, unsigned long *moved)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	struct migrate_vma args = {
		.vma = vma,
		.start = start,
		.pgmap_owner = move->mem->config.owner,
		.flags = xmmu_move_flags(move),
	};

	if (vma && vma->vm_start <= start) {
		*end = min(*end, vma->vm_end);
		args.end = *end;
		if (vma->vm_flags & VM_READ || !move->to_device)
			return xmmu_move_vma(move, &args, moved);
	} else if (vma) {
		*end = min(*end, vma->vm_start);
	}
	return move->to_device ? -EFAULT : 0;
}

static int xmmu_move_locked(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			    unsigned long *end, unsigned long *moved)
{
	int err;

	*moved = 0;
	if (mmap_read_lock_killable(mm))
		return -EINTR;
	err = xmmu_move_mapping(move, mm, start, end, moved);
	mmap_read_unlock(mm);
	/* Nothing of ours is in a mapping that can not move. */
	return err == -EOPNOTSUPP && !move->to_device ? 0 : err;
}

/* A window, or less; if there was no room, once more with what could be moved out. */
static int xmmu_move_window(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			    unsigned long *end, unsigned long *moved)
{
	unsigned long more;
	int err = xmmu_move_locked(move, mm, start, end, moved);

	if (err || !move->missing)
		return err;
	if (!xmmu_devmem_evict(move->mem, move->missing))
		return -ENOSPC;
	err = xmmu_move_locked(move, mm, start, end, &more);
	*moved += more;
	return err ?: move->missing ? -ENOSPC : 0;
}

static int xmmu_move_span(struct xmmu_move *move, struct mm_struct *mm, unsigned long start,
			  unsigned long end, unsigned long *moved)
{
	unsigned long stop, more;
	int err = 0;

	for (; start < end && !err; start = stop) {
		stop = min(end, (start | (XMMU_WINDOW - 1)) + 1);
		err = xmmu_move_window(move, mm, start, &stop, &more);
		*moved += more;
		if (fatal_signal_pending(current))
			err = err ?: -EINTR;
	}
	return err;
}

static int xmmu_devmem_move(struct xmmu_devmem *mem, struct mm_struct *mm, unsigned long start,
			    unsigned long end, unsigned long *moved, bool to_device)
{
	struct xmmu_window *window;
	int err;

	window = xmmu_inject_fail() ? NULL : xmmu_window_alloc(mem, to_device, GFP_KERNEL);
	if (!window)
		return -ENOMEM;
	err = xmmu_move_span(&window->move, mm, start, end, moved);
	kvfree(window);
	return err;
}

static int xmmu_devmem_move_in(struct xmmu_devmem *mem, struct xmmu_mirror *mirror,
			       unsigned long start, unsigned long end, unsigned long *moved,
			       bool to_device)
{
	struct mm_struct *mm;
	int err = -ESRCH;

	*moved = 0;
	if (!PAGE_ALIGNED(start | end) || start >= end)
		return -EINVAL;
	if (!xmmu_mirror_pin(mirror))
		return -ESRCH;
	mm = mirror->mm;
	if (mmget_not_zero(mm)) {
		err = xmmu_devmem_move(mem, mm, start, end, moved, to_device);
		mmput_async(mm);
	}
	xmmu_mirror_unpin(mirror);
	return err;
}

int xmmu_devmem_to_device(struct xmmu_devmem *mem, struct xmmu_mirror *mirror, unsigned long start,
			  unsigned long end, unsigned long *moved)
{
	return xmmu_devmem_move_in(mem, mirror, start, end, moved, true);
}

int xmmu_devmem_to_ram(struct xmmu_devmem *mem, struct xmmu_mirror *mirror, unsigned long start,
		       unsigned long end, unsigned long *moved)
{
	return xmmu_devmem_move_in(mem, mirror, start, end, moved, false);
}

/* ---- by page: whoever has them mapped */

static unsigned long xmmu_move_pages(struct xmmu_move *move, unsigned long index,
				     unsigned long pages)
{
	unsigned long moved;

	migrate_device_range(move->src, move->mem->first + index, pages);
	xmmu_move_prepare(move, pages);
	migrate_device_pages(move->src, move->dst, pages);
	moved = xmmu_move_count(move, pages);
	migrate_device_finalize(move->src, move->dst, pages);
	return moved;
}

/* Where to look for pages that came long ago; others look behind. */
static unsigned long xmmu_devmem_oldest(struct xmmu_devmem *mem, unsigned long *count)
{
	unsigned long index = xmmu_devmem_next_used(mem, READ_ONCE(mem->oldest), count);

	WRITE_ONCE(mem->oldest, index == mem->pages ? 0 : index + *count);
	return index;
}

unsigned long xmmu_devmem_evict(struct xmmu_devmem *mem, unsigned long pages)
{
	struct xmmu_window *window = xmmu_window_alloc(mem, false, GFP_KERNEL);
	unsigned long index, count, looked = 0, moved = 0;

	while (window && moved < pages && looked < 2 * mem->pages) {
		count = min(pages - moved, XMMU_MOVE_PAGES);
		index = xmmu_devmem_oldest(mem, &count);
		/* To the end and from the start: all were looked at. */
		looked += index == mem->pages ? mem->pages : count;
		moved += xmmu_move_pages(&window->move, index, count);
	}
	kvfree(window);
	atomic64_add(moved, &mem->evicted);
	return moved;
}

static void xmmu_devmem_rescue_all(struct xmmu_move *move, unsigned long at_once)
{
	unsigned long index, count;

	for (index = 0; index < move->mem->pages; index += count) {
		count = at_once;
		index = xmmu_devmem_next_used(move->mem, index, &count);
		xmmu_move_pages(move, index, count);
	}
}

/* Save all that can be; what can not be copied even by itself is lost. */
void xmmu_devmem_rescue(struct xmmu_devmem *mem)
{
	struct xmmu_window *window = xmmu_window_alloc(mem, false, GFP_KERNEL | __GFP_NOFAIL);

	window->move.gfp |= __GFP_NOFAIL;
	xmmu_devmem_rescue_all(&window->move, XMMU_MOVE_PAGES);
	window->move.lose = true;
	xmmu_devmem_rescue_all(&window->move, 1);
	kvfree(window);
}

/* ---- by a fault of the processor: under mmap_lock */

/*
 * A page moves only while nobody else has a reference, and each fault comes with one. If each of
 * several threads tried, none would succeed. The first one moves the page. The others drop their
 * references and wait; the kernel drops one of what is in the fault then, so it is given another
 * page there. Newer kernels let only one thread come here.
 */
static bool xmmu_devmem_fault_begin(struct xmmu_devmem *mem, unsigned long index,
				    struct vm_fault *vmf)
{
	if (!test_and_set_bit_lock(index, mem->faulted))
		return true;
	put_page(vmf->page);
	vmf->page = ZERO_PAGE(vmf->address);
	get_page(vmf->page);
	wait_event_killable(mem->wait, !test_bit(index, mem->faulted));
	return false;
}

static void xmmu_devmem_fault_end(struct xmmu_devmem *mem, unsigned long index)
{
	clear_bit_unlock(index, mem->faulted);
	smp_mb__after_atomic();
	wake_up_all(&mem->wait);
}

static int xmmu_devmem_fault_once(struct xmmu_move *move, struct vm_fault *vmf,
				  unsigned long *moved)
{
	unsigned long addr = vmf->address & PAGE_MASK;
	struct migrate_vma args = {
		.vma = vmf->vma,
		.start = addr,
		.end = addr + PAGE_SIZE,
		.pgmap_owner = move->mem->config.owner,
		.flags = MIGRATE_VMA_SELECT_DEVICE_PRIVATE,
		.fault_page = vmf->page,
	};

	return xmmu_move_vma(move, &args, moved);
}

static int xmmu_devmem_fault_move(struct xmmu_move *move, struct vm_fault *vmf,
				  unsigned long *moved)
{
	unsigned int tries;
	int err = 0;

	for (tries = 0; tries < XMMU_FAULT_TRIES && !err && !*moved; tries++) {
		err = xmmu_devmem_fault_once(move, vmf, moved);
		if (!folio_mapped(page_folio(vmf->page)))
			break;
		cond_resched();
	}
	return err;
}

static vm_fault_t xmmu_fault_code(int err)
{
	if (!err)
		return 0;
	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

/* If the page has not moved, it is gone, or somebody else has it: the thread will fault again. */
vm_fault_t xmmu_devmem_fault(struct vm_fault *vmf)
{
	unsigned long src = 0, dst = 0, moved = 0, index;
	struct xmmu_devmem *mem = xmmu_devmem_of(vmf->page);
	struct xmmu_devmem_copy copy;
	struct xmmu_move move = {
		.mem = mem,
		.src = &src,
		.dst = &dst,
		.copies = &copy,
		.gfp = GFP_HIGHUSER_MOVABLE,
	};
	int err = 0;

	/* The page is in use until then, and so is the memory. */
	atomic_inc(&mem->faulting);
	index = page_to_pfn(vmf->page) - mem->first;
	if (xmmu_devmem_fault_begin(mem, index, vmf)) {
		err = xmmu_devmem_fault_move(&move, vmf, &moved);
		atomic64_add(moved, &mem->faults);
		xmmu_devmem_fault_end(mem, index);
	}
	atomic_dec(&mem->faulting);
	return xmmu_fault_code(err);
}
