// SPDX-License-Identifier: GPL-2.0-only
/*
 * Engines: threads that take queues with something to do. A turn tries each part of the command at
 * hand once; then the queue goes to the end of the line.
 */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/slab.h>

#include "internal.h"

/* Make the next command of the queue the active one. Under the lock. */
static void begin(struct softdev_queue *queue)
{
	const struct softdev_command *command;

	if (queue->active)
		return;
	command = &queue->ring[queue->head++ % SOFTDEV_COMMANDS];
	queue->command = *command;
	queue->active = true;
	queue->next = 0;
	softdev_command_check(queue);
	queue->result = command->op == SOFTDEV_COMPARE ? command->count :
			command->op == SOFTDEV_CHASE   ? command->src :
							 0;
	queue->limit = command->op == SOFTDEV_CHASE ? 1 : queue->space->dev->params.lanes;
}

/* Whether there is something to try in this lane, which may get a new part. Under the lock. */
static bool claim(struct softdev_queue *queue, struct softdev_lane *lane)
{
	if (lane->state == SOFTDEV_LANE_FREE && queue->next < queue->command.count) {
		lane->first = queue->next;
		lane->words = softdev_command_part(&queue->command, lane->first);
		queue->next += lane->words;
		lane->state = SOFTDEV_LANE_READY;
		queue->ready++;
	}
	return lane->state == SOFTDEV_LANE_READY;
}

/* Whether a fault was raised. Under the lock. */
static bool settle(struct softdev_queue *queue, struct softdev_lane *lane, int result)
{
	queue->ready--;
	/* Then its address space may be gone, too. */
	if (result == SOFTDEV_PARKED && softdev_window_closed(queue->space->dev, lane->key))
		result = -ENOKEY;
	if (result != SOFTDEV_PARKED) {
		lane->state = SOFTDEV_LANE_FREE;
		if (!queue->status)
			queue->failed = lane->operand;
		queue->status = queue->status ?: result;
		return false;
	}
	queue->parked++;
	lane->state = SOFTDEV_LANE_BLOCKED;
	return softdev_fault_raise(queue, lane);
}

static void try_lane(struct softdev_engine *engine, struct softdev_queue *queue,
		     struct softdev_lane *lane)
{
	struct softdev *dev = engine->dev;
	bool ready, raised;
	int result;

	spin_lock(&dev->lock);
	ready = !queue->status && claim(queue, lane);
	spin_unlock(&dev->lock);
	if (!ready)
		return;
	result = softdev_command_run(engine, queue, lane);
	spin_lock(&dev->lock);
	raised = settle(queue, lane, result);
	spin_unlock(&dev->lock);
	if (raised)
		dev->params.ops->fault_irq(dev->params.driver);
}

/* Whether the active command is over. Its faults are not waited for if it has failed. */
static bool finish(struct softdev_queue *queue, int *status)
{
	struct softdev *dev = queue->space->dev;
	bool over;

	spin_lock(&dev->lock);
	*status = queue->status;
	/*
	 * Whoever aborts ends it, or with the device gone nobody may. A lane may have been answered
	 * since it was passed.
	 */
	over = !queue->aborting && !dev->gone &&
	       (queue->status ||
		(!queue->parked && !queue->ready && queue->next == queue->command.count));
	if (over) {
		softdev_fault_forget(queue);
		queue->active = false;
		dev->stats.commands++;
	}
	spin_unlock(&dev->lock);
	return over;
}

static void turn(struct softdev_engine *engine, struct softdev_queue *queue)
{
	struct softdev_lane *lane;
	int status;

	spin_lock(&engine->dev->lock);
	begin(queue);
	spin_unlock(&engine->dev->lock);
	for (lane = queue->lanes; lane < queue->lanes + queue->limit; lane++)
		try_lane(engine, queue, lane);
	if (finish(queue, &status))
		softdev_queue_end(queue, status);
}

static struct softdev_queue *take(struct softdev *dev)
{
	struct softdev_queue *queue;

	spin_lock(&dev->lock);
	queue = list_first_entry_or_null(&dev->ready, struct softdev_queue, ready_node);
	if (queue) {
		list_del_init(&queue->ready_node);
		queue->running = true;
	}
	spin_unlock(&dev->lock);
	return queue;
}

static void give_back(struct softdev *dev, struct softdev_queue *queue)
{
	spin_lock(&dev->lock);
	queue->running = false;
	softdev_queue_kick(queue);
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
}

static int engine_main(void *data)
{
	struct softdev_engine *engine = data;
	struct softdev *dev = engine->dev;
	struct softdev_queue *queue;

	while (!kthread_should_stop()) {
		queue = NULL;
		wait_event_interruptible(dev->work, kthread_should_stop() || (queue = take(dev)));
		if (!queue)
			continue;
		turn(engine, queue);
		give_back(dev, queue);
		cond_resched();
	}
	return 0;
}

int softdev_engines_start(struct softdev *dev)
{
	struct softdev_engine *engine;
	unsigned int i;

	dev->engines = kvcalloc(dev->params.engines, sizeof(*dev->engines), GFP_KERNEL);
	if (!dev->engines)
		return -ENOMEM;
	for (i = 0; i < dev->params.engines; i++) {
		engine = &dev->engines[i];
		engine->dev = dev;
		engine->task = kthread_run(engine_main, engine, "%s/%u", dev->params.name, i);
		if (IS_ERR(engine->task))
			return PTR_ERR(engine->task);
	}
	return 0;
}

void softdev_engines_stop(struct softdev *dev)
{
	unsigned int i;

	for (i = 0; dev->engines && i < dev->params.engines; i++)
		if (!IS_ERR_OR_NULL(dev->engines[i].task))
			kthread_stop(dev->engines[i].task);
	kvfree(dev->engines);
}
