// SPDX-License-Identifier: GPL-2.0-only
/* The implicit region is deregistered while its ranges are made where another domain writes. */
#include "rdma.h"

static void setup(void)
{
	rdma_start(XMMU_RDMA_IMPLICIT);
}

static void writer(void *unused)
{
	struct xmmu_rdma_completion done;

	enter();
	done = rdma_run(XMMU_RDMA_WRITE);
	if (done.status == XMMU_RDMA_OK)
		explore_assert(rdma_word(TARGET) == 42);
	else
		explore_assert(done.status == XMMU_RDMA_REMOTE_ACCESS && done.error == -ENOKEY);
}

static void owner(void *unused)
{
	enter();
	explore_assert(!rdma_deregister(other, target.local_key));
}

const struct explore_scenario explore_scenario = {
	.name = "rdma_implicit",
	.about = "the implicit region goes while it gets ranges",
	.setup = setup,
	.threads = { { "writer", writer }, { "owner", owner } },
	.check = rdma_stop,
	.keeps_memory = true,
};
