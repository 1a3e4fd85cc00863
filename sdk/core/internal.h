/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share and a driver does not see.
 *
 * Locks, outermost first: mmap_lock, the mirror's lock, ticket_lock.
 */
#ifndef XMMU_INTERNAL_H
#define XMMU_INTERNAL_H

#include <linux/mmu_notifier.h>
#include <linux/workqueue.h>

#include <xmmu/xmmu.h>

#include "compat.h"
#include "debug.h"

/* Bits of mirror->flags. */
enum xmmu_flag {
	XMMU_FLAG_CHANGING, /* attach or detach runs */
	XMMU_FLAG_LOCKS,    /* the locks are initialised: once, since others may wait on them */
	XMMU_FLAG_ISOLATED, /* isolation has begun */
	XMMU_FLAG_CUT,      /* the device can not reach memory; set under ticket_lock */
};

enum xmmu_state {
	XMMU_STATE_DETACHED, /* 0, so that a zeroed mirror is detached */
	XMMU_STATE_LIVE,
	XMMU_STATE_CLOSING, /* somebody zaps everything: exit or detach */
	XMMU_STATE_DEAD,    /* zapped, flushed, waited; callbacks find nothing */
};

enum xmmu_range_state {
	XMMU_RANGE_INSERTED,
	XMMU_RANGE_REMOVING,
	XMMU_RANGE_REMOVED,
};

/*
 * A coarse stretch of the address space under one interval notifier. A range belongs to exactly
 * one block, which contains it; blocks may overlap. The notifier is inserted while the block has
 * ranges in it; the memory stays as long as any of those ranges does.
 */
struct xmmu_block {
	struct mmu_interval_notifier notifier;
	struct interval_tree_node node; /* in mirror->blocks */
	struct xmmu_mirror *mirror;
	const struct xmmu_ops *ops;   /* outlives the mirror */
	struct rb_root_cached ranges; /* under the mirror's lock */
	unsigned int nr_ranges;       /* under the mirror's lock */
	struct kref ref;
	struct work_struct rearm;
	unsigned long nr_rearms; /* how often the worker has finished; written under the lock */
};

/* One invalidation, from the zap until the device has confirmed. */
struct xmmu_inval {
	struct xmmu_compat_finish finish;
	struct xmmu_mirror *mirror;
	struct xmmu_block *block; /* of the kernel's event; or else: */
	struct xmmu_range *range; /* of the driver's zap; NULL if it is everything */
	enum mmu_notifier_event event;
	bool blockable;
	bool own; /* the driver caused it: nothing is zapped */
	unsigned long start;
	unsigned long end;
	struct xmmu_gather gather;
	/* In the list, or NULL. The tickets up to gather.ticket concern the invalidation. */
	struct xmmu_ticket *ticket;
	struct xmmu_ticket stack_ticket;
	struct xmmu_ticket *spare; /* allocated for a flush that nobody waits for */
	u64 wait_ns;
	ktime_t stalled; /* when it began to wait, or 0 */
	bool hit;        /* a range overlapped */
	bool waiting;    /* xmmu_inval_finish() must be called */
};

#define xmmu_slot(mirror, field) \
	(&(mirror)->counters.slot[offsetof(struct xmmu_stats, field) / sizeof(u64)])
#define xmmu_count(mirror, field)        atomic64_inc(xmmu_slot(mirror, field))
#define xmmu_count_add(mirror, field, n) atomic64_add(n, xmmu_slot(mirror, field))
#define xmmu_count_max(mirror, field, n) xmmu_slot_max(xmmu_slot(mirror, field), n)

void xmmu_slot_max(atomic64_t *slot, u64 value);

/* module.c */
extern struct workqueue_struct *xmmu_wq;
void xmmu_driver_add(struct xmmu_mirror *mirror);
void xmmu_driver_del(struct xmmu_mirror *mirror);

