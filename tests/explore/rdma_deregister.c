// SPDX-License-Identifier: GPL-2.0-only
/*
 * A region is deregistered while another domain writes to it: then the work has ended well and is
 * there, or it has ended by its key, and nothing is written afterwards. The region that comes next
 * is not reached by the old key.
 */
#include "rdma.h"

static bool gone;

static void setup(void)
{
	rdma_start(0);
}

static void writer(void *unused)
{
	struct xmmu_rdma_completion done;
	bool before;

	enter();
	before = gone;
	done = rdma_run(XMMU_RDMA_WRITE);
	if (done.status == XMMU_RDMA_OK) {
		explore_assert(!before);
		return;
	}
	explore_assert(done.status == XMMU_RDMA_REMOTE_ACCESS && done.error == -ENOKEY);
}

static void owner(void *unused)
{
	u64 seen;

	enter();
	explore_assert(!rdma_deregister(other, target.local_key));
	gone = true;
	explore_assert(rdma_deregister(other, target.local_key) == -ENOENT);
	seen = rdma_word(TARGET);
	rdma_register(other, TARGET, PAGE_SIZE, XMMU_RDMA_REMOTE_WRITE);
	explore_assert(rdma_word(TARGET) == seen);
}

static void check(void)
{
	rdma_stop();
	gone = false;
}

const struct explore_scenario explore_scenario = {
	.name = "rdma_deregister",
	.about = "a region goes while it is written to, and another comes",
	.setup = setup,
	.threads = { { "writer", writer }, { "owner", owner } },
	.check = check,
	.keeps_memory = true,
};
