/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: functions that run in tasks of the kernel. */
#ifndef HOSTED_LINUX_WORKQUEUE_H
#define HOSTED_LINUX_WORKQUEUE_H

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/timer.h>

struct work_struct;
struct workqueue_struct;

typedef void (*work_func_t)(struct work_struct *work);

struct work_struct {
	struct list_head entry;
	work_func_t func;
	struct workqueue_struct *queue; /* that it was last queued on */
	unsigned long number;           /* of the queueing */
	bool pending;                   /* from queueing until it begins to run */
	unsigned int cancelling;        /* it can not be queued */
	struct lockdep_map dep_map;
};

struct delayed_work {
	struct work_struct work;
	struct timer_list timer;
	struct workqueue_struct *wq;
};

#define WQ_UNBOUND     0x02
#define WQ_FREEZABLE   0x04
#define WQ_MEM_RECLAIM 0x08
#define WQ_HIGHPRI     0x10

#define WQ_MAX_ACTIVE 512

#define INIT_WORK(work, func)                                \
	do {                                                 \
		static struct lock_class_key __key;          \
		hosted_init_work(work, func, #func, &__key); \
	} while (0)
#define INIT_DELAYED_WORK(dwork, func)                                \
	do {                                                          \
		INIT_WORK(&(dwork)->work, func);                      \
		timer_setup(&(dwork)->timer, hosted_delayed_work, 0); \
	} while (0)

static inline struct delayed_work *to_delayed_work(struct work_struct *work)
{
	return container_of(work, struct delayed_work, work);
}

void hosted_init_work(struct work_struct *work, work_func_t func, const char *name,
		      struct lock_class_key *key);
void hosted_delayed_work(struct timer_list *timer);
struct workqueue_struct *alloc_workqueue(const char *format, unsigned int flags, int max_active,
					 ...) __printf(1, 4);
#define alloc_ordered_workqueue(format, flags, args...) \
	alloc_workqueue(format, (flags) | WQ_UNBOUND, 1, ##args)
void destroy_workqueue(struct workqueue_struct *queue);
void drain_workqueue(struct workqueue_struct *queue);
void flush_workqueue(struct workqueue_struct *queue);
bool queue_work(struct workqueue_struct *queue, struct work_struct *work);
bool flush_work(struct work_struct *work);
bool cancel_work(struct work_struct *work);
bool cancel_work_sync(struct work_struct *work);
bool work_busy(struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *dwork,
			unsigned long delay);
bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *dwork,
		      unsigned long delay);
bool cancel_delayed_work(struct delayed_work *dwork);
bool cancel_delayed_work_sync(struct delayed_work *dwork);
bool flush_delayed_work(struct delayed_work *dwork);

#define work_pending(work) READ_ONCE((work)->pending)

extern struct workqueue_struct *system_wq;
extern struct workqueue_struct *system_unbound_wq;

static inline bool schedule_work(struct work_struct *work)
{
	return queue_work(system_wq, work);
}

#endif
