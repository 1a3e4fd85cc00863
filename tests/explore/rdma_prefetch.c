// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages of a region are prefetched while the implicit one beside it goes. What has said that the pages
 * are there has brought them.
 */
#include "rdma.h"

static struct xmmu_rdma_region all;

static void setup(void)
{
	rdma_start(0);
	all = rdma_register(other, 0, 0, XMMU_RDMA_IMPLICIT | XMMU_RDMA_REMOTE_WRITE);
}

static void prefetcher(void *unused)
{
	struct xmmu_rdma_prefetch prefetch = { .local_key = target.local_key,
					       .addr = TARGET,
					       .len = PAGE_SIZE,
					       .flags = XMMU_RDMA_PREFETCH_WRITE };

	enter();
	explore_assert(!rdma(other, XMMU_RDMA_PREFETCH, &prefetch));
}

static void owner(void *unused)
{
	enter();
	explore_assert(!rdma_deregister(other, all.local_key));
}

static void check(void)
{
	struct xmmu_rdma_stats stats;

	enter();
	explore_assert(!rdma_run(XMMU_RDMA_WRITE).status);
	explore_assert(!rdma(other, XMMU_RDMA_STATS, &stats) && stats.faults <= 1);
	explore_assert(stats.prefetched == 1 && !stats.children);
	rdma_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "rdma_prefetch",
	.about = "pages are prefetched while the implicit region goes",
	.setup = setup,
	.threads = { { "prefetcher", prefetcher }, { "owner", owner } },
	.check = check,
	.keeps_memory = true,
};
