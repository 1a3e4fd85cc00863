// SPDX-License-Identifier: GPL-2.0-only
/* Two contexts of a process work, in turns if the engine has one place, and a page goes. */
#include "gru.h"

static struct file *other;

static void setup(void)
{
	gru_start("places=1", 2);
	explore_assert(!gru_write(file, 0, 1));
	other = hosted_open("xmmu-gru", 0);
	explore_assert(!IS_ERR(other));
	explore_assert(!gru_write(other, 1, 1));
}

static void first(void *unused)
{
	long error;

	enter();
	error = gru_write(file, 0, 2);
	explore_assert(!error || error == -EFAULT);
}

static void second(void *unused)
{
	enter();
	explore_assert(!gru_write(other, 1, 2));
}

static void unmap(void *unused)
{
	enter();
	explore_assert(!hosted_munmap(mm, ADDR, PAGE_SIZE));
}

static void check(void)
{
	struct xmmu_gru_stats stats;
	u64 value = 0;

	enter();
	explore_assert(!hosted_load(mm, ADDR + PAGE_SIZE, &value) && value == 2);
	command(XMMU_GRU_STATS, &stats);
	explore_assert(!stats.stale && stats.loads);
	hosted_close(other);
	gru_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "gru_unmap",
	.about = "two contexts with one place in the engine beside munmap",
	.setup = setup,
	.threads = { { "first", first }, { "second", second }, { "unmap", unmap } },
	.check = check,
	.keeps_memory = true,
};
