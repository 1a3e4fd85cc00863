// SPDX-License-Identifier: GPL-2.0-only
/*
 * Flushes: posted by the driver, carried out one after the other by a thread. One is done when the
 * TLB has nothing of the span any more and the accesses that had it have ended. A parked access has
 * nothing: it translates anew when it is replayed.
 *
 * An address space always has a place for one more: when all are taken the last one that was posted
 * becomes a flush of everything, and confirms both.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "internal.h"

static void merge(struct softdev_space *space, u64 cookie)
{
	struct softdev_flush *flush;

	list_for_each_entry_reverse(flush, &space->dev->posted, node)
		if (flush->space == space)
			break;
	flush->start = 0;
	flush->end = U64_MAX;
	flush->last = cookie;
}

static void post(struct softdev_space *space, u64 start, u64 end, u64 cookie)
{
	struct softdev *dev = space->dev;
	struct softdev_flush *flush;

	flush = list_first_entry_or_null(&space->free_flushes, struct softdev_flush, node);
	if (!flush) {
		merge(space, cookie);
		return;
	}
	flush->start = start;
	flush->end = end;
	flush->first = cookie;
	flush->last = cookie;
	flush->due = jiffies + msecs_to_jiffies(READ_ONCE(dev->inject.flush_delay_ms));
	list_move_tail(&flush->node, &dev->posted);
}

void softdev_flush(struct softdev_space *space, u64 start, u64 end, u64 cookie)
{
	struct softdev *dev = space->dev;

	spin_lock(&dev->lock);
	if (!dev->gone && !space->isolated && !softdev_injected(&dev->inject.flush_lose))
		post(space, start, end, cookie);
	spin_unlock(&dev->lock);
	wake_up(&dev->flush_work);
}

void softdev_forget(struct softdev_space *space, u64 start, u64 end)
{
	struct softdev *dev = space->dev;

	spin_lock(&dev->lock);
	softdev_tlb_drop(space, start, end);
	spin_unlock(&dev->lock);
}

void softdev_dropout(struct softdev_space *space, u64 start, u64 end)
{
	struct softdev *dev = space->dev;
	u64 serial;

	spin_lock(&dev->lock);
	softdev_tlb_drop(space, start, end);
	serial = ++dev->serial;
	dev->stats.flushes++;
	spin_unlock(&dev->lock);
	while (softdev_reaches(space, start, end, serial))
		cpu_relax();
}

/* They are never confirmed; NULL is all address spaces. Under the lock. */
void softdev_flush_forget(struct softdev *dev, const struct softdev_space *space)
{
	struct softdev_flush *flush, *next;

	list_for_each_entry_safe(flush, next, &dev->posted, node)
		if (!space || flush->space == space)
			list_move_tail(&flush->node, &flush->space->free_flushes);
}

/* The first that is due: its place is free for another, *flush is a copy. */
static bool take(struct softdev *dev, struct softdev_flush *flush)
{
	struct softdev_flush *first;
	bool due = false;

	spin_lock(&dev->lock);
	first = list_first_entry_or_null(&dev->posted, struct softdev_flush, node);
	if (first)
		due = dev->hurry || time_after_eq(jiffies, first->due);
	if (due) {
		*flush = *first;
		list_move_tail(&first->node, &first->space->free_flushes);
		dev->flushing = flush->space;
	}
	spin_unlock(&dev->lock);
	return due;
}

static void carry_out(struct softdev *dev, const struct softdev_flush *flush)
{
	struct softdev_space *space = flush->space;
	u64 serial, cookie;
	bool confirm;

	spin_lock(&dev->lock);
	softdev_tlb_drop(space, flush->start, flush->end);
	serial = ++dev->serial;
	spin_unlock(&dev->lock);
	wait_event(dev->progress, !softdev_reaches(space, flush->start, flush->end, serial));
	spin_lock(&dev->lock);
	confirm = !dev->gone && !space->isolated;
	dev->stats.flushes += confirm;
	spin_unlock(&dev->lock);
	for (cookie = flush->first; confirm && cookie <= flush->last; cookie++)
		dev->params.ops->flush_done(space->context, cookie);
	spin_lock(&dev->lock);
	dev->flushing = NULL;
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
}

/* How long until the first that is there is due. */
static long patience(struct softdev *dev)
{
	const struct softdev_flush *first;
	long left = 1;

	spin_lock(&dev->lock);
	first = list_first_entry_or_null(&dev->posted, struct softdev_flush, node);
	if (first)
		left = max_t(long, first->due - jiffies, 1);
	spin_unlock(&dev->lock);
	return left;
}

static bool any(struct softdev *dev)
{
	bool found;

	spin_lock(&dev->lock);
	found = !list_empty(&dev->posted);
	spin_unlock(&dev->lock);
	return found;
}

static int flush_main(void *data)
{
	struct softdev *dev = data;
	struct softdev_flush flush;
	bool due;

	while (!kthread_should_stop()) {
		due = false;
		wait_event_interruptible(dev->flush_work, kthread_should_stop() || any(dev));
		wait_event_interruptible_timeout(dev->flush_work,
						 kthread_should_stop() || (due = take(dev, &flush)),
						 patience(dev));
		if (due)
			carry_out(dev, &flush);
	}
	return 0;
}

void softdev_flushes_init(struct softdev_space *space)
{
	struct softdev_flush *flush;

	INIT_LIST_HEAD(&space->free_flushes);
	for (flush = space->flushes; flush < space->flushes + SOFTDEV_FLUSHES; flush++) {
		flush->space = space;
		list_add_tail(&flush->node, &space->free_flushes);
	}
}

int softdev_flush_start(struct softdev *dev)
{
	dev->flush_task = kthread_run(flush_main, dev, "%s/flush", dev->params.name);
	return PTR_ERR_OR_ZERO(dev->flush_task);
}

void softdev_flush_stop(struct softdev *dev)
{
	if (!IS_ERR_OR_NULL(dev->flush_task))
		kthread_stop(dev->flush_task);
}
