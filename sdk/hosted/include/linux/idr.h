/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: small numbers, each given out once. */
#ifndef HOSTED_LINUX_IDR_H
#define HOSTED_LINUX_IDR_H

#include <linux/xarray.h>

struct ida {
	struct xarray xa;
};

#define DEFINE_IDA(name)                                                      \
	struct ida name = {                                                   \
		.xa = { .flags = XA_FLAGS_ALLOC,                              \
			.xa_lock = __SPIN_LOCK_UNLOCKED((name).xa.xa_lock) }, \
	}

int ida_alloc(struct ida *ida, gfp_t gfp);
void ida_free(struct ida *ida, unsigned int id);
void ida_destroy(struct ida *ida);

#endif
