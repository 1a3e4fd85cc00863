/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: logarithms. */
#ifndef HOSTED_LINUX_LOG2_H
#define HOSTED_LINUX_LOG2_H

#include <linux/types.h>

#define ilog2(n)         (63 - __builtin_clzll(n))
#define is_power_of_2(n) ((n) != 0 && ((n) & ((n)-1)) == 0)

#endif
