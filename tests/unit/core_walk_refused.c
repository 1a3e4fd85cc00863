// SPDX-License-Identifier: GPL-2.0-only
/* Walks: memory that they do not get, and what they do not wait for with XMMU_NOWAIT. */
#include "core.h"

#include <linux/magic.h>

#define LEN(pages) ((pages)*PAGE_SIZE)

static struct xmmu_range *range;

/* A range over all pages, nothing populated; it is warm. */
static void start(unsigned long pages)
{
	core_start(pages, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, pages);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(xmmu_range_zap(range, at(0), at(1)), 0);
	core.leaves = 0;
}

static void stop(void)
{
	core_remove(range);
	core_stop();
}

/* ---- memory that is not for it */

static void case_no_pages(void *unused)
{
	u64 value;

	start(5);
	expect(hosted_munmap(mm, at(1), LEN(1)), 0);
	expect(core_populate(range, 1, 1, 0), -EFAULT);
	expect(hosted_mmap(mm, at(1), LEN(1), RW, VM_IO, NULL, 0), 0);
	expect(core_populate(range, 1, 1, 0), -EFAULT);
	expect(hosted_mprotect(mm, at(2), LEN(1), VM_READ), 0);
	expect(core_populate(range, 2, 1, 0), 0);
	expect(core_populate(range, 2, 1, XMMU_WRITE), -EPERM);
	expect(hosted_mprotect(mm, at(3), LEN(1), 0), 0);
	expect(core_populate(range, 3, 1, 0), -EFAULT);
	expect(hosted_store(mm, at(4), 1), 0);
	expect(hosted_poison(mm, at(4)), 0);
	expect(core_populate(range, 4, 1, 0), -EHWPOISON);
	expect(hosted_load(mm, at(4), &value), -EHWPOISON);
	stop();
}
CASE(no_pages)

static void case_secret(void *unused)
{
	struct file *file = hosted_file_open(1, false);

	start(2);
	file_inode(file)->i_sb->s_magic = SECRETMEM_MAGIC;
	expect(hosted_munmap(mm, at(1), LEN(1)), 0);
	expect(hosted_mmap(mm, at(1), LEN(1), RW, VM_SHARED, file, 0), 0);
	hosted_file_put(file);
	expect(core_populate(range, 0, 2, 0), -EFAULT);
	expect(core_populate(range, 0, 1, 0), 0);
	stop();
}
CASE(secret)

/* It was known that there is none. */
static void case_secret_later(void *unused)
{
	struct file *file = hosted_file_open(1, false);

	start(2);
	expect(core_populate(range, 0, 2, 0), 0);
	file_inode(file)->i_sb->s_magic = SECRETMEM_MAGIC;
	expect(hosted_munmap(mm, at(1), LEN(1)), 0);
	expect(hosted_mmap(mm, at(1), LEN(1), RW, VM_SHARED, file, 0), 0);
	hosted_file_put(file);
	expect(core_populate(range, 0, 2, 0), -EFAULT);
	expect(core_populate(range, 0, 1, 0), 0);
	stop();
}
CASE(secret_later)

static void serve(void *unused)
{
	expect(hosted_uffd_wait(mm), 0);
	expect(hosted_uffd_copy(mm, at(0), 40), 0);
	expect(hosted_uffd_copy(mm, at(1), 41), 0);
}

/* Memory of a userfaultfd is served, except to a kernel thread that ignores SIGKILL. */
static void case_userfault(void *unused)
{
	struct task_struct *server;
	u64 value;

	start(2);
	expect(hosted_madvise(mm, at(0), LEN(2), HOSTED_DONTNEED), 0);
	expect(hosted_uffd_register(mm, at(0), LEN(2)), 0);
	current->flags |= PF_KTHREAD;
	disallow_signal(SIGKILL);
	expect(core_populate(range, 0, 2, 0), -EFAULT);
	allow_kernel_signal(SIGKILL);
	current->flags &= ~PF_KTHREAD;
	expect(core_populate(range, 0, 2, XMMU_SNAPSHOT), 0);
	expect(core_translated(), 0);
	server = core_beside(serve);
	expect(core_populate(range, 0, 2, 0), 0);
	hosted_join(server);
	expect(core_translated(), 2);
	expect(core_stats().fixups, 1);
	hosted_page_read(core.table[1] - 1, 0, &value, sizeof(value));
	expect(value, 41);
	expect(hosted_uffd_unregister(mm, at(0), LEN(2)), 0);
	stop();
}
CASE(userfault)

static void serve_slowly(void *unused)
{
	unsigned long i;

	for (i = 0; i < 3; i++) {
		expect(hosted_uffd_wait(mm), 0);
		msleep(60);
		expect(hosted_uffd_copy(mm, at(i), 40 + i), 0);
	}
}

/* Each page that is served is progress: a walk has time again. */
static void case_userfault_slow(void *unused)
{
	struct xmmu_budget budget;
	struct task_struct *server;

	start(3);
	expect(hosted_madvise(mm, at(0), LEN(3), HOSTED_DONTNEED), 0);
	expect(hosted_uffd_register(mm, at(0), LEN(3)), 0);
	server = core_beside(serve_slowly);
	xmmu_budget_init(&budget, 100, 1000);
	expect(xmmu_populate(range, at(0), at(3), 0, &budget, NULL), 0);
	hosted_join(server);
	expect(core_stats().fixups, 3);
	expect(hosted_uffd_unregister(mm, at(0), LEN(3)), 0);
	stop();
}
CASE(userfault_slow)

static void serve_second(void *unused)
{
	expect(hosted_uffd_wait(mm), 0);
	expect(hosted_uffd_copy(mm, at(1), 41), 0);
}

