// SPDX-License-Identifier: GPL-2.0-only
/*
 * A context loses its place while its thread fetches a page, which takes as long as another thread
 * likes; and the page may be gone again when there is a place for it.
 */
#include "gru.h"

static struct file *other;

static void setup(void)
{
	gru_start("places=1", 2);
	explore_assert(!hosted_uffd_register(mm, ADDR, PAGE_SIZE));
	other = hosted_open("xmmu-gru", 0);
	explore_assert(!IS_ERR(other));
	explore_assert(!gru_write(file, 1, 1));
}

static void fetch(void *unused)
{
	enter();
	explore_assert(!gru_write(file, 0, 2));
}

static void steal(void *unused)
{
	enter();
	explore_assert(!hosted_uffd_wait(mm));
	explore_assert(!gru_write(other, 1, 3));
	explore_assert(!hosted_uffd_copy(mm, ADDR, 7));
	explore_assert(!hosted_uffd_unregister(mm, ADDR, PAGE_SIZE));
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

static void check(void)
{
	struct xmmu_gru_stats stats;

	enter();
	command(XMMU_GRU_STATS, &stats);
	explore_assert(!stats.stale && stats.steals && stats.slow);
	hosted_close(other);
	gru_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "gru_steal",
	.about = "a place is taken away while a page is fetched",
	.setup = setup,
	.threads = { { "fetch", fetch }, { "steal", steal } },
	.check = check,
	.keeps_memory = true,
};
