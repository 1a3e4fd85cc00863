/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of the software device: a process, and a driver without the SDK, which writes the page
 * table itself. Each case has a process of its own, and leaves nothing behind.
 */
#ifndef TESTS_UNIT_SOFTDEV_H
#define TESTS_UNIT_SOFTDEV_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <softdev/softdev.h>

#include "mm.h"

#define PAGES 1024UL

/* Pages of a table each: all levels for the addresses from BASE on. */
static u64 root[512] __aligned(4096), level2[512] __aligned(4096), level1[512] __aligned(4096),
	level0[2][512] __aligned(4096);

struct ended {
	u64 cookie;
	int status;
	u64 result;
};

static struct {
	struct softdev *dev;
	struct softdev_space *space;
	struct softdev_queue *queue;
	struct completion command;
	struct ended all[64], last; /* `last` is the one that ended() has waited for */
	unsigned int ended, waited, irqs, flushes;
	u64 flushed; /* cookie of the last flush */
	struct completion flush;
	unsigned long objects; /* of the kernel, before there was a device */
} rig;

static struct softdev_params params;

/* ---- callbacks of the device */

static void flush_done(void *context, u64 cookie)
{
	check(context == &rig && cookie > rig.flushed);
	rig.flushed = cookie;
	rig.flushes++;
	complete(&rig.flush);
}

static void fault_irq(void *driver)
{
	check(driver == &rig);
	rig.irqs++;
}

static void command_done(void *context, u64 cookie, int status, u64 result)
{
	rig.all[rig.ended++ % 64] = (struct ended){ cookie, status, result };
	complete(&rig.command);
}

static const struct softdev_ops softdev_ops = {
	.flush_done = flush_done,
	.fault_irq = fault_irq,
	.command_done = command_done,
};

/* ---- page table */

static u64 *entry(unsigned long n)
{
	return &level0[n / 512][n % 512];
}

static void table_init(void)
{
	root[(BASE >> 39) & 511] = virt_to_phys(level2) | SOFTDEV_VALID;
	level2[(BASE >> 30) & 511] = virt_to_phys(level1) | SOFTDEV_VALID;
	level1[(BASE >> 21) & 511] = virt_to_phys(level0[0]) | SOFTDEV_VALID;
	level1[((BASE >> 21) & 511) + 1] = virt_to_phys(level0[1]) | SOFTDEV_VALID;
}

/* Where the n-th page of the process lies, which gets one if it has none, with all of its words. */
static u64 page_of(unsigned long n)
{
	struct page *page;

	mmap_read_lock(mm);
	expect(get_user_pages_remote(mm, at(n), 1, FOLL_WRITE, &page, NULL), 1);
	mmap_read_unlock(mm);
	kunmap_local(kmap_local_page(page));
	put_page(page);
	return page_to_phys(page);
}

static inline void let(unsigned long n, u64 bits)
{
	WRITE_ONCE(*entry(n), page_of(n) | SOFTDEV_VALID | bits);
}

static inline void let_write(unsigned long n, unsigned long pages)
{
	for (; pages; pages--)
		let(n++, SOFTDEV_WRITE);
}

/* ---- the device */

static inline void device_start(struct mm_struct *checked)
{
	params.ops = &softdev_ops;
	params.driver = &rig;
	rig.objects = hosted_slab_objects();
	table_init();
	init_completion(&rig.command);
	init_completion(&rig.flush);
	rig.dev = softdev_create(&params);
	check(!IS_ERR(rig.dev));
	rig.space = softdev_space_create(rig.dev, virt_to_phys(root), &rig, checked, &params);
	check(!IS_ERR(rig.space));
	rig.queue = softdev_queue_create(rig.space, &rig);
	check(!IS_ERR(rig.queue));
}

static inline void device_stop(void)
{
	softdev_queue_destroy(rig.queue);
	softdev_space_destroy(rig.space);
	softdev_destroy(rig.dev);
	expect(hosted_slab_objects(), rig.objects);
}

static inline struct softdev_stats stats(void)
{
	struct softdev_stats stats;

	softdev_stats(rig.dev, &stats);
	return stats;
}

static inline void submit(struct softdev_command command)
{
	expect(softdev_submit(rig.queue, &command), 0);
}

static inline int ended(void)
{
	wait_for_completion(&rig.command);
	rig.last = rig.all[rig.waited++ % 64];
	return rig.last.status;
}

static inline int runs(struct softdev_command command)
{
	submit(command);
	return ended();
}

/* Touch so many pages from the n-th on, one word of each. */
static inline int reads(unsigned long n)
{
	return runs((struct softdev_command){ .op = SOFTDEV_CHASE, .src = at(n), .count = 1 });
}

static inline int writes(unsigned long n, u64 value)
{
	return runs((struct softdev_command){
		.op = SOFTDEV_FILL, .dst = at(n), .count = 1, .value = value });
}

/* Post a flush of pages and wait for it. */
static inline void flush(unsigned long n, unsigned long pages, u64 cookie)
{
	softdev_flush(rig.space, at(n), at(n + pages), cookie);
	wait_for_completion(&rig.flush);
	expect(rig.flushed, cookie);
}

/* The first fault, which is taken. */
static inline struct softdev_fault fault(void)
{
	struct softdev_fault fault;

	while (!softdev_fault_read(rig.dev, &fault))
		msleep(1);
	softdev_fault_take(rig.dev, fault.cookie);
	check(fault.context == &rig);
	return fault;
}

#endif
