// SPDX-License-Identifier: GPL-2.0-only
/*
 * One access of an engine: a translation, then the memory. In between the engine is known to have
 * it, so that a flush can wait for it, and whoever cuts the device off.
 */
#include <linux/delay.h>

#include "internal.h"

/* Under the lock. */
static bool cut_off(const struct softdev_queue *queue)
{
	return queue->space->dev->gone || queue->space->isolated || queue->aborting;
}

static bool cut_off_unlocked(const struct softdev_queue *queue)
{
	struct softdev *dev = queue->space->dev;
	bool cut;

	spin_lock(&dev->lock);
	cut = cut_off(queue);
	spin_unlock(&dev->lock);
	return cut;
}

/* 0 and the leaf, SOFTDEV_PARKED, or an error. Under the lock. */
static int begin(struct softdev_engine *engine, struct softdev_queue *queue,
		 struct softdev_lane *lane, const struct softdev_access *access,
		 struct softdev_leaf *leaf)
{
	struct softdev_space *space = queue->space;
	bool write = access->kind != SOFTDEV_ACCESS_READ;
	struct softdev_translation *translation;

	if (cut_off(queue))
		return -EIO;
	translation = softdev_translate(space, access->addr, write);
	if (!translation) {
		lane->addr = access->addr;
		lane->write = write;
		return SOFTDEV_PARKED;
	}
	*leaf = translation->leaf;
	engine->space = space;
	engine->addr = access->addr;
	engine->serial = ++space->dev->serial;
	engine->stale = softdev_shadow_stale(translation);
	space->dev->stats.accesses++;
	return 0;
}

/* The translation is known and memory is not reached yet. False: it never is. */
static bool on_the_way(struct softdev *dev, struct softdev_queue *queue)
{
	u32 delay = READ_ONCE(dev->inject.access_delay_ms);

	if (delay)
		msleep(delay);
	if (!softdev_injected(&dev->inject.stick))
		return true;
	wait_event(dev->progress, cut_off_unlocked(queue));
	return false;
}

/* Its end, and the invalidation before which it should have been. */
static u64 end(struct softdev_engine *engine)
{
	struct softdev *dev = engine->dev;
	u64 stale;

	spin_lock(&dev->lock);
	stale = engine->stale;
	engine->space = NULL;
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
	return stale;
}

/* Words of one page: 0, SOFTDEV_PARKED with the address in the lane, or an error. */
int softdev_access(struct softdev_engine *engine, struct softdev_queue *queue,
		   struct softdev_lane *lane, const struct softdev_access *access)
{
	struct softdev *dev = engine->dev;
	struct softdev_leaf leaf;
	u64 stale;
	int error;

	spin_lock(&dev->lock);
	error = begin(engine, queue, lane, access, &leaf);
	spin_unlock(&dev->lock);
	if (error)
		return error;
	error = -EIO;
	if (on_the_way(dev, queue)) {
		softdev_shadow_check(queue->space, &leaf, access->addr,
				     access->kind != SOFTDEV_ACCESS_READ);
		error = softdev_move(dev, &leaf, access);
	}
	stale = end(engine);
	if (stale)
		softdev_shadow_report(queue->space, stale, access->addr,
				      "the driver was through with that event");
	return error;
}

static bool overlaps(const struct softdev_engine *engine, u64 start, u64 end)
{
	/* An access lies in one page. */
	return engine->addr >= (start & -SOFTDEV_PAGE) && engine->addr < end;
}

/* They were not waited for by an invalidation of the span. Under the lock. */
void softdev_access_overtake(struct softdev_space *space, u64 start, u64 end, u64 number)
{
	struct softdev *dev = space->dev;
	struct softdev_engine *engine;

	for (engine = dev->engines; engine < dev->engines + dev->params.engines; engine++)
		if (engine->space == space && overlaps(engine, start, end))
			engine->stale = engine->stale ?: number;
}

/* Whether an access to the span that began before still is on its way to memory. */
bool softdev_reaches(struct softdev_space *space, u64 start, u64 end, u64 before)
{
	struct softdev *dev = space->dev;
	struct softdev_engine *engine;
	bool found = false;

	spin_lock(&dev->lock);
	for (engine = dev->engines; engine < dev->engines + dev->params.engines; engine++)
		if (engine->space == space && engine->serial <= before &&
		    overlaps(engine, start, end))
			found = true;
	spin_unlock(&dev->lock);
	return found;
}
