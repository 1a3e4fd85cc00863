// SPDX-License-Identifier: GPL-2.0-only
/* A file is truncated and grows again while a device and the processor write to its pages. */
#include "memory.h"

static struct file *file;

static void setup(void)
{
	file = hosted_file_open(PAGES, false);
	start(VM_SHARED, file);
	explore_assert(!hosted_store(mm, at(1), 1));
}

static void device_side(void *unused)
{
	int err = device_write(1, 2);

	explore_assert(!err || err == -EFAULT);
	device_write_again(1, 3);
}

static void file_side(void *unused)
{
	explore_assert(!hosted_truncate(file, 1));
	explore_assert(hosted_store(mm, at(1), 4) == -EFAULT);
	explore_assert(!hosted_truncate(file, PAGES));
}

static void reclaim_side(void *unused)
{
	hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_PAGEOUT);
}

static void check(void)
{
	explore_assert(value_at(1) == 0 || value_at(1) == 2 || value_at(1) == 3);
	hosted_file_put(file);
	stop();
}

const struct explore_scenario explore_scenario = {
	.name = "memory_file",
	.about = "truncation and reclaim of a file beside accesses",
	.setup = setup,
	.threads = { { "device", device_side }, { "file", file_side }, { "reclaim", reclaim_side } },
	.check = check,
	.keeps_memory = true,
};
