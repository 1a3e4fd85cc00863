/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: memory barriers. */
#ifndef HOSTED_ASM_BARRIER_H
#define HOSTED_ASM_BARRIER_H

#include <linux/barrier.h>

#endif
