/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the part `whole` share. */
#ifndef XMMU_WHOLE_INTERNAL_H
#define XMMU_WHOLE_INTERNAL_H

#include "internal.h"

/* whole.c */
int xmmu_whole_look(struct xmmu_whole *whole, unsigned long addr, u64 *token);
int xmmu_whole_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin, u64 token);
/* Whether an open invalidation concerns the page. */
bool xmmu_whole_waits(struct xmmu_whole *whole, unsigned long addr);
void xmmu_whole_timed_out(struct xmmu_whole *whole);

#endif
