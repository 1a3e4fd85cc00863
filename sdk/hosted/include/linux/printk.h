/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: messages become notes in the interleaving of a failing schedule. */
#ifndef HOSTED_LINUX_PRINTK_H
#define HOSTED_LINUX_PRINTK_H

#include <linux/compiler.h>

#define KERN_ERR     ""
#define KERN_WARNING ""
#define KERN_INFO    ""
#define KERN_DEBUG   ""

#ifndef pr_fmt
#define pr_fmt(format) format
#endif

void _printk(const char *format, ...) __printf(1, 2);

#define printk(format, ...)   _printk(format, ##__VA_ARGS__)
#define pr_err(format, ...)   _printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_warn(format, ...)  _printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_info(format, ...)  _printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_debug(format, ...) _printk(pr_fmt(format), ##__VA_ARGS__)
#define pr_cont(format, ...)  _printk(format, ##__VA_ARGS__)

#endif
