// SPDX-License-Identifier: GPL-2.0-only
/* Walks that do not end, and windows that are used when they are closed. Never compiled. */
#include <xmmu/xmmu.h>

static int bad_return(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_leaf leaf;
	struct xmmu_walk walk;

	xmmu_walk_init(&walk, range, start, end, XMMU_WRITE, NULL);
	while (xmmu_walk_next(&walk)) {
		xmmu_walk_for_each(&walk, &leaf)
			if (!tell(leaf.page))
				return -EIO; /* finds: walk-not-ended */
		xmmu_walk_commit(&walk);
	}
	return xmmu_walk_end(&walk);
}

static int bad_order(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_leaf leaf;
	struct xmmu_walk walk;

	xmmu_walk_init(&walk, range, start, end, 0, NULL);
	while (xmmu_walk_next(&walk)) {
		xmmu_walk_commit(&walk);
		xmmu_walk_for_each(&walk, &leaf) /* finds: walk-after-commit */
			tell(leaf.page);
	}
	return xmmu_walk_end(&walk);
}

static int bad_table(struct xmmu_range *range, struct xmmu_walk *walk)
{
	if (xmmu_walk_next(walk)) {
		xmmu_walk_commit(walk);
		xmmu_pt_populate(&table, walk); /* finds: walk-after-commit */
	}
	return xmmu_walk_end(walk);
}

static int good(struct xmmu_range *range, unsigned long start, unsigned long end)
{
	struct xmmu_leaf leaf;
	struct xmmu_walk walk;
	int ret;

	if (start == end)
		return 0;
	xmmu_walk_init(&walk, range, start, end, 0, NULL);
	while (xmmu_walk_next(&walk)) {
		xmmu_walk_for_each(&walk, &leaf)
			tell(leaf.page);
		xmmu_walk_commit(&walk);
	}
	ret = xmmu_walk_end(&walk);
	return ret == -ESRCH ? 0 : ret;
}

static int bypass(struct bad *bad)
{
	unsigned long seq = mmu_interval_read_begin(&bad->notifier); /* finds: bypass */

	ask(bad);
	return mmu_interval_read_retry(&bad->notifier, seq); /* finds: bypass */
}
