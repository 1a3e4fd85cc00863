// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs: cut into transfers, each with a look-up of its own for the page that it needs.
 *
 * No page is kept from one transfer to the next, nor pinned during one. While a transfer works on a
 * page, the SDK makes every invalidation of it wait.
 */
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "edu.h"

/* Without progress, and for the whole job, whose transfers take 100 ms each. */
#define EDU_STALL_MS 5000
#define EDU_TOTAL_MS 600000

static unsigned int edu_walk_flags(const struct edu_job *job)
{
	return job->direction == XMMU_EDU_FROM_DEVICE ? XMMU_WRITE : 0;
}

static void edu_count(struct edu_job *job, const struct edu_transfer *transfer)
{
	struct edu_device *edu = job->ctx->edu;

	job->done += transfer->len;
	atomic64_inc(&edu->transfers[job->path]);
	atomic64_add(transfer->len, &edu->bytes[transfer->direction]);
}

/* The path that a mapping really takes: only a bounce buffer has another address than the page. */
static enum xmmu_edu_path edu_path_taken(struct edu_device *edu, struct xmmu_walk *walk,
					 unsigned long addr, dma_addr_t dma)
{
	struct xmmu_leaf leaf;

	if (edu->path != XMMU_EDU_BOUNCE || !xmmu_walk_leaf(walk, &leaf, addr & PAGE_MASK))
		return edu->path;
	return dma == page_to_phys(leaf.page) + offset_in_page(addr) ? XMMU_EDU_DIRECT :
								       XMMU_EDU_BOUNCE;
}

/* Map the bytes and set the device to work on them. In an open window. */
static int edu_begin(struct edu_job *job, struct xmmu_walk *walk, unsigned long addr,
		     struct edu_transfer *transfer)
{
	struct edu_device *edu = job->ctx->edu;
	struct xmmu_xfer *xfer = &edu->xfer_storage;
	int ret;

	ret = xmmu_xfer_begin(walk, xfer, addr, transfer->len,
			      job->direction == XMMU_EDU_FROM_DEVICE ? DMA_FROM_DEVICE :
								       DMA_TO_DEVICE);
	if (ret)
		return ret;
	transfer->dma = xfer->dma;
	ret = edu_engine_start(edu, transfer, xfer);
	if (ret) {
		xmmu_xfer_end(xfer);
		return ret;
	}
	job->path = edu_path_taken(edu, walk, addr, xfer->dma);
	return 0;
}

/* Between the device and the process's page. */
static int edu_move_mapped(struct edu_job *job, unsigned long addr, struct edu_transfer *transfer,
			   struct xmmu_budget *budget)
{
	unsigned long start = addr & PAGE_MASK;
	struct xmmu_walk walk;
	bool started = false;
	int ret = 0, err;

	xmmu_walk_init(&walk, job->range, start, start + PAGE_SIZE, edu_walk_flags(job), budget);
	if (xmmu_walk_next(&walk)) {
		ret = edu_begin(job, &walk, addr, transfer);
		if (!ret) {
			started = true;
			xmmu_walk_commit(&walk);
		}
	}
	err = xmmu_walk_end(&walk);
	if (started)
		return edu_engine_wait(job->ctx->edu, &job->ctx->mirror);
	return ret ?: err;
}

static void edu_copy_page(struct edu_job *job, struct page *page, unsigned int offset,
			  unsigned int len)
{
	void *own = job->ctx->edu->page;

	if (job->direction == XMMU_EDU_FROM_DEVICE)
		memcpy_to_page(page, offset, own, len);
	else
		memcpy_from_page(own, page, offset, len);
}

/* Between the driver's own page and the process's, by the CPU. */
static int edu_copy(struct edu_job *job, unsigned long addr, unsigned int len,
		    struct xmmu_budget *budget)
{
	unsigned long start = addr & PAGE_MASK;
	struct xmmu_leaf leaf;
	struct xmmu_walk walk;

	xmmu_walk_init(&walk, job->range, start, start + PAGE_SIZE, edu_walk_flags(job), budget);
	while (xmmu_walk_next(&walk)) {
		xmmu_walk_for_each(&walk, &leaf)
			edu_copy_page(job, leaf.page, offset_in_page(addr), len);
		xmmu_walk_commit(&walk);
	}
	return xmmu_walk_end(&walk);
}

