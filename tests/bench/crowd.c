// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many ranges of one mirror: what it takes to find one, to find none, to remove one and to insert it
 * again. Nothing is populated, nor need anything be mapped there.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmstat.h>
#include <asm/msr.h>

#include <xmmu/xmmu.h>

#include "bench.h"

#define CROWD_MAX 1000000

struct crowd {
	struct xmmu_mirror mirror;
	struct bench_crowd *request;
	u64 count; /* inserted */
	struct xmmu_range ranges[];
};

static void crowd_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		      struct xmmu_gather *gather)
{
}

static void crowd_isolate(struct xmmu_mirror *mirror)
{
}

/* They go together. */
static void crowd_range_free(struct xmmu_range *range)
{
}

static const struct xmmu_ops crowd_ops = {
	.zap = crowd_zap,
	.isolate = crowd_isolate,
	.range_free = crowd_range_free,
};

static unsigned long crowd_addr(const struct crowd *crowd, u64 i)
{
	return crowd->request->start + i * 2 * PAGE_SIZE;
}

/* The mirror keeps it. */
static int crowd_insert(struct crowd *crowd, u64 i)
{
	unsigned long start = crowd_addr(crowd, i);
	struct xmmu_range *range = &crowd->ranges[i];
	u64 begun = rdtsc_ordered();
	int err = xmmu_range_insert(&crowd->mirror, range, start, start + PAGE_SIZE);

	crowd->request->insert += rdtsc_ordered() - begun;
	if (!err)
		xmmu_range_put(range);
	return err;
}

static void crowd_find(struct crowd *crowd, u64 i)
{
	struct xmmu_range *range;
	u64 begun = rdtsc_ordered();

	range = xmmu_range_find(&crowd->mirror, crowd_addr(crowd, i));
	crowd->request->hit += rdtsc_ordered() - begun;
	WARN_ON(range != &crowd->ranges[i]);
	xmmu_range_put(range);
	begun = rdtsc_ordered();
	range = xmmu_range_find(&crowd->mirror, crowd_addr(crowd, i) + PAGE_SIZE);
	crowd->request->miss += rdtsc_ordered() - begun;
	WARN_ON(range);
}

static int crowd_replace(struct crowd *crowd, u64 i)
{
	u64 begun = rdtsc_ordered();

	xmmu_range_remove(&crowd->ranges[i]);
	crowd->request->remove += rdtsc_ordered() - begun;
	return crowd_insert(crowd, i);
}

/* Far apart, and in no order. */
static int crowd_probe(struct crowd *crowd)
{
	unsigned int n;
	int err = 0;

	for (n = 0; n < BENCH_CROWD_PROBES && !err; n++) {
		crowd_find(crowd, n * 611953ULL % crowd->count);
		err = crowd_replace(crowd, n * 611953ULL % crowd->count);
	}
	return err;
}

/* Of the whole kernel: among a million ranges the rest does not count. */
static u64 crowd_slab_bytes(void)
{
	return (u64)global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) * PAGE_SIZE;
}

static int crowd_run(struct crowd *crowd)
{
	u64 before = crowd_slab_bytes();
	int err = 0;

	while (crowd->count < crowd->request->count && !err) {
		err = crowd_insert(crowd, crowd->count);
		crowd->count += !err;
		cond_resched();
	}
	crowd->request->insert = 0;
	crowd->request->bytes = sizeof(struct xmmu_range) +
				(max(crowd_slab_bytes(), before) - before) / crowd->request->count;
	return err ?: crowd_probe(crowd);
}

int crowd_measure(struct bench_crowd *request)
{
	const struct xmmu_config config = { .ops = &crowd_ops, .policy = XMMU_REFUSE };
	struct crowd *crowd;
	int err;

	if (!request->count || request->count > CROWD_MAX || !PAGE_ALIGNED(request->start))
		return -EINVAL;
	crowd = kvzalloc(struct_size(crowd, ranges, request->count), GFP_KERNEL);
	if (!crowd)
		return -ENOMEM;
	crowd->request = request;
	err = xmmu_mirror_attach(&crowd->mirror, &config);
	if (!err)
		err = crowd_run(crowd);
	xmmu_mirror_detach(&crowd->mirror);
	kvfree(crowd);
	return err;
}
