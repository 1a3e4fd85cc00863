// SPDX-License-Identifier: GPL-2.0-only
/*
 * The address space of a process as the device sees it: a mirror, a page table that the device
 * walks, and the faults that it reports where it finds nothing.
 *
 * The program says nothing about its memory beforehand. Where the device faults for the first time a
 * range is made, as large as the mapping allows; what the program unmaps is cut off again.
 */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "gpu.h"

/* Sizes of ranges; a page is the least. */
#define GPU_CHUNKS (SZ_512M | SZ_2M | SZ_64K)
/* What the device gets around a fault, if it is there. */
#define GPU_PREFETCH SZ_64K

static unsigned int watchdog_ms;
module_param(watchdog_ms, uint, 0444);
MODULE_PARM_DESC(watchdog_ms,
		 "How long an invalidation waits, then it cuts the device off; 0: 10 s");

static bool aging = true;
module_param(aging, bool, 0644);
MODULE_PARM_DESC(aging, "Whether the device says which pages it has used; yes");

static_assert(PAGE_SHIFT == SOFTDEV_PAGE_SHIFT);

static u64 gpu_encode(const struct xmmu_leaf *leaf)
{
	if (leaf->perm & XMMU_PERM_DEVICE)
		return gpu_memory_entry(leaf->page);
	return page_to_phys(leaf->page);
}

static const struct xmmu_pt_format gpu_format = {
	.levels = SOFTDEV_LEVELS,
	.bits = SOFTDEV_INDEX_BITS,
	.address = SOFTDEV_ADDRESS,
	.table = SOFTDEV_VALID,
	.write = SOFTDEV_WRITE,
	.accessed = SOFTDEV_ACCESSED,
	.dirty = SOFTDEV_DIRTY,
	.sizes = {
		{ 0, SOFTDEV_VALID },
		{ SOFTDEV_CONT_SHIFT - SOFTDEV_PAGE_SHIFT, SOFTDEV_VALID | SOFTDEV_CONT },
		{ SOFTDEV_LARGE_SHIFT - SOFTDEV_PAGE_SHIFT, SOFTDEV_VALID | SOFTDEV_LARGE },
	},
	.nr_sizes = 3,
	.encode = gpu_encode,
};

static struct gpu_space *to_space(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct gpu_space, mirror);
}

static struct gpu_space *faulting(struct xmmu_faultq *faults)
{
	return container_of(faults, struct gpu_space, faults);
}

/* ---- the mirror */

static int gpu_prepare(struct xmmu_walk *walk)
{
	return xmmu_pt_prepare(&to_space(xmmu_range_mirror(xmmu_walk_range(walk)))->pt, walk);
}

static void gpu_populate(struct xmmu_walk *walk)
{
	xmmu_pt_populate(&to_space(xmmu_range_mirror(xmmu_walk_range(walk)))->pt, walk);
}

static void gpu_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	xmmu_pt_zap(&to_space(xmmu_range_mirror(range))->pt, start, end, gather);
}

static void gpu_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	softdev_flush(to_space(mirror)->space, gather->start, gather->end, gather->ticket);
}

static bool gpu_translated(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_pt_leaf leaf;

	return xmmu_pt_next(&to_space(xmmu_range_mirror(range))->pt, start, end, &leaf);
}

/* Whoever asks for the last time wants the device to say so at its next use. */
static bool gpu_young(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		      enum xmmu_aging how)
{
	struct gpu_space *space = to_space(mirror);
	u64 clear = how == XMMU_AGING_TEST ? 0 : SOFTDEV_ACCESSED;
	bool young;

	if (!READ_ONCE(aging))
		return false;
	young = xmmu_pt_age(&space->pt, start, end, clear) & SOFTDEV_ACCESSED;
	if (young && how == XMMU_AGING_CLEAR_FLUSH)
		softdev_forget(space->space, start, end);
	return young;
}

static void gpu_isolate(struct xmmu_mirror *mirror)
{
	softdev_space_isolate(to_space(mirror)->space);
}

static struct xmmu_range *gpu_range_alloc(struct xmmu_range *range)
{
	return kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
}

static void gpu_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static const struct xmmu_ops gpu_ops = {
	.prepare = gpu_prepare,
	.populate = gpu_populate,
	.zap = gpu_zap,
	.flush = gpu_flush,
	.translated = gpu_translated,
	.young = gpu_young,
	.isolate = gpu_isolate,
	.range_alloc = gpu_range_alloc,
	.range_free = gpu_range_free,
};

/* ---- faults */

