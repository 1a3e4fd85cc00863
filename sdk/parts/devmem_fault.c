// SPDX-License-Identifier: GPL-2.0-only
/* A processor touches a page in device memory that it can not reach. Under mmap_lock. */
#include <linux/delay.h>
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "devmem.h"

/* How often a fault tries again by itself while others have the page. */
#define XMMU_FAULT_TRIES 16

/* What moves with a page, aligned: who touches one page touches those around it soon. */
#define XMMU_FAULT_SPAN  SZ_64K
#define XMMU_FAULT_PAGES (XMMU_FAULT_SPAN / PAGE_SIZE)

/*
 * A page moves only while nobody else has a reference, and each fault comes with one. If each of
 * several threads tried, none would succeed. The first one moves the page. The others drop their
 * references and wait. Newer kernels let only one thread come here.
 *
 * The kernel drops the reference to what is in the fault when it is back from here. So it is given
 * another page there, which the memory waits for as it does for its own: nobody is in this code, nor
 * on the way out of it, when the memory is gone and the module with it.
 */
static bool xmmu_devmem_fault_begin(struct xmmu_devmem *mem, unsigned long index,
				    struct vm_fault *vmf)
{
	if (!test_and_set_bit_lock(index, mem->faulted))
		return true;
	get_page(mem->stand_in);
	put_page(vmf->page);
	vmf->page = mem->stand_in;
	wait_event_killable(mem->wait, !test_bit(index, mem->faulted));
	return false;
}

static void xmmu_devmem_fault_end(struct xmmu_devmem *mem, unsigned long index)
{
	clear_bit_unlock(index, mem->faulted);
	smp_mb__after_atomic();
	wake_up_all(&mem->wait);
}

static int xmmu_devmem_fault_once(struct xmmu_move *move, struct vm_fault *vmf, unsigned long size,
				  unsigned long *moved)
{
	unsigned long start = ALIGN_DOWN(vmf->address, size);
	struct migrate_vma args = {
		.vma = vmf->vma,
		.start = max(start, vmf->vma->vm_start),
		.end = min(start + size, vmf->vma->vm_end),
		.pgmap_owner = move->mem->config.owner,
		.flags = xmmu_move_flags(move),
		.fault_page = vmf->page,
	};

	return xmmu_move_vma(move, &args, moved);
}

static bool xmmu_devmem_fault_is_served(const struct vm_fault *vmf)
{
	return !folio_mapped(page_folio(vmf->page));
}

/*
 * Another fault may just be putting the page back that it has found near its own. Whoever does that
 * must get on, whatever the priorities: hence the sleep.
 */
static int xmmu_devmem_fault_move(struct xmmu_move *move, struct vm_fault *vmf, unsigned long size,
				  unsigned long *moved)
{
	unsigned int tries;
	int err = 0;

	for (tries = 0; tries < XMMU_FAULT_TRIES && !err && !*moved; tries++) {
		err = xmmu_devmem_fault_once(move, vmf, size, moved);
		if (xmmu_devmem_fault_is_served(vmf))
			break;
		usleep_range(20, 200);
	}
	return err;
}

/*
 * With what is around it, if there is memory at hand. It may fail for any of the pages, so no error
 * counts. Not from a large folio: while one is locked for its fault, the kernel must not meet
 * another one, which it would lock to split it.
 */
static void xmmu_devmem_fault_around(struct xmmu_move *move, struct vm_fault *vmf,
				     unsigned long *moved)
{
	if (PageCompound(vmf->page))
		return;
	move->gfp |= __GFP_NORETRY | __GFP_NOWARN;
	(void)xmmu_devmem_fault_once(move, vmf, XMMU_FAULT_SPAN, moved);
	move->gfp = GFP_HIGHUSER_MOVABLE;
}

static vm_fault_t xmmu_fault_code(int err)
{
	if (!err)
		return 0;
	return err == -ENOMEM ? VM_FAULT_OOM : VM_FAULT_SIGBUS;
}

static int xmmu_devmem_fault_small(struct xmmu_devmem *mem, struct vm_fault *vmf,
				   unsigned long *moved)
{
	unsigned long src[XMMU_FAULT_PAGES], dst[XMMU_FAULT_PAGES], around = 0;
	struct xmmu_devmem_copy copies[XMMU_FAULT_PAGES];
	struct xmmu_move move = {
		.mem = mem,
		.src = src,
		.dst = dst,
		.copies = copies,
		.gfp = GFP_HIGHUSER_MOVABLE,
	};
	int err = 0;

	xmmu_devmem_fault_around(&move, vmf, &around);
	if (!xmmu_devmem_fault_is_served(vmf))
		err = xmmu_devmem_fault_move(&move, vmf, PAGE_SIZE, moved);
	*moved += around;
	return err;
}

static int xmmu_devmem_fault_large(struct xmmu_devmem *mem, struct vm_fault *vmf,
				   unsigned long *moved)
{
	struct xmmu_window *window = xmmu_window_alloc(mem, false, GFP_KERNEL);
	int err;

	if (!window)
		return -ENOMEM;
	window->move.large = true;
	err = xmmu_devmem_fault_move(&window->move, vmf, XMMU_WINDOW, moved);
	kvfree(window);
	return err;
}

/* If the page has not moved, it is gone, or somebody else has it: the thread will fault again. */
vm_fault_t xmmu_devmem_fault(struct vm_fault *vmf)
{
	struct xmmu_devmem *mem = xmmu_devmem_of(vmf->page);
	unsigned long index = page_to_pfn(vmf->page) - mem->first, moved = 0;
	int err = 0;

	if (xmmu_devmem_fault_begin(mem, index, vmf)) {
		if (xmmu_compat_fault_is_large(vmf))
			err = xmmu_devmem_fault_large(mem, vmf, &moved);
		else
			err = xmmu_devmem_fault_small(mem, vmf, &moved);
		atomic64_add(moved, &mem->faults);
		if (moved)
			atomic64_add(moved - 1, &mem->around);
		xmmu_devmem_fault_end(mem, index);
	}
	return xmmu_fault_code(err);
}
