// SPDX-License-Identifier: GPL-2.0-only
/* Wait queues, waiting for bits and variables, completions. */
#include <linux/completion.h>
#include <linux/wait.h>
#include <linux/wait_bit.h>

#include "internal.h"

void __init_waitqueue_head(wait_queue_head_t *queue, const char *name, struct lock_class_key *key)
{
	lockdep_init_map(&queue->dep_map, name, key, 0);
	INIT_LIST_HEAD(&queue->head);
}

/* What orders two tasks that use a queue: its key if it has one. */
static const void *order_of(const wait_queue_head_t *queue, const void *key)
{
	return key ?: (const void *)queue;
}

static void join_queue(wait_queue_head_t *queue, struct wait_queue_entry *entry, int state)
{
	if (!entry->task)
		INIT_LIST_HEAD(&entry->entry);
	entry->task = current;
	if (list_empty(&entry->entry))
		list_add_tail(&entry->entry, &queue->head);
	current->waits = queue;
	current->__state = state;
}

static void leave_queue(struct wait_queue_entry *entry)
{
	current->__state = TASK_RUNNING;
	current->waits = NULL;
	if (entry->task && !list_empty(&entry->entry))
		list_del_init(&entry->entry);
}

long prepare_to_wait_event(wait_queue_head_t *queue, struct wait_queue_entry *entry, int state)
{
	const void *order = order_of(queue, entry->key);

	hosted_dep_pass(&queue->dep_map);
	hosted_point(HOSTED_LOCK, order, 1);
	hosted_acquire(order);
	if (signal_pending_state(state, current)) {
		leave_queue(entry);
		return -ERESTARTSYS;
	}
	join_queue(queue, entry, state);
	hosted_release(order);
	return 0;
}

void finish_wait(wait_queue_head_t *queue, struct wait_queue_entry *entry)
{
	leave_queue(entry);
}

static void wake_matching(wait_queue_head_t *queue, unsigned int mode, const void *key, int bit)
{
	struct wait_queue_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &queue->head, entry) {
		if (entry->key != key || entry->bit != bit)
			continue;
		if (entry->woken)
			*entry->woken = true;
		if (!(entry->task->__state & mode))
			continue;
		list_del_init(&entry->entry);
		wake_up_process(entry->task);
	}
}

void hosted_wake_up(wait_queue_head_t *queue, unsigned int mode)
{
	hosted_dep_pass(&queue->dep_map);
	hosted_point(HOSTED_WAKE, queue, sizeof(*queue));
	hosted_acquire(queue);
	hosted_release(queue);
	wake_matching(queue, mode, NULL, 0);
}

bool waitqueue_active(wait_queue_head_t *queue)
{
	hosted_point(HOSTED_MARKED_READ, queue, sizeof(*queue));
	return !list_empty(&queue->head);
}

/* ---- bits and variables */

static DECLARE_WAIT_QUEUE_HEAD(key_queue);

wait_queue_head_t *hosted_key_queue(void)
{
	return &key_queue;
}

void hosted_wake_key(const void *key, int bit)
{
	hosted_dep_pass(&key_queue.dep_map);
	hosted_point(HOSTED_WAKE, key, 1);
	hosted_acquire(key);
	hosted_release(key);
	wake_matching(&key_queue, TASK_NORMAL, key, bit);
}

/* Until the bit is clear; whoever cleared it is ordered before. */
int hosted_wait_bit(unsigned long *word, int bit, unsigned int state)
{
	struct wait_queue_entry entry = { .key = word, .bit = bit };
	long error;

	for (;;) {
		error = prepare_to_wait_event(&key_queue, &entry, state);
		if (error || !test_bit(bit, word))
			break;
		schedule();
	}
	finish_wait(&key_queue, &entry);
	return error ? -EINTR : 0;
}

/* ---- completions */

void reinit_completion(struct completion *c)
{
	hosted_point(HOSTED_MARKED_WRITE, c, sizeof(c->done));
	c->done = 0;
}

static void complete_times(struct completion *c, unsigned int done)
{
	hosted_dep_pass(&c->wait.dep_map);
	hosted_point(HOSTED_WAKE, c, sizeof(*c));
	hosted_release(c);
	c->done = done == UINT_MAX || c->done == UINT_MAX ? UINT_MAX : c->done + done;
	wake_matching(&c->wait, TASK_NORMAL, NULL, 0);
}

void complete(struct completion *c)
{
	complete_times(c, 1);
}

void complete_all(struct completion *c)
{
	complete_times(c, UINT_MAX);
}

static bool completion_take(struct completion *c)
{
	hosted_check(c, sizeof(*c));
	if (!c->done)
		return false;
	if (c->done != UINT_MAX)
		c->done--;
	hosted_acquire(c);
	return true;
}

static long completion_wait(struct completion *c, int state, unsigned long timeout)
{
	hosted_point(HOSTED_LOCK, c, sizeof(*c));
	return hosted_wait_event(c->wait, completion_take(c), state, timeout);
}

void wait_for_completion(struct completion *c)
{
	completion_wait(c, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
}

int wait_for_completion_killable(struct completion *c)
{
	return hosted_wait_error(completion_wait(c, TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT));
}

unsigned long wait_for_completion_timeout(struct completion *c, unsigned long timeout)
{
	return completion_wait(c, TASK_UNINTERRUPTIBLE, timeout);
}

bool completion_done(struct completion *c)
{
	hosted_point(HOSTED_MARKED_READ, c, sizeof(c->done));
	return c->done;
}