static struct xmmu_range *gpu_make_range(struct gpu_space *space, unsigned long addr)
{
	struct xmmu_range *range, *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL_ACCOUNT);

	if (!fresh)
		return ERR_PTR(-ENOMEM);
	range = xmmu_range_find_or_insert(&space->mirror, fresh, addr, GPU_CHUNKS);
	if (range != fresh)
		kfree(fresh);
	return range;
}

/* The range at an address, with a reference; it is made if there is none. */
struct xmmu_range *gpu_space_range(struct gpu_space *space, unsigned long addr)
{
	return xmmu_range_find(&space->mirror, addr) ?: gpu_make_range(space, addr);
}

/* See that there are ranges. */
static int gpu_cover(struct gpu_space *space, unsigned long addr, unsigned long end)
{
	struct xmmu_range *range;

	while (addr < end) {
		range = gpu_space_range(space, addr);
		if (IS_ERR(range))
			return PTR_ERR(range);
		/* It may have been cut since it was found: then there is another one to look for. */
		addr = max(addr, xmmu_range_end(range));
		xmmu_range_put(range);
	}
	return 0;
}

/* Have the device reach these pages; -EAGAIN if mappings have changed meanwhile. */
int gpu_space_bring(struct gpu_space *space, unsigned long start, unsigned long end,
		    unsigned int access)
{
	int ret = gpu_cover(space, start, end);

	if (!ret) {
		gpu_advice_follow(space, start, end);
		ret = xmmu_faultq_populate(&space->faults, start, end, access);
	}
	/* What was unmapped is cut off late, perhaps when there is other memory in its place. */
	return ret == -ENOENT ? -EAGAIN : ret;
}

static int gpu_serve(struct xmmu_faultq *faults, unsigned long start, unsigned long end,
		     unsigned int access)
{
	return gpu_space_bring(faulting(faults), start, end, access);
}

static void gpu_replay(struct xmmu_faultq *faults, const u64 *cookies, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		softdev_fault_reply(faulting(faults)->gpu->dev, cookies[i], 0);
}

static void gpu_cancel(struct xmmu_faultq *faults, const struct xmmu_fault *fault, int err)
{
	softdev_fault_reply(faulting(faults)->gpu->dev, fault->cookie, err);
}

/*
 * A queue has room for what an address space can have parked, and yet it may be full: of commands
 * that have failed, with faults that hang. Then the device keeps the faults of this address space,
 * and of no other. Under fault_lock, and so before gpu_room() for what was refused.
 */
static void gpu_take_fault(struct gpu_device *gpu, const struct softdev_fault *from)
{
	struct gpu_space *space = from->context;
	const struct xmmu_fault fault = {
		.addr = from->addr,
		.access = from->write ? XMMU_WRITE : 0,
		.cookie = from->cookie,
	};

	if (xmmu_faultq_push(&space->faults, &fault))
		softdev_fault_take(gpu->dev, from->cookie);
	else
		softdev_fault_hold(space->space, true);
}

/* Of an address space that is destroyed nobody reads a fault any more, see gpu_space_end(). */
static void gpu_read_faults(struct gpu_device *gpu)
{
	struct softdev_fault fault;

	while (softdev_fault_read(gpu->dev, &fault))
		gpu_take_fault(gpu, &fault);
}

/* What was held back can be read now. */
static void gpu_room(struct xmmu_faultq *faults)
{
	struct gpu_space *space = faulting(faults);

	spin_lock(&space->gpu->fault_lock);
	softdev_fault_hold(space->space, false);
	gpu_read_faults(space->gpu);
	spin_unlock(&space->gpu->fault_lock);
}

static const struct xmmu_faultq_ops gpu_faultq_ops = {
	.serve = gpu_serve,
	.replay = gpu_replay,
	.cancel = gpu_cancel,
	.room = gpu_room,
};

/* ---- what the device calls */

static void gpu_flush_done(void *context, u64 cookie)
{
	struct gpu_space *space = context;

	xmmu_flush_done(&space->mirror, cookie);
}

static void gpu_fault_irq(void *driver)
{
	struct gpu_device *gpu = driver;

	spin_lock(&gpu->fault_lock);
	gpu_read_faults(gpu);
	spin_unlock(&gpu->fault_lock);
}

const struct softdev_ops gpu_softdev_ops = {
	.flush_done = gpu_flush_done,
	.fault_irq = gpu_fault_irq,
	.command_done = gpu_job_done,
};

/* ---- from open to close */

