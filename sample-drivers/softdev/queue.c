// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queues of commands. An engine takes a queue that has something to do, and gives it back when all
 * of it waits for faults: so a fault that is never answered keeps a queue, and no engine.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "internal.h"

struct softdev_queue *softdev_queue_create(struct softdev_space *space, void *context)
{
	struct softdev *dev = space->dev;
	struct softdev_queue *queue;

	queue = kzalloc(struct_size(queue, lanes, dev->params.lanes), GFP_KERNEL);
	if (!queue)
		return ERR_PTR(-ENOMEM);
	queue->space = space;
	queue->context = context;
	INIT_LIST_HEAD(&queue->ready_node);
	mutex_lock(&dev->control);
	spin_lock(&dev->lock);
	list_add_tail(&queue->node, &dev->queues);
	spin_unlock(&dev->lock);
	mutex_unlock(&dev->control);
	return queue;
}

/* Whether an engine could do something for it. Under the lock. */
bool softdev_queue_runnable(const struct softdev_queue *queue)
{
	if (queue->aborting || queue->held || queue->space->dev->gone)
		return false;
	if (!queue->active)
		return queue->head != queue->tail;
	if (queue->status || queue->ready)
		return true;
	if (queue->next < queue->command.count)
		return queue->parked < queue->limit;
	return !queue->parked;
}

/* See that an engine comes, if one is needed and none is there. Under the lock. */
void softdev_queue_kick(struct softdev_queue *queue)
{
	if (queue->running || !list_empty(&queue->ready_node) || !softdev_queue_runnable(queue))
		return;
	list_add_tail(&queue->ready_node, &queue->space->dev->ready);
	wake_up(&queue->space->dev->work);
}

int softdev_submit(struct softdev_queue *queue, const struct softdev_command *command)
{
	struct softdev *dev = queue->space->dev;
	int error = 0;

	spin_lock(&dev->lock);
	if (dev->gone) {
		error = -ENODEV;
	} else if (queue->tail - queue->head == SOFTDEV_COMMANDS) {
		error = -EAGAIN;
	} else {
		queue->ring[queue->tail++ % SOFTDEV_COMMANDS] = *command;
		softdev_queue_kick(queue);
	}
	spin_unlock(&dev->lock);
	return error;
}

/* The command that was active has ended. */
void softdev_queue_end(struct softdev_queue *queue, int status)
{
	const struct softdev_ops *ops = queue->space->dev->params.ops;

	ops->command_done(queue->context, queue->command.cookie, status,
			  status ? queue->failed : queue->result);
}

static bool is_running(struct softdev_queue *queue)
{
	struct softdev *dev = queue->space->dev;
	bool running;

	spin_lock(&dev->lock);
	running = queue->running;
	spin_unlock(&dev->lock);
	return running;
}

bool softdev_queue_parked(struct softdev_queue *queue)
{
	struct softdev *dev = queue->space->dev;
	bool parked;

	spin_lock(&dev->lock);
	parked = queue->active && queue->parked;
	spin_unlock(&dev->lock);
	return parked;
}

void softdev_queue_hold(struct softdev_queue *queue, bool hold)
{
	struct softdev *dev = queue->space->dev;

	spin_lock(&dev->lock);
	queue->held = hold;
	list_del_init(&queue->ready_node);
	softdev_queue_kick(queue);
	spin_unlock(&dev->lock);
	if (hold)
		wait_event(dev->progress, !is_running(queue));
}

/* The next command that is to be ended, as the active one. Under the lock. */
static bool take(struct softdev_queue *queue, unsigned int end)
{
	if (!queue->active) {
		if (queue->head == end)
			return false;
		queue->command = queue->ring[queue->head++ % SOFTDEV_COMMANDS];
	}
	softdev_fault_forget(queue);
	queue->active = false;
	queue->failed = 0;
	queue->space->dev->stats.commands++;
	return true;
}

/* What is submitted from now on runs when this is over. */
static void abort_commands(struct softdev_queue *queue, int status)
{
	struct softdev *dev = queue->space->dev;
	unsigned int end;

	spin_lock(&dev->lock);
	queue->aborting = status;
	list_del_init(&queue->ready_node);
	end = queue->tail;
	spin_unlock(&dev->lock);
	wake_up_all(&dev->progress);
	wait_event(dev->progress, !is_running(queue));
	spin_lock(&dev->lock);
	while (take(queue, end)) {
		spin_unlock(&dev->lock);
		softdev_queue_end(queue, status);
		spin_lock(&dev->lock);
	}
	queue->aborting = 0;
	softdev_queue_kick(queue);
	spin_unlock(&dev->lock);
}

/* Under dev->control, so that no queue comes or goes. */
void softdev_queue_abort_all(struct softdev *dev, int status)
{
	struct softdev_queue *queue;

	list_for_each_entry(queue, &dev->queues, node)
		abort_commands(queue, status);
}

void softdev_queue_abort(struct softdev_queue *queue, int status)
{
	struct softdev *dev = queue->space->dev;

	mutex_lock(&dev->control);
	abort_commands(queue, status);
	mutex_unlock(&dev->control);
}

void softdev_queue_destroy(struct softdev_queue *queue)
{
	struct softdev *dev = queue->space->dev;

	mutex_lock(&dev->control);
	abort_commands(queue, -ECANCELED);
	spin_lock(&dev->lock);
	list_del(&queue->node);
	spin_unlock(&dev->lock);
	mutex_unlock(&dev->control);
	kfree(queue);
}
