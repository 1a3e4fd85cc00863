// SPDX-License-Identifier: GPL-2.0-only
/*
 * Somebody tries keys that nobody has given him, while a region is registered anew: nothing is
 * written, and nothing taken away. No key comes a second time.
 */
#include "rdma.h"

#define KEYS 6

static u64 keys[KEYS];

static void setup(void)
{
	rdma_start(0);
	keys[0] = target.local_key;
	keys[1] = target.remote_key;
}

static void refused(u64 key)
{
	struct xmmu_rdma_completion done;

	target.remote_key = key;
	done = rdma_run(XMMU_RDMA_WRITE);
	explore_assert(done.status == XMMU_RDMA_REMOTE_ACCESS && done.error == -ENOKEY);
}

/* None at all, and one of another generation; each breaks the connection. */
static void guesser(void *unused)
{
	enter();
	refused(0);
	rdma_connect_anew();
	refused(keys[1] ^ 1ULL << 40);
}

static void owner(void *unused)
{
	struct xmmu_rdma_region next = { .addr = TARGET,
					 .len = PAGE_SIZE,
					 .access = XMMU_RDMA_REMOTE_WRITE,
					 .local_key = keys[0] ^ 1ULL << 40 };
	unsigned int i, j;

	enter();
	explore_assert(rdma_deregister(other, next.local_key) == -ENOENT);
	explore_assert(rdma(other, XMMU_RDMA_REREGISTER, &next) == -ENOENT);
	next.local_key = keys[0];
	explore_assert(!rdma(other, XMMU_RDMA_REREGISTER, &next));
	keys[2] = next.local_key;
	keys[3] = next.remote_key;
	explore_assert(!rdma_deregister(other, keys[2]));
	next = rdma_register(other, TARGET, PAGE_SIZE, XMMU_RDMA_REMOTE_WRITE);
	keys[4] = next.local_key;
	keys[5] = next.remote_key;
	for (i = 0; i < KEYS; i++)
		for (j = 0; j < i; j++)
			explore_assert(keys[i] != keys[j]);
}

static void check(void)
{
	enter();
	explore_assert(rdma_word(TARGET) == 0);
	rdma_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "rdma_keys",
	.about = "keys are guessed while a region is registered anew",
	.setup = setup,
	.threads = { { "guesser", guesser }, { "owner", owner } },
	.check = check,
	.keeps_memory = true,
};
