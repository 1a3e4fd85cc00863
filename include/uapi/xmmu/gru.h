/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/**
 * @file
 * @brief What programs say to /dev/xmmu-gru.
 * @ingroup xmmu_uapi_gru
 */
#ifndef _UAPI_XMMU_GRU_H
#define _UAPI_XMMU_GRU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * @defgroup xmmu_uapi_gru GRU driver
 * @since 0.1
 * @brief The commands of /dev/xmmu-gru: how a program lets the engine work in its memory.
 *
 * An open file of `/dev/xmmu-gru` is a context. It belongs to the address space that has first used
 * it; from another one every command ends with EXDEV. Addresses are those of the program, on any of
 * its memory.
 *
 * There are more contexts than places in the engine. A context that has none takes one from
 * another, and gives it back in the same way; programs do not notice, but for the time it takes.
 * @{
 */

/** @brief What an instruction does with words of 8 bytes. */
enum xmmu_gru_op {
	/** dst[i] = src[i] */
	XMMU_GRU_COPY,
	/** dst[i] = value */
	XMMU_GRU_FILL,
	/** Result: the first i with dst[i] != src[i], or count. */
	XMMU_GRU_COMPARE,
	/** dst[i] += value, atomically; result: dst[0] before. */
	XMMU_GRU_ADD,
	/** dst[i] = src[index[i]] */
	XMMU_GRU_GATHER,
	/** dst[index[i]] = src[i] */
	XMMU_GRU_SCATTER,
	/** count times: src = *src; result: src at the end. */
	XMMU_GRU_CHASE
};

/** @brief What an instruction can do: nothing but a fatal signal ends one before its time. */
#define XMMU_GRU_WORDS_MAX (1 << 21)

/** @brief An instruction, for XMMU_GRU_RUN. */
struct xmmu_gru_run {
	/** enum xmmu_gru_op */
	__u32 op;
	/** 0 */
	__u32 pad;
	/** A multiple of 8, as all addresses. */
	__u64 dst;
	/** As above. */
	__u64 src;
	/** As above. */
	__u64 index;
	/** Words, at most ::XMMU_GRU_WORDS_MAX. */
	__u64 count;
	/** For fill and add. */
	__u64 value;
	/** Out. */
	__u64 result;
};

/** @brief Counters, for XMMU_GRU_STATS. */
struct xmmu_gru_stats {
	/** Times that this context got a place in the engine. */
	__u64 loads;
	/** Times that it was taken from it by another. */
	__u64 steals;
	/** Times that it followed its thread to another part of the engine. */
	__u64 moves;
	/** Faults that the interrupt served. */
	__u64 fast;
	/** Faults that were left to the thread that waits. */
	__u64 slow;
	/** Invalidations of the address space. */
	__u64 events;
	/** Translations that were loaded into contexts of the address space. */
	__u64 dropins;
	/** Tries that an invalidation has put off. */
	__u64 backoffs;
	/** Tries that an invalidation has overtaken. */
	__u64 collisions;
	/** Flushes of a part of the addresses, of one context each. */
	__u64 flushes;
	/** Flushes of all addresses of a context. */
	__u64 full_flushes;
	/** Accesses of the engine, of all contexts that there were, as the next two. */
	__u64 accesses;
	/** Accesses that found no translation. */
	__u64 faults;
	/** Accesses that should not have been: 0. */
	__u64 stale;
};

/**
 * @brief Run an instruction to its end.
 *
 * @return 0; EFAULT if it uses memory that is not there, or that the program may not use so; EINVAL
 *         for an unknown operation, an unaligned address, padding or too many words; EXDEV in
 *         another address space; EINTR for a fatal signal, at the first command of a file
 *         for any; ENOMEM.
 */
#define XMMU_GRU_RUN _IOWR('G', 1, struct xmmu_gru_run)

/** @brief Give the place in the engine up, until the next instruction. */
#define XMMU_GRU_UNLOAD _IO('G', 2)

/** @brief Read the counters. */
#define XMMU_GRU_STATS _IOR('G', 3, struct xmmu_gru_stats)

/** @} */

#endif
