/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: file systems by number. */
#ifndef HOSTED_LINUX_MAGIC_H
#define HOSTED_LINUX_MAGIC_H

#define TMPFS_MAGIC     0x01021994
#define SECRETMEM_MAGIC 0x5345434d

#endif
