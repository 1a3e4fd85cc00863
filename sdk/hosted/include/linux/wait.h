/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: sleeping until something is true. */
#ifndef HOSTED_LINUX_WAIT_H
#define HOSTED_LINUX_WAIT_H

#include <linux/errno.h>
#include <linux/ktime.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

struct wait_queue_entry {
	struct task_struct *task;
	struct list_head entry;
	const void *key; /* the object, where several share a queue */
	int bit;
	bool *woken; /* told of a wake-up while the task does not sleep yet; NULL: nobody asks */
};

typedef struct wait_queue_head {
	struct lockdep_map dep_map;
	struct list_head head;
} wait_queue_head_t;

#define __WAIT_QUEUE_HEAD_INITIALIZER(name)                                           \
	{                                                                             \
		.dep_map = __DEP_MAP_INIT(#name), .head = LIST_HEAD_INIT((name).head) \
	}
#define DECLARE_WAIT_QUEUE_HEAD(name) wait_queue_head_t name = __WAIT_QUEUE_HEAD_INITIALIZER(name)

#define init_waitqueue_head(queue)                            \
	do {                                                  \
		static struct lock_class_key __key;           \
		__init_waitqueue_head(queue, #queue, &__key); \
	} while (0)

void __init_waitqueue_head(wait_queue_head_t *queue, const char *name, struct lock_class_key *key);
/* Joins the queue in a state; -ERESTARTSYS, and not in the queue, if a signal ends such a wait. */
long prepare_to_wait_event(wait_queue_head_t *queue, struct wait_queue_entry *entry, int state);
void finish_wait(wait_queue_head_t *queue, struct wait_queue_entry *entry);
void hosted_wake_up(wait_queue_head_t *queue, unsigned int mode);
bool waitqueue_active(wait_queue_head_t *queue);

static inline bool wq_has_sleeper(wait_queue_head_t *queue)
{
	smp_mb();
	return waitqueue_active(queue);
}

#define wake_up(queue)                   hosted_wake_up(queue, TASK_NORMAL)
#define wake_up_all(queue)               hosted_wake_up(queue, TASK_NORMAL)
#define wake_up_interruptible(queue)     hosted_wake_up(queue, TASK_INTERRUPTIBLE)
#define wake_up_interruptible_all(queue) hosted_wake_up(queue, TASK_INTERRUPTIBLE)

/*
 * What is left of the time if the condition came true, 1 at least; 0 if it did not in time;
 * -ERESTARTSYS if a signal came first.
 */
#define hosted_wait_event(queue, condition, state, timeout)                         \
	({                                                                          \
		struct wait_queue_entry __entry = { .task = NULL };                 \
		long __left = (timeout), __error = 0;                               \
		bool __true;                                                        \
		might_sleep();                                                      \
		__true = (condition);                                               \
		while (!__true && !__error && __left) {                             \
			__error = prepare_to_wait_event(&(queue), &__entry, state); \
			__true = (condition);                                       \
			if (!__true && !__error)                                    \
				__left = schedule_timeout(__left);                  \
			if (!__true && !__left)                                     \
				__true = (condition);                               \
		}                                                                   \
		if (__entry.task)                                                   \
			finish_wait(&(queue), &__entry);                            \
		__true ? (__left ?: 1) : __error;                                   \
	})

#define hosted_wait_error(result)                 \
	({                                        \
		long __result = (result);         \
		__result < 0 ? (int)__result : 0; \
	})

#define wait_event(queue, condition) \
	((void)hosted_wait_event(queue, condition, TASK_UNINTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT))
#define wait_event_timeout(queue, condition, timeout) \
	hosted_wait_event(queue, condition, TASK_UNINTERRUPTIBLE, timeout)
#define wait_event_killable(queue, condition) \
	hosted_wait_error(hosted_wait_event(queue, condition, TASK_KILLABLE, MAX_SCHEDULE_TIMEOUT))
#define wait_event_killable_timeout(queue, condition, timeout) \
	hosted_wait_event(queue, condition, TASK_KILLABLE, timeout)
#define wait_event_interruptible(queue, condition) \
	hosted_wait_error(                         \
		hosted_wait_event(queue, condition, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT))
#define wait_event_interruptible_timeout(queue, condition, timeout) \
	hosted_wait_event(queue, condition, TASK_INTERRUPTIBLE, timeout)

/* 0, -ETIME or -ERESTARTSYS. */
#define wait_event_interruptible_hrtimeout(queue, condition, timeout)                          \
	({                                                                                     \
		struct wait_queue_entry __entry = { .task = NULL };                            \
		ktime_t __end = ktime_get() + (timeout);                                       \
		int __result = -EAGAIN;                                                        \
		might_sleep();                                                                 \
		while (__result == -EAGAIN) {                                                  \
			long __error =                                                         \
				prepare_to_wait_event(&(queue), &__entry, TASK_INTERRUPTIBLE); \
			if (condition)                                                         \
				__result = 0;                                                  \
			else if (__error)                                                      \
				__result = __error;                                            \
			else if (ktime_get() >= __end)                                         \
				__result = -ETIME;                                             \
			else                                                                   \
				hosted_schedule_until(__end);                                  \
		}                                                                              \
		finish_wait(&(queue), &__entry);                                               \
		__result;                                                                      \
	})

#endif
