// SPDX-License-Identifier: GPL-2.0-only
/* Two threads take pages away, a third one reads what happened until the driver has let go. */
#include "skeleton.h"

static unsigned int seen[2];

static void setup(void)
{
	skeleton_start("policy=trylock", 2, 0);
	explore_assert(!skeleton_populate(0, 2, 0));
}

static void discard(unsigned long page)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR + page * PAGE_SIZE, PAGE_SIZE, HOSTED_DONTNEED));
}

static void first(void *unused)
{
	discard(0);
}

static void last(void *unused)
{
	discard(1);
	explore_assert(!hosted_ioctl(file, XMMU_SKELETON_DETACH, NULL));
}

static void read(void *unused)
{
	struct xmmu_skeleton_event event;
	ssize_t size;

	while ((size = hosted_read(file, &event, sizeof(event))) > 0) {
		explore_assert(event.end == event.start + PAGE_SIZE);
		explore_assert(!event.zap_end || event.zap_end == event.end);
		seen[(event.start - ADDR) / PAGE_SIZE]++;
	}
	explore_assert(!size);
}

/* That of the first may have come after detach, and nobody read any more. */
static void check(void)
{
	explore_assert(seen[0] <= 1 && seen[1] == 1);
	skeleton_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "skeleton_log",
	.about = "two invalidations beside a reader of the log, then detach",
	.setup = setup,
	.threads = { { "first", first }, { "last", last }, { "read", read } },
	.check = check,
	.keeps_memory = true,
};
