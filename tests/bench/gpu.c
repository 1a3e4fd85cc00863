// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the parts cost: a device whose accesses fault, served by the SDK's queue into the SDK's page
 * table. It caches nothing, so nothing is flushed.
 */
#include <linux/io.h>
#include <linux/irq_work.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <asm/msr.h>

#include <xmmu/faultq.h>
#include <xmmu/pt.h>
#include <xmmu/xmmu.h>

#include "bench.h"

#define GPU_VALID BIT(0)
#define GPU_WRITE BIT(1)

struct gpu {
	struct xmmu_mirror mirror;
	struct xmmu_pt pt;
	struct xmmu_faultq queue;
	struct xmmu_range range;
	struct irq_work interrupt;
	unsigned long addr; /* of the first access */
	unsigned int pages; /* side by side, with an access each */
	atomic_t parked;
	wait_queue_head_t resumed;
};

static struct gpu *of_mirror(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct gpu, mirror);
}

static struct xmmu_pt *pt_of(struct xmmu_range *range)
{
	return &of_mirror(xmmu_range_mirror(range))->pt;
}

/* ---- translations */

static u64 gpu_encode(const struct xmmu_leaf *leaf)
{
	return page_to_phys(leaf->page);
}

/* An entry for each page: larger leaves would take less memory. */
static const struct xmmu_pt_format gpu_format = {
	.levels = 4,
	.bits = 9,
	.address = GENMASK_ULL(51, 12),
	.table = GPU_VALID,
	.write = GPU_WRITE,
	.sizes = { { 0, GPU_VALID } },
	.nr_sizes = 1,
	.encode = gpu_encode,
};

static int gpu_prepare(struct xmmu_walk *walk)
{
	return xmmu_pt_prepare(pt_of(xmmu_walk_range(walk)), walk);
}

static void gpu_populate(struct xmmu_walk *walk)
{
	xmmu_pt_populate(pt_of(xmmu_walk_range(walk)), walk);
}

static void gpu_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	xmmu_pt_zap(pt_of(range), start, end, gather);
}

static void gpu_isolate(struct xmmu_mirror *mirror)
{
}

/* It goes with the rest. */
static void gpu_range_free(struct xmmu_range *range)
{
}

static const struct xmmu_ops gpu_ops = {
	.prepare = gpu_prepare,
	.populate = gpu_populate,
	.zap = gpu_zap,
	.isolate = gpu_isolate,
	.range_free = gpu_range_free,
};

/* ---- faults */

static void gpu_answer(struct gpu *gpu, unsigned int count)
{
	if (!atomic_sub_return(count, &gpu->parked))
		wake_up_all(&gpu->resumed);
}

static void gpu_replay(struct xmmu_faultq *queue, const u64 *cookies, unsigned int count)
{
	gpu_answer(container_of(queue, struct gpu, queue), count);
}

/* Found by the access that has no translation then. */
static void gpu_cancel(struct xmmu_faultq *queue, const struct xmmu_fault *fault, int err)
{
	gpu_answer(container_of(queue, struct gpu, queue), 1);
}

static const struct xmmu_faultq_ops gpu_faultq_ops = {
	.replay = gpu_replay,
	.cancel = gpu_cancel,
};

static void gpu_interrupt(struct irq_work *work)
{
	struct gpu *gpu = container_of(work, struct gpu, interrupt);
	struct xmmu_fault fault = { .addr = gpu->addr };
	unsigned int i;

	for (i = 0; i < gpu->pages; i++, fault.addr += PAGE_SIZE)
		if (WARN_ON(!xmmu_faultq_push(&gpu->queue, &fault)))
			gpu_answer(gpu, 1);
}

static unsigned int gpu_translations(struct gpu *gpu, unsigned long start, unsigned long end)
{
	struct xmmu_pt_leaf leaf;
	unsigned int count = 0;

	xmmu_pt_for_each(&gpu->pt, &leaf, start, end)
		count++;
	return count;
}

