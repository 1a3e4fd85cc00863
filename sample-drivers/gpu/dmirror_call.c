// SPDX-License-Identifier: GPL-2.0-only
/* Nodes for the kernel's own tests: what the calls do. */
#include <linux/migrate.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include <xmmu/exclusive.h>

#include "dmirror.h"

/* How many pages a device without memory tries to move at a time. */
#define DMIRROR_TRY_PAGES 64

/* A range may be cut while it is used, because the program unmaps a part: then look for another. */
static bool dmirror_is_cut(struct dmirror *mirror, int error)
{
	return (error == -ESRCH || error == -EINVAL) && xmmu_mirror_alive(&mirror->space->mirror);
}

/* For each piece of a span that lies in one range and one window. */
int dmirror_each(struct dmirror *mirror, unsigned long start, unsigned long end,
		 dmirror_piece *piece)
{
	struct xmmu_range *range;
	unsigned long stop;
	int ret;

	while (start < end) {
		if (fatal_signal_pending(current))
			return -EINTR;
		range = gpu_space_range(mirror->space, start);
		if (IS_ERR(range))
			return PTR_ERR(range);
		stop = min3(end, xmmu_range_end(range), (start | (XMMU_WINDOW - 1)) + 1);
		ret = piece(mirror, range, start, stop);
		xmmu_range_put(range);
		if (!ret)
			start = stop;
		else if (!dmirror_is_cut(mirror, ret))
			return ret;
	}
	return 0;
}

static int dmirror_load(struct dmirror *mirror, struct xmmu_range *range, unsigned long start,
			unsigned long end)
{
	return xmmu_populate(range, start, end, 0, NULL, NULL);
}

static int dmirror_load_for_write(struct dmirror *mirror, struct xmmu_range *range,
				  unsigned long start, unsigned long end)
{
	return xmmu_populate(range, start, end, XMMU_WRITE, NULL, NULL);
}

static int dmirror_load_present(struct dmirror *mirror, struct xmmu_range *range,
				unsigned long start, unsigned long end)
{
	return xmmu_populate(range, start, end, XMMU_SNAPSHOT, NULL, NULL);
}

static int dmirror_load_exclusive(struct dmirror *mirror, struct xmmu_range *range,
				  unsigned long start, unsigned long end)
{
	return xmmu_exclusive(range, start, end, NULL, NULL);
}

static unsigned long dmirror_end(const struct dmirror_call *call)
{
	return call->addr + (call->npages << PAGE_SHIFT);
}

/*
 * See that the device has translations, and say whether it had them. If it loses one before it has
 * used it, it faults, and gets another as for any work.
 */
static int dmirror_translate(struct dmirror *mirror, u64 addr, u64 npages, bool write, u64 *faults)
{
	unsigned long start = addr & PAGE_MASK, end = PAGE_ALIGN(addr + (npages << PAGE_SHIFT));

	if (dmirror_has(mirror, start, end, write ? SOFTDEV_WRITE : 0))
		return 0;
	++*faults;
	return dmirror_each(mirror, start, end, write ? dmirror_load_for_write : dmirror_load);
}

/* The device copies, and the caller waits. */
static int dmirror_copy(struct dmirror *mirror, u64 dst, u64 src, u64 npages)
{
	const struct xmmu_gpu_submit submit = {
		.op = XMMU_GPU_COPY,
		.dst = dst,
		.src = src,
		.count = npages * (PAGE_SIZE / sizeof(u64)),
	};
	struct gpu_space *space = mirror->space;
	struct gpu_job *job;
	int ret = gpu_job_submit(space, &submit);

	if (ret)
		return ret;
	if (wait_event_killable(space->wait, (job = gpu_job_take(space))))
		return -EINTR;
	return gpu_job_end(space, job);
}

static int dmirror_read(struct dmirror *mirror, struct dmirror_call *call)
{
	u64 others = 0;
	int ret = dmirror_translate(mirror, call->addr, call->npages, false, &call->faults);

	if (!ret)
		ret = dmirror_translate(mirror, call->ptr, call->npages, true, &others);
	if (!ret)
		ret = dmirror_copy(mirror, call->ptr, call->addr, call->npages);
	call->cpages = call->npages;
	return ret;
}

static int dmirror_write(struct dmirror *mirror, struct dmirror_call *call)
{
	u64 others = 0;
	int ret = dmirror_translate(mirror, call->addr, call->npages, true, &call->faults);

	if (!ret)
		ret = dmirror_translate(mirror, call->ptr, call->npages, false, &others);
	if (!ret)
		ret = dmirror_copy(mirror, call->addr, call->ptr, call->npages);
	call->cpages = call->npages;
	return ret;
}

/* ---- device memory */

typedef int dmirror_mover(struct gpu_space *space, unsigned long start, unsigned long end,
			  unsigned long *moved);

