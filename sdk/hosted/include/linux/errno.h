/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: error numbers, Linux on x86. */
#ifndef HOSTED_LINUX_ERRNO_H
#define HOSTED_LINUX_ERRNO_H

#define EPERM       1
#define ENOENT      2
#define ESRCH       3
#define EINTR       4
#define EIO         5
#define ENXIO       6
#define E2BIG       7
#define EBADF       9
#define EAGAIN      11
#define ENOMEM      12
#define EACCES      13
#define EFAULT      14
#define EBUSY       16
#define EEXIST      17
#define EXDEV       18
#define ENODEV      19
#define EINVAL      22
#define ENOTTY      25
#define EFBIG       27
#define ENOSPC      28
#define EPIPE       32
#define ERANGE      34
#define EDEADLK     35
#define EOVERFLOW   75
#define EOPNOTSUPP  95
#define ETIME       62
#define ENOTCONN    107
#define ETIMEDOUT   110
#define ECANCELED   125
#define ENOKEY      126
#define EHWPOISON   133
#define ERESTARTSYS 512
#define ENOTSUPP    524

#endif
