/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, decided here and nowhere else. The probes (sdk/compat/probes, one
 * XMMU_HAS_<NAME> each) say what the kernel has; the rest of the SDK uses the names of this file.
 */
#ifndef XMMU_COMPAT_H
#define XMMU_COMPAT_H

#include <linux/mmu_notifier.h>

#include <xmmu/features.h>

/*
 * Interval notifiers in two passes. Where the kernel has one pass, xmmu_compat_finish is empty and
 * the last two functions are not used.
 */
#if XMMU_HAS_TWO_PASS
#define xmmu_compat_finish mmu_interval_notifier_finish
#define XMMU_COMPAT_BLOCK_OPS(one_pass, start, finish)                 \
	{                                                              \
		.invalidate = (one_pass), .invalidate_start = (start), \
		.invalidate_finish = (finish)                          \
	}
#else
struct xmmu_compat_finish {
};
#define XMMU_COMPAT_BLOCK_OPS(one_pass, start, finish) \
	{                                              \
		.invalidate = (one_pass)               \
	}
#endif

#endif /* XMMU_COMPAT_H */
