/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share and a driver does not see.
 *
 * Locks, outermost first: bounds, mmap_lock, the mirror's lock, ticket_lock.
 */
#ifndef XMMU_INTERNAL_H
#define XMMU_INTERNAL_H

#include <linux/memcontrol.h>
#include <linux/mmu_notifier.h>
#include <linux/sched/mm.h>
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
	/*
	 * Nobody listens to invalidations, none are left out, the device has no DMA addresses that
	 * stay, and it can be told to forget.
	 */
	XMMU_FLAG_PLAIN,
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

enum xmmu_range_flag {
	XMMU_RANGE_MOVED = BIT(0), /* its bounds are not the first; set before they change */
	XMMU_RANGE_GONE = BIT(1),  /* the process has unmapped something of it */
};

/* Whether an invalidation may be open that a walk must not run beside. */
enum xmmu_range_heat {
	XMMU_RANGE_WARM,
	XMMU_RANGE_COLD,     /* one was seen, and its end was not */
	XMMU_RANGE_REARMING, /* the worker waits for the end of all that were seen */
};

/* What is known of the mappings below a range. */
enum xmmu_range_vmas {
	XMMU_VMAS_UNKNOWN, /* 0, so that nothing has to be set; again when a mapping goes */
	XMMU_VMAS_PLAIN,   /* they cover it without a hole, and hmm may walk all of them */
	XMMU_VMAS_MIXED,   /* they have to be looked at, window by window */
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
	struct xmmu_block *former;    /* of the range that this one was made for; held */
	struct rb_root_cached ranges; /* under the mirror's lock */
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
	bool own;                 /* the driver caused it: nothing is zapped */
	struct xmmu_range *first; /* of the block, in the span; NULL if there is none */
	unsigned long start;
	unsigned long end;
	struct xmmu_gather gather; /* what was zapped */
	/* In the list, or NULL. The tickets up to gather.ticket concern the invalidation. */
	struct xmmu_ticket *ticket;
	struct xmmu_ticket stack_ticket;
	struct xmmu_ticket *spare; /* allocated for a flush that nobody waits for */
	bool waiting;              /* xmmu_inval_finish() must be called; if so: */
	ktime_t stalled;           /* when it began to wait */
	u64 wait_ns;               /* for the device */
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

/* Whether it was ever attached. Until then it has no lock to take. */
static inline bool xmmu_mirror_has_locks(const struct xmmu_mirror *mirror)
{
	return test_bit_acquire(XMMU_FLAG_LOCKS, &mirror->flags);
}

void xmmu_mirror_unpin_last(struct xmmu_mirror *mirror);

/* Detach does not return before unpin. False if the mirror was never attached, or is detached. */
static inline bool xmmu_mirror_pin(struct xmmu_mirror *mirror)
{
	return atomic_inc_not_zero(&mirror->users);
}

static inline void xmmu_mirror_unpin(struct xmmu_mirror *mirror)
{
	if (!atomic_add_unless(&mirror->users, -1, 1))
		xmmu_mirror_unpin_last(mirror);
}

/* Something changed that somebody may wait for. */
static inline void xmmu_mirror_wake(struct xmmu_mirror *mirror)
{
	if (wq_has_sleeper(&mirror->wait))
		wake_up_all(&mirror->wait);
}

/* Why the mirror can not be worked with, or 0. */
static inline int xmmu_mirror_error(const struct xmmu_mirror *mirror)
{
	if (READ_ONCE(mirror->state) != XMMU_STATE_LIVE)
		return -ESRCH;
	return test_bit(XMMU_FLAG_ISOLATED, &mirror->flags) ? -EIO : 0;
}

/* range.c */
struct xmmu_range *xmmu_block_first(struct xmmu_block *block, unsigned long start,
				    unsigned long last);
struct xmmu_range *xmmu_block_next(struct xmmu_range *range, unsigned long start,
				   unsigned long last);
/* The range of a block that has one; NULL if it has more, or none. */
static inline struct xmmu_range *xmmu_block_only(const struct xmmu_block *block)
{
	struct rb_node *root = block->ranges.rb_root.rb_node;

	if (!root || root->rb_left || root->rb_right)
		return NULL;
	return rb_entry(root, struct xmmu_range, node.rb);
}

struct xmmu_range *xmmu_mirror_first_range(struct xmmu_mirror *mirror, unsigned long start,
					   unsigned long last, bool gone);
int xmmu_range_place(struct xmmu_mirror *mirror, struct xmmu_range *range, unsigned long start,
		     unsigned long end, struct xmmu_block **fresh);
struct xmmu_block *xmmu_block_create(struct xmmu_mirror *mirror, unsigned long start,
				     unsigned long last);
void xmmu_block_destroy(struct xmmu_block *block);
struct xmmu_block *xmmu_mirror_first_block(struct xmmu_mirror *mirror);
struct xmmu_block *xmmu_mirror_next_block(struct xmmu_block *block);
void xmmu_range_init(struct xmmu_range *range, struct xmmu_mirror *mirror, struct xmmu_block *block,
		     unsigned long start, unsigned long end);
void xmmu_range_link(struct xmmu_range *range, struct xmmu_block *block);
/* Without the lock: the block that the range is in, or one that it was in, which stays as well. */
static inline struct xmmu_block *xmmu_range_block(const struct xmmu_range *range)
{
	return smp_load_acquire(&range->block);
}

struct xmmu_block *xmmu_range_move(struct xmmu_range *range, struct xmmu_block *block,
				   unsigned long start, unsigned long end);
int xmmu_span_check(unsigned long start, unsigned long end);
int xmmu_range_check(const struct xmmu_range *range, unsigned long start, unsigned long end);
int xmmu_range_bad_span(const struct xmmu_range *range, unsigned long start, unsigned long end);
int xmmu_range_zap_sync(struct xmmu_range *range, unsigned long start, unsigned long end);

#define xmmu_block_for_each(block, range, start, last)                    \
	for (range = xmmu_block_first(block, start, last); range != NULL; \
	     range = xmmu_block_next(range, start, last))

#define xmmu_mirror_for_each_block(mirror, block)                    \
	for (block = xmmu_mirror_first_block(mirror); block != NULL; \
	     block = xmmu_mirror_next_block(block))

/* resize.c, under the mutex `bounds`, with the mirror pinned */
int xmmu_range_resize_locked(struct xmmu_range *range, unsigned long start, unsigned long end);
int xmmu_range_split_locked(struct xmmu_range *range, struct xmmu_range *upper, unsigned long at);

/* collect.c */
void xmmu_range_unmapped(struct xmmu_range *range, unsigned long start, unsigned long end);
void xmmu_gone_clear(struct xmmu_mirror *mirror);
void xmmu_collect_work(struct work_struct *work);

/* aging.c */
int xmmu_aging_register(struct xmmu_mirror *mirror);
void xmmu_aging_unregister(struct xmmu_mirror *mirror);

/* invalidate.c */
extern const struct mmu_interval_notifier_ops xmmu_block_ops;
void xmmu_inval_init(struct xmmu_inval *inval, struct xmmu_mirror *mirror, unsigned long start,
		     unsigned long end);
void xmmu_range_zap_filled(struct xmmu_range *range, unsigned long start, unsigned long end);
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

/* Under the lock. */
static inline void xmmu_gather_clear(struct xmmu_mirror *mirror)
{
	mirror->gather.start = ULONG_MAX;
	mirror->gather.end = 0;
}

/* gather.c */
void xmmu_ticket_add(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket,
		     enum xmmu_ticket_kind kind, u64 id, unsigned long start, unsigned long end);
void xmmu_ticket_unlist(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket);
void xmmu_ticket_del(struct xmmu_mirror *mirror, struct xmmu_ticket *ticket);
bool xmmu_ticket_pending(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
			 u64 until);
bool xmmu_flush_listed(struct xmmu_mirror *mirror, unsigned long start, unsigned long end);
u64 xmmu_ticket_wait(struct xmmu_mirror *mirror, unsigned long start, unsigned long end, u64 until);
void xmmu_ticket_complete_all(struct xmmu_mirror *mirror);
void xmmu_deferred_work(struct work_struct *work);

/* xfer.c */
void xmmu_xfer_abandon(struct xmmu_xfer *xfer);

/* Whether leaves have DMA addresses. What is done for each leaf is done only then. */
static inline bool xmmu_dma_used(const struct xmmu_range *range)
{
	return range->mirror->config.dma == XMMU_DMA_LEAF;
}

/*
 * A worker is charged for nothing; the process that it works for is, from here to the end. Returns
 * who was charged before.
 */
static inline struct mem_cgroup *xmmu_charge_begin(struct mm_struct *mm)
{
	return set_active_memcg(get_mem_cgroup_from_mm(mm));
}

static inline void xmmu_charge_end(struct mem_cgroup *before)
{
	mem_cgroup_put(set_active_memcg(before));
}

/* dma.c */
bool xmmu_page_mappable(struct page *page);
int xmmu_dma_reserve(struct xmmu_walk *walk);
bool xmmu_dma_upgrades(struct xmmu_walk *walk);
int xmmu_dma_map(struct xmmu_walk *walk);
void xmmu_dma_keep(struct xmmu_walk *walk);
void xmmu_dma_mark_zapped(struct xmmu_range *range, unsigned long start, unsigned long end);
void xmmu_dma_unmap(struct xmmu_range *range, unsigned long start, unsigned long end);
void xmmu_dma_free(struct xmmu_range *range);
void xmmu_dma_abandon(struct xmmu_walk *walk);
dma_addr_t xmmu_dma_addr(struct xmmu_range *range, unsigned long addr);

/* What a step of a walk returns if it is to start anew; never leaves the SDK. */
#define XMMU_AGAIN 1

static inline struct xmmu_mirror *xmmu_walk_mirror(const struct xmmu_walk *walk)
{
	return walk->range->mirror;
}

static inline struct mm_struct *xmmu_walk_mm(const struct xmmu_walk *walk)
{
	return xmmu_walk_mirror(walk)->mm;
}

/* The bits of a page that is what the walk wants: there, and writable if the device is to write. */
static inline unsigned long xmmu_walk_wanted(const struct xmmu_walk *walk)
{
	return HMM_PFN_VALID | (walk->flags & XMMU_WRITE ? HMM_PFN_WRITE : 0);
}

static inline bool xmmu_walk_takes(const struct xmmu_walk *walk, unsigned long pfn)
{
	return !(~pfn & xmmu_walk_wanted(walk));
}

/* Whether a page is in memory that the device reaches by itself. Under the lock. */
static inline bool xmmu_walk_in_device(const struct xmmu_walk *walk, unsigned long pfn)
{
	void *owner = walk->hmm.dev_private_owner;

	return owner && xmmu_compat_page_belongs(hmm_pfn_to_page(pfn), owner);
}

/* walk.c */
void xmmu_budget_progress(struct xmmu_budget *budget);
struct xmmu_budget *xmmu_walk_budget(struct xmmu_walk *walk);
unsigned long xmmu_walk_patience(struct xmmu_walk *walk);
/* For memory that stays; who makes the walk pays for it. */
static inline gfp_t xmmu_walk_gfp(const struct xmmu_walk *walk)
{
	return walk->flags & XMMU_NOWAIT ? GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT :
					   GFP_KERNEL_ACCOUNT;
}

bool xmmu_walk_wants_write(const struct xmmu_walk *walk, unsigned long pfn);

/* exclusive.c */
int xmmu_exclusive_take(struct xmmu_walk *walk);
void xmmu_exclusive_drop(struct xmmu_walk *walk);

/* fault.c */
int xmmu_walk_fault(struct xmmu_walk *walk);
bool xmmu_can_be_killed(void);

#endif
