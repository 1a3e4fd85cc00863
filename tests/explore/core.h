/* SPDX-License-Identifier: GPL-2.0-only */
/* For scenarios of the core: one range over all pages of the process, at most four. */
#ifndef TESTS_EXPLORE_CORE_H
#define TESTS_EXPLORE_CORE_H

#include "core/abi.h"
#include "drivers.h"

#define WRITE 1 /* XMMU_WRITE */

static inline long core(unsigned int number, unsigned long page, unsigned long pages,
			unsigned int flags)
{
	struct core_span span = { .addr = ADDR + page * PAGE_SIZE,
				  .len = pages * PAGE_SIZE,
				  .flags = flags };

	return hosted_ioctl(file, number, &span);
}

/* With the first of the pages that the device can know. */
static inline void core_attach(const char *parameters, unsigned long page)
{
	start_driver("core", parameters, "core");
	explore_assert(!core(CORE_ATTACH, page, 0, 0));
}

static inline void core_start(const char *parameters, unsigned long pages)
{
	start_process(pages);
	core_attach(parameters, 0);
	explore_assert(!core(CORE_INSERT, 0, pages, 0));
}

/* Whether the device could use the page. */
static inline bool core_access(unsigned long page)
{
	return core(CORE_ACCESS, page, 1, 0) == 1;
}

/* Pages below two tables of 32 entries, all populated and used. */
#define PT_FIRST 30UL
#define PT_PAGES 4UL

static inline void core_start_pt(void)
{
	start_process(PT_FIRST + PT_PAGES);
	core_attach("policy=refuse pt=1", PT_FIRST);
	explore_assert(!core(CORE_INSERT, PT_FIRST, PT_PAGES, 0));
	explore_assert(!core(CORE_POPULATE, PT_FIRST, PT_PAGES, 0));
	explore_assert(core_access(PT_FIRST + PT_PAGES - 1) && core_access(PT_FIRST));
}

static inline void core_discard_pt(void *unused)
{
	enter();
	explore_assert(!hosted_madvise(mm, ADDR + PT_FIRST * PAGE_SIZE, PT_PAGES * PAGE_SIZE,
				       HOSTED_DONTNEED));
}

/* Whether it could write to it, and did. */
static inline bool core_write(unsigned long page, u64 value)
{
	struct core_span span = { .addr = ADDR + page * PAGE_SIZE, .write = 1, .value = value };

	return hosted_ioctl(file, CORE_ACCESS, &span) == 1;
}

static inline void core_stop(void)
{
	enter();
	stop_driver("core");
	stop_process();
}

#endif
