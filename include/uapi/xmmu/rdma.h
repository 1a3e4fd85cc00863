/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/**
 * @file
 * @brief What programs say to /dev/xmmu-rdma.
 * @ingroup xmmu_uapi_rdma
 */
#ifndef _UAPI_XMMU_RDMA_H
#define _UAPI_XMMU_RDMA_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * @defgroup xmmu_uapi_rdma RDMA driver
 * @since 0.1
 * @brief The commands of /dev/xmmu-rdma, and the records that can be read from it.
 *
 * An open file is a protection domain with a completion queue, of the process that gives it the
 * first command: memory of that process is registered in it as regions, and nothing is pinned. A
 * queue pair has a queue of work that this side begins, and one of buffers for what the other side
 * sends. Two of them become a connection when each names the other in #XMMU_RDMA_CONNECT; they may
 * belong to different processes.
 *
 * Who knows the remote key of a region may reach it through a connection to its protection domain,
 * as far as the region allows. Keys are looked at when work is done, not when it is posted. Half of
 * a key is random, and that of a region which is no more never fits another one.
 *
 * Work of a queue is done in order. When some has ended, poll() says POLLIN, and each read()
 * delivers one ::xmmu_rdma_completion; a smaller buffer is an error (EINVAL). What goes wrong breaks
 * the connection: all other work of both queue pairs ends with ::XMMU_RDMA_FLUSHED.
 *
 * All members named `pad` must be zero, else the command fails with EINVAL. An unknown command
 * fails with ENOTTY, one whose argument can not be read or written with EFAULT: what it has made is
 * taken away again. All fail with EXDEV if the file belongs to another process. The first command
 * may fail with ENOMEM, or with EINTR on a signal, and can be given again.
 * @{
 */

/** @brief Access to a region: the owner's work may write to it. It may always read. */
#define XMMU_RDMA_LOCAL_WRITE 1U
/** @brief Access to a region: the other side may read. */
#define XMMU_RDMA_REMOTE_READ 2U
/** @brief Access to a region: the other side may write. */
#define XMMU_RDMA_REMOTE_WRITE 4U
/** @brief Access to a region: the other side may do atomic operations. */
#define XMMU_RDMA_REMOTE_ATOMIC 8U

/** @brief All of the address space; address and length are 0 then. */
#define XMMU_RDMA_IMPLICIT 16U

/** @brief Argument of #XMMU_RDMA_REGISTER and #XMMU_RDMA_REREGISTER. */
struct xmmu_rdma_region {
	/** First byte, a multiple of 8. */
	__u64 addr;
	/** Bytes, a multiple of 8. */
	__u64 len;
	/** #XMMU_RDMA_LOCAL_WRITE, #XMMU_RDMA_REMOTE_READ, ... */
	__u32 access;
	/** Zero. */
	__u32 pad;
	/**
	 * The key for the owner's own work, which is the name of the region as well. Set; for
	 * #XMMU_RDMA_REREGISTER that of the region at first.
	 */
	__u64 local_key;
	/** Set: the key for the other side, 0 if it may do nothing. */
	__u64 remote_key;
};

/** @brief Argument of #XMMU_RDMA_DEREGISTER. */
struct xmmu_rdma_deregister {
	/** xmmu_rdma_region::local_key. */
	__u64 local_key;
};

/** @brief Argument of #XMMU_RDMA_PREFETCH. */
struct xmmu_rdma_prefetch {
	/** xmmu_rdma_region::local_key. */
	__u64 local_key;
	/** First byte, in the region. */
	__u64 addr;
	/** Bytes. */
	__u64 len;
	/** #XMMU_RDMA_PREFETCH_WRITE, #XMMU_RDMA_PREFETCH_ASYNC. */
	__u32 flags;
	/** Zero. */
	__u32 pad;
};

/** @brief Flag of xmmu_rdma_prefetch::flags: for writing, not only for reading. */
#define XMMU_RDMA_PREFETCH_WRITE 1U
/** @brief Flag of xmmu_rdma_prefetch::flags: do not wait for it, and do not say how it ended. */
#define XMMU_RDMA_PREFETCH_ASYNC 2U

/** @brief What a queue pair is doing. */
enum xmmu_rdma_state {
	/** Nothing yet: it is not connected. */
	XMMU_RDMA_IDLE = 0,
	/** It works, or waits for work. */
	XMMU_RDMA_READY = 1,
	/** Its work waits for pages. It goes on when they are there. */
	XMMU_RDMA_SUSPENDED = 2,
	/** Something went wrong, or the other side is gone: it only can be destroyed. */
	XMMU_RDMA_ERROR = 3,
};

/** @brief Argument of the commands for queue pairs. */
struct xmmu_rdma_pair {
	/** The number of the queue pair; set by #XMMU_RDMA_CREATE. */
	__u32 number;
	/** That of the other side, for #XMMU_RDMA_CONNECT; else zero. */
	__u32 peer;
	/** Set by #XMMU_RDMA_QUERY: an ::xmmu_rdma_state; else zero. */
	__u32 state;
	/** Zero. */
	__u32 pad;
};

/** @brief Work. Addresses and lengths are multiples of 8. */
enum xmmu_rdma_op {
	/** A buffer for what the other side sends. */
	XMMU_RDMA_RECEIVE = 0,
	/** Send memory into the next buffer of the other side; waits until there is one. */
	XMMU_RDMA_SEND = 1,
	/** Copy memory of the other side to here. */
	XMMU_RDMA_READ = 2,
	/** Copy memory from here to the other side. */
	XMMU_RDMA_WRITE = 3,
	/** Add to a word of the other side. */
	XMMU_RDMA_FETCH_ADD = 4,
	/** Replace a word of the other side if it is what is expected. */
	XMMU_RDMA_COMPARE_SWAP = 5,
};

/** @brief Argument of #XMMU_RDMA_POST. */
struct xmmu_rdma_work {
	/** The queue pair. */
	__u32 pair;
	/** An ::xmmu_rdma_op. */
	__u32 op;
	/** Memory here, not of atomic operations. */
	__u64 local_addr;
	/** The region that it is in. */
	__u64 local_key;
	/** Memory of the other side; not to send or receive. */
	__u64 remote_addr;
	/** The region that it is in. */
	__u64 remote_key;
	/** Bytes; atomic operations have 8. */
	__u64 len;
	/** What is added, or put in. */
	__u64 value;
	/** What ::XMMU_RDMA_COMPARE_SWAP expects. */
	__u64 expected;
	/** The program's own, for ::xmmu_rdma_completion. */
	__u64 cookie;
};

/** @brief How work has ended. */
enum xmmu_rdma_status {
	/** All of it is done. */
	XMMU_RDMA_OK = 0,
	/** Memory here: a wrong key, beyond the region, a right is missing, or it can not be had. */
	XMMU_RDMA_LOCAL_PROTECTION = 1,
	/** The same, of memory of the other side. */
	XMMU_RDMA_REMOTE_ACCESS = 2,
	/** More was sent than the buffer has room for. */
	XMMU_RDMA_LENGTH = 3,
	/** The connection was broken before it was done. */
	XMMU_RDMA_FLUSHED = 4,
	/** The device was reset, or cut off from an address space because it did not answer. */
	XMMU_RDMA_DEVICE = 5,
};

/** @brief A record that read() delivers: some work has ended. */
struct xmmu_rdma_completion {
	/** xmmu_rdma_work::cookie of the work. */
	__u64 cookie;
	/** Of atomic operations: the word before. Of a receive: bytes. */
	__u64 result;
	/** xmmu_rdma_work::pair. */
	__u32 pair;
	/** xmmu_rdma_work::op. */
	__u32 op;
	/** An ::xmmu_rdma_status. With any other than OK the result means nothing. */
	__u32 status;
	/**
	 * 0, or why in detail, a negative error:
	 * - ENOKEY there is no such key, or not in this protection domain
	 * - ERANGE it is beyond the region
	 * - EACCES the region does not allow it
	 * - EFAULT no mapping, or one that can not be read
	 * - EPERM it may not be written to
	 * - EHWPOISON the memory is broken
	 * - ENOMEM no memory
	 * - ESRCH the address space is gone
	 * - EIO the device was cut off
	 */
	__s32 error;
};

/** @brief Argument of #XMMU_RDMA_EVENTFD. */
struct xmmu_rdma_eventfd {
	/** An eventfd, or -1 for none. */
	__s32 fd;
	/** Zero. */
	__u32 pad;
};

/** @brief Argument of #XMMU_RDMA_STATS. */
struct xmmu_rdma_stats {
	/** Of the device: accesses to memory. */
	__u64 accesses;
	/** Of the device: accesses through translations that it should have forgotten. */
	__u64 stale;
	/** Of this protection domain: page faults; each has suspended a queue pair. */
	__u64 faults;
	/** Of this protection domain: faults after which a queue pair was resumed. */
	__u64 resumed;
	/** Of this protection domain: faults that ended the work. */
	__u64 cancelled;
	/** Of this protection domain: invalidations that took something away. */
	__u64 invalidations;
	/** Of this protection domain: pages brought in by #XMMU_RDMA_PREFETCH that were waited for. */
	__u64 prefetched;
	/** Of this protection domain: attempts to bring pages in that had to be made again. */
	__u64 retries;
	/** Of this protection domain: regions. */
	__u64 regions;
	/** Of this protection domain: pieces of the address space that the implicit region has now. */
	__u64 children;
};

/**
 * @brief Register memory.
 *
 * It need not be mapped, now or later. What of it is when work is done is used.
 *
 * - EINVAL the span is empty, no multiple of 8, or beyond the address space; an unknown access.
 * - EEXIST there is a region with #XMMU_RDMA_IMPLICIT.
 * - ENOSPC there are 1024 regions.
 * - ENOMEM no memory; EINTR a signal.
 */
#define XMMU_RDMA_REGISTER _IOWR('R', 0x00, struct xmmu_rdma_region)
/**
 * @brief Forget a region.
 *
 * When it returns, nobody reaches memory by its keys any more. Work that was doing so ends with an
 * error, and breaks its connection.
 *
 * - ENOENT there is no such region.
 */
#define XMMU_RDMA_DEREGISTER _IOW('R', 0x01, struct xmmu_rdma_deregister)
/**
 * @brief Register other memory instead: as #XMMU_RDMA_DEREGISTER and then #XMMU_RDMA_REGISTER.
 *
 * The keys are new ones. If the new region can not be made the old one is as it was; if only its
 * keys can not be told (EFAULT) both are gone.
 *
 * - ENOENT there is no such region.
 * - Otherwise as #XMMU_RDMA_REGISTER.
 */
#define XMMU_RDMA_REREGISTER _IOWR('R', 0x02, struct xmmu_rdma_region)
/**
 * @brief Bring pages in before they are used.
 *
 * - EINVAL the span is empty or not in the region; an unknown flag.
 * - ENOENT there is no such region.
 * - EACCES the region is not for writing.
 * - E2BIG more than 64 GiB of the implicit region, with #XMMU_RDMA_PREFETCH_ASYNC.
 * - EFAULT, EPERM, EHWPOISON, ENOMEM, EIO as xmmu_rdma_completion::error.
 * - ESRCH the region was taken away meanwhile.
 * - ETIMEDOUT the mappings change all the time.
 * - EINTR a fatal signal.
 */
#define XMMU_RDMA_PREFETCH _IOW('R', 0x03, struct xmmu_rdma_prefetch)
/**
 * @brief Make a queue pair.
 *
 * - ENOSPC there are 64 queue pairs.
 * - ENOMEM no memory.
 */
#define XMMU_RDMA_CREATE _IOWR('R', 0x04, struct xmmu_rdma_pair)
/**
 * @brief Name the other side.
 *
 * The queue pairs are connected when both have done so.
 *
 * - ENOENT there is no such queue pair in this protection domain.
 * - EBUSY it has named one before.
 */
#define XMMU_RDMA_CONNECT _IOW('R', 0x05, struct xmmu_rdma_pair)
/**
 * @brief Ask for the state of a queue pair.
 *
 * - ENOENT there is no such queue pair in this protection domain.
 */
#define XMMU_RDMA_QUERY _IOWR('R', 0x06, struct xmmu_rdma_pair)
/**
 * @brief Destroy a queue pair. Its work, and that of the other side, is flushed.
 *
 * - ENOENT there is no such queue pair in this protection domain.
 */
#define XMMU_RDMA_DESTROY _IOW('R', 0x07, struct xmmu_rdma_pair)
/**
 * @brief Queue work.
 *
 * Buffers to receive may be posted before the queue pair is connected.
 *
 * - EINVAL an unknown operation, a length that it can not have, or no multiple of 8.
 * - ENOENT there is no such queue pair in this protection domain.
 * - ENOTCONN it is not connected.
 * - EAGAIN 256 pieces of work of this file have not ended, or were not read: read() some.
 * - ENOMEM no memory.
 */
#define XMMU_RDMA_POST _IOW('R', 0x08, struct xmmu_rdma_work)
/**
 * @brief Have one added to an eventfd for each piece of work that ends from now on.
 *
 * Instead of the one that was given before. It is kept until another is given, or the file closed.
 *
 * - EINVAL it is a file, but no eventfd.
 * - EBADF it is no file.
 */
#define XMMU_RDMA_EVENTFD _IOW('R', 0x09, struct xmmu_rdma_eventfd)
/** @brief Read the counters. */
#define XMMU_RDMA_STATS _IOR('R', 0x0a, struct xmmu_rdma_stats)

/** @} */

#endif
