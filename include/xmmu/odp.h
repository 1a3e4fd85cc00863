/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Memory regions with on-demand paging.
 * @ingroup xmmu_odp
 */
#ifndef XMMU_ODP_H
#define XMMU_ODP_H

#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <xmmu/range.h>

struct xmmu_budget;
struct xmmu_gather;
struct xmmu_mirror;
struct xmmu_odp_parent;
struct xmmu_walk;

/**
 * @defgroup xmmu_odp On-demand paging
 * @ingroup xmmu
 * @since 0.1
 * @brief Memory regions as RDMA adapters have them, and parents that cover an address space.
 *
 * Part `odp`: a driver names it in XMMU_PARTS and includes this header.
 *
 * @snippet tests/sketch/rdma.c regions
 *
 * A region is a range with a table of its own: an entry for each page with its DMA address, what
 * the adapter may do there, and how large the leaf is. What an adapter's translation table is made
 * of is read from it under the lock. Regions may overlap. A region belongs to addresses, not to
 * what is mapped there, so it keeps its bounds: its mirror has no xmmu_ops::range_alloc, and it is
 * not split.
 *
 * A parent stands for a whole address space. Its regions, the children, lie on a grid and are made
 * when they are used first. One that has no page any more is collected by a worker, and when there
 * are too many, one that was not used for a while. Whoever holds a child that was collected finds
 * out by -ESRCH and asks for another: xmmu_odp_parent_fault() does that.
 *
 * Where all ranges of a mirror are regions, xmmu_odp_prepare(), xmmu_odp_populate() and
 * xmmu_odp_zap() can be the driver's callbacks as they are; otherwise those call them.
 * @{
 */

/** @brief Access: the adapter may write what it receives. */
#define XMMU_ODP_LOCAL_WRITE BIT(0)
/** @brief Access: others may read. */
#define XMMU_ODP_REMOTE_READ BIT(1)
/** @brief Access: others may write. */
#define XMMU_ODP_REMOTE_WRITE BIT(2)
/** @brief Access: others may do atomic operations. */
#define XMMU_ODP_REMOTE_ATOMIC BIT(3)

/** @brief Entry: ::XMMU_PERM_READ if there is one, and ::XMMU_PERM_WRITE. */
#define XMMU_ODP_PERM 0x3ULL
/** @brief Entry: log2 of the number of pages of the leaf; all its pages say the same. */
#define XMMU_ODP_ORDER 0xf0ULL
/** @brief Entry: where the bits of ::XMMU_ODP_ORDER begin. */
#define XMMU_ODP_ORDER_SHIFT 4
/** @brief Entry: where this page is: a DMA address with ::XMMU_DMA_LEAF, else a physical one. */
#define XMMU_ODP_ADDRESS (~(u64)(PAGE_SIZE - 1))

/**
 * @brief A memory region. Embed it in a structure of the driver.
 */
struct xmmu_odp {
	/** The range; references to it are references to the region. */
	struct xmmu_range range;
	/** What the adapter may do, as given to xmmu_odp_init(). */
	unsigned int access;
	/** @cond INTERNAL */
	bool used;                      /* since it was last looked at for collection */
	struct xarray table;            /* entries by window; those are under the lock */
	unsigned long pages;            /* that have an entry; written under the lock */
	struct xmmu_odp_parent *parent; /* or NULL */
					/** @endcond */
};

/**
 * @brief Make a region, before xmmu_range_insert() on its range.
 *
 * @param odp     Overwritten, but for the range.
 * @param access  ::XMMU_ODP_LOCAL_WRITE, ::XMMU_ODP_REMOTE_READ, ::XMMU_ODP_REMOTE_WRITE,
 *                ::XMMU_ODP_REMOTE_ATOMIC; local reading is always allowed.
 *
 * @ctx{any}
 */
void xmmu_odp_init(struct xmmu_odp *odp, unsigned int access);

/**
 * @brief Free the table of a region; the last call on it, and on its parent.
 *
 * @param odp  The region, made by xmmu_odp_init().
 *
 * @ctx{xmmu_ops::range_free\, or after xmmu_range_insert() has failed}
 */
void xmmu_odp_exit(struct xmmu_odp *odp);

