/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The software device: what a driver can do to it, and what it does by itself.
 *
 * A stand-in for a device with an MMU of its own, such as a GPU. It reads page tables in memory,
 * keeps translations in a TLB until it is told to forget them, runs commands on several engines,
 * and raises faults, which it parks until the driver says to try again. Its engines are threads,
 * its interrupts are calls from them, its registers are the functions below. It is hardware: it
 * knows neither drivers nor the SDK, and takes no favours of either. There may be any number of
 * devices.
 *
 * The bus has no IOMMU: a DMA address is the physical address of memory of this machine.
 *
 * Context: unless it says otherwise a function may be called in any context that may not sleep, but
 * not in interrupts. Callbacks come from threads of the device, without any lock of it held; they
 * must not sleep and may call everything here that does not.
 */
#ifndef SOFTDEV_H
#define SOFTDEV_H

#include <linux/bits.h>
#include <linux/types.h>

struct mm_struct;
struct softdev;
struct softdev_queue;
struct softdev_space;

/* ---- page tables: 4 levels of 512 entries of 8 bytes, for addresses of 48 bits */

#define SOFTDEV_LEVELS      4
#define SOFTDEV_INDEX_BITS  9
#define SOFTDEV_PAGE_SHIFT  12
#define SOFTDEV_CONT_SHIFT  16
#define SOFTDEV_LARGE_SHIFT 21

/* An entry of level 0 is a leaf. One of level 1 is a leaf if it is LARGE, else it names a table. */
#define SOFTDEV_VALID BIT_ULL(0)
#define SOFTDEV_WRITE BIT_ULL(1)
#define SOFTDEV_LARGE BIT_ULL(2)
/*
 * This and the 15 others of the aligned group are set, and map 64 KiB that are contiguous and
 * aligned: the TLB may keep one entry for all. The device sets ACCESSED and DIRTY in any of them.
 */
#define SOFTDEV_CONT BIT_ULL(3)
/*
 * Set by the device, in leaves, by compare and exchange: an entry that the driver has changed
 * meanwhile is read again instead.
 */
#define SOFTDEV_ACCESSED BIT_ULL(5)
#define SOFTDEV_DIRTY    BIT_ULL(6)
/* The address is an offset in the memory of the device. */
#define SOFTDEV_DEVMEM BIT_ULL(7)
/* Of the memory, or of the next table. */
#define SOFTDEV_ADDRESS 0x000ffffffffff000ULL

/*
 * Of an address space without tables, instead of their root. It has a TLB of its own, which the
 * driver fills entry by entry; where that has nothing the device faults.
 */
#define SOFTDEV_NO_TABLE U64_MAX
#define SOFTDEV_DROPINS  16

/* ---- the device */

/* What the device calls. */
struct softdev_ops {
	/*
	 * A flush is carried out: what was in the TLB is gone, and no access through it can reach
	 * memory any more. context is that of the address space.
	 */
	void (*flush_done)(void *context, u64 cookie);
	/* There are faults to read: at least one is new. driver is that of the device. */
	void (*fault_irq)(void *driver);
	/*
	 * A command has ended: 0, what a fault was cancelled with, -EIO (the device was reset, the
	 * space isolated, an address is not that of memory), -EINVAL, what a key was refused with, or
	 * what the queue was aborted with. context is that of the queue. The result of a command that
	 * has failed is the enum softdev_operand at which it did, if that one is named by a key, else 0.
	 */
	void (*command_done)(void *context, u64 cookie, int status, u64 result);
};

/* How the device is built. 0 means the number in parentheses. */
struct softdev_params {
	const struct softdev_ops *ops;
	void *driver;
	const char *name;
	unsigned int engines;  /* that run commands at the same time (2) */
	unsigned int tlb_sets; /* a power of two (16) */
	unsigned int tlb_ways; /* entries in each set (4) */
	unsigned int lanes;    /* parts of one command that may be parked at a time (32) */
	unsigned int faults;   /* of a space that may wait for an answer; more wait inside (64) */
	size_t memory;         /* bytes of its own (none) */
	u64 memory_at;         /* where they are, in RAM that nobody else uses (not in RAM) */
};

