/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: flags of open files. */
#ifndef HOSTED_LINUX_FCNTL_H
#define HOSTED_LINUX_FCNTL_H

#define O_RDONLY   00000000
#define O_WRONLY   00000001
#define O_RDWR     00000002
#define O_NONBLOCK 00004000

#endif
