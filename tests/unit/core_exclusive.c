// SPDX-License-Identifier: GPL-2.0-only
/* Exclusive access: pages that the device has, and no processor until it touches them. */
#include "core.h"

#include <xmmu/exclusive.h>

static struct xmmu_range *range;

static void start(unsigned long pages)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core.config.owner = &core;
	core_attach();
	range = core_insert(0, pages);
}

static void stop(void)
{
	core_remove(range);
	core_stop();
}

static int exclusive(unsigned long page, unsigned long pages, unsigned long *done)
{
	return xmmu_exclusive(range, at(page), at(page + pages), NULL, done);
}

/* The event of the exchange is the driver's own; a processor's access is an event as any other. */
static void case_given_back(void *unused)
{
	unsigned long done = 0;
	u64 value = 0;

	start(3);
	check(xmmu_exclusive_supported());
	expect(hosted_store(mm, at(1), 5), 0);
	expect(exclusive(0, 3, &done), 0);
	expect(done, at(3));
	expect(core_translated(), 3);
	expect(core.zaps, 0);
	expect(core.leaf.perm, XMMU_PERM_READ | XMMU_PERM_WRITE);
	expect(hosted_load(mm, at(1), &value), 0);
	expect(value, 5);
	check(core.table[0] && !core.table[1] && core.table[2]);
	expect(exclusive(1, 1, NULL), 0);
	expect(core_translated(), 3);
	stop();
}
CASE(given_back)

/* What the device had before is taken away first, if others share the page. */
static void case_copied(void *unused)
{
	struct mm_struct *child;
	u64 value = 0;

	start(1);
	expect(hosted_store(mm, at(0), 7), 0);
	expect(exclusive(0, 1, NULL), 0);
	child = hosted_fork(mm);
	check(!IS_ERR(child));
	expect(core_translated(), 0);
	expect(hosted_load(child, at(0), &value), 0);
	expect(value, 7);
	expect(exclusive(0, 1, NULL), 0);
	expect(core_translated(), 1);
	expect(hosted_store(mm, at(0), 8), 0);
	expect(hosted_load(child, at(0), &value), 0);
	expect(value, 7);
	mmput(child);
	stop();
}
CASE(copied)

static void case_unmapped(void *unused)
{
	start(2);
	expect(exclusive(0, 2, NULL), 0);
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	expect(core_translated(), 1);
	/* No processor has it that could be made to page it out. */
	expect(hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_PAGEOUT), 0);
	expect(core_translated(), 1);
	expect(hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_DONTNEED), 0);
	expect(core_translated(), 0);
	stop();
}
CASE(unmapped)

/* It says how far it came. */
static void case_refused(void *unused)
{
	unsigned long done = 0;

	start(5);
	expect(hosted_mprotect(mm, at(1), PAGE_SIZE, VM_READ), 0);
	expect(hosted_munmap(mm, at(2), PAGE_SIZE), 0);
	expect(hosted_munmap(mm, at(3), PAGE_SIZE), 0);
	expect(hosted_mmap(mm, at(3), PAGE_SIZE, RW, VM_SHARED, NULL, 0), 0);
	expect(exclusive(0, 2, &done), -EPERM);
	expect(done, at(1));
	expect(core_translated(), 1);
	expect(exclusive(2, 1, &done), -EFAULT);
	expect(exclusive(3, 1, NULL), -EOPNOTSUPP);
	expect(exclusive(4, 2, &done), -EINVAL);
	expect(done, at(4));
	expect(exclusive(4, 0, NULL), -EINVAL);
	expect(exclusive(4, 1, NULL), 0);
	stop();
}
CASE(refused)

static void case_no_populate(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core.ops.populate = NULL;
	core_attach();
	range = core_insert(0, 1);
	expect(exclusive(0, 1, NULL), -EINVAL);
	stop();
}
CASE(no_populate)

static bool touching;

static void touch(void *unused)
{
	u64 value;

	while (touching) {
		hosted_load(mm, at(0), &value);
		schedule();
	}
}

/* A processor that touches the page all the time delays the device, and no more. */
static void case_contended(void *unused)
{
	unsigned int i;

	start(1);
	touching = true;
	core_beside(touch);
	for (i = 0; i < 20; i++)
		expect(exclusive(0, 1, NULL), 0);
	expect(core.leaves >= 20, true);
	touching = false;
	msleep(10);
	stop();
}
CASE(contended)

/* The page is not kept locked by a walk that fails. */
static void case_gone(void *unused)
{
	u64 value = 0;

	start(1);
	xmmu_mirror_isolate(&core.mirror);
	expect(exclusive(0, 1, NULL), -EIO);
	expect(hosted_load(mm, at(0), &value), 0);
	stop();
}
CASE(gone)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_back),  cmocka_unit_test(copied),
		cmocka_unit_test(unmapped),    cmocka_unit_test(refused),
		cmocka_unit_test(no_populate), cmocka_unit_test(contended),
		cmocka_unit_test(gone),
	};

	return cmocka_run_group_tests_name("core_exclusive", tests, NULL, NULL);
}
