/* SPDX-License-Identifier: GPL-2.0-only */
/**
 * @file
 * @brief Device memory that the pages of a process can move to.
 * @ingroup xmmu_devmem
 */
#ifndef XMMU_DEVMEM_H
#define XMMU_DEVMEM_H

#include <linux/atomic.h>
#include <linux/memremap.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>

struct page;
struct resource;
struct xmmu_devmem;
struct xmmu_mirror;

/**
 * @defgroup xmmu_devmem Device memory
 * @ingroup xmmu
 * @since 0.1
 * @brief Move pages between RAM and the memory of a device, while the process keeps its addresses.
 *
 * A part: `XMMU_PARTS := devmem` in the driver's Kbuild.
 *
 * Private anonymous memory moves, page by page, and only what nobody has pinned. Every move is an
 * invalidation first: all mirrors of the address space have zapped, flushed and waited before a
 * byte is copied, so a driver has nothing else to do. A page that could not be copied stays where
 * it is, with its content.
 *
 * A device reaches pages in device memory through leaves with ::XMMU_PERM_DEVICE, if its mirrors
 * have the same xmmu_config::devmem_owner; xmmu_devmem_offset() is their address. For all other
 * devices a walk moves private memory back to RAM first.
 * @{
 */

/** @brief Whether the processor can reach the device's memory. */
enum xmmu_devmem_type {
	/** It can not: a page moves back when the processor touches it or one of its 64 KiB. */
	XMMU_DEVMEM_PRIVATE,
	/** It can, coherently: a page stays until it is moved back. */
	XMMU_DEVMEM_COHERENT,
};

/** @brief One page of RAM, and where it goes to or comes from. */
struct xmmu_devmem_copy {
	/** The page in RAM. In xmmu_devmem_ops::copy_to_device NULL: zero the device's page. */
	struct page *page;
	/** First byte in device memory. */
	u64 offset;
};

/**
 * @brief What the driver does for its memory.
 *
 * Both may sleep, hold page locks and mmap_lock when they are called, and may depend neither on a
 * walk nor on user space. They return when all is copied, and the processor sees it. After an error
 * none of the copies is used.
 */
struct xmmu_devmem_ops {
	/** Copy to the device. */
	int (*copy_to_device)(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copies,
			      unsigned int count);
	/** Copy to RAM. */
	int (*copy_to_ram)(struct xmmu_devmem *mem, const struct xmmu_devmem_copy *copies,
			   unsigned int count);
};

/** @brief What device memory is made with. */
struct xmmu_devmem_config {
	/** The driver's functions; they must outlive the memory. */
	const struct xmmu_devmem_ops *ops;
	/** Private or coherent. */
	enum xmmu_devmem_type type;
	/** Bytes, a multiple of 2 MiB. */
	u64 size;
	/** Coherent memory only: where the processor finds it; a multiple of 2 MiB. */
	phys_addr_t phys;
	/** Whose memory it is: the same as xmmu_config::devmem_owner of mirrors that may use it. */
	void *owner;
};

/** @brief How often something has happened, in pages. */
struct xmmu_devmem_stats {
	/** In use. */
	u64 used;
	/** Moved to the device. */
	u64 to_device;
	/** Moved to RAM, for whatever reason. */
	u64 to_ram;
	/** Moved to RAM because the processor touched them, or others close to them. */
	u64 faults;
	/** Of those, moved together with one that the processor touched. */
	u64 around;
	/** Moved to RAM to make room. */
	u64 evicted;
	/** Could not be saved when the device went; the process reads zeros. */
	u64 lost;
};

/**
 * @brief Memory of a device. Embed it in the driver's device, zeroed.
 */
struct xmmu_devmem {
	/** @cond INTERNAL */
	struct xmmu_devmem_config config;
	struct resource *resource;
	unsigned long first; /* page frame number */
	unsigned long pages;
	spinlock_t lock;
	unsigned long *used;    /* a bit for each page; under the lock */
	unsigned long nr_used;  /* under the lock */
	unsigned long next;     /* where to look for a free page; under the lock */
	unsigned long oldest;   /* where to look for one to evict; a hint, without the lock */
	bool closing;           /* no page is given out any more; under the lock */
	unsigned long *faulted; /* a bit for each page that a processor's fault moves back */
	wait_queue_head_t wait; /* for a bit of it to go */
	struct page *stand_in; /* in faults that wait, instead of their own, which has to be free */
	atomic64_t to_device, to_ram, faults, around, evicted, lost;
	struct dev_pagemap pgmap;
	/** @endcond */
};

/**
 * @brief Whether this kernel has device memory of a type.
 *
 * @param type  The type.
 * @return false if xmmu_devmem_init() would give -EOPNOTSUPP.
 *
 * @ctx{any}
 */
bool xmmu_devmem_supported(enum xmmu_devmem_type type);