/* The device accesses each page of a span, of which it has none; cycles until all have resumed. */
static int gpu_access(struct gpu *gpu, unsigned long start, unsigned long end, u64 *cycles)
{
	int err = xmmu_range_zap(&gpu->range, start, end);
	u64 begun;

	if (err)
		return err;
	gpu->addr = start;
	gpu->pages = (end - start) / PAGE_SIZE;
	atomic_set(&gpu->parked, gpu->pages);
	begun = rdtsc_ordered();
	irq_work_queue(&gpu->interrupt);
	wait_event(gpu->resumed, !atomic_read(&gpu->parked));
	*cycles = rdtsc_ordered() - begun;
	return gpu_translations(gpu, start, end) == gpu->pages ? 0 : -EFAULT;
}

/* The last page keeps its translation, so the tables are there for the others. */
static int gpu_faults(struct gpu *gpu, void *arg)
{
	struct bench_faults *request = arg;
	unsigned long start = request->start, end = start + SZ_2M;
	int err = xmmu_populate(&gpu->range, end - PAGE_SIZE, end, 0, NULL, NULL);

	if (!err)
		err = gpu_access(gpu, start, start + PAGE_SIZE, &request->alone);
	if (!err)
		err = gpu_access(gpu, start, start + BENCH_FAULTS * PAGE_SIZE, &request->together);
	return err;
}

/* ---- tables */

static int gpu_tables(struct gpu *gpu, void *arg)
{
	struct bench_tables *request = arg;
	unsigned long start = request->start;
	int err = xmmu_populate(&gpu->range, start, start + SZ_1G, 0, NULL, NULL);

	request->bytes = xmmu_pt_bytes(&gpu->pt);
	if (!err)
		err = xmmu_populate(&gpu->range, start + SZ_1G, start + 2UL * SZ_1G, 0, NULL, NULL);
	request->bytes = xmmu_pt_bytes(&gpu->pt) - request->bytes;
	if (err)
		return err;
	return gpu_translations(gpu, start, start + 2UL * SZ_1G) == 2 * BENCH_TABLE_PAGES ? 0 :
											    -EFAULT;
}

/* ---- a device for one measurement */

static int gpu_run(struct gpu *gpu, u64 start, u64 size, int (*run)(struct gpu *gpu, void *arg),
		   void *arg)
{
	const struct xmmu_config config = { .ops = &gpu_ops, .policy = XMMU_REFUSE };
	int err = xmmu_mirror_attach(&gpu->mirror, &config);

	if (err)
		return err;
	err = xmmu_range_insert(&gpu->mirror, &gpu->range, start, start + size);
	if (!err) {
		err = run(gpu, arg);
		xmmu_range_put(&gpu->range);
	}
	xmmu_mirror_detach(&gpu->mirror);
	return err;
}

static int gpu_measure(u64 start, u64 size, int (*run)(struct gpu *gpu, void *arg), void *arg)
{
	const struct xmmu_faultq_config faults = { .ops = &gpu_faultq_ops };
	struct gpu *gpu = kzalloc(sizeof(*gpu), GFP_KERNEL);
	int err;

	if (!gpu)
		return -ENOMEM;
	init_irq_work(&gpu->interrupt, gpu_interrupt);
	init_waitqueue_head(&gpu->resumed);
	err = xmmu_pt_init(&gpu->pt, &gpu_format, NULL);
	if (err)
		goto free;
	err = xmmu_faultq_init(&gpu->queue, &gpu->mirror, &faults);
	if (err)
		goto destroy;
	err = gpu_run(gpu, start, size, run, arg);
	xmmu_faultq_exit(&gpu->queue);
destroy:
	xmmu_pt_destroy(&gpu->pt);
free:
	kfree(gpu);
	return err;
}

int gpu_measure_faults(struct bench_faults *request)
{
	return gpu_measure(request->start, SZ_2M, gpu_faults, request);
}

int gpu_measure_tables(struct bench_tables *request)
{
	return gpu_measure(request->start, 2UL * SZ_1G, gpu_tables, request);
}
