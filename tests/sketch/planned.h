/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape of what later work brings: calls that the sketches need and that no public header has
 * yet. Nothing defines them; the sketches are only compiled. A declaration moves to include/xmmu
 * together with the code behind it.
 */
#ifndef SKETCH_PLANNED_H
#define SKETCH_PLANNED_H

#include <xmmu/xmmu.h>

/* ---- several devices that share an address space ---- */

/* Mirrors whose flushes are all posted before the first is waited for, on every kernel. */
struct xmmu_group {
	struct list_head mirrors;
	struct mutex mutex;
};

void xmmu_group_init(struct xmmu_group *group);

/* Like xmmu_mirror_attach(); ranges inserted into mirrors of one group share their blocks. */
int __must_check xmmu_mirror_attach_group(struct xmmu_mirror *mirror,
					  const struct xmmu_config *config,
					  struct xmmu_group *group);

#endif
