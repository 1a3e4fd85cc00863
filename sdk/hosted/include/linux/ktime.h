/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: the virtual clock in nanoseconds. */
#ifndef HOSTED_LINUX_KTIME_H
#define HOSTED_LINUX_KTIME_H

#include <linux/time64.h>
#include <linux/types.h>

typedef s64 ktime_t;

ktime_t ktime_get(void);

static inline u64 ktime_get_ns(void)
{
	return ktime_get();
}

static inline ktime_t ms_to_ktime(u64 ms)
{
	return ms * NSEC_PER_MSEC;
}

static inline ktime_t ktime_sub(ktime_t later, ktime_t earlier)
{
	return later - earlier;
}

static inline s64 ktime_to_ns(ktime_t time)
{
	return time;
}

static inline s64 ktime_to_us(ktime_t time)
{
	return time / NSEC_PER_USEC;
}

static inline s64 ktime_to_ms(ktime_t time)
{
	return time / NSEC_PER_MSEC;
}

#endif
