/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: memory of the process that called. */
#ifndef HOSTED_LINUX_UACCESS_H
#define HOSTED_LINUX_UACCESS_H

#include <linux/types.h>

/* Both return how many bytes were not copied. */
unsigned long __must_check copy_from_user(void *to, const void __user *from, unsigned long size);
unsigned long __must_check copy_to_user(void __user *to, const void *from, unsigned long size);

#endif
