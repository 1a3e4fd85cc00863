/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: 32-bit programs: there are none. */
#ifndef HOSTED_LINUX_COMPAT_H
#define HOSTED_LINUX_COMPAT_H

#include <linux/fs.h>

#endif
