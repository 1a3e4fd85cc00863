/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the driver share.
 *
 * main.c is what programs see, space.c an address space with the contexts in it, context.c a
 * context with its instruction and its faults, place.c who has a place in the engine.
 *
 * Locks, outermost first: context->busy, places, fault_lock, the lock of the whole.
 */
#ifndef GRU_H
#define GRU_H

#include <linux/build_bug.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <xmmu/gru.h>
#include <xmmu/whole.h>
#include <xmmu/xmmu.h>

#include "softdev/softdev.h"

/*
 * Parts of an instruction that run side by side. Each needs three pages at a time: the TLB must
 * have room for all of them, or they push each other out for ever.
 */
#define GRU_LANES 4
static_assert(3 * GRU_LANES < SOFTDEV_DROPINS);
/* Faults of one context that the device keeps until they are answered. */
#define GRU_FAULTS 32

/* One for each address space. */
struct gru_space {
	struct xmmu_whole whole;
	/* Under the lock of the whole. */
	struct list_head loaded; /* contexts that have a place: the others have an empty TLB */
	u64 flushes;
	u64 full_flushes;
};

struct gru_context;

/* Where a context can be in the engine. Under the mutex `places`. */
struct gru_place {
	struct gru_context *context; /* NULL: free */
	unsigned long since;         /* jiffies */
};

/* An open file. */
struct gru_context {
	struct mutex busy;       /* one instruction at a time */
	struct gru_space *space; /* NULL: not attached */
	struct softdev_space *tlb;
	struct softdev_queue *queue;
	struct gru_place *place; /* written under `places`; NULL: none */
	u64 loads;               /* under `places`, with the next two */
	u64 steals;
	u64 moves;
	bool loaded;            /* under the lock of the whole */
	struct list_head node;  /* in space->loaded */
	wait_queue_head_t wait; /* it has ended, faults, or lost its place */
	spinlock_t lock;        /* all below */
	bool running;
	int status;
	u64 result;
	unsigned int nr_faults; /* that the interrupt could not serve */
	/* One may be of an instruction that has ended meanwhile. */
	struct softdev_fault faults[GRU_FAULTS + 1];
	u64 fast;
	u64 slow; /* under `busy` */
};

extern struct softdev *gru_softdev;

/* space.c */
extern const struct xmmu_whole_ops gru_whole_ops;
struct gru_space *gru_space_get(void);
void gru_space_put(struct gru_space *space);
int gru_dropin(struct gru_context *context, const struct softdev_fault *fault, unsigned int flags);
void gru_space_load(struct gru_context *context);
void gru_space_unload(struct gru_context *context);

/* place.c */
int gru_places_init(void);
int gru_place_take(struct gru_context *context);
void gru_place_leave(struct gru_context *context);
void gru_place_stats(struct gru_context *context, struct xmmu_gru_stats *stats);

/* context.c */
extern const struct softdev_ops gru_softdev_ops;
struct gru_context *gru_context_create(void);
void gru_context_destroy(struct gru_context *context);
int gru_context_attach(struct gru_context *context);
int gru_context_run(struct gru_context *context, struct xmmu_gru_run *run);
void gru_context_stats(struct gru_context *context, struct xmmu_gru_stats *stats);

#endif
