// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counters of a mirror. Each member of struct xmmu_stats has an atomic slot of its own.
 */
#include <linux/atomic.h>

#include "internal.h"

/* Raise a slot to a value. */
void xmmu_slot_max(atomic64_t *slot, u64 value)
{
	s64 seen = atomic64_read(slot);

	while ((u64)seen < value && !atomic64_try_cmpxchg(slot, &seen, value))
		;
}

void xmmu_mirror_stats(const struct xmmu_mirror *mirror, struct xmmu_stats *stats)
{
	u64 *value = (u64 *)stats;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mirror->counters.slot); i++)
		value[i] = atomic64_read(&mirror->counters.slot[i]);
	/* What was zapped and flushed is counted once, as it happens. */
	stats->zaps += stats->flushes;
}