/* Only what is missing is asked for, and only to be read. */
static void case_userfault_read_only(void *unused)
{
	struct task_struct *server;

	start(2);
	expect(hosted_madvise(mm, at(0), LEN(2), HOSTED_DONTNEED), 0);
	expect(hosted_uffd_register(mm, at(0), LEN(2)), 0);
	expect(hosted_uffd_copy(mm, at(0), 40), 0);
	expect(hosted_mprotect(mm, at(0), LEN(2), VM_READ), 0);
	server = core_beside(serve_second);
	expect(core_populate(range, 0, 2, 0), 0);
	hosted_join(server);
	expect(core_translated(), 2);
	expect(hosted_uffd_unregister(mm, at(0), LEN(2)), 0);
	stop();
}
CASE(userfault_read_only)

static void serve_and_isolate(void *unused)
{
	expect(hosted_uffd_wait(mm), 0);
	xmmu_mirror_isolate(&core.mirror);
	expect(hosted_uffd_copy(mm, at(0), 40), 0);
}

/* Nobody serves the second page: a walk that went on to it would not come back. */
static void case_isolated_between_userfaults(void *unused)
{
	struct task_struct *server;

	start(2);
	expect(hosted_madvise(mm, at(0), LEN(2), HOSTED_DONTNEED), 0);
	expect(hosted_uffd_register(mm, at(0), LEN(2)), 0);
	server = core_beside(serve_and_isolate);
	expect(core_populate(range, 0, 2, 0), -EIO);
	hosted_join(server);
	expect(core_stats().fixups, 1);
	expect(hosted_uffd_unregister(mm, at(0), LEN(2)), 0);
	stop();
}
CASE(isolated_between_userfaults)

/* ---- NOWAIT: whatever would sleep is -EAGAIN, and says nothing of the next try */

static void case_nowait_cold(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	expect(hosted_store(mm, at(0), 1), 0);
	range = core_insert(0, 1);
	expect(core_walk_fails(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	/* It has asked for it to be warmed. */
	msleep(10);
	expect(core_populate(range, 0, 1, XMMU_NOWAIT), 0);
	expect(core_translated(), 1);
	stop();
}
CASE(nowait_cold)

static void case_nowait_absent(void *unused)
{
	start(4);
	expect(core_walk_fails(range, 1, 1, XMMU_NOWAIT), -EAGAIN);
	expect(core_populate(range, 1, 1, XMMU_NOWAIT | XMMU_SNAPSHOT), 0);
	expect(core_translated(), 0);
	stop();
}
CASE(nowait_absent)

static void case_nowait_hugetlb(void *unused)
{
	start(1);
	expect(hosted_mmap(mm, at(512), LEN(512), RW, VM_HUGETLB, NULL, 0), 0);
	core_remove(range);
	range = core_insert(512, 512);
	expect(core_populate(range, 512, 512, 0), 0);
	expect(core_walk_fails(range, 512, 512, XMMU_NOWAIT), -EAGAIN);
	stop();
}
CASE(nowait_hugetlb)

static void case_nowait_locks(void *unused)
{
	start(1);
	expect(core_populate(range, 0, 1, XMMU_WRITE), 0);
	/* It is there, and the range is warm. */
	expect(core_populate(range, 0, 1, XMMU_NOWAIT), 0);
	mmap_write_lock(mm);
	expect(core_walk_fails(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	mmap_write_unlock(mm);
	xmmu_mirror_lock(&core.mirror);
	expect(core_walk_fails(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	xmmu_mirror_unlock(&core.mirror);
	expect(core_populate(range, 0, 1, XMMU_NOWAIT), 0);
	stop();
}
CASE(nowait_locks)

/* It sleeps nowhere: not for memory of its own, nor for that of DMA addresses. */
static void case_nowait_memory(void *unused)
{
	unsigned long i;

	core_start(40, HOSTED_DMA_IOMMU);
	core.config.dma = XMMU_DMA_LEAF;
	core.config.dev = &core.dev;
	core_attach();
	range = core_insert(0, 40);
	for (i = 0; i < 40; i++)
		expect(hosted_store(mm, at(i), i), 0);
	non_block_start();
	expect(core_walk_fails(range, 0, 40, XMMU_NOWAIT), -EAGAIN);
	non_block_end();
	msleep(10);
	non_block_start();
	expect(core_populate(range, 0, 40, XMMU_NOWAIT), 0);
	non_block_end();
	expect(core_translated(), 40);
	stop();
}
CASE(nowait_memory)

/* A range that is cold, and whose lock is taken: nobody is asked to warm it. */
static void case_nowait_cold_locked(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, 1);
	xmmu_mirror_lock(&core.mirror);
	expect(core_walk_fails(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	xmmu_mirror_unlock(&core.mirror);
	msleep(10);
	expect(core_walk_fails(range, 0, 1, XMMU_NOWAIT), -EAGAIN);
	stop();
}
CASE(nowait_cold_locked)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_pages),
		cmocka_unit_test(secret),
		cmocka_unit_test(secret_later),
		cmocka_unit_test(userfault),
		cmocka_unit_test(userfault_slow),
		cmocka_unit_test(userfault_read_only),
		cmocka_unit_test(isolated_between_userfaults),
		cmocka_unit_test(nowait_cold),
		cmocka_unit_test(nowait_absent),
		cmocka_unit_test(nowait_hugetlb),
		cmocka_unit_test(nowait_locks),
		cmocka_unit_test(nowait_memory),
		cmocka_unit_test(nowait_cold_locked),
	};

	return cmocka_run_group_tests_name("core_walk_refused", tests, NULL, NULL);
}
