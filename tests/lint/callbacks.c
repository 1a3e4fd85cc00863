// SPDX-License-Identifier: GPL-2.0-only
/*
 * Callbacks that wait where they must not. Never compiled: "finds: RULE" is what sdk/lint/check
 * has to say of a line, and of no other.
 */
#include <xmmu/xmmu.h>

static void forget(struct bad *bad)
{
	mutex_lock(&bad->lock); /* finds: sleep-in-callback */
	bad->entry = kzalloc(sizeof(*bad->entry), GFP_ATOMIC);
	mutex_unlock(&bad->lock);
}

static void bad_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
	struct note *note = kmalloc(sizeof(*note), GFP_KERNEL); /* finds: sleep-in-callback */

	forget(to_bad(range));
	xmmu_gather_add(gather, start, end);
	queue_note(note);
}

static void bad_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	post(mirror, gather->ticket);
	wait_event(flushes, confirmed(mirror)); /* finds: sleep-in-callback */
}

static void bad_populate(struct xmmu_walk *walk)
{
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf)
		if (copy_to_user(log, &leaf, sizeof(leaf))) /* finds: sleep-in-callback */
			return;
}

static void bad_isolate(struct xmmu_mirror *mirror)
{
	stop(mirror);
	wait_event_timeout(engines, !running(mirror), HZ); /* finds: isolate-gives-up */
}

/* What no callback calls may sleep. */
static void good_ioctl(struct bad *bad)
{
	mutex_lock(&bad->lock);
	bad->entry = kzalloc(sizeof(*bad->entry), GFP_KERNEL);
	mutex_unlock(&bad->lock);
}

static const struct xmmu_ops bad_ops = {
	.zap = bad_zap,
	.flush = bad_flush,
	.populate = bad_populate,
	.isolate = bad_isolate,
};
