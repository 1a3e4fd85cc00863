// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions: memory that work may name by keys, with on-demand paging. The device has one or two
 * windows for each, with the local and the remote key. The implicit region has all of the address
 * space; its ranges are made where the device faults.
 */
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "rdma.h"

#define RDMA_REGIONS 1024
#define RDMA_WRITES  (XMMU_RDMA_LOCAL_WRITE | XMMU_RDMA_REMOTE_WRITE | XMMU_RDMA_REMOTE_ATOMIC)
#define RDMA_ACCESS  (RDMA_WRITES | XMMU_RDMA_REMOTE_READ | XMMU_RDMA_IMPLICIT)

/* What a program says is what the SDK is told. */
static_assert(XMMU_RDMA_LOCAL_WRITE == XMMU_ODP_LOCAL_WRITE);
static_assert(XMMU_RDMA_REMOTE_READ == XMMU_ODP_REMOTE_READ);
static_assert(XMMU_RDMA_REMOTE_WRITE == XMMU_ODP_REMOTE_WRITE);
static_assert(XMMU_RDMA_REMOTE_ATOMIC == XMMU_ODP_REMOTE_ATOMIC);

struct rdma_region {
	struct kref ref;
	u64 addr;
	u64 end;
	unsigned int access;
	u64 local_key;
	u64 remote_key;                /* 0: none */
	struct xmmu_odp *odp;          /* NULL: it is implicit */
	struct xmmu_odp_parent parent; /* of the implicit one */
};

static void rdma_region_free(struct kref *ref)
{
	struct rdma_region *region = container_of(ref, struct rdma_region, ref);

	if (region->odp)
		xmmu_range_put(&region->odp->range);
	kfree(region);
}

static void rdma_region_put(struct rdma_region *region)
{
	kref_put(&region->ref, rdma_region_free);
}

void rdma_range_free(struct xmmu_range *range)
{
	struct xmmu_odp *odp = container_of(range, struct xmmu_odp, range);

	xmmu_odp_exit(odp);
	kfree(odp);
}

static struct xmmu_odp *rdma_child_alloc(struct xmmu_odp_parent *parent)
{
	return kzalloc(sizeof(struct xmmu_odp), GFP_KERNEL_ACCOUNT);
}

static void rdma_child_link(struct xmmu_odp *child)
{
	atomic_inc(&rdma_domain_of(xmmu_range_mirror(&child->range))->children);
}

static void rdma_child_unlink(struct xmmu_odp *child)
{
	atomic_dec(&rdma_domain_of(xmmu_range_mirror(&child->range))->children);
}

static const struct xmmu_odp_parent_ops rdma_parent_ops = {
	.alloc = rdma_child_alloc,
	.link = rdma_child_link,
	.unlink = rdma_child_unlink,
};

/* ---- keys */

static unsigned int rdma_local_rights(unsigned int access)
{
	return SOFTDEV_MAY_READ | (access & XMMU_RDMA_LOCAL_WRITE ? SOFTDEV_MAY_WRITE : 0);
}

static unsigned int rdma_remote_rights(unsigned int access)
{
	return (access & XMMU_RDMA_REMOTE_READ ? SOFTDEV_MAY_READ : 0) |
	       (access & XMMU_RDMA_REMOTE_WRITE ? SOFTDEV_MAY_WRITE : 0) |
	       (access & XMMU_RDMA_REMOTE_ATOMIC ? SOFTDEV_MAY_ATOMIC : 0);
}

static int rdma_open_keys(struct rdma_domain *domain, struct rdma_region *region)
{
	struct softdev_window window = {
		.space = domain->space,
		.domain = rdma_local_domain(domain),
		.start = region->addr,
		.end = region->end,
		.rights = rdma_local_rights(region->access),
	};
	int ret = softdev_window_open(&window, &region->local_key);

	window.domain = rdma_remote_domain(domain);
	window.rights = rdma_remote_rights(region->access);
	if (ret || !window.rights)
		return ret;
	ret = softdev_window_open(&window, &region->remote_key);
	if (ret)
		softdev_window_close(domain->rdma->dev, region->local_key);
	return ret;
}

/* The device refuses new accesses by the keys, and none is under way any more. */
static void rdma_close_keys(struct rdma_domain *domain, struct rdma_region *region)
{
	softdev_window_close(domain->rdma->dev, region->local_key);
	if (region->remote_key)
		softdev_window_close(domain->rdma->dev, region->remote_key);
}

/* ---- from registration to the end */

