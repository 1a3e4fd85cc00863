/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the driver share.
 *
 * main.c makes the device and is what programs see, domain.c is a protection domain: the address
 * space of a process as the device sees it, region.c is the memory that is registered there, pair.c
 * are queue pairs and who is connected with whom, work.c is the work in them, until a program has
 * read that it ended.
 */
#ifndef RDMA_H
#define RDMA_H

#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include <xmmu/faultq.h>
#include <xmmu/odp.h>
#include <xmmu/pt.h>
#include <xmmu/rdma.h>
#include <xmmu/xmmu.h>

#include "softdev/softdev.h"

struct rdma_region;

struct rdma_device {
	struct device *parent; /* for DMA */
	struct softdev *dev;
	spinlock_t fault_lock; /* between reading a fault and having it in a queue */
	atomic64_t domains;    /* that ever were */
	/* Outermost: who makes, connects or destroys a queue pair. */
	struct mutex pairs_lock;
	u32 last_pair;
	/* Which queue pairs there are, how they are, and all work. Taken inside of nothing else. */
	spinlock_t lock;
	struct xarray pairs; /* by number */
	struct miscdevice misc;
	struct dentry *debugfs;
};

/* An open file. */
struct rdma_domain {
	struct rdma_device *rdma;
	u64 number;
	struct mutex attaching;
	bool attached; /* what follows is there; under `attaching` */
	struct xmmu_mirror mirror;
	struct xmmu_pt pt;
	struct xmmu_faultq faults;
	struct softdev_space *space;
	struct mutex regions_lock; /* the next three */
	struct xarray regions;     /* by the lower half of local keys */
	unsigned int nr_regions;
	struct rdma_region *implicit;
	atomic_t children;                   /* ranges of the implicit region */
	struct workqueue_struct *prefetches; /* that nobody waits for */
	atomic64_t prefetched;               /* pages */
	/* Under rdma->lock. */
	unsigned int nr_pairs;
	struct list_head pairs;
	wait_queue_head_t wait;      /* `done` is not empty */
	struct list_head done;       /* work that has ended and was not read */
	unsigned int works;          /* that have not ended, or were not read */
	struct eventfd_ctx *eventfd; /* told of each that ends, or NULL */
};

/* A piece of work, in one list at a time. */
struct rdma_work {
	struct list_head node; /* in a queue pair, or in domain->done */
	struct rdma_domain *domain;
	struct xmmu_rdma_work todo;
	struct xmmu_rdma_completion done;
};

/* Under rdma->lock, but for what does not change. */
struct rdma_pair {
	struct rdma_domain *domain;
	struct softdev_queue *queue;
	u32 number;
	u32 named;             /* the other side, or 0 */
	struct list_head node; /* in domain->pairs */
	enum xmmu_rdma_state state;
	struct rdma_pair *peer; /* while both are there and connected */
	struct list_head receives;
	struct list_head sends; /* all other work */
	/* What the device is doing, and the buffer of the other side that it sends to. */
	struct rdma_work *active;
	struct rdma_work *target;
};

static inline struct rdma_domain *rdma_domain_of(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct rdma_domain, mirror);
}

/* Of each domain the device has two: of who has registered a region, and of who is connected. */
static inline u64 rdma_local_domain(const struct rdma_domain *domain)
{
	return 2 * domain->number;
}

static inline u64 rdma_remote_domain(const struct rdma_domain *domain)
{
	return 2 * domain->number + 1;
}

/* domain.c */
extern const struct softdev_ops rdma_softdev_ops;
struct rdma_domain *rdma_domain_create(struct rdma_device *rdma);
int rdma_domain_attach(struct rdma_domain *domain);
void rdma_domain_destroy(struct rdma_domain *domain);
void rdma_domain_stats(struct rdma_domain *domain, struct xmmu_rdma_stats *stats);

/* region.c */
void rdma_range_free(struct xmmu_range *range);
int rdma_register(struct rdma_domain *domain, struct xmmu_rdma_region *arg);
int rdma_deregister(struct rdma_domain *domain, u64 local_key);
int rdma_reregister(struct rdma_domain *domain, struct xmmu_rdma_region *arg);
int rdma_prefetch(struct rdma_domain *domain, const struct xmmu_rdma_prefetch *prefetch);
void rdma_regions_end(struct rdma_domain *domain);
int rdma_bring(struct rdma_domain *domain, unsigned long start, unsigned long end,
	       unsigned int access);

/* pair.c */
int rdma_pair_create(struct rdma_domain *domain, struct xmmu_rdma_pair *arg);
int rdma_pair_connect(struct rdma_domain *domain, const struct xmmu_rdma_pair *arg);
int rdma_pair_query(struct rdma_domain *domain, struct xmmu_rdma_pair *arg);
int rdma_pair_destroy(struct rdma_domain *domain, const struct xmmu_rdma_pair *arg);
void rdma_pairs_end(struct rdma_domain *domain);
/* Under rdma->lock. */
struct rdma_pair *rdma_pair_find(struct rdma_domain *domain, u32 number);
void rdma_pair_break(struct rdma_pair *pair);

/* work.c */
int rdma_post(struct rdma_domain *domain, const struct xmmu_rdma_work *todo);
void rdma_command_done(void *context, u64 cookie, int status, u64 result);
/* Under rdma->lock. */
void rdma_pair_run(struct rdma_pair *pair);
void rdma_works_flush(struct list_head *works);
/* What programs read. */
bool rdma_done_any(struct rdma_domain *domain);
ssize_t rdma_done_read(struct rdma_domain *domain, void __user *user);
int rdma_eventfd(struct rdma_domain *domain, const struct xmmu_rdma_eventfd *arg);
void rdma_done_forget(struct rdma_domain *domain);

#endif
