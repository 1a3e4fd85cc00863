// SPDX-License-Identifier: GPL-2.0-only
/* 6.8 (3652117f8548): eventfd_signal() adds one, and is not told how much. */
#include <linux/eventfd.h>

void probe(struct eventfd_ctx *ctx);
void probe(struct eventfd_ctx *ctx)
{
	eventfd_signal(ctx);
}