/**
 * @brief Reserve entries for the window of a walk.
 *
 * @param walk  The walk, of a region.
 *
 * @ctx{xmmu_ops::prepare}
 *
 * @retval 0       There are entries.
 * @retval -ENOMEM No memory.
 */
int __must_check xmmu_odp_prepare(struct xmmu_walk *walk);

/**
 * @brief Enter the leaves of the open window.
 *
 * A right that an entry has stays until it is zapped.
 *
 * @param walk  The walk, of a region.
 *
 * @ctx{process; under the mirror's lock}
 */
void xmmu_odp_populate(struct xmmu_walk *walk);

/**
 * @brief Remove the entries of a span, and report them.
 *
 * What is left of a leaf has order 0 from then on, outside of the span too. A child without
 * entries is collected later.
 *
 * @param range   The range of a region.
 * @param start   First byte, page aligned.
 * @param end     Byte after the last, page aligned.
 * @param gather  Gets what was removed.
 *
 * @ctx{inside xmmu_ops::zap}
 */
void xmmu_odp_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		  struct xmmu_gather *gather);

/**
 * @brief Read entries.
 *
 * Under the mirror's lock they are the truth. Without it each is what it was a moment ago.
 *
 * @param odp      The region; the caller holds a reference.
 * @param start    First byte, page aligned, inside the region.
 * @param end      Byte after the last, page aligned, inside the region.
 * @param entries  One for each page: ::XMMU_ODP_PERM, ::XMMU_ODP_ORDER, ::XMMU_ODP_ADDRESS; or 0.
 *
 * @ctx{any}
 */
void xmmu_odp_read(struct xmmu_odp *odp, unsigned long start, unsigned long end, u64 *entries);

/**
 * @brief Serve a fault of the adapter, or prefetch and wait for it.
 *
 * Nothing is done if all entries are there and allow it: another fault was faster. To prefetch what
 * is present, and fault nothing in, is xmmu_populate() with ::XMMU_SNAPSHOT.
 *
 * @param odp     The region; the caller holds a reference.
 * @param start   First byte, page aligned, inside the region.
 * @param end     Byte after the last, page aligned, inside the region.
 * @param access  What is wanted, as for xmmu_odp_init(); 0 to read locally.
 * @param budget  As for xmmu_walk_init(); one for all regions of a request.
 *
 * @ctx{as xmmu_walk_init()}
 *
 * @retval -EACCES The region does not allow it.
 * @return Otherwise as xmmu_populate().
 */
int __must_check xmmu_odp_fault(struct xmmu_odp *odp, unsigned long start, unsigned long end,
				unsigned int access, struct xmmu_budget *budget);

/**
 * @brief Prefetch, and do not wait for it.
 *
 * Nobody is told whether it succeeds. The region is held until then. Memory of a userfaultfd is not
 * waited for.
 *
 * @param wq      Where to do it: one of the context's own, so that a process delays nobody else;
 *                with few workers. The driver destroys it before it frees the mirror.
 * @param odp     The region; the caller holds a reference.
 * @param start   First byte, page aligned, inside the region.
 * @param end     Byte after the last, page aligned, inside the region.
 * @param access  As for xmmu_odp_fault().
 *
 * @ctx{process; may sleep}
 *
 * @retval 0       It will be tried.
 * @retval -EACCES The region does not allow it.
 * @retval -ENOMEM No memory.
 */
int __must_check xmmu_odp_prefetch(struct workqueue_struct *wq, struct xmmu_odp *odp,
				   unsigned long start, unsigned long end, unsigned int access);

/**
 * @brief What a driver does with the children of a parent.
 */
struct xmmu_odp_parent_ops {
	/**
	 * @brief Allocate a child, and what it needs of the adapter.
	 *
	 * Mandatory. xmmu_ops::range_free gets it back; if it could not be inserted, with nothing
	 * in its range but the mirror.
	 *
	 * @param parent  The parent.
	 *
	 * @ctx{process; may sleep; must not call anything for a parent}
	 * @return The region in it, not yet made; NULL without memory.
	 */
	struct xmmu_odp *(*alloc)(struct xmmu_odp_parent *parent);

	/**
	 * @brief A child is found from now on.
	 *
	 * Optional, for an adapter that has a table of children. Of one place in the grid a child
	 * is unlinked before another is linked.
	 *
	 * @param child  The child.
	 *
	 * @ctx{as alloc}
	 */
	void (*link)(struct xmmu_odp *child);

