/* SPDX-License-Identifier: GPL-2.0-only */
/* For drivers that tell an eventfd. Apart from compat.h, since the SDK itself has none. */
#ifndef XMMU_COMPAT_EVENTFD_H
#define XMMU_COMPAT_EVENTFD_H

#include <linux/eventfd.h>

#include <xmmu/features.h>

/* Add one to it. */
static inline void xmmu_compat_eventfd_signal(struct eventfd_ctx *ctx)
{
#if XMMU_HAS_EVENTFD_ONE
	eventfd_signal(ctx);
#else
	eventfd_signal(ctx, 1);
#endif
}

#endif
