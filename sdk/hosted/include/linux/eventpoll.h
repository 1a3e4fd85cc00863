/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: what a file can be ready for. */
#ifndef HOSTED_LINUX_EVENTPOLL_H
#define HOSTED_LINUX_EVENTPOLL_H

#define EPOLLIN     0x00000001U
#define EPOLLPRI    0x00000002U
#define EPOLLOUT    0x00000004U
#define EPOLLERR    0x00000008U
#define EPOLLHUP    0x00000010U
#define EPOLLRDNORM 0x00000040U

#endif
