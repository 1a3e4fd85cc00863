// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs say of their memory: where it should be, and what the device will need soon.
 *
 * Where memory should be is kept by address and looked at when the device faults, so it may be said
 * before there is any. It is advice: what can not move is used where it is.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>

#include "gpu.h"

static int gpu_move(struct gpu_space *space, unsigned long start, unsigned long end,
		    unsigned long advice)
{
	unsigned long moved;

	switch (advice) {
	case XMMU_GPU_IN_DEVICE:
		return gpu_memory_to_device(space, start, end, &moved);
	case XMMU_GPU_IN_RAM:
		return gpu_memory_to_ram(space, start, end, &moved);
	default:
		return 0;
	}
}

/* Move what should be elsewhere. Whoever brings the pages in finds out what is wrong with them. */
void gpu_advice_follow(struct gpu_space *space, unsigned long start, unsigned long end)
{
	unsigned long advice, stop;

	for (; start < end; start = stop) {
		advice = xmmu_attr_get(&space->advice, start, &stop);
		stop = min(stop, end);
		if (gpu_move(space, start, stop, advice))
			pr_debug("%s: %#lx to %#lx could not all move\n", space->gpu->name, start,
				 stop);
	}
}

int gpu_advise(struct gpu_space *space, const struct xmmu_gpu_advise *advise)
{
	unsigned long start = advise->addr, end = start + advise->len;

	if (advise->pad || advise->advice > XMMU_GPU_IN_RAM || end > current->mm->task_size)
		return -EINVAL;
	if (advise->advice == XMMU_GPU_IN_DEVICE && !space->gpu->has_memory)
		return -EOPNOTSUPP;
	return xmmu_attr_set(&space->advice, start, end, advise->advice);
}

/* -EAGAIN: the mappings have changed meanwhile. */
static int gpu_prefetch_window(struct gpu_space *space, unsigned long start, unsigned long end,
			       unsigned int access)
{
	int ret;

	do {
		ret = gpu_space_bring(space, start, end, access);
		cond_resched();
	} while (ret == -EAGAIN && !fatal_signal_pending(current));
	return fatal_signal_pending(current) ? -EINTR : ret;
}

int gpu_prefetch(struct gpu_space *space, const struct xmmu_gpu_prefetch *prefetch)
{
	unsigned int access = prefetch->flags & XMMU_GPU_WRITE ? XMMU_WRITE : 0;
	unsigned long start = prefetch->addr, end = start + prefetch->len, stop;
	int ret = 0;

	if (prefetch->pad || prefetch->flags & ~XMMU_GPU_WRITE || start >= end ||
	    !PAGE_ALIGNED(start | end))
		return -EINVAL;
	for (; start < end && !ret; start = stop) {
		stop = start + min(end - start, XMMU_WINDOW - start % XMMU_WINDOW);
		ret = gpu_prefetch_window(space, start, stop, access);
		if (!ret)
			atomic64_add((stop - start) >> PAGE_SHIFT, &space->prefetched);
	}
	return ret;
}
