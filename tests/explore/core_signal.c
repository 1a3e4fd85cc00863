// SPDX-License-Identifier: GPL-2.0-only
/* A signal comes to a thread that waits for the device, and to one that populates. */
#include <linux/sched/signal.h>

#include "core.h"

static struct task_struct *tasks[2];

static void setup(void)
{
	core_start("policy=trylock", 1);
	explore_assert(!core(CORE_POPULATE, 0, 1, 0));
	explore_assert(core_access(0));
}

static void discard(void *unused)
{
	tasks[0] = current;
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	core_access(0);
	tasks[0] = NULL;
}

static void populate(void *unused)
{
	long error;

	tasks[1] = current;
	enter();
	error = core(CORE_POPULATE, 0, 1, 0);
	explore_assert(!error || error == -EINTR);
	tasks[1] = NULL;
}

/* As a program is killed: all of its threads are. */
static void kill(void *unused)
{
	if (tasks[0])
		send_sig(SIGKILL, tasks[0], 0);
	if (tasks[1])
		send_sig(SIGKILL, tasks[1], 0);
}

const struct explore_scenario explore_scenario = {
	.name = "core_signal",
	.about = "an invalidation and populate, killed",
	.setup = setup,
	.threads = { { "discard", discard }, { "populate", populate }, { "kill", kill } },
	.check = core_stop,
	.keeps_memory = true,
};