static int gpu_attach(struct gpu_space *space)
{
	const struct xmmu_config config = {
		.ops = &gpu_ops,
		.policy = XMMU_TRYLOCK,
		.owner = space,
		.devmem_owner = space->gpu,
		.watchdog_ms = watchdog_ms,
	};
	const struct xmmu_faultq_config faults = {
		.ops = &gpu_faultq_ops,
		.prefetch = GPU_PREFETCH,
	};
	int ret;

	ret = xmmu_faultq_init(&space->faults, &space->mirror, &faults);
	if (ret)
		return ret;
	ret = xmmu_mirror_attach(&space->mirror, &config);
	if (ret)
		xmmu_faultq_exit(&space->faults);
	return ret;
}

/* The device checks what the driver does, for which it hears of the address space by itself. */
static int gpu_connect(struct gpu_space *space)
{
	struct softdev *dev = space->gpu->dev;
	int ret;

	space->space =
		softdev_space_create(dev, xmmu_pt_root(&space->pt), space, current->mm, space);
	if (IS_ERR(space->space))
		return PTR_ERR(space->space);
	space->queue = softdev_queue_create(space->space, space);
	ret = PTR_ERR_OR_ZERO(space->queue);
	if (!ret) {
		ret = gpu_attach(space);
		if (!ret)
			return 0;
		softdev_queue_destroy(space->queue);
	}
	softdev_space_destroy(space->space);
	return ret;
}

static int gpu_space_begin(struct gpu_space *space)
{
	int ret = xmmu_pt_init(&space->pt, &gpu_format, NULL);

	if (ret)
		return ret;
	ret = gpu_connect(space);
	if (ret)
		xmmu_pt_destroy(&space->pt);
	return ret;
}

static void gpu_space_end(struct gpu_space *space)
{
	softdev_queue_destroy(space->queue);
	/* Whoever has read a fault of this space by now has pushed it. */
	spin_lock(&space->gpu->fault_lock);
	spin_unlock(&space->gpu->fault_lock);
	gpu_memory_leave(space);
	xmmu_mirror_detach(&space->mirror);
	xmmu_faultq_exit(&space->faults);
	softdev_space_destroy(space->space);
	xmmu_pt_destroy(&space->pt);
}

/*
 * Attach to the caller's address space, unless it is attached; -EXDEV to another one, in which the
 * caller's addresses mean nothing. At the first command and not in open, which runs under a lock
 * that all misc devices share: attaching waits for mmap_lock, and its holder may wait for as long as
 * it likes.
 */
int gpu_space_attach(struct gpu_space *space)
{
	int ret = 0;

	if (mutex_lock_killable(&space->attaching))
		return -EINTR;
	if (!space->attached) {
		ret = gpu_space_begin(space);
		space->attached = !ret;
	}
	mutex_unlock(&space->attaching);
	if (ret)
		return ret;
	return xmmu_mirror_is_current(&space->mirror) ? 0 : -EXDEV;
}

struct gpu_space *gpu_space_create(struct gpu_device *gpu)
{
	struct gpu_space *space = kvzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);

	if (!space)
		return NULL;
	space->gpu = gpu;
	mutex_init(&space->attaching);
	spin_lock_init(&space->lock);
	init_waitqueue_head(&space->wait);
	INIT_LIST_HEAD(&space->done);
	xmmu_attr_init(&space->advice);
	return space;
}

void gpu_space_destroy(struct gpu_space *space)
{
	if (space->attached)
		gpu_space_end(space);
	gpu_job_forget(space);
	xmmu_attr_destroy(&space->advice);
	kvfree(space);
}

void gpu_space_stats(struct gpu_space *space, struct xmmu_gpu_stats *stats)
{
	struct xmmu_devmem_stats memory = {};
	struct xmmu_faultq_stats faults;
	struct softdev_stats device;
	struct xmmu_stats mirror;

	softdev_stats(space->gpu->dev, &device);
	if (space->gpu->has_memory)
		xmmu_devmem_read_stats(&space->gpu->memory, &memory);
	xmmu_faultq_read_stats(&space->faults, &faults);
	xmmu_mirror_stats(&space->mirror, &mirror);
	*stats = (struct xmmu_gpu_stats){
		.accesses = device.accesses,
		.tlb_hits = device.tlb_hits,
		.tlb_misses = device.tlb_misses,
		.stale = device.stale,
		.memory_used = memory.used,
		.to_device = memory.to_device,
		.to_ram = memory.to_ram,
		.faults = faults.pushed,
		.replayed = faults.replayed,
		.cancelled = faults.cancelled,
		.flushes = mirror.flushes,
		.table_bytes = xmmu_pt_bytes(&space->pt),
		.prefetched = atomic64_read(&space->prefetched),
	};
}
