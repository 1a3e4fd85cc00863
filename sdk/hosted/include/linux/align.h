/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: alignment to powers of two. */
#ifndef HOSTED_LINUX_ALIGN_H
#define HOSTED_LINUX_ALIGN_H

#define __ALIGN_MASK(x, mask) (((x) + (mask)) & ~(mask))
#define ALIGN(x, a)           __ALIGN_MASK(x, (__typeof__(x))(a)-1)
#define ALIGN_DOWN(x, a)      ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a)      (((x) & ((__typeof__(x))(a)-1)) == 0)

#endif
