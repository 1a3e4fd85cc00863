// SPDX-License-Identifier: GPL-2.0-only
/* A process works and exits; another process closes a context that it has inherited. */
#include "gru.h"

static struct file *other;

static void setup(void)
{
	gru_start("", 1);
	other = hosted_open("xmmu-gru", 0);
	explore_assert(!IS_ERR(other));
	explore_assert(!gru_write(other, 0, 1));
}

static void work(void *unused)
{
	enter();
	explore_assert(!gru_write(file, 0, 2));
	hosted_exit();
}

static void put(void *unused)
{
	hosted_close(other);
}

static void check(void)
{
	stop_driver("gru");
	msleep(10);
	hosted_mm_check_empty();
	hosted_slab_check_empty();
}

const struct explore_scenario explore_scenario = {
	.name = "gru_exit",
	.about = "the end of a process beside its work and the end of another context",
	.setup = setup,
	.threads = { { "work", work }, { "put", put } },
	.check = check,
	.keeps_memory = true,
};
