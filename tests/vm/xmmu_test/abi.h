/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How the tests in tests/user drive the module xmmu_test. Private to them: it changes as they do.
 *
 * An open file is a context with one mirror and a software device of its own: a page table, a TLB
 * that is filled by accesses and emptied when a flush is confirmed, and an agent that keeps using
 * what is in the TLB.
 */
#ifndef XMMU_TEST_ABI_H
#define XMMU_TEST_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define XT_DEVICE "/dev/xmmu_test"

/* enum xmmu_policy */
#define XT_REFUSE  0
#define XT_TRYLOCK 1
#define XT_ATOMIC  2

/* enum xmmu_dma */
#define XT_DMA_NONE 0
#define XT_DMA_LEAF 1
#define XT_DMA_XFER 2

/* Walk flags of the SDK. */
#define XT_WRITE    1
#define XT_SNAPSHOT 2
#define XT_NOWAIT   4

/* What an attach leaves out. */
#define XT_WITHOUT_OPS        0x01
#define XT_WITHOUT_ZAP        0x02
#define XT_WITHOUT_ISOLATE    0x04
#define XT_WITHOUT_RANGE_FREE 0x08
#define XT_WITHOUT_POPULATE   0x10
#define XT_WITHOUT_FLUSH      0x20
#define XT_WITHOUT_DEV        0x40

struct xt_attach {
	__u32 policy;
	__u32 dma;
	__u32 dma_bits; /* what the device reaches; 0: 64 */
	__u32 watchdog_ms;
	__u32 without;
	__s32 pid; /* 0: the caller's own address space */
};

struct xt_range {
	__u64 start;
	__u64 end;
	__u32 id; /* out for INSERT and FIND */
	__u32 pad;
};

/* How a walk is done. */
#define XT_LOOP       0 /* xmmu_walk_next() and commit until the end */
#define XT_ONE_CALL   1 /* xmmu_populate() */
#define XT_ABANDON    2 /* end the walk with a window open */
#define XT_NEXT_TWICE 3 /* next with a window open */
#define XT_LATE_LEAF  4 /* look for leaves after the commit */

struct xt_walk {
	__u64 start;
	__u64 end;
	__u64 done; /* out */
	__u32 id;
	__u32 flags;
	__u32 mode;
	__u32 stall_ms; /* 0: no budget is given */
	__u32 total_ms;
	/* The rest is out, and for XT_LOOP only. */
	__u32 windows;
	__u32 leaves;
	__u32 pages;
	__u32 writable; /* pages */
	__u32 mapped;   /* leaves with a DMA address */
	__u32 max_order;
	__u32 pad;
	__u64 late_pfn; /* XT_LATE_LEAF: what the walk holds after the commit, as it is */
};

/* Accesses through translations. Page number n from start holds base + n in the given word. */
#define XT_READ  0 /* reads; anything but 0 and the expected value is counted as wrong */
#define XT_STORE 1 /* writes */
#define XT_STAMP 2 /* checks and writes the stamps; base and word do not matter */

struct xt_access {
	__u64 start;
	__u64 end;
	__u64 base;
	__u64 last; /* out: last word read */
	__u32 id;
	__u32 op;
	__u32 word;
	__u32 tlb;    /* keep the translations in the TLB for the agent */
	__u32 done;   /* out: accesses made */
	__u32 wrong;  /* out */
	__u32 denied; /* out: stores without the right */
	__u32 pad;
};

/*
 * Stamps: what the device finds in a page tells whether it may still look there. Two words of each
 * page carry (number of the page, generation): the first is written by the processor, the second by
 * the device. Who destroys the page or overwrites the first word advances the generation before,
 * and afterwards says which generations are dead. Pages have numbers in one table for all contexts,
 * which mmap() at XT_STAMPS_OFFSET shows.
 *
 * The device reads the limits before it looks, so a dead generation is one whose last invalidation
 * had returned: a stale access. Zero is what a new page holds; `fresh` says whether it may be one.
 */
