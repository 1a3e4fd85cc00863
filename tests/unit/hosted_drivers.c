// SPDX-License-Identifier: GPL-2.0-only
/*
 * The SDK and its drivers on the hosted kernel, unchanged: each is loaded, used by a process whose
 * memory changes, and unloaded, after which nothing may be left.
 */
#include <linux/eventpoll.h>
#include <linux/mm.h>
#include <linux/string.h>

#include <xmmu/skeleton.h>

#include "edu.h"

/* What the SDK was built for; hosted_drivers_*.c include this file with others. */
#ifndef FEATURES
#define FEATURES                                                                                \
	"debug 0\nchange_pte 1\ndevice_page_order 1\neventfd_one 1\nfolio_free 1\ngup_vmas 0\n" \
	"hmm_dma_mapped 0\nmake_exclusive 1\nmake_exclusive_range 0\nmigrate_compound 0\n"      \
	"mm_dumpable 1\npage_pgmap 1\ntwo_pass 1\nyoung_bool 0\n"
#endif

/* ---- skeleton */

static struct file *skeleton_open(const char *parameters)
{
	struct file *file;

	check(!hosted_module_load("skeleton", parameters));
	file = hosted_open("xmmu-skeleton", 0);
	check(!IS_ERR(file));
	return file;
}

static void skeleton_close(struct file *file)
{
	check(hosted_module_unload("skeleton") == -EBUSY);
	hosted_close(file);
	check(!hosted_module_unload("skeleton"));
}

static void skeleton_attach(struct file *file, pid_t pid)
{
	struct xmmu_skeleton_attach attach = { .pid = pid };
	struct xmmu_skeleton_range range = { .addr = ADDR, .len = LEN };

	check(!hosted_ioctl(file, XMMU_SKELETON_ATTACH, &attach));
	check(!hosted_ioctl(file, XMMU_SKELETON_RANGE_ADD, &range));
}

static long skeleton_populate(struct file *file, unsigned int flags)
{
	struct xmmu_skeleton_populate populate = { .addr = ADDR, .len = LEN, .flags = flags };
	long error = hosted_ioctl(file, XMMU_SKELETON_POPULATE, &populate);

	check(populate.done == (error ? 0 : LEN));
	return error;
}

/* How many pages the device has, of those it may write. */
static unsigned int skeleton_count(struct file *file, unsigned int access)
{
	struct xmmu_skeleton_query query = {};
	unsigned int i, count = 0;

	for (i = 0; i < PAGES; i++) {
		query.addr = ADDR + i * PAGE_SIZE;
		check(!hosted_ioctl(file, XMMU_SKELETON_QUERY, &query));
		count += (query.access & access) == access && access;
	}
	return count;
}

static void check_record(struct file *file, enum xmmu_skeleton_reason reason, unsigned long start,
			 unsigned long end)
{
	struct xmmu_skeleton_event event;

	check(hosted_poll(file, EPOLLIN, 0) & EPOLLIN);
	check(hosted_read(file, &event, sizeof(event)) == sizeof(event));
	check(event.event == reason && event.zap_start == start && event.zap_end == end);
	check(event.outcome == XMMU_SKELETON_INVALIDATED && event.flags == XMMU_SKELETON_BLOCKABLE);
}

static void case_skeleton(void *policy)
{
	struct file *file = skeleton_open(policy);
	struct xmmu_skeleton_stats stats;

	enter();
	skeleton_attach(file, 0);
	check(skeleton_populate(file, XMMU_SKELETON_NOWAIT) == -EAGAIN);
	check(!skeleton_populate(file, XMMU_SKELETON_WRITE));
	check(skeleton_count(file, XMMU_SKELETON_MAY_WRITE) == PAGES);
	check(!hosted_munmap(mm, ADDR + PAGE_SIZE, 2 * PAGE_SIZE));
	check(skeleton_count(file, XMMU_SKELETON_MAY_READ) == PAGES - 2);
	check_record(file, XMMU_SKELETON_UNMAP, ADDR + PAGE_SIZE, ADDR + 3 * PAGE_SIZE);
	check(!hosted_poll(file, EPOLLIN, 10));
	check(!hosted_ioctl(file, XMMU_SKELETON_STATS, &stats));
	check(stats.commits == 1 && stats.pages == PAGES && stats.zaps == 1);
	check(!hosted_ioctl(file, XMMU_SKELETON_DETACH, NULL));
	skeleton_close(file);
	leave();
}