/* May sleep. An error pointer if it can not be built. */
struct softdev *softdev_create(const struct softdev_params *params);
/* May sleep. All queues and address spaces are destroyed before. */
void softdev_destroy(struct softdev *dev);

/* The memory of the device, as the processor sees it. */
void *softdev_memory(struct softdev *dev);

/*
 * May sleep. All commands end with -EIO, the TLB is empty and posted flushes are confirmed when it
 * returns, and faults are forgotten. Address spaces and queues stay.
 */
void softdev_reset(struct softdev *dev);

/*
 * May sleep. The device is pulled out: when this returns it does not reach memory, and it never
 * calls back again. What it was told is not answered any more, but queues can still be aborted.
 */
void softdev_unplug(struct softdev *dev);

/* ---- address spaces */

/*
 * May sleep. root is the address of the highest table. With an mm every access is checked against
 * what happens to that address space, see shadow.c; the caller has it and makes it before a list
 * notifier of its own. Events that carry the owner are those of the driver's own migrations, and
 * not checked; NULL is nobody.
 */
struct softdev_space *softdev_space_create(struct softdev *dev, u64 root, void *context,
					   struct mm_struct *mm, void *owner);
/* May sleep. Its queues are destroyed before. No callback with its context comes later. */
void softdev_space_destroy(struct softdev_space *space);

/*
 * May sleep. Accesses fail from now on, and when this returns none reaches memory any more.
 * Flushes that were posted are never confirmed.
 */
void softdev_space_isolate(struct softdev_space *space);

/*
 * Post a flush of the bytes from start to end, end not included; 0 to U64_MAX is everything.
 * flush_done() comes with the cookie. Flushes are carried out in order. The cookies of a space must
 * count up: what is posted while 16 of it are becomes, with the last of them, one of everything.
 */
void softdev_flush(struct softdev_space *space, u64 start, u64 end, u64 cookie);

/*
 * Any context but interrupts. What the TLB has of the span is dropped, and nothing else: accesses
 * that have it go on, and nobody is told. The next access walks, and so sets ACCESSED.
 */
void softdev_forget(struct softdev_space *space, u64 start, u64 end);

/*
 * Without tables: an entry for one page, VALID and perhaps WRITE, with its address. Takes the place
 * of what was there for the page.
 */
void softdev_dropin(struct softdev_space *space, u64 addr, u64 entry);
/*
 * Without tables: when this returns, the TLB has nothing of these bytes and no access by it reaches
 * memory any more. Accesses are short there, so it does not sleep.
 */
void softdev_dropout(struct softdev_space *space, u64 start, u64 end);
/* Whether the TLB has something of these bytes. */
bool softdev_loaded(struct softdev_space *space, u64 start, u64 end);

/* ---- windows: pieces of address spaces that commands name by keys */

#define SOFTDEV_MAY_READ   BIT(0)
#define SOFTDEV_MAY_WRITE  BIT(1)
#define SOFTDEV_MAY_ATOMIC BIT(2) /* SOFTDEV_ADD, SOFTDEV_SWAP */

struct softdev_window {
	struct softdev_space *space;
	u64 domain; /* not 0; the driver chooses it, and a command must name it beside the key */
	u64 start;
	u64 end; /* not included */
	unsigned int rights;
};

/*
 * May sleep. The window is copied. A key is not 0, half of it is random, and none comes again before
 * 2^32 others. -ENOMEM.
 */
int softdev_window_open(const struct softdev_window *window, u64 *key);
/*
 * May sleep. No access by the key reaches memory any more when this returns, and what was parked on
 * a fault is not: such commands end with -ENOKEY. Windows are closed before their space is destroyed.
 */
void softdev_window_close(struct softdev *dev, u64 key);

/* ---- commands */

/* Words are of 8 bytes, and addresses multiples of 8. Parts of a command are in no order. */
enum softdev_op {
	SOFTDEV_COPY,    /* dst[i] = src[i] */
	SOFTDEV_FILL,    /* dst[i] = value */
	SOFTDEV_COMPARE, /* result: the first i with dst[i] != src[i], or count */
	SOFTDEV_ADD,     /* dst[i] += value, atomically; result: dst[0] before */
	SOFTDEV_GATHER,  /* dst[i] = src[index[i]] */
	SOFTDEV_SCATTER, /* dst[index[i]] = src[i] */
	SOFTDEV_CHASE,   /* count times: src = *src; result: src at the end */
	SOFTDEV_SWAP, /* dst[i] = value if it was `expected`, atomically; result: dst[0] before */
};

