/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: largest and smallest numbers. */
#ifndef HOSTED_LINUX_LIMITS_H
#define HOSTED_LINUX_LIMITS_H

#define U8_MAX  ((u8)~0U)
#define U16_MAX ((u16)~0U)
#define U32_MAX ((u32)~0U)
#define U64_MAX ((u64)~0ULL)
#define S32_MAX ((s32)(U32_MAX >> 1))
#define S64_MAX ((s64)(U64_MAX >> 1))
#undef INT_MAX
#undef INT_MIN
#undef UINT_MAX
#undef LONG_MAX
#undef LONG_MIN
#undef ULONG_MAX
#undef SIZE_MAX
#define INT_MAX   ((int)(~0U >> 1))
#define INT_MIN   (-INT_MAX - 1)
#define UINT_MAX  (~0U)
#define LONG_MAX  ((long)(~0UL >> 1))
#define LONG_MIN  (-LONG_MAX - 1)
#define ULONG_MAX (~0UL)
#define SIZE_MAX  (~(size_t)0)

#endif
