/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between kernels, decided here and nowhere else. The probes (sdk/compat/probes, one
 * XMMU_HAS_<NAME> each) say what the kernel has; the rest of the SDK uses the names of this file.
 */
#ifndef XMMU_COMPAT_H
#define XMMU_COMPAT_H

#include <linux/mm.h>
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

/*
 * Whether faulting a page in finds it poisoned. Only get_user_pages_remote() tells poison from any
 * other fault. Under mmap_lock, which is kept.
 */
static inline bool xmmu_compat_is_poisoned(struct mm_struct *mm, unsigned long addr)
{
#if XMMU_HAS_GUP_VMAS
	return get_user_pages_remote(mm, addr, 1, FOLL_HWPOISON, NULL, NULL, NULL) == -EHWPOISON;
#else
	return get_user_pages_remote(mm, addr, 1, FOLL_HWPOISON, NULL, NULL) == -EHWPOISON;
#endif
}

#endif /* XMMU_COMPAT_H */
