// SPDX-License-Identifier: GPL-2.0-only
/*
 * A protection domain: a mirror of the address space of a process, a page table that the device
 * walks, and the faults that it reports where it finds nothing. Regions are ranges of the mirror and
 * share the page table: what a key allows the device knows by itself.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "rdma.h"

/* What the device gets around a fault, if it is there. */
#define RDMA_PREFETCH (16 * PAGE_SIZE)

static_assert(PAGE_SHIFT == SOFTDEV_PAGE_SHIFT);

static const struct xmmu_pt_format rdma_format = {
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
};

static struct rdma_domain *faulting(struct xmmu_faultq *faults)
{
	return container_of(faults, struct rdma_domain, faults);
}

/* ---- the mirror */

static int rdma_prepare(struct xmmu_walk *walk)
{
	struct rdma_domain *domain = rdma_domain_of(xmmu_range_mirror(xmmu_walk_range(walk)));

	return xmmu_odp_prepare(walk) ?: xmmu_pt_prepare(&domain->pt, walk);
}

static void rdma_populate(struct xmmu_walk *walk)
{
	xmmu_odp_populate(walk);
	xmmu_pt_populate(&rdma_domain_of(xmmu_range_mirror(xmmu_walk_range(walk)))->pt, walk);
}

static void rdma_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	xmmu_odp_zap(range, start, end, gather);
	xmmu_pt_zap(&rdma_domain_of(xmmu_range_mirror(range))->pt, start, end, gather);
}

static void rdma_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	softdev_flush(rdma_domain_of(mirror)->space, gather->start, gather->end, gather->ticket);
}

static void rdma_isolate(struct xmmu_mirror *mirror)
{
	softdev_space_isolate(rdma_domain_of(mirror)->space);
}

static const struct xmmu_ops rdma_ops = {
	.prepare = rdma_prepare,
	.populate = rdma_populate,
	.zap = rdma_zap,
	.flush = rdma_flush,
	.isolate = rdma_isolate,
	.range_free = rdma_range_free,
};

/* ---- faults: the device has suspended a queue pair, and resumes it when all are answered */

static int rdma_serve(struct xmmu_faultq *faults, unsigned long start, unsigned long end,
		      unsigned int access)
{
	return rdma_bring(faulting(faults), start, end, access);
}

static void rdma_replay(struct xmmu_faultq *faults, const u64 *cookies, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		softdev_fault_reply(faulting(faults)->rdma->dev, cookies[i], 0);
}

static void rdma_cancel(struct xmmu_faultq *faults, const struct xmmu_fault *fault, int err)
{
	softdev_fault_reply(faulting(faults)->rdma->dev, fault->cookie, err);
}

/* What does not fit into the queue the device keeps, and nobody else's faults. Under fault_lock. */
static void rdma_take_fault(struct rdma_device *rdma, const struct softdev_fault *from)
{
	struct rdma_domain *domain = from->context;
	const struct xmmu_fault fault = {
		.addr = from->addr,
		.access = from->write ? XMMU_WRITE : 0,
		.cookie = from->cookie,
	};

	if (xmmu_faultq_push(&domain->faults, &fault))
		softdev_fault_take(rdma->dev, from->cookie);
	else
		softdev_fault_hold(domain->space, true);
}

/* Under fault_lock. Of a domain that ends nobody reads a fault any more, see rdma_domain_end(). */
static void rdma_read_faults(struct rdma_device *rdma)
{
	struct softdev_fault fault;

	while (softdev_fault_read(rdma->dev, &fault))
		rdma_take_fault(rdma, &fault);
}

/* What was held back can be read now. */
static void rdma_room(struct xmmu_faultq *faults)
{
	struct rdma_domain *domain = faulting(faults);

	spin_lock(&domain->rdma->fault_lock);
	softdev_fault_hold(domain->space, false);
	rdma_read_faults(domain->rdma);
	spin_unlock(&domain->rdma->fault_lock);
}

static const struct xmmu_faultq_ops rdma_faultq_ops = {
	.serve = rdma_serve,
	.replay = rdma_replay,
	.cancel = rdma_cancel,
	.room = rdma_room,
};

/* ---- what the device calls */

static void rdma_flush_done(void *context, u64 cookie)
{
	struct rdma_domain *domain = context;

	xmmu_flush_done(&domain->mirror, cookie);
}

static void rdma_fault_irq(void *driver)
{
	struct rdma_device *rdma = driver;

	spin_lock(&rdma->fault_lock);
	rdma_read_faults(rdma);
	spin_unlock(&rdma->fault_lock);
}

const struct softdev_ops rdma_softdev_ops = {
	.flush_done = rdma_flush_done,
	.fault_irq = rdma_fault_irq,
	.command_done = rdma_command_done,
};

/* ---- from open to close */

