/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How programs drive the drivers that `make bench` compares: one by hand, one on xmmu, one on its
 * part `whole`. Private to tests/bench and its test: it changes as they do.
 *
 * An open file is a context of a software device. What a call returns in `cycles` is the time stamp
 * counter from entry to return of the driver's function, without the ioctl around it.
 */
#ifndef XMMU_BENCH_ABI_H
#define XMMU_BENCH_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define BENCH_DEVICE_RAW   "/dev/xmmu_bench_raw"
#define BENCH_DEVICE_SDK   "/dev/xmmu_bench_sdk"
#define BENCH_DEVICE_WHOLE "/dev/xmmu_bench_whole"

/* Ranges of a context. */
#define BENCH_RANGES 8

#define BENCH_WRITE 1 /* populate for writing */

struct bench_range {
	__u64 start;
	__u64 end;
	__u32 id; /* below BENCH_RANGES, chosen by the caller */
	__u32 flags;
	__u64 cycles; /* out */
};

/* An access by the device. */
struct bench_word {
	__u64 addr;
	__u64 value;
	__u32 id;
	__u32 pad;
};

/* How the device confirms a flush. */
#define BENCH_BY_IRQ  0 /* in a hard interrupt, as hardware does */
#define BENCH_AT_ONCE 1 /* while it is being told */

/* All callbacks of the context since the last call. */
struct bench_callbacks {
	__u64 events; /* that they were for: a list notifier is called twice */
	__u64 cycles;
	__u64 flushes;
};

struct bench_loop {
	__u64 count;
	__u64 cycles; /* out: of count times two instructions */
};

/* Ranges of one page in a mirror of their own, every second page from start on. */
struct bench_crowd {
	__u64 start;
	__u64 count;
	/* Out, of each the cycles of PROBES calls. */
	__u64 hit;  /* xmmu_range_find() of a range */
	__u64 miss; /* of a page between two */
	__u64 remove;
	__u64 insert;
	__u64 bytes; /* out: memory of the SDK for each range */
};

#define BENCH_CROWD_PROBES 256

/* Accesses without a translation, to present pages from start on: an aligned stretch of 2 MiB. */
struct bench_faults {
	__u64 start;
	/* Out: cycles from the interrupt until the device goes on. */
	__u64 alone;    /* one access */
	__u64 together; /* BENCH_FAULTS at once */
};

#define BENCH_FAULTS 256

/* A page table of 2 GiB from start on, aligned to 1 GiB. */
struct bench_tables {
	__u64 start;
	__u64 bytes; /* out: what the second half adds */
};

#define BENCH_TABLE_PAGES (1UL << 18)

#define BENCH_IOC_ATTACH    _IO('b', 0)
#define BENCH_IOC_INSERT    _IOWR('b', 1, struct bench_range)
#define BENCH_IOC_REMOVE    _IOWR('b', 2, struct bench_range)
#define BENCH_IOC_POPULATE  _IOWR('b', 3, struct bench_range)
#define BENCH_IOC_HMM       _IOWR('b', 4, struct bench_range) /* hmm_range_fault() alone */
#define BENCH_IOC_LOAD      _IOWR('b', 5, struct bench_word)  /* -EFAULT: no translation */
#define BENCH_IOC_STORE     _IOW('b', 6, struct bench_word)   /* -EPERM: not writable */
#define BENCH_IOC_CONFIRM   _IOW('b', 7, __u32)
#define BENCH_IOC_CALLBACKS _IOR('b', 8, struct bench_callbacks)
#define BENCH_IOC_LOOP      _IOWR('b', 9, struct bench_loop)
#define BENCH_IOC_CROWD     _IOWR('b', 10, struct bench_crowd)
#define BENCH_IOC_FAULTS    _IOWR('b', 11, struct bench_faults)
#define BENCH_IOC_TABLES    _IOWR('b', 12, struct bench_tables)

#endif
