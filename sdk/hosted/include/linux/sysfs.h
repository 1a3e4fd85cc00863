/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: text of attributes. */
#ifndef HOSTED_LINUX_SYSFS_H
#define HOSTED_LINUX_SYSFS_H

#include <linux/compiler.h>

/* The buffer is a page. */
int sysfs_emit(char *buffer, const char *format, ...) __printf(2, 3);

#endif
