// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two processes. One floods the device with work on a page that nobody ever brings, and dies; the
 * work of the other is done all the same.
 */
#include "gpu.h"

#define FLOOD 4

static struct mm_struct *flooding;
static struct file *flooding_file;

static void setup(void)
{
	gpu_start(1);
	flooding = hosted_mm_create();
	hosted_mm_enter(flooding);
	explore_assert(!hosted_mmap(flooding, ADDR, PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL, 0));
	explore_assert(!hosted_uffd_register(flooding, ADDR, PAGE_SIZE));
	flooding_file = hosted_open("xmmu-gpu0", 0);
	explore_assert(!IS_ERR(flooding_file));
	enter();
}

static void flood(void *unused)
{
	struct xmmu_gpu_submit submit = { .op = XMMU_GPU_FILL, .dst = ADDR, .count = 1 };
	unsigned int i;

	hosted_mm_enter(flooding);
	for (i = 0; i < FLOOD; i++)
		explore_assert(!hosted_ioctl(flooding_file, XMMU_GPU_SUBMIT, &submit));
	hosted_exit();
}

static void work(void *unused)
{
	u64 value = 0;

	enter();
	explore_assert(!gpu_write(0, 8).status);
	explore_assert(!hosted_load(mm, ADDR, &value));
	explore_assert(value == 8);
}

static void check(void)
{
	hosted_close(flooding_file);
	gpu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "gpu_two",
	.about = "a process whose faults hang, until it dies, and another",
	.setup = setup,
	.threads = { { "flood", flood }, { "work", work } },
	.check = check,
	.keeps_memory = true,
};
