/* SPDX-License-Identifier: GPL-2.0-only */
/* How tests/user/faultq.c drives the module xmmu_faultq. Private to it: it changes as that does. */
#ifndef XMMU_FAULTQ_ABI_H
#define XMMU_FAULTQ_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define XQ_DEVICE "/dev/xmmu_faultq"

/* Accesses that can be parked at a time: numbers are below it. */
#define XQ_NUMBERS 512

/* The answer of one that is parked still. */
#define XQ_PARKED 1

/* The mirror of the caller's address space, with one range. */
struct xq_attach {
	__u64 start;
	__u64 end;
	__u32 depth;
	__u32 slice_ms;
};

/* Pages from addr on, one access each; the first has the given number, the others those after. */
struct xq_park {
	__u64 addr;
	__u32 pages;
	__u32 number;
	__u32 write;
	__u32 taken; /* out: the queue had room for so many */
};

struct xq_wait {
	__u32 number;
	__u32 ms;
	__s32 result; /* out: 0, an error, or XQ_PARKED */
	__u32 pad;
};

/* Pages from addr on: one after the other, or all at once. */
struct xq_measure {
	__u64 addr;
	__u32 pages;
	__u32 together;
	__u64 ns; /* out: for each, from the interrupt until it is answered */
};

/* struct xmmu_faultq_stats */
struct xq_stats {
	__u64 pushed;
	__u64 refused;
	__u64 deduped;
	__u64 batches;
	__u64 served;
	__u64 prefetched;
	__u64 retried;
	__u64 replayed;
	__u64 cancelled;
	__u64 answer_ns_max;
};

#define XQ_ATTACH  _IOW('Q', 1, struct xq_attach)
#define XQ_DETACH  _IO('Q', 2)
#define XQ_PARK    _IOWR('Q', 3, struct xq_park)
#define XQ_WAIT    _IOWR('Q', 4, struct xq_wait)
#define XQ_MEASURE _IOWR('Q', 5, struct xq_measure)
#define XQ_STATS   _IOR('Q', 6, struct xq_stats)

#endif
