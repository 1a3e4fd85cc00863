/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/**
 * @file
 * @brief What programs say to /dev/xmmu-gpu0 and its like.
 * @ingroup xmmu_uapi_gpu
 */
#ifndef _UAPI_XMMU_GPU_H
#define _UAPI_XMMU_GPU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * @defgroup xmmu_uapi_gpu GPU driver
 * @since 0.1
 * @brief The commands of /dev/xmmu-gpu0 and its like, and the records that can be read from them.
 *
 * An open file is the address space of the process that gives it the first command, as the device
 * sees it: the device works with the addresses of the program, on memory from malloc() as on any
 * other. Nothing is registered, and nothing is pinned.
 *
 * #XMMU_GPU_SUBMIT queues work, which runs in the order of submission. When some has ended, poll()
 * says POLLIN, and each read() delivers one ::xmmu_gpu_done; a smaller buffer is an error (EINVAL).
 *
 * All members named `pad` must be zero, else the command fails with EINVAL. An unknown command
 * fails with ENOTTY, one whose argument can not be read or written with EFAULT. All fail with EXDEV
 * if the file belongs to another process: the caller's addresses mean nothing there. The first
 * command may fail with ENOMEM, or with EINTR on a signal, and can be given again.
 * @{
 */

/** @brief What the device does, on words of 8 bytes; addresses are multiples of 8. */
enum xmmu_gpu_op {
	/** dst[i] = src[i] */
	XMMU_GPU_COPY = 0,
	/** dst[i] = value */
	XMMU_GPU_FILL = 1,
	/** The result is the first i with dst[i] != src[i], or count. */
	XMMU_GPU_COMPARE = 2,
	/** dst[i] += value, atomically; the result is dst[0] before. */
	XMMU_GPU_ADD = 3,
	/** dst[i] = src[index[i]] */
	XMMU_GPU_GATHER = 4,
	/** dst[index[i]] = src[i] */
	XMMU_GPU_SCATTER = 5,
	/** count times: src = *src; the result is src at the end. */
	XMMU_GPU_CHASE = 6,
};

/** @brief Argument of #XMMU_GPU_SUBMIT. */
struct xmmu_gpu_submit {
	/** An ::xmmu_gpu_op. */
	__u32 op;
	/** Zero. */
	__u32 pad;
	/** Where words go. */
	__u64 dst;
	/** Where words come from. */
	__u64 src;
	/** Numbers of words. */
	__u64 index;
	/** How many words. */
	__u64 count;
	/** What is filled in or added. */
	__u64 value;
	/** The program's own, for ::xmmu_gpu_done. */
	__u64 cookie;
};

/** @brief A record that read() delivers: some work has ended. */
struct xmmu_gpu_done {
	/** xmmu_gpu_submit::cookie of the work. */
	__u64 cookie;
	/** As xmmu_gpu_op says. */
	__u64 result;
	/**
	 * 0, or a negative error:
	 * - EINVAL an address is no multiple of 8, or the count is above 2^45
	 * - EFAULT no mapping, or one that can not be read
	 * - EPERM it may not be written to
	 * - ERANGE an address is beyond the 48 bits of the device
	 * - EHWPOISON the memory is broken
	 * - ENOMEM no memory
	 * - ESRCH the address space was gone, as a process that has inherited the file may read
	 * - EIO the device was cut off from the address space, because it did not answer
	 */
	__s32 status;
	/** Zero. */
	__u32 pad;
};

/** @brief Argument of #XMMU_GPU_STATS. */
struct xmmu_gpu_stats {
	/** Of the device: accesses to memory. */
	__u64 accesses;
	/** Of the device: translations found in its TLB. */
	__u64 tlb_hits;
	/** Of the device: translations that were not. */
	__u64 tlb_misses;
	/** Of the device: accesses through translations that it should have forgotten. */
	__u64 stale;
	/** Of the device: pages of its memory that are in use. */
	__u64 memory_used;
	/** Of the device: pages that have moved to its memory. */
	__u64 to_device;
	/** Of the device: pages that have moved back to RAM, for whatever reason. */
	__u64 to_ram;
	/** Of this address space: faults. */
	__u64 faults;
	/** Of this address space: faults after which the access was tried again. */
	__u64 replayed;
	/** Of this address space: faults that ended the work. */
	__u64 cancelled;
	/** Of this address space: flushes of the TLB. */
	__u64 flushes;
	/** Of this address space: bytes of page table. */
	__u64 table_bytes;
	/** Of this address space: pages that #XMMU_GPU_PREFETCH has brought in. */
	__u64 prefetched;
};

/** @brief Where memory should be while the device works with it. */
enum xmmu_gpu_advice {
	/** Wherever it is. */
	XMMU_GPU_ANYWHERE = 0,
	/** In the memory of the device, to which it moves when the device faults. */
	XMMU_GPU_IN_DEVICE = 1,
	/** In RAM, to which it moves when the device faults. */
	XMMU_GPU_IN_RAM = 2,
};

/** @brief Argument of #XMMU_GPU_ADVISE. */
struct xmmu_gpu_advise {
	/** First byte, page aligned. */
	__u64 addr;
	/** Bytes, a multiple of the page size. */
	__u64 len;
	/** An ::xmmu_gpu_advice. */
	__u32 advice;
	/** Zero. */
	__u32 pad;
};

/** @brief Flag of xmmu_gpu_prefetch::flags: the device will write, not only read. */
#define XMMU_GPU_WRITE 1U

/** @brief Argument of #XMMU_GPU_PREFETCH. */
struct xmmu_gpu_prefetch {
	/** First byte, page aligned. */
	__u64 addr;
	/** Bytes, a multiple of the page size. */
	__u64 len;
	/** #XMMU_GPU_WRITE or 0. */
	__u32 flags;
	/** Zero. */
	__u32 pad;
};

/** @brief Argument of #XMMU_GPU_EVENTFD. */
struct xmmu_gpu_eventfd {
	/** An eventfd, or -1 for none. */
	__s32 fd;
	/** Zero. */
	__u32 pad;
};

/**
 * @brief Queue work for the device.
 *
 * - EINVAL the operation is unknown.
 * - EAGAIN 64 pieces of work have not ended, or were not read: read() some.
 * - ENOMEM no memory.
 */
#define XMMU_GPU_SUBMIT _IOW('G', 0x00, struct xmmu_gpu_submit)
/** @brief Read the counters. */
#define XMMU_GPU_STATS _IOR('G', 0x01, struct xmmu_gpu_stats)
/**
 * @brief Say where memory should be.
 *
 * It holds for the addresses, also where nothing is mapped yet, until something else is said, also
 * when the memory there has been unmapped. Nothing moves before the device faults, or is made to by
 * #XMMU_GPU_PREFETCH; what can not move, or finds no room, is used where it is. Private memory that
 * a processor touches moves back.
 *
 * - EINVAL the span is not page aligned, is empty or reaches beyond the address space, or the advice
 *   is unknown.
 * - EOPNOTSUPP ::XMMU_GPU_IN_DEVICE, and the device has no memory.
 * - ENOMEM no memory.
 */
#define XMMU_GPU_ADVISE _IOW('G', 0x02, struct xmmu_gpu_advise)
/**
 * @brief Do now what the device's faults would do later: bring pages in, and move them if so advised.
 *
 * What comes before an error is brought in.
 *
 * - EINVAL the span is not page aligned, or empty; a flag is unknown.
 * - EFAULT, EPERM, ERANGE, EHWPOISON, ENOMEM, EIO as xmmu_gpu_done::status.
 * - ETIMEDOUT the mappings change all the time.
 * - EINTR a fatal signal.
 */
#define XMMU_GPU_PREFETCH _IOW('G', 0x03, struct xmmu_gpu_prefetch)
/**
 * @brief Have one added to an eventfd for each piece of work that ends from now on.
 *
 * Instead of the one that was given before. It is kept until another is given, or the file closed.
 *
 * - EINVAL it is a file, but no eventfd.
 * - EBADF it is no file.
 */
#define XMMU_GPU_EVENTFD _IOW('G', 0x04, struct xmmu_gpu_eventfd)

/** @} */

#endif