#define XT_PAGES         16384
#define XT_STAMPS_OFFSET (1UL << 20)
#define XT_WORDS         2
#define XT_WORD_CPU      0
#define XT_WORD_DEVICE   1

struct xt_stamp {
	__u32 gen;
	__u32 dead[XT_WORDS];
	__u32 fresh; /* a bit for each word */
	__s32 lock;  /* for the program only */
	__u32 pad[3];
};

static inline __u64 xt_stamp_value(__u32 page, __u32 gen)
{
	return ((__u64)page + 1) << 32 | gen;
}

/* Pages from start on have stamps, the first one with the number `page`. */
struct xt_stamps {
	__u64 start;
	__u64 end;
	__u32 page;
	__u32 pad;
};

struct xt_query {
	__u64 start;
	__u64 end;
	__u64 pfn;     /* out: of the first page, if present */
	__u32 id;      /* 0: only the TLB is looked at */
	__u32 present; /* out: translations in the page table */
	__u32 tlb;     /* out: translations in the TLB */
	__u32 writable;
};

struct xt_xfer {
	__u64 addr;
	__u32 len;
	__u32 to_device;
	__u32 id; /* of the range; out: of the transfer */
	__u32 pad;
};

/* A transfer of the stamps of the page at addr: out to the device, or the second one in. */
struct xt_move {
	__u64 addr;
	__u32 id;
	__u32 to_device;
	__u32 us; /* that the device takes */
	__u32 pad;
};

/* When a flush is confirmed. */
#define XT_FLUSH_NOW   0 /* before ops->flush returns */
#define XT_FLUSH_IRQ   1 /* at once, in a hard interrupt */
#define XT_FLUSH_DELAY 2 /* after XT_FLUSH_MS */
#define XT_FLUSH_HOLD  3 /* by XT_CONFIRM */

/* Where the next walk is held until XT_GO. */
#define XT_AT_PREPARE  1
#define XT_AT_POPULATE 2 /* under the mirror's lock */
#define XT_AT_XFER     3 /* before a transfer, and without the lock that must be held there */

/* A fault of the driver that the debug build or a debug kernel finds; each happens once. */
#define XT_PLANT_KEEP           1  /* zap forgets the last page of its span */
#define XT_PLANT_EARLY_CONFIRM  2  /* flush is confirmed, and the TLB keeps everything */
#define XT_PLANT_GATHER         3  /* zap reports a page more than it was told to remove */
#define XT_PLANT_SLEEP          4  /* zap sleeps */
#define XT_PLANT_RECLAIM        5  /* an allocation under the lock may reclaim */
#define XT_PLANT_MMAP_LOCK      6  /* mmap_lock is taken under the lock */
#define XT_PLANT_UNLOCKED       7  /* a window is read without the lock */
#define XT_PLANT_USE_AFTER_FREE 8  /* zap reads what it has freed */
#define XT_PLANT_UNMAP_TWICE    9  /* a transfer is unmapped again when it has ended */
#define XT_PLANT_STAY_ATTACHED  10 /* closing does not detach, so the context stays for good */

enum xt_what {
	XT_FLUSH_MODE,
	XT_FLUSH_MS,
	XT_CONFIRM,
	XT_HOLD_AT,
	XT_GO,
	XT_PREPARE_ERROR, /* what the next ops->prepare returns, positive */
	XT_AGENT,         /* microseconds between two rounds through the TLB, 0: stops */
	XT_BUSY_US,       /* how long the agent keeps the mirror's lock in each round */
	XT_ISOLATE,
	XT_LEAK_RANGE,  /* takes a reference that nobody drops */
	XT_LEAK_MEMORY, /* so many bytes */
	XT_RACE,        /* for so many milliseconds, with who else does it */
	XT_PLANT,       /* XT_PLANT_* */
};

struct xt_set {
	__u32 what;
	__u32 value;
};

#define XT_EVENTS 9

