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
	for (i = 0; i < count; i++)
		list_add_tail(&space->slots[i].node, &space->free_slots);
	return 0;
}

void softdev_faults_free(struct softdev_space *space)
{
	kvfree(space->slots);
}

/* Whether there is something to read now that was not before. Under the lock. */
bool softdev_fault_raise(struct softdev_queue *queue, struct softdev_lane *lane)
{
	struct softdev_space *space = queue->space;
	struct softdev *dev = space->dev;
	struct softdev_slot *slot;

	slot = list_first_entry_or_null(&space->free_slots, struct softdev_slot, node);
	if (!slot)
		return false;
	slot->generation = ++dev->generation;
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
static void unblock(struct softdev_space *space)
{
	struct softdev_queue *queue;
	struct softdev_lane *lane;

	list_for_each_entry(queue, &space->dev->queues, node) {
		if (queue->space != space)
			continue;
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

static void release(struct softdev_space *space, struct softdev_slot *slot)
{
	bool first = list_empty(&space->free_slots);

	slot->lane = NULL;
	list_move_tail(&slot->node, &space->free_slots);
	if (first)
		unblock(space);
}

/* Nobody waits for answers to the faults of the queue any more; what is late is ignored. */
void softdev_fault_forget(struct softdev_queue *queue)
{
	struct softdev_space *space = queue->space;
	const struct softdev_params *params = &space->dev->params;
	unsigned int i;

	for (i = 0; i < params->lanes; i++)
		queue->lanes[i].state = SOFTDEV_LANE_FREE;
	queue->ready = 0;
	if (!queue->parked)
		return;
	queue->parked = 0;
	for (i = 0; i < params->faults; i++)
		if (space->slots[i].lane && space->slots[i].queue == queue)
			release(space, &space->slots[i]);
}

static u64 cookie_of(const struct softdev_slot *slot)
{
	const struct softdev_space *space = slot->queue->space;

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
		if (!slot->queue->space->held)
			return slot;
	return NULL;
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
		slot->lane->state = SOFTDEV_LANE_READY;
		queue->parked--;
		queue->ready++;
		if (error)
			queue->status = error;
		dev->stats.replays += !error;
		softdev_queue_kick(queue);
		release(queue->space, slot);
	}
	spin_unlock(&dev->lock);
}
