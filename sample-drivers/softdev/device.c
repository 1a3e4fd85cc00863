// SPDX-License-Identifier: GPL-2.0-only
/* The device as a whole: built, reset, pulled out; its memory, its address spaces, its counters. */
#include <linux/err.h>
#include <linux/io.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "internal.h"

/* What is left out gets its default. */
static int set_defaults(struct softdev_params *params)
{
	params->name = params->name ?: "softdev";
	params->engines = params->engines ?: 2;
	params->tlb_sets = params->tlb_sets ?: 16;
	params->tlb_ways = params->tlb_ways ?: 4;
	params->lanes = params->lanes ?: 32;
	params->faults = params->faults ?: 64;
	if (!is_power_of_2(params->tlb_sets))
		pr_err("%s: tlb_sets is %u: give a power of two\n", params->name, params->tlb_sets);
	else if (params->faults > SOFTDEV_FAULTS_MAX)
		pr_err("%s: faults is %u: give up to %lu\n", params->name, params->faults,
		       SOFTDEV_FAULTS_MAX);
	else
		return 0;
	return -EINVAL;
}

static int memory_init(struct softdev *dev)
{
	const struct softdev_params *params = &dev->params;

	if (!params->memory)
		return 0;
	if (params->memory_at)
		dev->memory = memremap(params->memory_at, params->memory, MEMREMAP_WB);
	else
		dev->memory = kvzalloc(params->memory, GFP_KERNEL);
	return dev->memory ? 0 : -ENOMEM;
}

static void memory_free(struct softdev *dev)
{
	if (dev->params.memory_at)
		memunmap(dev->memory);
	else
		kvfree(dev->memory);
}

static int build(struct softdev *dev)
{
	return memory_init(dev)                                                                ?:
		       softdev_tlb_init(&dev->tlb, dev->params.tlb_sets, dev->params.tlb_ways) ?:
		       softdev_flush_start(dev)                                                ?:
		       softdev_engines_start(dev);
}

/* Also one that was built in part. */
void softdev_destroy(struct softdev *dev)
{
	WARN_ON(!list_empty(&dev->queues));
	softdev_engines_stop(dev);
	softdev_flush_stop(dev);
	softdev_tlb_free(&dev->tlb);
	xa_destroy(&dev->spaces);
	WARN_ON(!xa_empty(&dev->windows));
	memory_free(dev);
	mutex_destroy(&dev->control);
	kfree(dev);
}

struct softdev *softdev_create(const struct softdev_params *params)
{
	struct softdev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int error;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->params = *params;
	mutex_init(&dev->control);
	spin_lock_init(&dev->lock);
	INIT_LIST_HEAD(&dev->queues);
	INIT_LIST_HEAD(&dev->ready);
	INIT_LIST_HEAD(&dev->raised);
	INIT_LIST_HEAD(&dev->posted);
	xa_init_flags(&dev->spaces, XA_FLAGS_ALLOC);
	xa_init(&dev->windows);
	init_waitqueue_head(&dev->work);
	init_waitqueue_head(&dev->progress);
	init_waitqueue_head(&dev->flush_work);
	error = set_defaults(&dev->params) ?: build(dev);
	if (!error)
		return dev;
	softdev_destroy(dev);
	return ERR_PTR(error);
}

void *softdev_memory(struct softdev *dev)
{
	return dev->memory;
}

struct softdev_inject *softdev_inject(struct softdev *dev)
{
	return &dev->inject;
}

void softdev_stats(struct softdev *dev, struct softdev_stats *stats)
{
	spin_lock(&dev->lock);
	*stats = dev->stats;
	spin_unlock(&dev->lock);
}

/* ---- address spaces */

/* Answers that come later find nothing. */
static void space_forget(struct softdev_space *space)
{
	struct softdev *dev = space->dev;

	spin_lock(&dev->lock);
	xa_erase(&dev->spaces, space->number);
	spin_unlock(&dev->lock);
}

