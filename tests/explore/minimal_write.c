// SPDX-License-Identifier: GPL-2.0-only
/* A buffer is written to the file while one of its pages is given back. */
#include "drivers.h"

static void setup(void)
{
	start_process(2);
	start_driver("minimal", "", "minimal");
}

static void write(void *unused)
{
	enter();
	explore_assert(hosted_write_user(file, ADDR, 2 * PAGE_SIZE) == 2 * PAGE_SIZE);
	explore_assert(hosted_write_user(file, ADDR, PAGE_SIZE) == -EBUSY);
}

static void discard(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
}

/* The device has one page or both: the one that was given back may have come again. */
static void check(void)
{
	char text[4];

	enter();
	explore_assert(hosted_read(file, text, sizeof(text)) == 2);
	explore_assert(text[0] == '1' || text[0] == '2');
	stop_driver("minimal");
	stop_process();
}

const struct explore_scenario explore_scenario = {
	.name = "minimal_write",
	.about = "a write to the minimal driver beside madvise",
	.setup = setup,
	.threads = { { "write", write }, { "discard", discard } },
	.check = check,
	.keeps_memory = true,
};
