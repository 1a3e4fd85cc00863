/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/**
 * @file
 * @brief What programs say to /dev/xmmu-skeleton.
 * @ingroup xmmu_uapi_skeleton
 */
#ifndef _UAPI_XMMU_SKELETON_H
#define _UAPI_XMMU_SKELETON_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * @defgroup xmmu_uapi_skeleton Skeleton driver
 * @since 0.1
 * @brief The commands of /dev/xmmu-skeleton, and the records that can be read from it.
 *
 * An open file is a device context. It is attached to one address space, ranges are added to it,
 * and translations of their pages are made on demand. Each read() delivers one
 * ::xmmu_skeleton_event: an invalidation of the kernel that concerned one of the ranges; a smaller
 * buffer is an error (EINVAL). The end of the file is reached, and poll() says POLLHUP, when
 * nothing more can come: the address space is gone, or nothing is attached.
 *
 * All members named `pad` must be zero, and flags that are not defined here too, else the command
 * fails with EINVAL. An unknown command fails with ENOTTY. Addresses and lengths are in bytes and,
 * unless it says otherwise, multiples of the page size. All commands about addresses fail with
 * ESRCH if nothing is attached or the address space is gone, and with EXDEV if the file came from
 * another process that had attached its own address space: the caller's addresses mean nothing
 * there.
 * @{
 */

/** @brief Argument of #XMMU_SKELETON_ATTACH. */
struct xmmu_skeleton_attach {
	/** Process id, or 0 for the caller's own address space. */
	__s32 pid;
	/** Zero. */
	__u32 pad;
};

/** @brief An interval of addresses. */
struct xmmu_skeleton_range {
	/** First byte. */
	__u64 addr;
	/** Bytes. */
	__u64 len;
};

/** @brief Populate flag: the device may write; breaks copy-on-write. */
#define XMMU_SKELETON_WRITE (1U << 0)
/** @brief Populate flag: take only what is present, never fault. */
#define XMMU_SKELETON_SNAPSHOT (1U << 1)
/** @brief Populate flag: never wait; all pages must be present. */
#define XMMU_SKELETON_NOWAIT (1U << 2)

/** @brief Argument of #XMMU_SKELETON_POPULATE. */
struct xmmu_skeleton_populate {
	/** First byte. */
	__u64 addr;
	/** Bytes; must not reach outside of one range. */
	__u64 len;
	/** Out: bytes populated from @ref addr on, also if the command fails. */
	__u64 done;
	/** ::XMMU_SKELETON_WRITE, ::XMMU_SKELETON_SNAPSHOT, ::XMMU_SKELETON_NOWAIT. */
	__u32 flags;
	/** Zero. */
	__u32 pad;
};

/** @brief Translation flag: the device may read. */
#define XMMU_SKELETON_MAY_READ (1U << 0)
/** @brief Translation flag: the device may write. */
#define XMMU_SKELETON_MAY_WRITE (1U << 1)

/** @brief Argument of #XMMU_SKELETON_QUERY. */
struct xmmu_skeleton_query {
	/** An address, aligned or not. */
	__u64 addr;
	/** Out: when the translation was made, counted in windows populated; 0 if there is none. */
	__u64 generation;
	/** Out: ::XMMU_SKELETON_MAY_READ, ::XMMU_SKELETON_MAY_WRITE; 0 if there is none. */
	__u32 access;
	/** Zero. */
	__u32 pad;
};

/** @brief Why the kernel invalidates: xmmu_skeleton_event::event. */
enum xmmu_skeleton_reason {
	/** munmap() or mremap(), or the process exits. */
	XMMU_SKELETON_UNMAP = 0,
	/** The mapping stays, its pages change: copy-on-write, reclaim, madvise(). */
	XMMU_SKELETON_CLEAR = 1,
	/** Access rights of a mapping change. */
	XMMU_SKELETON_PROTECTION_VMA = 2,
	/** Access rights of pages change: fork() write-protects for copy-on-write. */
	XMMU_SKELETON_PROTECTION_PAGE = 3,
	/** Soft-dirty bits are cleared. */
	XMMU_SKELETON_SOFT_DIRTY = 4,
	/** The address space is torn down. */
	XMMU_SKELETON_RELEASE = 5,
	/** Pages migrate to or from device memory. */
	XMMU_SKELETON_MIGRATE = 6,
	/** A device takes exclusive access. */
	XMMU_SKELETON_EXCLUSIVE = 7,
};

/** @brief How an invalidation ended: xmmu_skeleton_event::outcome. */
enum xmmu_skeleton_outcome {
	/** The device has forgotten everything in the span. */
	XMMU_SKELETON_INVALIDATED = 0,
	/** The driver had caused the event itself. */
	XMMU_SKELETON_FILTERED = 1,
	/** It must not block and could not be done without; the kernel comes back. */
	XMMU_SKELETON_REFUSED = 2,
};

/** @brief Event flag: the kernel allowed the driver to sleep. */
#define XMMU_SKELETON_BLOCKABLE (1U << 0)

/** @brief A record read from the file: one invalidation. */
struct xmmu_skeleton_event {
	/** When it ended: nanoseconds of CLOCK_MONOTONIC. */
	__u64 time_ns;
	/** First byte announced. */
	__u64 start;
	/** Byte after the last announced. */
	__u64 end;
	/** First byte whose translation was removed; valid if @ref zap_end is not 0. */
	__u64 zap_start;
	/** Byte after the last removed; 0 if there was no translation. */
	__u64 zap_end;
	/** Nanoseconds spent waiting for the device. */
	__u64 wait_ns;
	/** From enum xmmu_skeleton_reason. */
	__u32 event;
	/** From enum xmmu_skeleton_outcome. */
	__u32 outcome;
	/** ::XMMU_SKELETON_BLOCKABLE. */
	__u32 flags;
	/** How many records were lost just before this one, because nobody read them in time. */
	__u32 lost;
};

/** @brief Result of #XMMU_SKELETON_STATS: what happened since the context was attached. */
struct xmmu_skeleton_stats {
	/** Invalidations by enum xmmu_skeleton_reason; the last slot is for all above. */
	__u64 events[9];
	/** Invalidations that must not block. */
	__u64 nonblock;
	/** Those of them that were refused. */
	__u64 refused;
	/** Events left out because the driver had caused them itself. */
	__u64 filtered;
	/** Invalidations that removed a translation. */
	__u64 zaps;
	/** Flushes posted to the device. */
	__u64 flushes;
	/** Invalidations that waited for the device. */
	__u64 waits;
	/** Those of them that waited for a flush of somebody else. */
	__u64 waits_shared;
	/** Nanoseconds waited in total. */
	__u64 wait_ns;
	/** The longest single wait in nanoseconds. */
	__u64 wait_ns_max;
	/** The longest invalidation of those that had to wait, in nanoseconds. */
	__u64 invalidate_ns_max;
	/** Windows populated. */
	__u64 commits;
	/** Pages in them. */
	__u64 pages;
	/** Attempts to populate that an invalidation made void. */
	__u64 retries;
	/** Times that populating waited for an invalidation to end. */
	__u64 cold_waits;
	/** Faults that needed fixup_user_fault(). */
	__u64 fixups;
	/** Times that populating ran out of its time. */
	__u64 timeouts;
	/** Always 0: this driver transfers nothing. */
	__u64 xfers;
	/** 1 if the device was cut off because it did not confirm a flush. */
	__u64 isolated;
};

/** @brief First byte of the command numbers. */
#define XMMU_SKELETON_IOC 0xD7

/**
 * @brief Attach the context to an address space.
 *
 * EPERM: the caller is not the tracer of the process (ptrace(PTRACE_SEIZE); it may detach from it
 * afterwards). ESRCH: no such process, or it has exited. EBUSY: attached to another address space.
 */
#define XMMU_SKELETON_ATTACH _IOW(XMMU_SKELETON_IOC, 1, struct xmmu_skeleton_attach)

/**
 * @brief Make an interval ready to be populated.
 *
 * Ranges may overlap; commands about an address that several contain mean one of them. EINVAL:
 * unaligned, empty, or beyond the address space.
 */
#define XMMU_SKELETON_RANGE_ADD _IOW(XMMU_SKELETON_IOC, 2, struct xmmu_skeleton_range)

/** @brief Take away a range that was added with the same bounds. ENOENT: there is none. */
#define XMMU_SKELETON_RANGE_DEL _IOW(XMMU_SKELETON_IOC, 3, struct xmmu_skeleton_range)

/**
 * @brief Make translations.
 *
 * ENOENT: no range at the address. EINVAL: unaligned, empty, or beyond the end of the range.
 * EFAULT: no mapping, or one that cannot be read. EPERM: writing to a mapping without that right.
 * EAGAIN: it would have had to wait. EIO: the device was cut off. ENOSPC: the file has tables for
 * 1024 stretches of 2 MiB already.
 */
#define XMMU_SKELETON_POPULATE _IOWR(XMMU_SKELETON_IOC, 4, struct xmmu_skeleton_populate)

/** @brief Remove translations. ENOENT: no range at the address. EINVAL: beyond its end. */
#define XMMU_SKELETON_ZAP _IOW(XMMU_SKELETON_IOC, 5, struct xmmu_skeleton_range)

/** @brief Ask for the translation of an address. ENOENT: no range there. */
#define XMMU_SKELETON_QUERY _IOWR(XMMU_SKELETON_IOC, 6, struct xmmu_skeleton_query)

/** @brief Read the statistics; works in every state. */
#define XMMU_SKELETON_STATS _IOR(XMMU_SKELETON_IOC, 7, struct xmmu_skeleton_stats)

/** @brief Remove all ranges and let go of the address space; does nothing if none is attached. */
#define XMMU_SKELETON_DETACH _IO(XMMU_SKELETON_IOC, 8)

/** @} */

#endif
