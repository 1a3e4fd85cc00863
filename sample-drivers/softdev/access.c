// SPDX-License-Identifier: GPL-2.0-only
/*
 * One access of an engine: a translation, then the memory. In between the engine is known to have
 * it, so that a flush can wait for it, and whoever cuts the device off.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/preempt.h>

#include "internal.h"

/* Where it goes to, or why not. Under the lock. */
static struct softdev_space *target(struct softdev_queue *queue,
				    const struct softdev_access *access)
{
	struct softdev_space *space = softdev_window_space(queue, access, access->words);

	if (IS_ERR(space))
		return space;
	if (space->dev->gone || space->isolated || queue->space->isolated || queue->aborting)
		return ERR_PTR(-EIO);
	return space;
}

static bool is_cut_off(struct softdev_queue *queue, const struct softdev_access *access)
{
	struct softdev *dev = queue->space->dev;
	bool cut;

	spin_lock(&dev->lock);
	cut = IS_ERR(target(queue, access));
	spin_unlock(&dev->lock);
	return cut;
}

/* 0 and the leaf, SOFTDEV_PARKED, or an error. Under the lock. */
static int begin(struct softdev_engine *engine, struct softdev_queue *queue,
		 struct softdev_lane *lane, const struct softdev_access *access,
		 struct softdev_leaf *leaf)
{
	struct softdev_space *space = target(queue, access);
	bool write = access->kind != SOFTDEV_ACCESS_READ;
	struct softdev_translation *translation;

	lane->operand = access->key.domain ? access->operand : 0;
	if (IS_ERR(space))
		return PTR_ERR(space);
	translation = softdev_translate(space, access->addr, write);
	if (!translation) {
		lane->space = space;
		lane->key = access->key.key;
		lane->addr = access->addr;
		lane->write = write;
		return SOFTDEV_PARKED;
	}
	*leaf = translation->leaf;
	engine->space = space;
	engine->key = access->key.key;
	engine->addr = access->addr;
	engine->serial = ++space->dev->serial;
	engine->stale = softdev_shadow_stale(translation);
	space->dev->stats.accesses++;
	return 0;
}

/*
 * Whoever takes a translation back that was dropped in waits for its accesses, and can not sleep
 * for them: so they are not interrupted.
 */
static bool at_once(const struct softdev_space *space)
{
	return space->root == SOFTDEV_NO_TABLE;
}

/* The translation is known and memory is not reached yet. False: it never is. */
static bool on_the_way(struct softdev *dev, struct softdev_queue *queue,
		       const struct softdev_access *access)
{
	u32 delay = READ_ONCE(dev->inject.access_delay_ms);

	if (at_once(queue->space)) {
		mdelay(delay);
		return true;
	}
	if (delay)
		msleep(delay);
	if (!softdev_injected(&dev->inject.stick))
		return true;
	wait_event(dev->progress, is_cut_off(queue, access));
	return false;
}

/* The invalidation before which it should have ended, or 0. */
static u64 stale(struct softdev_engine *engine)
{
	u64 number;

	spin_lock(&engine->dev->lock);
	number = engine->stale;
	spin_unlock(&engine->dev->lock);
	return number;
}

/* The address space may go from now on. */
static void end(struct softdev_engine *engine)
{
	struct softdev *dev = engine->dev;

	spin_lock(&dev->lock);
	engine->space = NULL;
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
}

/* From the translation to the end of the way. */
static int travel(struct softdev_engine *engine, struct softdev_queue *queue,
		  struct softdev_lane *lane, const struct softdev_access *access)
{
	struct softdev *dev = engine->dev;
	struct softdev_leaf leaf;
	int error;

	spin_lock(&dev->lock);
	error = begin(engine, queue, lane, access, &leaf);
	spin_unlock(&dev->lock);
	if (error)
		return error;
	error = -EIO;
	if (on_the_way(dev, queue, access)) {
		softdev_shadow_check(engine->space, &leaf, access->addr,
				     access->kind != SOFTDEV_ACCESS_READ);
		error = softdev_move(dev, &leaf, access);
	}
	if (stale(engine))
		softdev_shadow_report(engine->space, stale(engine), access->addr,
				      "the driver was through with that event");
	end(engine);
	return error;
}

/* Words of one page: 0, SOFTDEV_PARKED with the address in the lane, or an error. */
int softdev_access(struct softdev_engine *engine, struct softdev_queue *queue,
		   struct softdev_lane *lane, const struct softdev_access *access)
{
	bool disable = at_once(queue->space);
	int error;

	if (disable)
		preempt_disable();
	error = travel(engine, queue, lane, access);
	if (disable)
		preempt_enable();
	return error;
}

static bool overlaps(const struct softdev_engine *engine, u64 start, u64 end)
{
	/* An access lies in one page. */
	return engine->addr >= (start & -SOFTDEV_PAGE) && engine->addr < end;
}

/* They were not waited for by an invalidation of the span. Under the lock. */
void softdev_access_overtake(struct softdev_space *space, u64 start, u64 end, u64 number,
			     u64 before)
{
	struct softdev *dev = space->dev;
	struct softdev_engine *engine;

	for (engine = dev->engines; engine < dev->engines + dev->params.engines; engine++)
		if (engine->space == space && engine->serial <= before &&
		    overlaps(engine, start, end))
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

/* Whether an access by the key is on its way to memory. */
bool softdev_uses(struct softdev *dev, u64 key)
{
	struct softdev_engine *engine;
	bool found = false;

	spin_lock(&dev->lock);
	for (engine = dev->engines; engine < dev->engines + dev->params.engines; engine++)
		found |= engine->space && engine->key == key;
	spin_unlock(&dev->lock);
	return found;
}