static int dmirror_move(struct dmirror *mirror, struct dmirror_call *call, dmirror_mover *move)
{
	unsigned long start = call->addr, end = dmirror_end(call), moved;
	unsigned long step = mirror->small ? PAGE_SIZE : end - start;
	int ret = 0;

	mirror->small = false;
	for (; start < end && !ret; start += step) {
		ret = move(mirror->space, start, start + step, &moved);
		call->cpages += moved;
	}
	return ret;
}

/* The kernel takes pages out of the page tables, and puts them back since nobody has others. */
static int dmirror_try(struct dmirror *mirror, struct vm_area_struct *vma, unsigned long start,
		       unsigned long end)
{
	unsigned long src[DMIRROR_TRY_PAGES], dst[DMIRROR_TRY_PAGES] = { 0 };
	struct migrate_vma args = {
		.vma = vma,
		.start = start,
		.end = end,
		.src = src,
		.dst = dst,
		.flags = MIGRATE_VMA_SELECT_SYSTEM,
		.pgmap_owner = mirror->space,
	};

	if (!vma || !(vma->vm_flags & VM_READ) || migrate_vma_setup(&args))
		return -EINVAL;
	migrate_vma_pages(&args);
	migrate_vma_finalize(&args);
	return 0;
}

/*
 * A device without memory tries as well. Then all others have to look anew where the pages are. It
 * has itself what it had: the event is its own.
 */
static int dmirror_to_nowhere(struct dmirror *mirror, struct dmirror_call *call)
{
	unsigned long start, stop, end = dmirror_end(call);
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	int ret = 0;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	for (start = call->addr; start < end && !ret; start = stop) {
		vma = vma_lookup(mm, start);
		stop = min(end, start + DMIRROR_TRY_PAGES * PAGE_SIZE);
		if (vma)
			stop = min(stop, vma->vm_end);
		ret = dmirror_try(mirror, vma, start, stop);
	}
	mmap_read_unlock(mm);
	if (ret)
		return ret;
	return dmirror_has(mirror, call->addr, end, 0) ? dmirror_read(mirror, call) : -ENOENT;
}

/* What has not moved the device does not see, even if it could reach it. */
static int dmirror_to_device(struct dmirror *mirror, struct dmirror_call *call)
{
	unsigned long end = dmirror_end(call);
	int ret;

	if (!mirror->space->gpu->has_memory)
		return dmirror_to_nowhere(mirror, call);
	ret = dmirror_move(mirror, call, gpu_memory_to_device);
	if (ret == -EFAULT || ret == -EOPNOTSUPP)
		return -EINVAL;
	if (!ret || ret == -ENOSPC)
		ret = dmirror_each(mirror, call->addr, end, dmirror_load_present);
	if (ret)
		return ret;
	if (!dmirror_has(mirror, call->addr, end, SOFTDEV_DEVMEM))
		return -ENOENT;
	return dmirror_read(mirror, call);
}

static int dmirror_empty(struct dmirror *mirror)
{
	struct gpu_device *gpu = mirror->space->gpu;

	if (gpu->has_memory)
		xmmu_devmem_evict(&gpu->memory, ULONG_MAX);
	return 0;
}

static int dmirror_flags(struct dmirror *mirror, const struct dmirror_call *call)
{
	if (call->npages & ~DMIRROR_FLAG_FAIL_ALLOC)
		return -EINVAL;
	mirror->small = true;
	return 0;
}

static int dmirror_exclusive(struct dmirror *mirror, struct dmirror_call *call)
{
	int ret = dmirror_each(mirror, call->addr, dmirror_end(call), dmirror_load_exclusive);

	return ret ?: dmirror_read(mirror, call);
}

int dmirror_do(struct dmirror *mirror, unsigned int command, struct dmirror_call *call)
{
	switch (command) {
	case DMIRROR_READ:
	case DMIRROR_READ_UNLOCKED: /* the SDK serves userfaultfd memory either way */
		return dmirror_read(mirror, call);
	case DMIRROR_WRITE:
		return dmirror_write(mirror, call);
	case DMIRROR_TO_DEVICE:
		return dmirror_to_device(mirror, call);
	case DMIRROR_TO_RAM:
		return dmirror_move(mirror, call, gpu_memory_to_ram);
	case DMIRROR_SNAPSHOT:
		return dmirror_snapshot(mirror, call);
	case DMIRROR_EXCLUSIVE:
		return dmirror_exclusive(mirror, call);
	case DMIRROR_CHECK_EXCLUSIVE:
		return dmirror_check_exclusive(mirror, call);
	case DMIRROR_RELEASE:
		return dmirror_empty(mirror);
	case DMIRROR_FLAGS:
		return dmirror_flags(mirror, call);
	default:
		return -EINVAL;
	}
}