/* mirror.c */
bool xmmu_mirror_trylock(struct xmmu_mirror *mirror);
bool xmmu_mirror_pin(struct xmmu_mirror *mirror);
void xmmu_mirror_unpin(struct xmmu_mirror *mirror);
void xmmu_mirror_wake(struct xmmu_mirror *mirror);
int xmmu_mirror_error(const struct xmmu_mirror *mirror);

/* range.c */
struct xmmu_range *xmmu_block_first(struct xmmu_block *block, unsigned long start,
				    unsigned long last);
struct xmmu_range *xmmu_block_next(struct xmmu_range *range, unsigned long start,
				   unsigned long last);
struct xmmu_block *xmmu_mirror_first_block(struct xmmu_mirror *mirror);
struct xmmu_block *xmmu_mirror_next_block(struct xmmu_block *block);
int xmmu_range_check(const struct xmmu_range *range, unsigned long start, unsigned long end);
void xmmu_range_zap_sync(struct xmmu_range *range, unsigned long start, unsigned long end);

#define xmmu_block_for_each(block, range, start, last)                    \
	for (range = xmmu_block_first(block, start, last); range != NULL; \
	     range = xmmu_block_next(range, start, last))

#define xmmu_mirror_for_each_block(mirror, block)                    \
	for (block = xmmu_mirror_first_block(mirror); block != NULL; \
	     block = xmmu_mirror_next_block(block))

/* invalidate.c */
extern const struct mmu_interval_notifier_ops xmmu_block_ops;
void xmmu_inval_init(struct xmmu_inval *inval, struct xmmu_mirror *mirror, unsigned long start,
		     unsigned long end);
void xmmu_inval_zap(struct xmmu_inval *inval, struct xmmu_range *range);
void xmmu_inval_post(struct xmmu_inval *inval);
void xmmu_inval_finish(struct xmmu_inval *inval);

/*
 * Whether a ticket is listed. Tickets are added under the mirror's lock; who reads none sees what
 * the device has done before they were confirmed.
 */
static inline bool xmmu_ticket_any(const struct xmmu_mirror *mirror)
{
	return smp_load_acquire(&mirror->listed);
}

/* gather.c */
void xmmu_ticket_add(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket,
		     enum xmmu_ticket_kind kind, u64 id, unsigned long start, unsigned long end);
void xmmu_ticket_unlist(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket);
void xmmu_ticket_del(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket);
bool xmmu_ticket_pending(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
			 u64 until);
bool xmmu_flush_post(struct xmmu_mirror *mirror, const struct xmmu_gather *gather);
bool xmmu_flush_listed(struct xmmu_mirror *mirror, unsigned long start, unsigned long end);
u64 xmmu_ticket_wait(struct xmmu_mirror *mirror, unsigned long start, unsigned long end, u64 until);
void xmmu_ticket_complete_all(struct xmmu_mirror *mirror);

/* xfer.c */
void xmmu_xfer_abandon(struct xmmu_xfer *xfer);

/* Whether leaves have DMA addresses. The first three functions are called only then. */
static inline bool xmmu_dma_used(const struct xmmu_range *range)
{
	return range->mirror->config.dma == XMMU_DMA_LEAF;
}

/* dma.c */
bool xmmu_page_mappable(struct page *page);
int xmmu_dma_reserve(struct xmmu_walk *walk);
bool xmmu_dma_upgrades(struct xmmu_walk *walk);
int xmmu_dma_map(struct xmmu_walk *walk);
void xmmu_dma_keep(struct xmmu_walk *walk);
void xmmu_dma_abandon(struct xmmu_walk *walk);
void xmmu_dma_mark_zapped(struct xmmu_range *range, unsigned long start, unsigned long end);
void xmmu_dma_unmap(struct xmmu_range *range, unsigned long start, unsigned long end);
dma_addr_t xmmu_dma_addr(struct xmmu_range *range, unsigned long addr);
void xmmu_dma_free(struct xmmu_range *range);

/* walk.c */
bool xmmu_walk_takes(const struct xmmu_walk *walk, unsigned long pfn);
bool xmmu_walk_wants_write(const struct xmmu_walk *walk, unsigned long pfn);

#endif