static void case_skeleton_refuse(void *unused)
{
	case_skeleton("policy=refuse");
}

static void case_skeleton_trylock(void *unused)
{
	case_skeleton("policy=trylock");
}

static void case_skeleton_atomic(void *unused)
{
	case_skeleton("policy=atomic");
}

static void case_skeleton_parameters(void *unused)
{
	check(hosted_module_load("skeleton", "policy=never") == -EINVAL);
	check(hosted_module_load("skeleton", "speed=9") == -ENOENT);
	hosted_slab_fail(1);
	check(hosted_module_load("skeleton", "policy=atomic") == -ENOMEM);
	check(!hosted_slab_objects());
}

/* The process is gone while the file is open: its reader learns of it. */
static void case_skeleton_exit(void *unused)
{
	struct file *file = skeleton_open("");
	struct xmmu_skeleton_event event;

	enter();
	skeleton_attach(file, 0);
	check(!skeleton_populate(file, XMMU_SKELETON_WRITE));
	hosted_exit();
	check(hosted_poll(file, EPOLLHUP, 1000) & EPOLLHUP);
	while (hosted_read(file, &event, sizeof(event)))
		;
	check(skeleton_populate(file, 0) == -ESRCH);
	skeleton_close(file);
	check_empty();
}

static bool stop;

static void live(void *unused)
{
	while (!stop)
		msleep(1);
	hosted_exit();
}

/* Only its tracer may attach to another process. */
static void case_skeleton_foreign(void *unused)
{
	struct file *file = skeleton_open("");
	struct xmmu_skeleton_attach attach = {};
	struct task_struct *task;

	mm = hosted_mm_create();
	check(!hosted_mmap(mm, ADDR, LEN, VM_READ | VM_WRITE, 0, NULL, 0));
	task = hosted_thread("other", mm, live, NULL);
	attach.pid = task->pid;
	check(hosted_ioctl(file, XMMU_SKELETON_ATTACH, &attach) == -EPERM);
	attach.pid = 999;
	check(hosted_ioctl(file, XMMU_SKELETON_ATTACH, &attach) == -ESRCH);
	hosted_trace(task, current);
	skeleton_attach(file, task->pid);
	check(!skeleton_populate(file, 0));
	check(skeleton_count(file, XMMU_SKELETON_MAY_READ) == PAGES);
	stop = true;
	hosted_join(task);
	skeleton_close(file);
	check_empty();
}

static void case_skeleton_debugfs(void *unused)
{
	struct file *file = skeleton_open("");
	char text[512] = {};

	enter();
	skeleton_attach(file, 0);
	check(!skeleton_populate(file, 0));
	check(hosted_debugfs_read("xmmu-skeleton/mirrors", text, sizeof(text) - 1) > 0);
	check(strstr(text, "pages 8 "));
	check(hosted_debugfs_read("xmmu-skeleton/features", text, sizeof(text) - 1) > 0);
	check(strstr(text, FEATURES));
	check(hosted_debugfs_read("xmmu-skeleton/nothing", text, sizeof(text)) == -ENOENT);
	skeleton_close(file);
	leave();
}

/* ---- edu */

/* Bytes go to the device and come back at another place. */
static void edu_copies(enum hosted_dma_mode mode, const char *parameters, enum xmmu_edu_path path)
{
	struct xmmu_edu_info info;
	struct file *file;
	u64 value;
	u32 range;

	file = edu_open(mode, parameters, &range);
	check(!hosted_store(mm, ADDR + 8, 0x1122334455667788));
	check(edu_wait(file, edu_submit(file, range, XMMU_EDU_TO_DEVICE, ADDR)).done == BYTES);
	check(edu_wait(file, edu_submit(file, range, XMMU_EDU_FROM_DEVICE, ADDR + PAGE_SIZE)).done ==
	      BYTES);
	check(!hosted_load(mm, ADDR + PAGE_SIZE + 8, &value) && value == 0x1122334455667788);
	check(!hosted_ioctl(file, XMMU_EDU_INFO, &info));
	check(info.path == path && info.transfers[path] == 2 && !info.lost_interrupts);
	check(hosted_edu_transfers(edu) == 2);
	edu_close(file);
}

static void case_edu_direct(void *unused)
{
	edu_copies(HOSTED_DMA_DIRECT, "", XMMU_EDU_DIRECT);
}