enum softdev_operand {
	SOFTDEV_DST = 1,
	SOFTDEV_SRC,
	SOFTDEV_INDEX,
};

/*
 * Who has a key may reach the window, from a queue of any address space. The device looks when a
 * command begins, so that one that may not does nothing, and again at each access. -ENOKEY: there is
 * no such window in the domain; -ERANGE: it does not have all of the operand; -EACCES: a right is
 * missing.
 */
struct softdev_key {
	u64 key;
	u64 domain; /* 0: the address space of the queue, without a window */
};

struct softdev_command {
	enum softdev_op op;
	u64 dst;
	u64 src;
	u64 index;
	u64 count;
	u64 value;
	u64 expected;
	/* Not for SOFTDEV_GATHER, SOFTDEV_SCATTER and SOFTDEV_CHASE. */
	struct softdev_key dst_key;
	struct softdev_key src_key;
	u64 cookie;
};

/* May sleep. Commands of a queue run in order, those of different queues side by side. */
struct softdev_queue *softdev_queue_create(struct softdev_space *space, void *context);
/* May sleep. Aborts what is in it with -ECANCELED. */
void softdev_queue_destroy(struct softdev_queue *queue);
/* May sleep. All its commands end with the status, and have when this returns. */
void softdev_queue_abort(struct softdev_queue *queue, int status);
/* Whether what it does waits for answers to faults. */
bool softdev_queue_parked(struct softdev_queue *queue);
/*
 * May sleep. As long as it holds no engine works for the queue, and none does when this returns;
 * its commands, and its faults, stay as they are.
 */
void softdev_queue_hold(struct softdev_queue *queue, bool hold);
/* 0; -EAGAIN while 64 commands are in the queue; -ENODEV if the device is gone. */
int softdev_submit(struct softdev_queue *queue, const struct softdev_command *command);

/* ---- faults: a ring that the device fills and the driver empties */

struct softdev_fault {
	void *context; /* of the address space */
	u64 addr;
	bool write;
	u64 cookie;
};

/*
 * The first fault that was not taken; it stays. False if there is none. One reader at a time. Of a
 * queue that is destroyed none is left, except with who has read it before.
 */
bool softdev_fault_read(struct softdev *dev, struct softdev_fault *fault);
/* Take it, after it was read; it may be forgotten by now. */
void softdev_fault_take(struct softdev *dev, u64 cookie);
/*
 * Keep the faults of an address space: as long as it holds, none is shown that was not taken. What
 * there is when it does not hold any more is read without an interrupt.
 */
void softdev_fault_hold(struct softdev_space *space, bool hold);
/*
 * Answer a fault that was read, and take it: 0 tries the access again, an error ends its command.
 * An answer that comes too late, after a reset for instance, is ignored.
 */
void softdev_fault_reply(struct softdev *dev, u64 cookie, int error);

/* ---- what goes wrong: 0, unless somebody sets it, at any time */

struct softdev_inject {
	u32 flush_delay_ms;  /* flushes are carried out so much later */
	u32 flush_lose;      /* so many of the next are never carried out */
	u32 fault_lose;      /* so many of the next faults are never shown */
	u32 stick;           /* so many of the next accesses hang, until they are cut off */
	u32 access_delay_ms; /* from the translation to the memory */
};

struct softdev_inject *softdev_inject(struct softdev *dev);

/* ---- counters */

struct softdev_stats {
	u64 accesses;
	u64 tlb_hits;
	u64 tlb_misses;
	u64 tlb_evictions;
	u64 faults;
	u64 replays;
	u64 flushes;  /* carried out */
	u64 commands; /* ended */
	u64 stale;    /* accesses that should not have been: see shadow.c */
};

void softdev_stats(struct softdev *dev, struct softdev_stats *stats);

#endif
