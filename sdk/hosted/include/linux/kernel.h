/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: what every file needs. */
#ifndef HOSTED_LINUX_KERNEL_H
#define HOSTED_LINUX_KERNEL_H

#include <stdarg.h>

#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/build_bug.h>
#include <linux/container_of.h>
#include <linux/err.h>
#include <linux/kconfig.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/stringify.h>
#include <linux/types.h>

#define ARRAY_SIZE(array)         (sizeof(array) / sizeof((array)[0]))
#define DIV_ROUND_UP(n, d)        (((n) + (d)-1) / (d))
#define sizeof_field(type, field) sizeof(((type *)0)->field)

void might_sleep(void);

int snprintf(char *text, size_t size, const char *format, ...) __printf(3, 4);
int vsnprintf(char *text, size_t size, const char *format, va_list args) __printf(3, 0);
/* Returns what was written, which snprintf() does not. */
int scnprintf(char *text, size_t size, const char *format, ...) __printf(3, 4);

#endif