/* Between the device and the driver's own page. */
static int edu_move_own(struct edu_job *job, struct edu_transfer *transfer)
{
	struct edu_device *edu = job->ctx->edu;
	int ret;

	transfer->dma = edu->page_dma;
	ret = edu_engine_start(edu, transfer, NULL);
	if (ret)
		return ret;
	job->path = XMMU_EDU_COHERENT;
	return edu_engine_wait(edu, &job->ctx->mirror);
}

static int edu_move_copied(struct edu_job *job, unsigned long addr, struct edu_transfer *transfer,
			   struct xmmu_budget *budget)
{
	if (job->direction == XMMU_EDU_FROM_DEVICE)
		return edu_move_own(job, transfer) ?: edu_copy(job, addr, transfer->len, budget);
	return edu_copy(job, addr, transfer->len, budget) ?: edu_move_own(job, transfer);
}

/* A transfer ends at the end of a page and at the end of the device's buffer. */
static int edu_job_step(struct edu_job *job, struct xmmu_budget *budget)
{
	struct edu_device *edu = job->ctx->edu;
	unsigned long addr = job->addr + job->done;
	struct edu_transfer transfer = {
		.offset = (job->offset + job->done) % XMMU_EDU_BUFFER,
		.direction = job->direction,
	};
	int ret;

	if (READ_ONCE(edu->gone))
		return -ENODEV;
	if (READ_ONCE(edu->failing))
		return -EIO;
	if (READ_ONCE(job->cancelled))
		return -ECANCELED;
	transfer.len = min3((unsigned long)job->len - job->done, PAGE_SIZE - offset_in_page(addr),
			    (unsigned long)XMMU_EDU_BUFFER - transfer.offset);
	if (edu->path == XMMU_EDU_COHERENT)
		ret = edu_move_copied(job, addr, &transfer, budget);
	else
		ret = edu_move_mapped(job, addr, &transfer, budget);
	if (!ret)
		edu_count(job, &transfer);
	return ret;
}

/*
 * Once it is finished, a job may be waited for and its file closed: only the job itself, with its
 * range, may be touched then, and the device, whose queue is destroyed before it.
 */
static void edu_job_end(struct edu_job *job)
{
	struct edu_device *edu = job->ctx->edu;

	smp_store_release(&job->finished, true);
	wake_up_all(&edu->wait);
	edu_job_put(job);
}

static void edu_job_work(struct work_struct *work)
{
	struct edu_job *job = container_of(work, struct edu_job, work);
	struct xmmu_budget budget;

	xmmu_budget_init(&budget, EDU_STALL_MS, EDU_TOTAL_MS);
	while (!job->status && job->done < job->len)
		job->status = edu_job_step(job, &budget);
	edu_job_end(job);
}

struct edu_job *edu_job_create(struct edu_context *ctx, struct xmmu_range *range,
			       const struct xmmu_edu_submit *submit)
{
	struct edu_job *job = kzalloc(sizeof(*job), GFP_KERNEL_ACCOUNT);

	if (!job)
		return NULL;
	kref_init(&job->ref);
	INIT_WORK(&job->work, edu_job_work);
	job->ctx = ctx;
	job->range = range;
	xmmu_range_get(range);
	job->addr = submit->addr;
	job->len = submit->len;
	job->offset = submit->offset;
	job->direction = submit->direction;
	return job;
}

static void edu_job_free(struct kref *ref)
{
	struct edu_job *job = container_of(ref, struct edu_job, ref);

	xmmu_range_put(job->range);
	kfree(job);
}

void edu_job_put(struct edu_job *job)
{
	kref_put(&job->ref, edu_job_free);
}

void edu_job_submit(struct edu_job *job)
{
	kref_get(&job->ref);
	queue_work(job->ctx->edu->queue, &job->work);
}

/* It moves no more than it has begun to. */
void edu_job_cancel(struct edu_job *job)
{
	WRITE_ONCE(job->cancelled, true);
}

/* On return a job that was cancelled does not run and never will. */
void edu_job_flush(struct edu_job *job)
{
	if (cancel_work_sync(&job->work))
		edu_job_end(job);
}