/**
 * @brief Give a device's memory to the kernel as pages.
 *
 * @param mem     Not in use.
 * @param config  What it is made with.
 *
 * @ctx{process; may sleep}
 *
 * @retval 0           Ready.
 * @retval -EINVAL     No owner, no operations, a size or an address that is no multiple of 2 MiB.
 * @retval -EOPNOTSUPP This kernel has no memory of the type.
 * @retval -EBUSY      The physical span is RAM that the kernel uses, or somebody else's.
 * @retval -ENOMEM     No memory for the pages' descriptions.
 * @return Otherwise why the kernel has refused the memory.
 */
int __must_check xmmu_devmem_init(struct xmmu_devmem *mem, const struct xmmu_devmem_config *config);

/**
 * @brief Take it away again, after everything in it was moved to RAM.
 *
 * It waits until nobody uses a page any more. What the driver can not copy is lost, page by page,
 * and counted: the process reads zeros. A large folio for which RAM has no room in one piece is
 * split, for which all processes are looked at.
 *
 * Calls of xmmu_devmem_to_device() must have ended. When this returns nobody is in the functions of
 * the memory any more, so the module may go. Memory that was never initialised is left alone.
 *
 * @param mem  The memory.
 *
 * @ctx{process; may sleep; mmap_lock\, and the mirrors' locks\, not held}
 */
void xmmu_devmem_destroy(struct xmmu_devmem *mem);

/**
 * @brief Move a span of an address space to the device.
 *
 * Pages that can not move stay in RAM: those that are pinned, shared, of a file, or locked by
 * somebody at the moment. Addresses without a page yet, or with the zero page, get one in device
 * memory. If there is no room, pages that came long ago are moved out.
 *
 * @param mem     The memory.
 * @param mirror  A mirror of the address space.
 * @param start   First byte, page aligned.
 * @param end     Byte after the last, page aligned.
 * @param moved   How many pages have moved, also on error.
 *
 * @ctx{process; may sleep; mmap_lock\, and the mirror's lock\, not held}
 *
 * @retval 0           The whole span was looked at; @p moved says how much of it has moved.
 * @retval -EINVAL     The span is unaligned or empty.
 * @retval -EFAULT     No mapping, or one that can not be read at all.
 * @retval -EOPNOTSUPP A mapping that can not move: hugetlb, I/O memory, DAX.
 * @retval -ENOSPC     No room, and nothing that could be moved out.
 * @retval -ENOMEM     No memory.
 * @retval -EINTR      A fatal signal.
 * @retval -ESRCH      The mirror is not attached, or its address space is gone.
 * @return Otherwise what xmmu_devmem_ops::copy_to_device returned; its pages are still in RAM.
 */
int __must_check xmmu_devmem_to_device(struct xmmu_devmem *mem, struct xmmu_mirror *mirror,
				       unsigned long start, unsigned long end,
				       unsigned long *moved);

/**
 * @brief Move what a span of an address space has in this memory back to RAM.
 *
 * @param mem     The memory.
 * @param mirror  A mirror of the address space.
 * @param start   First byte, page aligned.
 * @param end     Byte after the last, page aligned.
 * @param moved   How many pages have moved, also on error.
 *
 * @ctx{process; may sleep; mmap_lock\, and the mirror's lock\, not held}
 *
 * @retval 0       The whole span was looked at.
 * @retval -EINVAL The span is unaligned or empty.
 * @retval -ENOMEM No memory.
 * @retval -EINTR  A fatal signal.
 * @retval -ESRCH  The mirror is not attached, or its address space is gone.
 * @return Otherwise what xmmu_devmem_ops::copy_to_ram returned; its pages are still in the device.
 */
int __must_check xmmu_devmem_to_ram(struct xmmu_devmem *mem, struct xmmu_mirror *mirror,
				    unsigned long start, unsigned long end, unsigned long *moved);

/**
 * @brief Make room: move pages to RAM, those first that came first, whoever they belong to.
 *
 * @param mem    The memory.
 * @param pages  How many; all if it is ULONG_MAX.
 *
 * @ctx{process; may sleep; mmap_lock\, and the mirrors' locks\, not held}
 * @return How many have moved: fewer if others are in use at the moment, or can not be copied.
 */
unsigned long xmmu_devmem_evict(struct xmmu_devmem *mem, unsigned long pages);

/**
 * @brief The memory that a page belongs to.
 *
 * @param page  A page of a leaf with ::XMMU_PERM_DEVICE.
 * @return The memory; another than the driver's own if several have the same owner.
 *
 * @ctx{where the leaf may be used}
 */
struct xmmu_devmem *xmmu_devmem_of(const struct page *page);

/**
 * @brief Where in device memory a page is.
 *
 * @param mem   The memory that it belongs to.
 * @param page  The page.
 * @return The offset of its first byte.
 *
 * @ctx{any}
 */
u64 xmmu_devmem_offset(const struct xmmu_devmem *mem, const struct page *page);

/**
 * @brief Read the statistics.
 *
 * @param mem    The memory.
 * @param stats  Filled in.
 *
 * @ctx{any}
 */
void xmmu_devmem_read_stats(struct xmmu_devmem *mem, struct xmmu_devmem_stats *stats);

/** @} */

#endif
