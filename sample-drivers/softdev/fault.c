// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults. Each that is raised has a slot until it is answered, and its cookie is the slot's number
 * and how often that was used. Without a free slot a part of a command is blocked: a fault waits
 * inside the device, none is lost.
 */
#include <linux/slab.h>

#include "internal.h"

int softdev_faults_init(struct softdev *dev)
{
	unsigned int i;

	INIT_LIST_HEAD(&dev->free_slots);
	INIT_LIST_HEAD(&dev->raised);
	dev->slots = kvcalloc(dev->params.faults, sizeof(*dev->slots), GFP_KERNEL);
	if (!dev->slots)
		return -ENOMEM;
	for (i = 0; i < dev->params.faults; i++)
		list_add_tail(&dev->slots[i].node, &dev->free_slots);
	return 0;
}

void softdev_faults_free(struct softdev *dev)
{
	kvfree(dev->slots);
}

/* Whether there is something to read now that was not before. Under the lock. */
bool softdev_fault_raise(struct softdev_queue *queue, struct softdev_lane *lane)
{
	struct softdev *dev = queue->space->dev;
	struct softdev_slot *slot;

	slot = list_first_entry_or_null(&dev->free_slots, struct softdev_slot, node);
	if (!slot)
		return false;
	slot->generation++;
	slot->queue = queue;
	slot->lane = lane;
	lane->state = SOFTDEV_LANE_PARKED;
	dev->stats.faults++;
	if (softdev_injected(&dev->inject.fault_lose)) {
		list_del_init(&slot->node);
		return false;
	}
	list_move_tail(&slot->node, &dev->raised);
	return true;
}

/* There is a free slot: those that wait for one try again. Under the lock. */
static void unblock(struct softdev *dev)
{
	struct softdev_queue *queue;
	struct softdev_lane *lane;

	list_for_each_entry(queue, &dev->queues, node) {
		for (lane = queue->lanes; lane < queue->lanes + queue->limit; lane++) {
			if (lane->state != SOFTDEV_LANE_BLOCKED)
				continue;
			lane->state = SOFTDEV_LANE_READY;
			queue->parked--;
			queue->ready++;
		}
		softdev_queue_kick(queue);
	}
}

static void release(struct softdev *dev, struct softdev_slot *slot)
{
	bool first = list_empty(&dev->free_slots);

	slot->lane = NULL;
	list_move_tail(&slot->node, &dev->free_slots);
	if (first)
		unblock(dev);
}

/* Nobody waits for answers to the faults of the queue any more; what is late is ignored. */
void softdev_fault_forget(struct softdev_queue *queue)
{
	struct softdev *dev = queue->space->dev;
	unsigned int i;

	for (i = 0; i < dev->params.lanes; i++)
		queue->lanes[i].state = SOFTDEV_LANE_FREE;
	queue->ready = 0;
	if (!queue->parked)
		return;
	queue->parked = 0;
	for (i = 0; i < dev->params.faults; i++)
		if (dev->slots[i].lane && dev->slots[i].queue == queue)
			release(dev, &dev->slots[i]);
}

static u64 cookie_of(const struct softdev_slot *slot)
{
	return (u64)slot->generation << 32 | (slot - slot->queue->space->dev->slots);
}

static struct softdev_slot *first(struct softdev *dev)
{
	if (dev->gone)
		return NULL;
	return list_first_entry_or_null(&dev->raised, struct softdev_slot, node);
}

bool softdev_fault_read(struct softdev *dev, struct softdev_fault *fault)
{
	const struct softdev_slot *slot;

	spin_lock(&dev->lock);
	slot = first(dev);
	if (slot) {
		fault->context = slot->queue->space->context;
		fault->addr = slot->lane->addr;
		fault->write = slot->lane->write;
		fault->cookie = cookie_of(slot);
	}
	spin_unlock(&dev->lock);
	return slot;
}

void softdev_fault_take(struct softdev *dev, u64 cookie)
{
	struct softdev_slot *slot;

	spin_lock(&dev->lock);
	slot = first(dev);
	if (slot && cookie_of(slot) == cookie)
		list_del_init(&slot->node);
	spin_unlock(&dev->lock);
}

void softdev_fault_reply(struct softdev *dev, u64 cookie, int error)
{
	struct softdev_queue *queue;
	struct softdev_slot *slot;

	if ((u32)cookie >= dev->params.faults)
		return;
	slot = &dev->slots[(u32)cookie];
	spin_lock(&dev->lock);
	if (slot->lane && slot->generation == cookie >> 32) {
		queue = slot->queue;
		slot->lane->state = SOFTDEV_LANE_READY;
		queue->parked--;
		queue->ready++;
		if (error)
			queue->status = error;
		dev->stats.replays += !error;
		softdev_queue_kick(queue);
		release(dev, slot);
	}
	spin_unlock(&dev->lock);
}