static void case_edu_iommu(void *unused)
{
	edu_copies(HOSTED_DMA_IOMMU, "", XMMU_EDU_IOMMU);
}

static void case_edu_bounce(void *unused)
{
	edu_copies(HOSTED_DMA_BOUNCE, "bounce=1", XMMU_EDU_BOUNCE);
}

static void case_edu_coherent(void *unused)
{
	edu_copies(HOSTED_DMA_BOUNCE, "", XMMU_EDU_COHERENT);
}

/* munmap() waits for the transfer that works on the page. */
static void case_edu_waits(void *unused)
{
	struct xmmu_edu_event event;
	struct file *file;
	u64 begun;
	u32 range, job;

	file = edu_open(HOSTED_DMA_IOMMU, "", &range);
	job = edu_submit(file, range, XMMU_EDU_FROM_DEVICE, ADDR);
	msleep(20);
	begun = hosted_now_ns();
	check(!hosted_munmap(mm, ADDR, PAGE_SIZE));
	check(hosted_now_ns() - begun > TRANSFER_NS / 2);
	check(edu_wait(file, job).done == BYTES);
	check(hosted_read(file, &event, sizeof(event)) == sizeof(event));
	check(event.event == XMMU_EDU_UNMAP && event.wait_ns > (u64)TRANSFER_NS / 2);
	edu_close(file);
}

/* The device never says that it is done: it is cut off, and the memory goes. */
static void case_edu_isolated(void *unused)
{
	struct xmmu_edu_info info;
	struct file *file;
	u32 range, job;

	file = edu_open(HOSTED_DMA_IOMMU, "inject=never_done watchdog_ms=500", &range);
	job = edu_submit(file, range, XMMU_EDU_FROM_DEVICE, ADDR);
	msleep(20);
	check(!hosted_munmap(mm, ADDR, PAGE_SIZE));
	check(edu_wait(file, job).status == -EIO);
	check(!hosted_ioctl(file, XMMU_EDU_INFO, &info) && info.flags == XMMU_EDU_DEAD);
	edu_close(file);
}

static void case_edu_lost_interrupt(void *unused)
{
	struct xmmu_edu_info info;
	struct file *file;
	u32 range;

	file = edu_open(HOSTED_DMA_DIRECT, "inject=lost_irq", &range);
	check(edu_wait(file, edu_submit(file, range, XMMU_EDU_TO_DEVICE, ADDR)).done == BYTES);
	check(!hosted_ioctl(file, XMMU_EDU_INFO, &info) && info.lost_interrupts == 1);
	edu_close(file);
}

/* The device goes while a job runs and its file is open. */
static void case_edu_removed(void *unused)
{
	struct xmmu_edu_info info;
	struct file *file;
	u32 range;

	file = edu_open(HOSTED_DMA_IOMMU, "", &range);
	edu_submit(file, range, XMMU_EDU_TO_DEVICE, ADDR);
	msleep(20);
	hosted_edu_unbind(edu);
	check(hosted_ioctl(file, XMMU_EDU_INFO, &info) == -ENODEV);
	edu_close(file);
}

CASE(skeleton_refuse)
CASE(skeleton_trylock)
CASE(skeleton_atomic)
CASE(skeleton_parameters)
CASE(skeleton_exit)
CASE(skeleton_foreign)
CASE(skeleton_debugfs)
CASE(edu_direct)
CASE(edu_iommu)
CASE(edu_bounce)
CASE(edu_coherent)
CASE(edu_waits)
CASE(edu_isolated)
CASE(edu_lost_interrupt)
CASE(edu_removed)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skeleton_refuse),  cmocka_unit_test(skeleton_trylock),
		cmocka_unit_test(skeleton_atomic),  cmocka_unit_test(skeleton_parameters),
		cmocka_unit_test(skeleton_exit),    cmocka_unit_test(skeleton_foreign),
		cmocka_unit_test(skeleton_debugfs), cmocka_unit_test(edu_direct),
		cmocka_unit_test(edu_iommu),        cmocka_unit_test(edu_bounce),
		cmocka_unit_test(edu_coherent),     cmocka_unit_test(edu_waits),
		cmocka_unit_test(edu_isolated),     cmocka_unit_test(edu_lost_interrupt),
		cmocka_unit_test(edu_removed),
	};

	return cmocka_run_group_tests_name("hosted_drivers", tests, NULL, NULL);
}
