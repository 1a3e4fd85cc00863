// SPDX-License-Identifier: GPL-2.0-only
/* Moves of pages to RAM, whoever has them mapped: to make room, and when the memory goes away. */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "devmem.h"

/*
 * ---- a large folio that RAM has no room for in one piece
 *
 * The kernel splits it for a move out of an address space, and there only. Whose it is, is not told
 * to drivers: all processes are asked whether they have the pages. What they have there besides is
 * left alone. Nobody is waited for; who could not be asked is the next time.
 */

static unsigned long xmmu_split_in_vma(struct xmmu_move *move, struct vm_area_struct *vma,
				       pgoff_t first, pgoff_t end)
{
	struct migrate_vma args = {
		.vma = vma,
		.pgmap_owner = move->mem->config.owner,
		.flags = xmmu_move_flags(move),
	};
	unsigned long moved = 0;

	first = max(first, vma->vm_pgoff);
	end = min(end, vma->vm_pgoff + vma_pages(vma));
	if (!vma->anon_vma || first >= end)
		return 0;
	args.start = vma->vm_start + ((first - vma->vm_pgoff) << PAGE_SHIFT);
	args.end = args.start + ((end - first) << PAGE_SHIFT);
	xmmu_move_vma(move, &args, &moved);
	return moved;
}

static unsigned long xmmu_split_in_mm(struct xmmu_move *move, struct mm_struct *mm, pgoff_t first,
				      pgoff_t end)
{
	struct vm_area_struct *vma;
	unsigned long addr = 0, moved = 0;

	if (!mmap_read_trylock(mm))
		return 0;
	for (; !moved && (vma = find_vma(mm, addr)); addr = vma->vm_end)
		moved = xmmu_split_in_vma(move, vma, first, end);
	mmap_read_unlock(mm);
	return moved;
}

/* With a reference. Its first thread may have ended. Under RCU. */
static struct mm_struct *xmmu_process_mm(struct task_struct *process)
{
	struct mm_struct *mm = NULL;
	struct task_struct *thread;

	for_each_thread(process, thread) {
		mm = get_task_mm(thread);
		if (mm)
			break;
	}
	return mm;
}

/* How many of the pages have moved: of one address space, if any. */
static unsigned long xmmu_devmem_split(struct xmmu_move *move, unsigned long index)
{
	pgoff_t first = READ_ONCE(page_folio(pfn_to_page(move->mem->first + index))->index);
	struct task_struct *process;
	unsigned long moved = 0;
	struct mm_struct *mm;
	bool alive;

	rcu_read_lock();
	for_each_process(process) {
		mm = xmmu_process_mm(process);
		if (!mm)
			continue;
		get_task_struct(process);
		rcu_read_unlock();
		moved = xmmu_split_in_mm(move, mm, first, first + XMMU_MOVE_PAGES);
		mmput_async(mm);
		cond_resched();
		rcu_read_lock();
		alive = pid_alive(process);
		put_task_struct(process);
		/* There is no way on from one that has ended. */
		if (moved || !alive)
			break;
	}
	rcu_read_unlock();
	return moved;
}

/* ---- by where they are in the device */

static unsigned long xmmu_move_pages(struct xmmu_move *move, unsigned long index,
				     unsigned long pages)
{
	unsigned long moved;

	/* First, since Linux 7.3 warns when it has to put a shared one back where it was. */
	if (xmmu_devmem_is_large(move->mem, index)) {
		move->spare = xmmu_move_alloc_large(move);
		if (!move->spare)
			return xmmu_devmem_split(move, index);
	}
	migrate_device_range(move->src, move->mem->first + index, pages);
	xmmu_move_prepare(move, pages);
	migrate_device_pages(move->src, move->dst, pages);
	moved = xmmu_move_count(move, pages);
	migrate_device_finalize(move->src, move->dst, pages);
	if (move->spare)
		folio_put(move->spare);
	move->spare = NULL;
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

static void xmmu_devmem_rescue_all(struct xmmu_move *move)
{
	unsigned long index, count;

	for (index = 0; index < move->mem->pages; index += count) {
		count = XMMU_MOVE_PAGES;
		index = xmmu_devmem_next_used(move->mem, index, &count);
		xmmu_move_pages(move, index, count);
	}
}

/* Save all that can be; what can not be copied even by itself is lost. */
void xmmu_devmem_rescue(struct xmmu_devmem *mem)
{
	struct xmmu_window *window = xmmu_window_alloc(mem, false, GFP_KERNEL | __GFP_NOFAIL);

	window->move.gfp |= __GFP_NOFAIL;
	xmmu_devmem_rescue_all(&window->move);
	window->move.lose = true;
	xmmu_devmem_rescue_all(&window->move);
	kvfree(window);
}
