/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The shape of what later work brings: calls that the sketches need and that no public header has
 * yet. Nothing defines them; the sketches are only compiled. A declaration moves to include/xmmu
 * together with the code behind it.
 */
#ifndef SKETCH_PLANNED_H
#define SKETCH_PLANNED_H

#include <xmmu/xmmu.h>

/* ---- mirrors of the whole address space, XMMU_ATOMIC only ---- */

/* What only a whole-mm mirror hears of; called under a page-table lock, so nothing may wait. */
struct xmmu_whole_ops {
	/* Read, and clear on demand, the device's accessed bits of a span. */
	bool (*young)(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		      bool clear);
};

/*
 * Attach to the caller's address space without ranges of the driver's own: one range that the
 * mirror owns covers everything, so that walks and xmmu_ops::zap look the same.
 */
int __must_check xmmu_mirror_attach_whole(struct xmmu_mirror *mirror,
					  const struct xmmu_config *config,
					  const struct xmmu_whole_ops *ops);

/* That range; it lives as long as the mirror. */
struct xmmu_range *xmmu_mirror_whole(struct xmmu_mirror *mirror);

/* Invalidations that have begun and not ended: while there are any, drop-ins get -EAGAIN. */
unsigned int xmmu_mirror_active(const struct xmmu_mirror *mirror);

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
