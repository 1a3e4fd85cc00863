/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the part `whole` share. */
#ifndef XMMU_WHOLE_INTERNAL_H
#define XMMU_WHOLE_INTERNAL_H

#include "internal.h"

static inline struct xmmu_whole *xmmu_to_whole(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct xmmu_whole, notifier);
}

/* whole.c */
extern const struct xmmu_whole_ops *xmmu_whole_ops;
int xmmu_whole_look(struct xmmu_whole *whole, unsigned long addr, u64 *token);
int xmmu_whole_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin, u64 token);
/* Whether an open invalidation concerns the page. */
bool xmmu_whole_waits(struct xmmu_whole *whole, unsigned long addr);
void xmmu_whole_timed_out(struct xmmu_whole *whole);
/* Why no translation of the page may be loaded by a drop-in now. Under the lock. */
int xmmu_whole_closed(const struct xmmu_whole *whole, unsigned long addr);

/* whole_age.c */
void xmmu_whole_age_prime(struct xmmu_whole *whole);
xmmu_compat_young xmmu_whole_clear_flush_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					       unsigned long start, unsigned long end);
xmmu_compat_young xmmu_whole_clear_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					 unsigned long start, unsigned long end);
xmmu_compat_young xmmu_whole_test_young(struct mmu_notifier *notifier, struct mm_struct *mm,
					unsigned long addr);

/* whole_remap.c */
void xmmu_whole_change_pte(struct mmu_notifier *notifier, struct mm_struct *mm, unsigned long addr,
			   pte_t pte);

#endif
