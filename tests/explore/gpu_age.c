// SPDX-License-Identifier: GPL-2.0-only
/* Reclaim asks for a page that the device has in its TLB: what it uses after that counts again. */
#include "gpu.h"

static void setup(void)
{
	gpu_start(1);
	explore_assert(!gpu_write(0, ADDR).status);
}

static void use(void *unused)
{
	enter();
	explore_assert(!gpu_read(0).status);
}

static void ask(void *unused)
{
	enter();
	hosted_reclaim(mm, ADDR);
}

/* The processor has used it as well if it had to be brought back. */
static void check(void)
{
	enter();
	explore_assert(!gpu_read(0).status);
	explore_assert(hosted_reclaim(mm, ADDR) == -EAGAIN);
	explore_assert(!hosted_reclaim(mm, ADDR));
	gpu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "gpu_age",
	.about = "the kernel asks for the age of a page beside its use by the device",
	.setup = setup,
	.threads = { { "use", use }, { "ask", ask } },
	.check = check,
	.keeps_memory = true,
};
