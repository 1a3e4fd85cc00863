/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/**
 * @file
 * @brief What programs say to /dev/xmmu-edu0, /dev/xmmu-edu1 ...
 * @ingroup xmmu_uapi_edu
 */
#ifndef _UAPI_XMMU_EDU_H
#define _UAPI_XMMU_EDU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * @defgroup xmmu_uapi_edu Edu driver
 * @since 0.1
 * @brief The commands of /dev/xmmu-edu0, and the records that can be read from it.
 *
 * The device has a buffer of #XMMU_EDU_BUFFER bytes and moves bytes between it and memory. An open
 * file belongs to the address space that first registers a range. Ranges of it are registered, and
 * jobs copy between them and the buffer, one after the other; no page is pinned meanwhile.
 *
 * Reading the file delivers a ::xmmu_edu_event for each invalidation of the kernel that concerned
 * one of the ranges, as many as are there and fit; it never blocks, but fails with EAGAIN if there
 * is none. poll() says POLLIN when there are records, POLLPRI when a job has ended that no
 * #XMMU_EDU_WAIT has reported, and POLLHUP when the device is gone.
 *
 * All members named `pad` must be zero, else the command fails with EINVAL. An unknown command
 * fails with ENOTTY. When the device was removed every command fails with ENODEV. When it was cut
 * off from memory because it did not finish a transfer, #XMMU_EDU_REGISTER and #XMMU_EDU_SUBMIT
 * fail with EIO.
 * @{
 */

/** @brief Bytes in the device's buffer that can be used. */
#define XMMU_EDU_BUFFER 4095

/** @brief Most bytes in one job. */
#define XMMU_EDU_JOB_MAX (1U << 20)

/** @brief Most registered ranges, and most jobs that are not waited for, of an open file. */
#define XMMU_EDU_IDS 64

/** @brief How the device reaches memory: xmmu_edu_info::path. */
enum xmmu_edu_path {
	/** At its physical address. */
	XMMU_EDU_DIRECT = 0,
	/** At an address that an IOMMU translates. */
	XMMU_EDU_IOMMU = 1,
	/** Through the kernel's bounce buffers where it lies too high. */
	XMMU_EDU_BOUNCE = 2,
	/** Through a page of the driver. */
	XMMU_EDU_COHERENT = 3,
};

/** @brief Device flag: it was cut off from memory because it did not finish a transfer. */
#define XMMU_EDU_DEAD (1U << 0)

/** @brief Result of #XMMU_EDU_INFO: the device, and what it did since the driver took it. */
struct xmmu_edu_info {
	/** From enum xmmu_edu_path. */
	__u32 path;
	/** How many bits of address the device has. */
	__u32 dma_bits;
	/** ::XMMU_EDU_DEAD. */
	__u32 flags;
	/** Zero. */
	__u32 pad;
	/** Transfers by the path that each one really took, from enum xmmu_edu_path. */
	__u64 transfers[4];
	/** Bytes moved to the device. */
	__u64 bytes_to_device;
	/** Bytes moved from the device. */
	__u64 bytes_from_device;
	/** Transfers that had ended without an interrupt. */
	__u64 lost_interrupts;
};

/** @brief Argument of #XMMU_EDU_REGISTER. */
struct xmmu_edu_register {
	/** First byte, a multiple of the page size. */
	__u64 addr;
	/** Bytes, a multiple of the page size. */
	__u64 len;
	/** Out: number of the range. */
	__u32 range;
	/** Zero. */
	__u32 pad;
};

/** @brief Argument of #XMMU_EDU_UNREGISTER and #XMMU_EDU_CANCEL. */
struct xmmu_edu_id {
	/** Number of the range, or of the job. */
	__u32 id;
	/** Zero. */
	__u32 pad;
};

/** @brief xmmu_edu_submit::direction: from memory to the device. */
#define XMMU_EDU_TO_DEVICE 0
/** @brief xmmu_edu_submit::direction: from the device to memory. */
#define XMMU_EDU_FROM_DEVICE 1

/** @brief Argument of #XMMU_EDU_SUBMIT. */
struct xmmu_edu_submit {
	/** First byte in memory, aligned or not. */
	__u64 addr;
	/** Bytes, 1 to #XMMU_EDU_JOB_MAX, inside the range. */
	__u32 len;
	/**
	 * Byte of the buffer that belongs to the one at @ref addr, below #XMMU_EDU_BUFFER. The
	 * last byte of the buffer is followed by the first.
	 */
	__u32 offset;
	/** Number of the range. */
	__u32 range;
	/** #XMMU_EDU_TO_DEVICE or #XMMU_EDU_FROM_DEVICE. */
	__u32 direction;
	/** Out: number of the job. */
	__u32 job;
	/** Zero. */
	__u32 pad;
};

/** @brief Argument of #XMMU_EDU_WAIT. */
struct xmmu_edu_wait {
	/** Number of the job. */
	__u32 job;
	/** Milliseconds; 0 only looks. */
	__u32 timeout_ms;
	/** Out: 0, or a negative error number that says why the job did not move all bytes. */
	__s32 status;
	/** Out: bytes moved, from xmmu_edu_submit::addr on. */
	__u32 done;
};

/** @brief Why the kernel invalidates: xmmu_edu_event::event. */
enum xmmu_edu_reason {
	/** munmap() or mremap(), or the process exits. */
	XMMU_EDU_UNMAP = 0,
	/** The mapping stays, its pages change: copy-on-write, reclaim, madvise(). */
	XMMU_EDU_CLEAR = 1,
	/** Access rights of a mapping change. */
	XMMU_EDU_PROTECTION_VMA = 2,
	/** Access rights of pages change: fork() write-protects for copy-on-write. */
	XMMU_EDU_PROTECTION_PAGE = 3,
	/** Soft-dirty bits are cleared. */
	XMMU_EDU_SOFT_DIRTY = 4,
	/** The address space is torn down. */
	XMMU_EDU_RELEASE = 5,
	/** Pages migrate to or from device memory. */
	XMMU_EDU_MIGRATE = 6,
	/** A device takes exclusive access. */
	XMMU_EDU_EXCLUSIVE = 7,
};

/** @brief Event flag: the kernel allowed the driver to sleep. */
#define XMMU_EDU_BLOCKABLE (1U << 0)
/** @brief Event flag: it must not block and a transfer was in flight; the kernel comes back. */
#define XMMU_EDU_REFUSED (1U << 1)

/** @brief A record read from the file: one invalidation. */
struct xmmu_edu_event {
	/** First byte announced. */
	__u64 start;
	/** Byte after the last announced. */
	__u64 end;
	/** Nanoseconds spent waiting for transfers to end. */
	__u64 wait_ns;
	/** From enum xmmu_edu_reason. */
	__u32 event;
	/** ::XMMU_EDU_BLOCKABLE, ::XMMU_EDU_REFUSED. */
	__u32 flags;
	/** How many records were lost just before this one, because nobody read them in time. */
	__u32 lost;
	/** Zero. */
	__u32 pad;
};

/** @brief Result of #XMMU_EDU_STATS: what happened to the open file's address space. */
struct xmmu_edu_stats {
	/** Invalidations that must not block. */
	__u64 nonblock;
	/** Those of them that were refused. */
	__u64 refused;
	/** Invalidations that waited for a transfer. */
	__u64 waits;
	/** Nanoseconds waited in total. */
	__u64 wait_ns;
	/** The longest single wait in nanoseconds. */
	__u64 wait_ns_max;
	/** Pages looked up for transfers. */
	__u64 pages;
	/** Lookups that an invalidation made void, so that they were repeated. */
	__u64 retries;
	/** Transfers straight into or out of the process's pages. */
	__u64 transfers;
	/** 1 if the device was cut off because it did not finish a transfer. */
	__u64 isolated;
};

/** @brief First byte of the command numbers. */
#define XMMU_EDU_IOC 0xD8

/** @brief Ask what the device is and did. */
#define XMMU_EDU_INFO _IOR(XMMU_EDU_IOC, 1, struct xmmu_edu_info)

/** @brief Read the statistics of the open file. */
#define XMMU_EDU_STATS _IOR(XMMU_EDU_IOC, 2, struct xmmu_edu_stats)

/**
 * @brief Make a range of the caller's memory ready for jobs.
 *
 * Mappings below it may come and go. EINVAL: unaligned, empty, or beyond the address space. EBUSY:
 * #XMMU_EDU_IDS ranges are registered. EXDEV: another process registered the first range,
 * and its addresses are meant. EINTR: a signal arrived at the first registration, which may be
 * repeated. ESRCH: the address space is gone.
 */
#define XMMU_EDU_REGISTER _IOWR(XMMU_EDU_IOC, 3, struct xmmu_edu_register)

/**
 * @brief Take a range back.
 *
 * Returns when no job can reach it any more; jobs that still need it end with ESRCH. ENOENT: no
 * such range.
 */
#define XMMU_EDU_UNREGISTER _IOW(XMMU_EDU_IOC, 4, struct xmmu_edu_id)

/**
 * @brief Queue a job.
 *
 * ENOENT: no such range. EINVAL: not inside the range, not inside the buffer, too long, or an
 * unknown direction. EBUSY: #XMMU_EDU_IDS jobs are not waited for. EXDEV: as for
 * #XMMU_EDU_REGISTER, or its address space is gone.
 */
#define XMMU_EDU_SUBMIT _IOWR(XMMU_EDU_IOC, 5, struct xmmu_edu_submit)

/**
 * @brief Wait for the end of a job, once: its number is free afterwards.
 *
 * ENOENT: no such job. ETIMEDOUT: it has not ended yet. EINTR: a signal. A job ends with 0;
 * ECANCELED; EFAULT for an address without a mapping or one that cannot be read; EPERM for
 * writing to a mapping without that right; ESRCH when the address space or the range is gone; EIO
 * when the device did not finish; ETIMEDOUT when other threads kept changing the mappings; ENOMEM.
 */
#define XMMU_EDU_WAIT _IOWR(XMMU_EDU_IOC, 6, struct xmmu_edu_wait)

/**
 * @brief Drop what a job has not begun to move.
 *
 * The device cannot abort the transfer that it works on, so the job ends with that. It has still to
 * be waited for. ENOENT: no such job.
 */
#define XMMU_EDU_CANCEL _IOW(XMMU_EDU_IOC, 7, struct xmmu_edu_id)

/** @} */

#endif
