/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: arithmetic that says when it overflows. */
#ifndef HOSTED_LINUX_OVERFLOW_H
#define HOSTED_LINUX_OVERFLOW_H

#include <linux/limits.h>
#include <linux/types.h>

#define check_add_overflow(a, b, result) __builtin_add_overflow(a, b, result)
#define check_sub_overflow(a, b, result) __builtin_sub_overflow(a, b, result)
#define check_mul_overflow(a, b, result) __builtin_mul_overflow(a, b, result)

static inline size_t array_size(size_t a, size_t b)
{
	size_t bytes;

	return check_mul_overflow(a, b, &bytes) ? SIZE_MAX : bytes;
}

/* Of a structure with so many elements of the array at its end. */
#define struct_size(p, member, n) (sizeof(*(p)) + array_size(n, sizeof((p)->member[0])))

#endif
