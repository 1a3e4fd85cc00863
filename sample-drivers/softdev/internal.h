/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the device share.
 *
 * One lock, dev->lock, protects everything that more than one thread touches; it is held for a
 * translation, never for an access to memory. dev->control is outside of it: queues come and go,
 * and are emptied, under it. Nobody who waits for an invalidation may want dev->control.
 */
#ifndef SOFTDEV_INTERNAL_H
#define SOFTDEV_INTERNAL_H

#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "softdev.h"

#define SOFTDEV_WORD       8U
#define SOFTDEV_PAGE       (1ULL << SOFTDEV_PAGE_SHIFT)
#define SOFTDEV_PAGE_WORDS (SOFTDEV_PAGE / SOFTDEV_WORD)

#define SOFTDEV_COMMANDS 64 /* a power of two */
/* Places that an address space has for flushes. */
#define SOFTDEV_FLUSHES 16
/* A cookie of a fault has 16 bits for the address space, and for its slot there. */
#define SOFTDEV_SPACES_MAX BIT(16)
#define SOFTDEV_FAULTS_MAX BIT(16)

/* What an access returns that is parked; never leaves the device. */
#define SOFTDEV_PARKED 1

/* ---- shadow.c: what the checker remembers of an invalidation */

#define SOFTDEV_INVALIDATIONS 32
#define SOFTDEV_STACK         16

struct softdev_invalidation {
	u64 number; /* 0: unused */
	u64 serial; /* of what the device had done by then; 0: nobody waits for its end */
	unsigned long start;
	unsigned long end;
	enum mmu_notifier_event event;
	unsigned int depth;
	unsigned long stack[SOFTDEV_STACK];
};

struct softdev_shadow {
	struct mmu_notifier notifier;
	struct mm_struct *mm; /* NULL: nothing is checked */
	void *owner;
	bool exclusive; /* the driver has taken pages for the device alone */
	u64 number;     /* of the last invalidation */
	u64 released;   /* of that by which the address space went, or 0 */
	struct softdev_invalidation invalidations[SOFTDEV_INVALIDATIONS];
};

/* ---- faults and flushes that were posted: an address space has places of its own for them */

struct softdev_slot {
	struct list_head node; /* free, or raised; itself when taken, or lost */
	struct softdev_space *space;
	u32 generation; /* of all that were raised */
	struct softdev_queue *queue;
	struct softdev_lane *lane; /* NULL: nobody waits for an answer */
};

struct softdev_flush {
	struct list_head node;
	struct softdev_space *space;
	u64 start;
	u64 end;
	u64 first; /* the cookies that it confirms */
	u64 last;
	unsigned long due; /* jiffies */
};

/* ---- address spaces, translations */

struct softdev_tlb {
	unsigned int sets; /* a power of two */
	unsigned int ways;
	struct softdev_tlb_set **set;
};

struct softdev_space {
	struct softdev *dev;
	struct softdev_tlb own_tlb; /* without tables; else it has no sets */
	u32 number;                 /* in dev->spaces */
	u64 root;
	void *context;
	bool isolated;
	bool held; /* its faults are not shown */
	struct softdev_slot *slots;
	struct list_head free_slots;
	struct softdev_flush flushes[SOFTDEV_FLUSHES];
	struct list_head free_flushes;
	struct softdev_shadow shadow;
};

/* A leaf that was found: so many bytes from base on, and the entry of the first. */
struct softdev_leaf {
	u64 base;
	unsigned int shift;
	u64 entry;
};

struct softdev_translation {
	struct softdev_space *space; /* NULL: none */
	struct softdev_leaf leaf;
	u64 serial;    /* of the load */
	u64 overtaken; /* the first invalidation that it has survived and should not have, or 0 */
};

struct softdev_tlb_set {
	unsigned int next; /* to be replaced */
	struct softdev_translation way[];
};

/* ---- engines, and what they do to memory */

enum softdev_kind {
	SOFTDEV_ACCESS_READ,
	SOFTDEV_ACCESS_WRITE,
	SOFTDEV_ACCESS_ADD, /* these read what was there before */
	SOFTDEV_ACCESS_SWAP,
};

/* Words in one page. */
struct softdev_access {
	enum softdev_kind kind;
	enum softdev_operand operand;
	struct softdev_key key;
	u64 addr;
	u32 words;
	u64 *data;
	u64 value;    /* to be added, or to be there */
	u64 expected; /* to be there before */
};

struct softdev_engine {
	struct softdev *dev;
	struct task_struct *task;
	/* The access that is between its translation and the end of its way to memory. */
	struct softdev_space *space; /* NULL: none */
	u64 key;                     /* by which it came there, or 0 */
	u64 addr;
	u64 serial;
	u64 stale; /* the invalidation after which it should not be, or 0 */
	/* Operands. */
	u64 a[SOFTDEV_PAGE_WORDS];
	u64 b[SOFTDEV_PAGE_WORDS];
};

/* ---- queues */

enum softdev_lane_state {
	SOFTDEV_LANE_FREE,
	SOFTDEV_LANE_READY,
	SOFTDEV_LANE_PARKED,  /* its fault is not answered */
	SOFTDEV_LANE_BLOCKED, /* and not even raised, for want of a place */
};

/* A part of a command that is tried until it is done. */
struct softdev_lane {
	enum softdev_lane_state state;
	u64 first;
	u32 words;
	/* Of the fault. */
	struct softdev_space *space;
	u64 key;
	enum softdev_operand operand;
	u64 addr;
	bool write;
	struct softdev_slot *slot; /* while it is parked */
};

