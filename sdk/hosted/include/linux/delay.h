/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: waiting for some time. */
#ifndef HOSTED_LINUX_DELAY_H
#define HOSTED_LINUX_DELAY_H

#include <linux/jiffies.h>

void msleep(unsigned int ms);
void usleep_range(unsigned long least, unsigned long most);
/* Busy, so in any context; others run meanwhile on other processors. */
void udelay(unsigned long us);
#define mdelay(ms) udelay((ms)*USEC_PER_MSEC)

#endif
