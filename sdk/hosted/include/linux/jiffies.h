/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: time in ticks. */
#ifndef HOSTED_LINUX_JIFFIES_H
#define HOSTED_LINUX_JIFFIES_H

#include <linux/time64.h>
#include <linux/types.h>

#define HZ CONFIG_HZ

/* Of the virtual clock. */
unsigned long hosted_jiffies(void);
#define jiffies hosted_jiffies()

#define time_after(a, b)     ((long)((b) - (a)) < 0)
#define time_before(a, b)    time_after(b, a)
#define time_after_eq(a, b)  ((long)((a) - (b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)

static inline unsigned long msecs_to_jiffies(unsigned int ms)
{
	return ((unsigned long)ms * HZ + MSEC_PER_SEC - 1) / MSEC_PER_SEC;
}

static inline unsigned long usecs_to_jiffies(unsigned int us)
{
	return ((unsigned long)us * HZ + USEC_PER_SEC - 1) / USEC_PER_SEC;
}

static inline unsigned int jiffies_to_msecs(unsigned long ticks)
{
	return ticks * (MSEC_PER_SEC / HZ);
}

#endif
