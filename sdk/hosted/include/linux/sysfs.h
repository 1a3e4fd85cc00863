/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: text of attributes. */
#ifndef HOSTED_SYSFS_H
#define HOSTED_SYSFS_H

#include <linux/compiler.h>

int sysfs_emit(char *buffer, const char *format, ...) __printf(2, 3);

#endif
