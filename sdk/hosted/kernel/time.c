// SPDX-License-Identifier: GPL-2.0-only
/* Virtual time: reading it, waiting for it, timers. Timers run in a task while there are any. */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/processor.h>
#include <linux/timer.h>

#include "internal.h"

/* What a turn of a loop that waits for another processor takes. */
#define HOSTED_RELAX_NS 1000

unsigned long hosted_jiffies(void)
{
	return hosted_now_ns() / HOSTED_TICK_NS;
}

ktime_t ktime_get(void)
{
	return hosted_now_ns();
}

static void wait_ns(const char *why, u64 ns)
{
	u64 end = hosted_now_ns() + ns;

	while (hosted_block_until(why, NULL, end))
		;
}

void msleep(unsigned int ms)
{
	might_sleep();
	wait_ns("msleep", ms * (u64)NSEC_PER_MSEC);
}

void usleep_range(unsigned long least, unsigned long most)
{
	might_sleep();
	wait_ns("usleep", least * NSEC_PER_USEC);
}

void udelay(unsigned long us)
{
	wait_ns("udelay", us * NSEC_PER_USEC);
}

void cpu_relax(void)
{
	wait_ns("cpu_relax", HOSTED_RELAX_NS);
}

/* ---- timers */

static LIST_HEAD(timers);
static bool timer_task;                  /* runs */
static const struct timer_list *running; /* its function does */

void timer_setup(struct timer_list *timer, void (*function)(struct timer_list *timer),
		 unsigned int flags)
{
	INIT_LIST_HEAD(&timer->entry);
	timer->expires = 0;
	timer->function = function;
}

static struct timer_list *first_timer(void)
{
	struct timer_list *timer, *first = NULL;

	list_for_each_entry(timer, &timers, entry)
		if (!first || time_before(timer->expires, first->expires))
			first = timer;
	return first;
}

static void fire(struct timer_list *timer)
{
	void (*function)(struct timer_list * timer) = timer->function;

	list_del_init(&timer->entry);
	running = timer;
	hosted_acquire(timer);
	hosted_atomic_begin(false);
	function(timer);
	hosted_atomic_end(false);
	hosted_release(timer);
	running = NULL;
	hosted_wake_waiters(timer);
}

static void run_timers(void *unused)
{
	struct timer_list *timer;

	while ((timer = first_timer())) {
		if (time_after(timer->expires, jiffies))
			hosted_wait_until(&timers, "timer", timer->expires * HOSTED_TICK_NS);
		else
			fire(timer);
	}
	timer_task = false;
}

/* The list has changed: the task may sleep for too long. */
static void timers_changed(void)
{
	if (timer_task)
		hosted_wake_waiters(&timers);
	else if (!list_empty(&timers))
		hosted_kthread("timers", run_timers, NULL);
	timer_task = timer_task || !list_empty(&timers);
}

static int timer_remove(struct timer_list *timer)
{
	hosted_point(HOSTED_ATOMIC, timer, sizeof(*timer));
	hosted_check(timer, sizeof(*timer));
	hosted_acquire(timer);
	if (list_empty(&timer->entry))
		return 0;
	list_del_init(&timer->entry);
	return 1;
}

int mod_timer(struct timer_list *timer, unsigned long expires)
{
	int was_pending = timer_remove(timer);

	timer->expires = expires;
	hosted_release(timer);
	list_add_tail(&timer->entry, &timers);
	timers_changed();
	return was_pending;
}

bool timer_pending(const struct timer_list *timer)
{
	return !list_empty(&timer->entry);
}

int del_timer(struct timer_list *timer)
{
	int was_pending = timer_remove(timer);

	if (was_pending)
		timers_changed();
	return was_pending;
}

int del_timer_sync(struct timer_list *timer)
{
	int was_pending = del_timer(timer);

	while (running == timer)
		hosted_wait_on(timer, "timer that runs");
	hosted_acquire(timer);
	return was_pending;
}
