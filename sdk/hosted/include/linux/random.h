/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: numbers that look random, the same in each run. */
#ifndef HOSTED_LINUX_RANDOM_H
#define HOSTED_LINUX_RANDOM_H

#include <linux/types.h>

u32 get_random_u32(void);

#endif
