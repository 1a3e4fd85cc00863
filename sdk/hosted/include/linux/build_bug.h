/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: checks at compile time. */
#ifndef HOSTED_LINUX_BUILD_BUG_H
#define HOSTED_LINUX_BUILD_BUG_H

#include <linux/compiler.h>

#undef static_assert
#define static_assert(expression, ...) __static_assert(expression, ##__VA_ARGS__, #expression)
#define __static_assert(expression, text, ...) _Static_assert(expression, text)

#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

#endif
