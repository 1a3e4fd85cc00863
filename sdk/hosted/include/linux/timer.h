/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: functions that are called at a time. */
#ifndef HOSTED_LINUX_TIMER_H
#define HOSTED_LINUX_TIMER_H

#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/list.h>

struct timer_list {
	struct list_head entry;
	unsigned long expires;
	void (*function)(struct timer_list *timer);
};

#define from_timer(object, timer, field) container_of(timer, __typeof__(*object), field)

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer),
		 unsigned int flags);
int mod_timer(struct timer_list *timer, unsigned long expires);
bool timer_pending(const struct timer_list *timer);
int del_timer(struct timer_list *timer);
int del_timer_sync(struct timer_list *timer);
#define timer_delete_sync(timer) del_timer_sync(timer)

#endif