	/**
	 * @brief A child is not found any more.
	 *
	 * Optional. The adapter must begin nothing new with it. Then its pages are zapped, flushed
	 * and waited for; and after that, when nobody holds it, it is freed.
	 *
	 * @param child  The child.
	 *
	 * @ctx{as alloc}
	 */
	void (*unlink)(struct xmmu_odp *child);
};

/** @brief The size of children, if xmmu_odp_parent_config::size is 0. */
#define XMMU_ODP_CHILD_SIZE (64UL << 20)
/** @brief How many children a parent has at most, if xmmu_odp_parent_config::children is 0. */
#define XMMU_ODP_CHILDREN 1024

/** @brief What a parent is made with. */
struct xmmu_odp_parent_config {
	/** The driver's callbacks; they must outlive the parent. */
	const struct xmmu_odp_parent_ops *ops;
	/** What the adapter may do, as for xmmu_odp_init(). */
	unsigned int access;
	/** Bytes of a child, a power of two of ::XMMU_WINDOW at least. */
	unsigned long size;
	/** How many children there may be. */
	unsigned int children;
};

/**
 * @brief A region that covers the whole address space. Embed it in a structure of the driver.
 */
struct xmmu_odp_parent {
	/** @cond INTERNAL */
	struct xmmu_odp_parent_config config;
	struct xmmu_mirror *mirror;
	struct mutex making; /* outermost: who makes or drops a child; the next two */
	unsigned long hand;  /* where to look next for one that is not used */
	bool closed;
	struct work_struct collect;
	spinlock_t lock;        /* finding children, and: */
	struct xarray children; /* struct xmmu_odp by address / size, each held */
	unsigned int count;     /* of those */
	unsigned int alive;     /* and of those that somebody still holds */
	wait_queue_head_t wait; /* for the last of them */
				/** @endcond */
};

/**
 * @brief Make a parent without children.
 *
 * @param parent  Overwritten.
 * @param mirror  The mirror, of which all ranges are regions. It need not be attached yet.
 * @param config  Copied.
 *
 * @ctx{any}
 *
 * @retval 0       Ready.
 * @retval -EINVAL xmmu_odp_parent_ops::alloc is missing, or the size is not possible.
 */
int __must_check xmmu_odp_parent_init(struct xmmu_odp_parent *parent, struct xmmu_mirror *mirror,
				      const struct xmmu_odp_parent_config *config);

/**
 * @brief Remove all children, and wait until nobody holds one.
 *
 * Whoever finds or makes one at the same time gets -ESRCH, which may be after this has returned: the
 * driver keeps the parent until those calls are over.
 *
 * @param parent  The parent.
 *
 * @ctx{as xmmu_range_remove(); the caller holds no child}
 */
void xmmu_odp_parent_destroy(struct xmmu_odp_parent *parent);

/**
 * @brief Find the child at an address, or make one.
 *
 * @param parent  The parent.
 * @param addr    The address.
 *
 * @ctx{as xmmu_range_insert()}
 *
 * @retval ERR_PTR(-ESRCH) The parent is being destroyed, or as xmmu_range_insert().
 * @retval ERR_PTR(-EINTR) A fatal signal, while another child was made or removed; or as
 *                         xmmu_range_insert().
 * @return The child, with a reference to be dropped with xmmu_range_put(); otherwise an error as of
 *         xmmu_range_insert().
 */
struct xmmu_odp *xmmu_odp_parent_find(struct xmmu_odp_parent *parent, unsigned long addr);

/**
 * @brief Serve a fault anywhere in the address space, as xmmu_odp_fault().
 *
 * @param parent  The parent.
 * @param start   First byte, page aligned.
 * @param end     Byte after the last, page aligned.
 * @param access  As for xmmu_odp_fault().
 * @param budget  One for all children; NULL as for xmmu_walk_init().
 *
 * @ctx{as xmmu_range_insert()}
 * @return As xmmu_odp_fault() and xmmu_odp_parent_find().
 */
int __must_check xmmu_odp_parent_fault(struct xmmu_odp_parent *parent, unsigned long start,
				       unsigned long end, unsigned int access,
				       struct xmmu_budget *budget);

/** @} */

#endif
