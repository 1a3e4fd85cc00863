// SPDX-License-Identifier: GPL-2.0-only
/* The other side closes its file while something is sent to it. */
#include "rdma.h"

static void setup(void)
{
	struct xmmu_rdma_work receive;

	rdma_start(0);
	receive = (struct xmmu_rdma_work){
		.pair = theirs,
		.op = XMMU_RDMA_RECEIVE,
		.local_addr = TARGET,
		.local_key = target.local_key,
		.len = 64,
	};
	explore_assert(!rdma(other, XMMU_RDMA_POST, &receive));
}

static void sender(void *unused)
{
	struct xmmu_rdma_completion done;

	enter();
	done = rdma_run(XMMU_RDMA_SEND);
	if (done.status == XMMU_RDMA_OK)
		explore_assert(rdma_word(TARGET) == 42);
	else
		explore_assert(done.status == XMMU_RDMA_FLUSHED);
}

static void closer(void *unused)
{
	enter();
	hosted_close(other);
	other = NULL;
}

const struct explore_scenario explore_scenario = {
	.name = "rdma_close",
	.about = "a protection domain goes while something is sent to it",
	.setup = setup,
	.threads = { { "sender", sender }, { "closer", closer } },
	.check = rdma_stop,
	.keeps_memory = true,
};