static int rdma_range_begin(struct rdma_domain *domain, struct rdma_region *region)
{
	struct xmmu_odp *odp = kzalloc(sizeof(*odp), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!odp)
		return -ENOMEM;
	xmmu_odp_init(odp, region->access);
	ret = xmmu_range_insert(&domain->mirror, &odp->range, ALIGN_DOWN(region->addr, PAGE_SIZE),
				ALIGN(region->end, PAGE_SIZE));
	if (ret) {
		xmmu_odp_exit(odp);
		kfree(odp);
		return ret;
	}
	region->odp = odp;
	return 0;
}

static int rdma_memory_begin(struct rdma_domain *domain, struct rdma_region *region)
{
	const struct xmmu_odp_parent_config config = {
		.ops = &rdma_parent_ops,
		.access = region->access & ~XMMU_RDMA_IMPLICIT,
	};

	if (region->access & XMMU_RDMA_IMPLICIT)
		return xmmu_odp_parent_init(&region->parent, &domain->mirror, &config);
	return rdma_range_begin(domain, region);
}

static void rdma_memory_end(struct rdma_region *region)
{
	if (region->odp)
		xmmu_range_remove(&region->odp->range);
	else
		xmmu_odp_parent_destroy(&region->parent);
}

static int rdma_region_begin(struct rdma_domain *domain, struct rdma_region *region)
{
	int ret = rdma_memory_begin(domain, region);

	if (ret)
		return ret;
	ret = rdma_open_keys(domain, region);
	if (ret)
		rdma_memory_end(region);
	return ret;
}

/* The keys go first: as long as there is work by them its faults are served. */
static void rdma_region_end(struct rdma_domain *domain, struct rdma_region *region)
{
	rdma_close_keys(domain, region);
	mutex_lock(&domain->regions_lock);
	if (region == domain->implicit)
		domain->implicit = NULL;
	mutex_unlock(&domain->regions_lock);
	rdma_memory_end(region);
	rdma_region_put(region);
}

static struct rdma_region *rdma_region_create(struct rdma_domain *domain,
					      const struct xmmu_rdma_region *arg)
{
	struct rdma_region *region = kzalloc(sizeof(*region), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!region)
		return ERR_PTR(-ENOMEM);
	kref_init(&region->ref);
	region->access = arg->access;
	region->addr = arg->addr;
	region->end = arg->addr + arg->len;
	if (arg->access & XMMU_RDMA_IMPLICIT)
		region->end = current->mm->task_size & -sizeof(u64);
	ret = rdma_region_begin(domain, region);
	if (!ret)
		return region;
	rdma_region_put(region);
	return ERR_PTR(ret);
}

static bool rdma_region_valid(const struct xmmu_rdma_region *arg)
{
	u64 limit = current->mm->task_size;

	if (arg->pad || arg->access & ~RDMA_ACCESS)
		return false;
	if (arg->access & XMMU_RDMA_IMPLICIT)
		return !arg->addr && !arg->len;
	return arg->len && !((arg->addr | arg->len) % sizeof(u64)) && arg->addr < limit &&
	       arg->len <= limit - arg->addr;
}

/* ---- under regions_lock */

static struct rdma_region *rdma_region_at(struct rdma_domain *domain, u64 local_key)
{
	struct rdma_region *region = xa_load(&domain->regions, (u32)local_key);

	return region && region->local_key == local_key ? region : NULL;
}

static int rdma_region_room(const struct rdma_domain *domain, const struct rdma_region *region,
			    const struct rdma_region *old)
{
	if (!region->odp && domain->implicit && domain->implicit != old)
		return -EEXIST;
	return old || domain->nr_regions < RDMA_REGIONS ? 0 : -ENOSPC;
}

/* It is not found any more, and the caller's alone to end. */
static void rdma_region_unlink(struct rdma_domain *domain, struct rdma_region *region)
{
	xa_erase(&domain->regions, (u32)region->local_key);
	domain->nr_regions--;
}

/* From here on it is found, instead of the old one if there is one; who finds it may end it. */
static int rdma_region_link(struct rdma_domain *domain, struct rdma_region *region,
			    struct rdma_region *old)
{
	int ret = rdma_region_room(domain, region, old) ?:
			  xa_insert(&domain->regions, (u32)region->local_key, region,
				    GFP_KERNEL_ACCOUNT);

	if (ret)
		return ret;
	domain->nr_regions++;
	if (!region->odp)
		domain->implicit = region;
	if (old)
		rdma_region_unlink(domain, old);
	return 0;
}

/* ---- finding them */

static int rdma_region_add(struct rdma_domain *domain, struct rdma_region *region)
{
	int ret;

	mutex_lock(&domain->regions_lock);
	ret = rdma_region_link(domain, region, NULL);
	mutex_unlock(&domain->regions_lock);
	return ret;
}

