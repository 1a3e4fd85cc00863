// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages go while they are written to by another domain: what has ended is there, unless it was
 * discarded after that.
 */
#include "rdma.h"

static void setup(void)
{
	rdma_start(0);
	explore_assert(!rdma_run(XMMU_RDMA_WRITE).status);
}

static void writer(void *unused)
{
	enter();
	explore_assert(!rdma_run(XMMU_RDMA_WRITE).status);
	explore_assert(!rdma_run(XMMU_RDMA_WRITE).status);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, TARGET, PAGE_SIZE, HOSTED_DONTNEED));
}

static void check(void)
{
	struct xmmu_rdma_stats stats;
	u64 seen;

	enter();
	seen = rdma_word(TARGET);
	explore_assert(seen == 42 || seen == 0);
	/* A queue pair goes on when its page is there: once for the first time, and once again. */
	explore_assert(!rdma(other, XMMU_RDMA_STATS, &stats) && stats.faults <= 2);
	rdma_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "rdma_discard",
	.about = "pages go while another domain writes to them",
	.setup = setup,
	.threads = { { "writer", writer }, { "discard", discard } },
	.check = check,
	.keeps_memory = true,
};