/* From now on it is found by the cookies of its faults. */
static int space_add(struct softdev_space *space, struct mm_struct *mm, void *owner)
{
	struct softdev *dev = space->dev;
	int error = xa_alloc(&dev->spaces, &space->number, space,
			     XA_LIMIT(0, SOFTDEV_SPACES_MAX - 1), GFP_KERNEL_ACCOUNT);

	if (error)
		return error;
	error = softdev_shadow_init(space, mm, owner);
	if (error)
		space_forget(space);
	return error;
}

static void space_remove(struct softdev_space *space)
{
	softdev_shadow_free(space);
	space_forget(space);
}

static int space_init(struct softdev_space *space)
{
	int error = 0;

	if (space->root == SOFTDEV_NO_TABLE)
		error = softdev_tlb_init(&space->own_tlb, 1, SOFTDEV_DROPINS);
	return error ?: softdev_faults_init(space);
}

/* Also one that was made in part. */
static void space_free(struct softdev_space *space)
{
	softdev_faults_free(space);
	softdev_tlb_free(&space->own_tlb);
	kfree(space);
}

struct softdev_space *softdev_space_create(struct softdev *dev, u64 root, void *context,
					   struct mm_struct *mm, void *owner)
{
	struct softdev_space *space = kzalloc(sizeof(*space), GFP_KERNEL_ACCOUNT);
	int error;

	if (!space)
		return ERR_PTR(-ENOMEM);
	space->dev = dev;
	space->root = root;
	space->context = context;
	softdev_flushes_init(space);
	error = space_init(space) ?: space_add(space, mm, owner);
	if (!error)
		return space;
	space_free(space);
	return ERR_PTR(error);
}

static bool is_flushing(struct softdev_space *space)
{
	struct softdev *dev = space->dev;
	bool flushing;

	spin_lock(&dev->lock);
	flushing = dev->flushing == space;
	spin_unlock(&dev->lock);
	return flushing;
}

/* Inside of an invalidation, so it may wait for the device and for nothing else. */
void softdev_space_isolate(struct softdev_space *space)
{
	struct softdev *dev = space->dev;

	spin_lock(&dev->lock);
	space->isolated = true;
	softdev_tlb_drop(space, 0, U64_MAX);
	softdev_flush_forget(dev, space);
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
	wait_event(dev->progress,
		   !is_flushing(space) && !softdev_reaches(space, 0, U64_MAX, U64_MAX));
}

void softdev_space_destroy(struct softdev_space *space)
{
	softdev_space_isolate(space);
	space_remove(space);
	space_free(space);
}

/* ---- the whole device */

static bool is_flushed(struct softdev *dev)
{
	bool flushed;

	spin_lock(&dev->lock);
	flushed = list_empty(&dev->posted) && !dev->flushing;
	spin_unlock(&dev->lock);
	return flushed;
}

void softdev_reset(struct softdev *dev)
{
	mutex_lock(&dev->control);
	softdev_queue_abort_all(dev, -EIO);
	spin_lock(&dev->lock);
	softdev_tlb_clear(dev);
	dev->hurry = true;
	spin_unlock(&dev->lock);
	wake_up(&dev->flush_work);
	wait_event(dev->progress, is_flushed(dev));
	spin_lock(&dev->lock);
	dev->hurry = false;
	spin_unlock(&dev->lock);
	mutex_unlock(&dev->control);
}

/* Nothing is under way: neither an access nor a callback. */
static bool is_still(struct softdev *dev)
{
	struct softdev_queue *queue;
	bool still;

	spin_lock(&dev->lock);
	still = !dev->flushing;
	list_for_each_entry(queue, &dev->queues, node)
		still &= !queue->running;
	spin_unlock(&dev->lock);
	return still;
}

void softdev_unplug(struct softdev *dev)
{
	spin_lock(&dev->lock);
	dev->gone = true;
	softdev_tlb_clear(dev);
	softdev_flush_forget(dev, NULL);
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
	wait_event(dev->progress, is_still(dev));
}