/* Put it in the place of an old one, which then is the caller's alone to end. */
static struct rdma_region *rdma_region_replace(struct rdma_domain *domain, u64 old_key,
					       struct rdma_region *region)
{
	struct rdma_region *old;
	int ret;

	mutex_lock(&domain->regions_lock);
	old = rdma_region_at(domain, old_key);
	ret = old ? rdma_region_link(domain, region, old) : -ENOENT;
	mutex_unlock(&domain->regions_lock);
	return ret ? ERR_PTR(ret) : old;
}

/* The caller has a reference. */
static struct rdma_region *rdma_region_find(struct rdma_domain *domain, u64 local_key)
{
	struct rdma_region *region;

	mutex_lock(&domain->regions_lock);
	region = rdma_region_at(domain, local_key);
	if (region)
		kref_get(&region->ref);
	mutex_unlock(&domain->regions_lock);
	return region;
}

static bool rdma_region_is_there(struct rdma_domain *domain, u64 local_key)
{
	struct rdma_region *region = rdma_region_find(domain, local_key);

	if (region)
		rdma_region_put(region);
	return region;
}

/* The caller's alone to end. */
static struct rdma_region *rdma_region_take(struct rdma_domain *domain, u64 local_key)
{
	struct rdma_region *region;

	mutex_lock(&domain->regions_lock);
	region = rdma_region_at(domain, local_key);
	if (region)
		rdma_region_unlink(domain, region);
	mutex_unlock(&domain->regions_lock);
	return region;
}

/* ---- commands */

/* Make the region that is asked for, and say what its keys are; nobody finds it yet. */
static struct rdma_region *rdma_region_make(struct rdma_domain *domain,
					    struct xmmu_rdma_region *arg)
{
	struct rdma_region *region;

	if (!rdma_region_valid(arg))
		return ERR_PTR(-EINVAL);
	region = rdma_region_create(domain, arg);
	if (IS_ERR(region))
		return region;
	arg->local_key = region->local_key;
	arg->remote_key = region->remote_key;
	return region;
}

int rdma_register(struct rdma_domain *domain, struct xmmu_rdma_region *arg)
{
	struct rdma_region *region = rdma_region_make(domain, arg);
	int ret;

	if (IS_ERR(region))
		return PTR_ERR(region);
	ret = rdma_region_add(domain, region);
	if (ret)
		rdma_region_end(domain, region);
	return ret;
}

int rdma_deregister(struct rdma_domain *domain, u64 local_key)
{
	struct rdma_region *region = rdma_region_take(domain, local_key);

	if (!region)
		return -ENOENT;
	rdma_region_end(domain, region);
	return 0;
}

/* The new one is there before the old one goes: who can have no new one keeps the old one. */
int rdma_reregister(struct rdma_domain *domain, struct xmmu_rdma_region *arg)
{
	u64 old_key = arg->local_key;
	struct rdma_region *region = rdma_region_make(domain, arg), *old;

	if (IS_ERR(region))
		return PTR_ERR(region);
	old = rdma_region_replace(domain, old_key, region);
	rdma_region_end(domain, IS_ERR(old) ? region : old);
	return PTR_ERR_OR_ZERO(old);
}

/* The file is closed: no command comes any more. */
void rdma_regions_end(struct rdma_domain *domain)
{
	struct rdma_region *region;
	unsigned long index;

	xa_for_each(&domain->regions, index, region)
		rdma_region_end(domain, region);
}

/* ---- pages: regions share the page table, so it is all the same for which of them a page comes */

static struct rdma_region *rdma_implicit_get(struct rdma_domain *domain)
{
	struct rdma_region *region;

	mutex_lock(&domain->regions_lock);
	region = domain->implicit;
	if (region)
		kref_get(&region->ref);
	mutex_unlock(&domain->regions_lock);
	return region;
}

/* See that the implicit region has ranges there. */
static int rdma_cover(struct rdma_region *implicit, unsigned long addr, unsigned long end)
{
	struct xmmu_odp *child;

	while (addr < end) {
		child = xmmu_odp_parent_find(&implicit->parent, addr);
		if (IS_ERR(child))
			return PTR_ERR(child);
		addr = xmmu_range_end(&child->range);
		xmmu_range_put(&child->range);
	}
	return 0;
}

/*
 * Have the device reach these pages. -EAGAIN: the implicit region is gone, and perhaps others have
 * pages here; or a range of it was collected before it was used.
 */
