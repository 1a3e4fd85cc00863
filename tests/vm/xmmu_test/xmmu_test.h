/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two halves of the test driver share: main.c speaks with the tests, device.c is the
 * device and its callbacks.
 */
#ifndef XMMU_TEST_H
#define XMMU_TEST_H

#include <linux/irq_work.h>
#include <linux/sched.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <xmmu/xmmu.h>

#include "abi.h"

#define TEST_FLUSHES 32
#define TEST_TLB     64

/* A page of the device's page table: the translations of one window. */
struct test_table {
	unsigned long entries[XMMU_WINDOW / PAGE_SIZE]; /* under the mirror's lock */
};

/* An entry is a page frame number and what may be done with it, 0 if there is none. */
#define ENTRY_PRESENT   BIT(0)
#define ENTRY_WRITE     BIT(1)
#define ENTRY_PFN_SHIFT 2

struct test_range {
	struct xmmu_range range;
	struct xarray tables; /* by number of the window; freed with the range */
	bool removed;         /* xmmu_range_remove() has returned */
};

struct test_tlb_entry {
	struct test_range *range;
	unsigned long addr;
	unsigned long entry;
	u32 gen; /* of the page when it was filled */
};

/* A flush that the device has not confirmed. */
struct test_flush {
	struct test_context *ctx;
	struct delayed_work work;
	struct irq_work irq;
	unsigned long start;
	unsigned long end;
	u64 ticket;
	bool busy; /* under tlb_lock */
};

/* One open file. */
struct test_context {
	struct xmmu_mirror mirror;
	struct xmmu_ops ops;
	bool atomic;           /* the mirror has XMMU_ATOMIC */
	bool expect_callbacks; /* from attach until detach has returned */
	struct xarray ranges;  /* each with a reference */
	u32 last_range;        /* id; under xa_lock */
	struct xarray xfers;

	/* What the tests ask for; one-shots are taken by xchg(). */
	unsigned int flush_mode;
	unsigned int flush_ms;
	unsigned int hold_at;
	unsigned int held;
	unsigned int go;
	int prepare_error;
	unsigned int plant;
	unsigned int raced;

	struct xt_stamps stamps; /* before anything is populated */

	struct task_struct *agent; /* under agent_mutex */
	unsigned int agent_us;
	unsigned int busy_us;
	struct mutex agent_mutex;

	spinlock_t tlb_lock; /* innermost; taken in hard interrupts */
	struct test_tlb_entry tlb[TEST_TLB];
	unsigned int tlb_next;
	struct test_flush flushes[TEST_FLUSHES];
	bool isolated;

	atomic64_t prepares;
	atomic64_t populates;
	atomic64_t zaps;
	atomic64_t nr_flushes;
	atomic64_t isolates;
	atomic64_t releases;
	atomic64_t range_frees;
	atomic64_t accesses;
	atomic64_t stale;
	atomic64_t late;
	atomic64_t bad_leaves;

	spinlock_t log_lock;
	struct xt_reports log;
};

static inline struct test_context *to_context(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct test_context, mirror);
}

static inline struct test_range *to_range(struct xmmu_range *range)
{
	return container_of(range, struct test_range, range);
}

/* device.c */
extern const struct xmmu_ops test_ops;
bool test_planted(struct test_context *ctx, unsigned int plant);
void test_hold(struct test_context *ctx, unsigned int point);
void test_device_init(struct test_context *ctx);
void test_device_drain(struct test_context *ctx);
void test_fill(struct xmmu_walk *walk);
void test_access(struct test_context *ctx, struct test_range *range, struct xt_access *access);
void test_query(struct test_context *ctx, struct test_range *range, struct xt_query *query);
void test_confirm(struct test_context *ctx);
unsigned int test_pending(struct test_context *ctx);
int test_agent(void *data);

/* stamp.c */
int test_stamp_init(void);
void test_stamp_exit(void);
int test_stamp_mmap(struct vm_area_struct *vma);
bool test_stamped(struct test_context *ctx, unsigned long addr);
u32 test_stamp_gen(struct test_context *ctx, unsigned long addr);
bool test_stamp_check(struct test_context *ctx, unsigned long addr, const u64 *words);
void test_stamp_store(struct test_context *ctx, unsigned long addr, u32 gen, u64 *words);
void test_total_report(const struct xmmu_report *report);
void test_total_detach(struct test_context *ctx);
void test_totals(struct xt_totals *totals);

#endif
