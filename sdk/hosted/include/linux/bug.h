/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hosted kernel: a warning of the kernel is a bug that was found. It ends the schedule, unless the
 * test waits for it.
 */
#ifndef HOSTED_LINUX_BUG_H
#define HOSTED_LINUX_BUG_H

#include <linux/build_bug.h>
#include <linux/printk.h>
#include <linux/types.h>

void hosted_warn(const char *file, int line, const char *format, ...) __printf(3, 4);
void hosted_bug(const char *file, int line) __noreturn;

#define WARN(condition, format, ...)                                            \
	({                                                                      \
		bool __warn = !!(condition);                                    \
		if (unlikely(__warn))                                           \
			hosted_warn(__FILE__, __LINE__, format, ##__VA_ARGS__); \
		__warn;                                                         \
	})
#define WARN_ON(condition)        WARN(condition, "WARN_ON(%s)", #condition)
#define WARN_ONCE(condition, ...) WARN(condition, __VA_ARGS__)
#define WARN_ON_ONCE(condition)   WARN_ON(condition)
#define BUG()                     hosted_bug(__FILE__, __LINE__)
#define BUG_ON(condition)         ((void)(unlikely(condition) && (BUG(), 0)))

#endif
