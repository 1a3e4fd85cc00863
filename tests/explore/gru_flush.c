// SPDX-License-Identifier: GPL-2.0-only
/* A page goes that two contexts have in their TLBs, while both work with it. */
#include "gru.h"

static struct file *other;

static void setup(void)
{
	gru_start("places=2", 1);
	other = hosted_open("xmmu-gru", 0);
	explore_assert(!IS_ERR(other));
	explore_assert(!gru_write(file, 0, 1));
	explore_assert(!gru_write(other, 0, 1));
}

static void first(void *unused)
{
	enter();
	explore_assert(!gru_write(file, 0, 2));
}

static void second(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(!gru_write(other, 0, 3));
}

static void check(void)
{
	struct xmmu_gru_stats stats;
	u64 value = 0;

	enter();
	explore_assert(!hosted_load(mm, ADDR, &value) && (value == 2 || value == 3));
	command(XMMU_GRU_STATS, &stats);
	explore_assert(!stats.stale && stats.flushes);
	hosted_close(other);
	gru_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "gru_flush",
	.about = "a page in two TLBs beside MADV_DONTNEED",
	.setup = setup,
	.threads = { { "first", first }, { "second", second } },
	.check = check,
	.keeps_memory = true,
};