/* struct xmmu_stats */
struct xt_core_stats {
	__u64 events[XT_EVENTS];
	__u64 nonblock;
	__u64 refused;
	__u64 filtered;
	__u64 zaps;
	__u64 flushes;
	__u64 waits;
	__u64 waits_shared;
	__u64 wait_ns;
	__u64 wait_ns_max;
	__u64 invalidate_ns_max;
	__u64 commits;
	__u64 pages;
	__u64 retries;
	__u64 cold_waits;
	__u64 fixups;
	__u64 timeouts;
	__u64 xfers;
	__u64 isolated;
};

struct xt_stats {
	struct xt_core_stats core;
	__u64 prepares;
	__u64 populates;
	__u64 zaps;
	__u64 flushes;
	__u64 isolates;
	__u64 releases;
	__u64 range_frees;
	__u64 accesses; /* by the agent */
	/* What must stay 0: */
	__u64 stale;      /* the agent used a page that was free */
	__u64 late;       /* a callback after its object was gone */
	__u64 bad_leaves; /* a leaf outside of its window, unaligned, or with too many rights */
	/* State: */
	__u64 held;    /* XT_AT_*, 0 if no walk is held */
	__u64 pending; /* flushes not confirmed */
	__u64 alive;
	__u64 is_current;
};

/* What was wrong with a word, the first time. */
struct xt_stale {
	__u64 ns; /* of CLOCK_MONOTONIC */
	__u64 value;
	__u32 page;
	__u32 word;
	__u32 gen;
	__u32 dead;
	__u32 fresh;
	__u32 pad;
};

/* Of all contexts since the module was loaded. */
struct xt_totals {
	struct xt_core_stats core;    /* of mirrors that were detached; *_max: the largest */
	__u64 reported[XT_EVENTS][2]; /* by event and whether it may block */
	__u64 checked;                /* words with stamps */
	__u64 stale;                  /* that were not what they must be */
	struct xt_stale first;
};

#define XT_REPORTS_MAX 64

/* struct xmmu_report */
struct xt_report {
	__u64 start;
	__u64 end;
	__u64 zap_start;
	__u64 zap_end;
	__u64 wait_ns;
	__u32 event;
	__u32 blockable;
	__u32 outcome;
	__u32 pad;
};

/* The reports since the last call, the oldest are lost first. */
struct xt_reports {
	__u64 count;
	struct xt_report reports[XT_REPORTS_MAX];
};

#define XT_IOC_ATTACH     _IOW('x', 0, struct xt_attach)
#define XT_IOC_DETACH     _IO('x', 1)
#define XT_IOC_INSERT     _IOWR('x', 2, struct xt_range)
#define XT_IOC_REMOVE     _IOW('x', 3, struct xt_range) /* and forget the id */
#define XT_IOC_WITHDRAW   _IOW('x', 4, struct xt_range) /* remove and keep the id */
#define XT_IOC_ZAP        _IOW('x', 5, struct xt_range)
#define XT_IOC_FIND       _IOWR('x', 6, struct xt_range) /* -ENOENT */
#define XT_IOC_WALK       _IOWR('x', 7, struct xt_walk)
#define XT_IOC_ACCESS     _IOWR('x', 8, struct xt_access)
#define XT_IOC_QUERY      _IOWR('x', 9, struct xt_query)
#define XT_IOC_XFER_BEGIN _IOWR('x', 10, struct xt_xfer)
#define XT_IOC_XFER_END   _IOW('x', 11, struct xt_xfer)
#define XT_IOC_SET        _IOW('x', 12, struct xt_set)
#define XT_IOC_STATS      _IOR('x', 13, struct xt_stats)
#define XT_IOC_REPORTS    _IOR('x', 14, struct xt_reports)
#define XT_IOC_STAMPS     _IOW('x', 15, struct xt_stamps)
#define XT_IOC_MOVE       _IOW('x', 16, struct xt_move)
#define XT_IOC_TOTALS     _IOR('x', 17, struct xt_totals)

#endif
