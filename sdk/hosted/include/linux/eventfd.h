/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: no process has an eventfd, so there is none to be signalled. */
#ifndef HOSTED_LINUX_EVENTFD_H
#define HOSTED_LINUX_EVENTFD_H

#include <linux/err.h>

struct eventfd_ctx;

static inline struct eventfd_ctx *eventfd_ctx_fdget(int fd)
{
	return ERR_PTR(-EBADF);
}

static inline void eventfd_ctx_put(struct eventfd_ctx *ctx)
{
}

static inline void eventfd_signal(struct eventfd_ctx *ctx)
{
}

#endif
