// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program cancels a job, while another thread gives its page back and reads what the driver has
 * recorded about that.
 */
#include "edu.h"

#define VALUE 0x0123456789abcdefULL

static void setup(void)
{
	struct xmmu_edu_id id = { .id = 1, .pad = 1 };
	struct xmmu_edu_event event;

	edu_start(HOSTED_DMA_DIRECT, 0, "");
	explore_assert(hosted_ioctl(file, XMMU_EDU_CANCEL, &id) == -EINVAL);
	explore_assert(hosted_ioctl(file, XMMU_EDU_UNREGISTER, &id) == -EINVAL);
	id.pad = 0;
	explore_assert(hosted_ioctl(file, XMMU_EDU_CANCEL, &id) == -ENOENT);
	explore_assert(hosted_read(file, &event, sizeof(event)) == -EAGAIN);
	explore_assert(hosted_read(file, &event, 1) == -EINVAL);
}

/* What goes to the device and back is the same. */
static void copy(void)
{
	u64 value = 0;

	explore_assert(!hosted_store(mm, ADDR, VALUE));
	explore_assert(!edu_wait(edu_submit(XMMU_EDU_TO_DEVICE)));
	explore_assert(!hosted_store(mm, ADDR, 1));
	explore_assert(!edu_wait(edu_submit(XMMU_EDU_FROM_DEVICE)));
	explore_assert(!hosted_load(mm, ADDR, &value) && value == VALUE);
}

static void work(void *unused)
{
	struct xmmu_edu_id id = {};
	long status;

	enter();
	id.id = edu_submit(XMMU_EDU_TO_DEVICE);
	command(XMMU_EDU_CANCEL, &id);
	status = edu_wait(id.id);
	explore_assert(!status || status == -ECANCELED);
}

static void discard(void *unused)
{
	struct xmmu_edu_event event;

	enter();
	explore_assert(!hosted_madvise(mm, ADDR, PAGE_SIZE, HOSTED_DONTNEED));
	explore_assert(hosted_read(file, &event, sizeof(event)) == sizeof(event));
	explore_assert(event.start == ADDR && event.end == ADDR + PAGE_SIZE);
	explore_assert(event.flags == XMMU_EDU_BLOCKABLE && !event.lost);
}

static void check(void)
{
	struct xmmu_edu_stats stats;

	enter();
	copy();
	command(XMMU_EDU_STATS, &stats);
	explore_assert(stats.transfers >= 2 && stats.pages >= 2 && !stats.isolated);
	hosted_close(file);
	edu_stop();
}

const struct explore_scenario explore_scenario = {
	.name = "edu_events",
	.about = "a job that is cancelled, and records of invalidations",
	.setup = setup,
	.threads = { { "work", work }, { "discard", discard } },
	.check = check,
	.keeps_memory = true,
};