int rdma_bring(struct rdma_domain *domain, unsigned long start, unsigned long end,
	       unsigned int access)
{
	struct rdma_region *implicit = rdma_implicit_get(domain);
	int ret;

	if (!implicit) {
		ret = xmmu_faultq_populate(&domain->faults, start, end, access);
		return ret == -ENOENT ? -EFAULT : ret;
	}
	ret = rdma_cover(implicit, start, end);
	rdma_region_put(implicit);
	if (ret)
		return ret == -ESRCH && xmmu_mirror_alive(&domain->mirror) ? -EAGAIN : ret;
	ret = xmmu_faultq_populate(&domain->faults, start, end, access);
	return ret == -ENOENT ? -EAGAIN : ret;
}

/* ---- prefetch */

static int rdma_prefetch_check(const struct rdma_region *region,
			       const struct xmmu_rdma_prefetch *prefetch)
{
	if (prefetch->pad ||
	    prefetch->flags & ~(XMMU_RDMA_PREFETCH_WRITE | XMMU_RDMA_PREFETCH_ASYNC) ||
	    !prefetch->len || prefetch->addr < region->addr || prefetch->addr >= region->end ||
	    prefetch->len > region->end - prefetch->addr)
		return -EINVAL;
	if (prefetch->flags & XMMU_RDMA_PREFETCH_WRITE && !(region->access & RDMA_WRITES))
		return -EACCES;
	return 0;
}

/* One window, as often as it takes. */
static int rdma_prefetch_window(struct rdma_domain *domain, unsigned long start, unsigned long end,
				unsigned int access)
{
	int ret;

	do {
		ret = rdma_bring(domain, start, end, access);
		cond_resched();
	} while (ret == -EAGAIN && !fatal_signal_pending(current));
	if (!ret)
		atomic64_add((end - start) >> PAGE_SHIFT, &domain->prefetched);
	return fatal_signal_pending(current) ? -EINTR : ret;
}

static int rdma_prefetch_now(struct rdma_domain *domain, unsigned long start, unsigned long end,
			     unsigned int access)
{
	unsigned long stop;
	int ret = 0;

	for (; start < end && !ret; start = stop) {
		stop = start + min(end - start, XMMU_WINDOW - start % XMMU_WINDOW);
		ret = rdma_prefetch_window(domain, start, stop, access);
	}
	return ret;
}

static int rdma_prefetch_later(struct rdma_domain *domain, struct rdma_region *region,
			       unsigned long start, unsigned long end, unsigned int access)
{
	struct xmmu_odp *odp = region->odp;
	unsigned long stop;
	int ret = 0;

	access = access ? region->access & RDMA_WRITES : 0;
	if (odp)
		return xmmu_odp_prefetch(domain->prefetches, odp, start, end, access);
	/* The first pieces would be gone before the last ones are there. */
	if (end - start > XMMU_ODP_CHILDREN * XMMU_ODP_CHILD_SIZE)
		return -E2BIG;
	for (; start < end && !ret; start = stop) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		odp = xmmu_odp_parent_find(&region->parent, start);
		if (IS_ERR(odp))
			return PTR_ERR(odp);
		stop = min(end, xmmu_range_end(&odp->range));
		ret = xmmu_odp_prefetch(domain->prefetches, odp, start, stop, access);
		xmmu_range_put(&odp->range);
	}
	return ret;
}

static int rdma_prefetch_in(struct rdma_domain *domain, struct rdma_region *region,
			    const struct xmmu_rdma_prefetch *prefetch)
{
	unsigned long start = ALIGN_DOWN(prefetch->addr, PAGE_SIZE);
	unsigned long end = ALIGN(prefetch->addr + prefetch->len, PAGE_SIZE);
	unsigned int access = prefetch->flags & XMMU_RDMA_PREFETCH_WRITE ? XMMU_WRITE : 0;

	if (prefetch->flags & XMMU_RDMA_PREFETCH_ASYNC)
		return rdma_prefetch_later(domain, region, start, end, access);
	return rdma_prefetch_now(domain, start, end, access);
}

int rdma_prefetch(struct rdma_domain *domain, const struct xmmu_rdma_prefetch *prefetch)
{
	struct rdma_region *region = rdma_region_find(domain, prefetch->local_key);
	int ret;

	if (!region)
		return -ENOENT;
	ret = rdma_prefetch_check(region, prefetch) ?: rdma_prefetch_in(domain, region, prefetch);
	rdma_region_put(region);
	/* Without the region nobody says whether there are pages. */
	return ret == -EFAULT && !rdma_region_is_there(domain, prefetch->local_key) ? -ESRCH : ret;
}