static int rdma_domain_mirror(struct rdma_domain *domain)
{
	const struct xmmu_config config = {
		.ops = &rdma_ops,
		.policy = XMMU_TRYLOCK,
		.dma = XMMU_DMA_LEAF,
		.dev = domain->rdma->parent,
	};
	const struct xmmu_faultq_config faults = {
		.ops = &rdma_faultq_ops,
		.prefetch = RDMA_PREFETCH,
	};
	int ret = xmmu_faultq_init(&domain->faults, &domain->mirror, &faults);

	if (ret)
		return ret;
	ret = xmmu_mirror_attach(&domain->mirror, &config);
	if (ret)
		xmmu_faultq_exit(&domain->faults);
	return ret;
}

/* The device checks what the driver does, for which it hears of the address space by itself. */
static int rdma_domain_connect(struct rdma_domain *domain)
{
	struct softdev *dev = domain->rdma->dev;
	int ret;

	domain->space =
		softdev_space_create(dev, xmmu_pt_root(&domain->pt), domain, current->mm, NULL);
	if (IS_ERR(domain->space))
		return PTR_ERR(domain->space);
	ret = rdma_domain_mirror(domain);
	if (ret)
		softdev_space_destroy(domain->space);
	return ret;
}

static int rdma_domain_table(struct rdma_domain *domain)
{
	int ret = xmmu_pt_init(&domain->pt, &rdma_format, domain->rdma->parent);

	if (ret)
		return ret;
	ret = rdma_domain_connect(domain);
	if (ret)
		xmmu_pt_destroy(&domain->pt);
	return ret;
}

/* One worker: who asks for much in advance waits for himself. */
static int rdma_domain_begin(struct rdma_domain *domain)
{
	int ret;

	domain->prefetches = alloc_workqueue("xmmu-rdma", WQ_UNBOUND, 1);
	if (!domain->prefetches)
		return -ENOMEM;
	ret = rdma_domain_table(domain);
	if (ret)
		destroy_workqueue(domain->prefetches);
	return ret;
}

/* First nobody can give the device work here any more, then it forgets the memory. */
static void rdma_domain_end(struct rdma_domain *domain)
{
	rdma_pairs_end(domain);
	rdma_regions_end(domain);
	destroy_workqueue(domain->prefetches);
	/* Whoever has read a fault of this domain by now has pushed it. */
	spin_lock(&domain->rdma->fault_lock);
	spin_unlock(&domain->rdma->fault_lock);
	xmmu_mirror_detach(&domain->mirror);
	xmmu_faultq_exit(&domain->faults);
	softdev_space_destroy(domain->space);
	xmmu_pt_destroy(&domain->pt);
}

/*
 * Attach to the caller's address space, unless it is attached; -EXDEV to another one. At the first
 * command and not in open, which runs under a lock that all misc devices share.
 */
int rdma_domain_attach(struct rdma_domain *domain)
{
	int ret = 0;

	if (mutex_lock_killable(&domain->attaching))
		return -EINTR;
	if (!domain->attached) {
		ret = rdma_domain_begin(domain);
		domain->attached = !ret;
	}
	mutex_unlock(&domain->attaching);
	if (ret)
		return ret;
	return xmmu_mirror_is_current(&domain->mirror) ? 0 : -EXDEV;
}

struct rdma_domain *rdma_domain_create(struct rdma_device *rdma)
{
	struct rdma_domain *domain = kvzalloc(sizeof(*domain), GFP_KERNEL_ACCOUNT);

	if (!domain)
		return NULL;
	domain->rdma = rdma;
	domain->number = atomic64_inc_return(&rdma->domains);
	mutex_init(&domain->attaching);
	mutex_init(&domain->regions_lock);
	xa_init(&domain->regions);
	INIT_LIST_HEAD(&domain->pairs);
	init_waitqueue_head(&domain->wait);
	INIT_LIST_HEAD(&domain->done);
	return domain;
}

void rdma_domain_destroy(struct rdma_domain *domain)
{
	if (domain->attached)
		rdma_domain_end(domain);
	rdma_done_forget(domain);
	xa_destroy(&domain->regions);
	kvfree(domain);
}

void rdma_domain_stats(struct rdma_domain *domain, struct xmmu_rdma_stats *stats)
{
	struct xmmu_faultq_stats faults;
	struct softdev_stats device;
	struct xmmu_stats mirror;

	softdev_stats(domain->rdma->dev, &device);
	xmmu_faultq_read_stats(&domain->faults, &faults);
	xmmu_mirror_stats(&domain->mirror, &mirror);
	*stats = (struct xmmu_rdma_stats){
		.accesses = device.accesses,
		.stale = device.stale,
		.faults = faults.pushed,
		.resumed = faults.replayed,
		.cancelled = faults.cancelled,
		.invalidations = mirror.zaps,
		.prefetched = atomic64_read(&domain->prefetched),
		.retries = mirror.retries,
		.children = atomic_read(&domain->children),
	};
	mutex_lock(&domain->regions_lock);
	stats->regions = domain->nr_regions;
	mutex_unlock(&domain->regions_lock);
}