struct softdev_queue {
	struct softdev_space *space;
	void *context;
	struct list_head node;       /* in dev->queues */
	struct list_head ready_node; /* in dev->ready, or empty */
	bool running;                /* an engine has it */
	bool held;                   /* no engine takes it */
	int aborting;                /* the status that commands end with, or 0 */
	unsigned int head;           /* of the ring; counts what was taken */
	unsigned int tail;
	struct softdev_command ring[SOFTDEV_COMMANDS];
	/* The command that runs. */
	bool active;
	struct softdev_command command;
	u64 next; /* word that no lane has */
	int status;
	enum softdev_operand failed; /* that status is of, or 0 */
	u64 result;
	unsigned int limit;  /* lanes that it may use */
	unsigned int parked; /* lanes that are parked or blocked */
	unsigned int ready;  /* lanes that are to be tried */
	struct softdev_lane lanes[];
};

/* ---- the device */

struct softdev {
	struct softdev_params params;
	struct softdev_inject inject;
	struct mutex control;

	spinlock_t lock;
	bool gone;
	struct softdev_stats stats;
	u64 serial; /* of accesses and flushes, in the order of their translations */
	u8 *memory;

	struct list_head queues;
	struct list_head ready;     /* queues for which an engine is wanted */
	wait_queue_head_t work;     /* there is one, or an engine is to stop */
	wait_queue_head_t progress; /* an access, a queue or a flush has ended, or is cut off */
	struct softdev_engine *engines;

	struct softdev_tlb tlb;

	struct xarray spaces;
	struct xarray windows; /* by the lower half of their keys */
	u32 last_window;
	u32 generation; /* faults that were raised */
	struct list_head raised;

	struct list_head posted;
	struct softdev_space *flushing;
	bool hurry;                   /* no flush is delayed */
	wait_queue_head_t flush_work; /* `posted` is not empty, or the thread is to stop */
	struct task_struct *flush_task;
};

/* Whether one more of what is to go wrong does. */
static inline bool softdev_injected(u32 *count)
{
	u32 left = READ_ONCE(*count);

	if (left)
		WRITE_ONCE(*count, left - 1);
	return left;
}

/* tlb.c */
int softdev_tlb_init(struct softdev_tlb *tlb, unsigned int sets, unsigned int ways);
void softdev_tlb_free(struct softdev_tlb *tlb);
struct softdev_translation *softdev_translate(struct softdev_space *space, u64 addr, bool write);
void softdev_tlb_drop(struct softdev_space *space, u64 start, u64 end);
void softdev_tlb_overtake(struct softdev_space *space, u64 start, u64 end, u64 number, u64 before);
void softdev_tlb_clear(struct softdev *dev);

/* walk.c */
bool softdev_walk(const struct softdev_space *space, u64 addr, bool write,
		  struct softdev_leaf *leaf);

/* memory.c */
int softdev_move(struct softdev *dev, const struct softdev_leaf *leaf,
		 const struct softdev_access *access);

/* access.c */
int softdev_access(struct softdev_engine *engine, struct softdev_queue *queue,
		   struct softdev_lane *lane, const struct softdev_access *access);
void softdev_access_overtake(struct softdev_space *space, u64 start, u64 end, u64 number,
			     u64 before);
bool softdev_reaches(struct softdev_space *space, u64 start, u64 end, u64 before);
bool softdev_uses(struct softdev *dev, u64 key);

/* window.c */
struct softdev_space *softdev_window_space(struct softdev_queue *queue,
					   const struct softdev_access *access, u64 words);
bool softdev_window_closed(struct softdev *dev, u64 key);

/* command.c */
void softdev_command_check(struct softdev_queue *queue);
u32 softdev_command_part(const struct softdev_command *command, u64 first);
int softdev_command_run(struct softdev_engine *engine, struct softdev_queue *queue,
			struct softdev_lane *lane);

/* engine.c */
int softdev_engines_start(struct softdev *dev);
void softdev_engines_stop(struct softdev *dev);

/* queue.c */
void softdev_queue_kick(struct softdev_queue *queue);
bool softdev_queue_runnable(const struct softdev_queue *queue);
void softdev_queue_end(struct softdev_queue *queue, int status);
void softdev_queue_abort_all(struct softdev *dev, int status);

/* fault.c */
int softdev_faults_init(struct softdev_space *space);
void softdev_faults_free(struct softdev_space *space);
bool softdev_fault_raise(struct softdev_queue *queue, struct softdev_lane *lane);
void softdev_fault_forget(struct softdev_queue *queue);
void softdev_fault_squash(struct softdev *dev, u64 key);

/* flush.c */
int softdev_flush_start(struct softdev *dev);
void softdev_flush_stop(struct softdev *dev);
void softdev_flushes_init(struct softdev_space *space);
void softdev_flush_forget(struct softdev *dev, const struct softdev_space *space);

/* shadow.c */
int softdev_shadow_init(struct softdev_space *space, struct mm_struct *mm, void *owner);
void softdev_shadow_free(struct softdev_space *space);
u64 softdev_shadow_stale(const struct softdev_translation *translation);
void softdev_shadow_check(struct softdev_space *space, const struct softdev_leaf *leaf, u64 addr,
			  bool write);
void softdev_shadow_report(struct softdev_space *space, u64 number, u64 addr, const char *why);

#endif
