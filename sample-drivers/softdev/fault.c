// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults. Each that is raised has a slot until it is answered. Slots belong to the address space:
 * none can take those of another. Without a free slot a part of a command is blocked: a fault waits
 * inside the device, none is lost.
 */
#include <linux/slab.h>

#include "internal.h"

int softdev_faults_init(struct softdev_space *space)
{
	unsigned int i, count = space->dev->params.faults;

	INIT_LIST_HEAD(&space->free_slots);
	space->slots = kvcalloc(count, sizeof(*space->slots), GFP_KERNEL_ACCOUNT);
	if (!space->slots)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		space->slots[i].space = space;
		list_add_tail(&space->slots[i].node, &space->free_slots);
	}
	return 0;
}

void softdev_faults_free(struct softdev_space *space)
{
	kvfree(space->slots);
}

/* Whether there is something to read now that was not before. Under the lock. */
bool softdev_fault_raise(struct softdev_queue *queue, struct softdev_lane *lane)
{
	struct softdev_space *space = lane->space;
	struct softdev *dev = space->dev;
	struct softdev_slot *slot;

	slot = list_first_entry_or_null(&space->free_slots, struct softdev_slot, node);
	if (!slot)
		return false;
	slot->generation = ++dev->generation;
	slot->queue = queue;
	slot->lane = lane;
	lane->slot = slot;
	lane->state = SOFTDEV_LANE_PARKED;
	dev->stats.faults++;
	if (softdev_injected(&dev->inject.fault_lose)) {
		list_del_init(&slot->node);
		return false;
	}
	list_move_tail(&slot->node, &dev->raised);
	return true;
}

/* To be tried again. */
static void make_ready(struct softdev_queue *queue, struct softdev_lane *lane)
{
	lane->state = SOFTDEV_LANE_READY;
	queue->parked--;
	queue->ready++;
	softdev_queue_kick(queue);
}

#define for_each_lane(lane, queue) \
	for (lane = (queue)->lanes; lane < (queue)->lanes + (queue)->limit; lane++)

/* There is a free slot: those that wait for one try again. Under the lock. */
static void unblock(struct softdev_space *space)
{
	struct softdev_queue *queue;
	struct softdev_lane *lane;

	list_for_each_entry(queue, &space->dev->queues, node)
		for_each_lane(lane, queue) if (lane->state == SOFTDEV_LANE_BLOCKED &&
					       lane->space == space) make_ready(queue, lane);
}

static void release(struct softdev_slot *slot)
{
	struct softdev_space *space = slot->space;
	bool first = list_empty(&space->free_slots);

	slot->lane->slot = NULL;
	slot->lane = NULL;
	list_move_tail(&slot->node, &space->free_slots);
	if (first)
		unblock(space);
}

/* Nobody waits for answers to the faults of the queue any more; what is late is ignored. */
void softdev_fault_forget(struct softdev_queue *queue)
{
	struct softdev_lane *lane;

	for_each_lane(lane, queue) lane->state = SOFTDEV_LANE_FREE;
	queue->ready = 0;
	queue->parked = 0;
	for_each_lane(lane, queue) if (lane->slot) release(lane->slot);
}

/* What is parked by a key that is no more is tried again, and refused. Under the lock. */
void softdev_fault_squash(struct softdev *dev, u64 key)
{
	struct softdev_queue *queue;
	struct softdev_lane *lane;

	list_for_each_entry(queue, &dev->queues, node)
		for_each_lane(lane, queue)
		{
			if (lane->key != key || (lane->state != SOFTDEV_LANE_PARKED &&
						 lane->state != SOFTDEV_LANE_BLOCKED))
				continue;
			make_ready(queue, lane);
			if (lane->slot)
				release(lane->slot);
		}
}

static u64 cookie_of(const struct softdev_slot *slot)
{
	const struct softdev_space *space = slot->space;

	return (u64)slot->generation << 32 | space->number << 16 | (slot - space->slots);
}

/* NULL if nobody waits for an answer to it. Under the lock, which keeps the address space. */
static struct softdev_slot *slot_of(struct softdev *dev, u64 cookie)
{
	const struct softdev_space *space = xa_load(&dev->spaces, (u16)(cookie >> 16));
	struct softdev_slot *slot;

	if (!space || (u16)cookie >= dev->params.faults)
		return NULL;
	slot = &space->slots[(u16)cookie];
	return slot->lane && cookie_of(slot) == cookie ? slot : NULL;
}

static struct softdev_slot *first(struct softdev *dev)
{
	struct softdev_slot *slot;

	if (dev->gone)
		return NULL;
	list_for_each_entry(slot, &dev->raised, node)
		if (!slot->space->held)
			return slot;
	return NULL;
}

bool softdev_fault_read(struct softdev *dev, struct softdev_fault *fault)
{
	const struct softdev_slot *slot;

	spin_lock(&dev->lock);
	slot = first(dev);
	if (slot) {
		fault->context = slot->space->context;
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

void softdev_fault_hold(struct softdev_space *space, bool hold)
{
	spin_lock(&space->dev->lock);
	space->held = hold;
	spin_unlock(&space->dev->lock);
}

void softdev_fault_reply(struct softdev *dev, u64 cookie, int error)
{
	struct softdev_queue *queue;
	struct softdev_slot *slot;

	spin_lock(&dev->lock);
	slot = slot_of(dev, cookie);
	if (slot) {
		queue = slot->queue;
		if (error) {
			queue->status = error;
			queue->failed = slot->lane->operand;
		}
		dev->stats.replays += !error;
		make_ready(queue, slot->lane);
		release(slot);
	}
	spin_unlock(&dev->lock);
}
