// SPDX-License-Identifier: GPL-2.0-only
/*
 * The debug build: checks and injection. See debug.h. The checks are not inlined, so that the
 * kernel's warning names the one that has failed.
 */
#ifdef XMMU_DEBUG

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

#include "internal.h"

#define XMMU_POISON       (ULONG_MAX / 0xff * 0x5a)
#define XMMU_DELAY_MAX_US 10000
#define XMMU_LATE_MAX_MS  60000

/* What the files in debugfs set; 0 is off. The first three count: every n-th time. */
static struct {
	u32 collide;
	u32 nonblock;
	u32 fail;
	u32 delay_us;
	u32 late_flush_ms;
} xmmu_inject;

/* Its work must go on when memory is short, as the device's confirmation would. */
static struct workqueue_struct *xmmu_late_wq;

/* Counts down to the one failure that a test asks for: 0 when it has happened. */
static atomic_t xmmu_fail_nth = ATOMIC_INIT(0);

/* Acquired in aging callbacks, as if it were a lock. */
static struct lockdep_map xmmu_aging_map __maybe_unused;

static atomic_t xmmu_ranges = ATOMIC_INIT(0);
static atomic_t xmmu_late_flushes = ATOMIC_INIT(0);

static bool xmmu_inject_nth(u32 *every, atomic_t *seen)
{
	u32 n = READ_ONCE(*every);

	return n && (u32)atomic_inc_return(seen) % n == 0;
}

bool xmmu_inject_collide(void)
{
	static atomic_t seen = ATOMIC_INIT(0);

	return xmmu_inject_nth(&xmmu_inject.collide, &seen);
}

bool xmmu_inject_fail(void)
{
	static atomic_t seen = ATOMIC_INIT(0);

	return atomic_dec_if_positive(&xmmu_fail_nth) == 0 ||
	       xmmu_inject_nth(&xmmu_inject.fail, &seen);
}

bool xmmu_inject_nonblock(void)
{
	static atomic_t seen = ATOMIC_INIT(0);

	return xmmu_inject_nth(&xmmu_inject.nonblock, &seen);
}

/* Busy, because it may run in an event that must not block. */
void xmmu_inject_delay(void)
{
	u32 left = min_t(u32, READ_ONCE(xmmu_inject.delay_us), XMMU_DELAY_MAX_US);

	for (; left; left--)
		udelay(1);
}

struct xmmu_late_flush {
	struct delayed_work work;
	struct xmmu_mirror *mirror;
	u64 ticket;
	xmmu_confirm_fn confirm;
};

static void xmmu_late_flush_work(struct work_struct *work)
{
	struct xmmu_late_flush *late = container_of(work, struct xmmu_late_flush, work.work);

	late->confirm(late->mirror, late->ticket);
	kfree(late);
	if (atomic_dec_and_test(&xmmu_late_flushes))
		wake_up_var(&xmmu_late_flushes);
}

/* A flush under ATOMIC can not be late. */
bool xmmu_inject_late_flush(struct xmmu_mirror *mirror, u64 ticket, xmmu_confirm_fn confirm)
{
	u32 ms = min_t(u32, READ_ONCE(xmmu_inject.late_flush_ms), XMMU_LATE_MAX_MS);
	struct xmmu_late_flush *late;

	if (!ms || !xmmu_late_wq || mirror->config.policy == XMMU_ATOMIC)
		return false;
	late = kmalloc(sizeof(*late), GFP_ATOMIC | __GFP_NOWARN);
	if (!late)
		return false;
	INIT_DELAYED_WORK(&late->work, xmmu_late_flush_work);
	late->mirror = mirror;
	late->ticket = ticket;
	late->confirm = confirm;
	atomic_inc(&xmmu_late_flushes);
	queue_delayed_work(xmmu_late_wq, &late->work, msecs_to_jiffies(ms));
	return true;
}

/* A late confirmation after isolation finds no ticket, but it must find a mirror. */
noinline void xmmu_debug_check_detached(struct xmmu_mirror *mirror)
{
	wait_var_event(&xmmu_late_flushes, !atomic_read(&xmmu_late_flushes));
	WARN(!list_empty(&mirror->tickets), "xmmu: %s: a transfer outlives its mirror\n",
	     XMMU_DRIVER_NAME);
}

noinline void xmmu_debug_check_gather(const struct xmmu_gather *gather, unsigned long start,
				      unsigned long end)
{
	WARN_ONCE(gather->end && (gather->start >= gather->end || gather->start < start ||
				  gather->end > end),
		  "xmmu: %s: zap of %lx-%lx reports %lx-%lx\n", XMMU_DRIVER_NAME, start, end,
		  gather->start, gather->end);
}

/* The first page of the span that has a translation; there is one. */
static unsigned long xmmu_debug_find_translated(struct xmmu_range *range, unsigned long start,
						unsigned long end)
{
	const struct xmmu_ops *ops = range->block->ops;
	unsigned long middle;

	while (end - start > PAGE_SIZE) {
		middle = start + PAGE_ALIGN((end - start) / 2);
		if (ops->translated(range, start, middle))
			end = middle;
		else
			start = middle;
	}
	return start;
}

/*
 * Nobody can have made a new translation since the zap: a walk commits in the span neither while
 * the kernel's event is open, nor before the ticket of the driver's own zap is gone. Of a device
 * that is cut off, and of a range that is removed, nothing is asked.
 */
noinline void xmmu_debug_check_forgotten(struct xmmu_range *range, unsigned long start,
					 unsigned long end)
{
	const struct xmmu_ops *ops = range->block->ops;

	xmmu_mirror_assert_locked(range->mirror);
	if (!ops->translated || test_bit(XMMU_FLAG_CUT, &range->mirror->flags) ||
	    range->state == XMMU_RANGE_REMOVED)
		return;
	start = max(start, xmmu_range_start(range));
	end = min(end, xmmu_range_end(range));
	if (start >= end)
		return;
	WARN_ONCE(ops->translated(range, start, end),
		  "xmmu: %s: a translation of %lx outlives the invalidation of %lx-%lx\n",
		  XMMU_DRIVER_NAME, xmmu_debug_find_translated(range, start, end), start, end);
}

void xmmu_debug_nonblock_start(void)
{
	non_block_start();
}

void xmmu_debug_nonblock_end(void)
{
	non_block_end();
}

void xmmu_debug_aging_start(void)
{
	lock_map_acquire(&xmmu_aging_map);
}

void xmmu_debug_aging_end(void)
{
	lock_map_release(&xmmu_aging_map);
}

void xmmu_debug_range_added(void)
{
	atomic_inc(&xmmu_ranges);
}

void xmmu_debug_range_freed(void)
{
	atomic_dec(&xmmu_ranges);
}

/* Whoever reads pages after the commit gets pages that do not exist. */
void xmmu_debug_poison(unsigned long *pfns, unsigned long count)
{
	memset_l(pfns, XMMU_POISON, count);
}

/* Reclaim calls back, and so does a holder of mmap_lock. Who asks for age never takes the lock. */
void xmmu_debug_prime_locks(struct xmmu_mirror *mirror)
{
	struct mm_struct *mm = mirror->mm;

	fs_reclaim_acquire(GFP_KERNEL);
	xmmu_mirror_lock(mirror);
	xmmu_mirror_unlock(mirror);
	fs_reclaim_release(GFP_KERNEL);

	mmap_read_lock(mm);
	xmmu_mirror_lock(mirror);
	xmmu_mirror_unlock(mirror);
	mmap_read_unlock(mm);

	xmmu_mirror_lock(mirror);
	xmmu_debug_aging_start();
	xmmu_debug_aging_end();
	xmmu_mirror_unlock(mirror);
}

/* What a kernel finds by itself if it was built to. */
static const struct {
	const char *option;
	bool on;
	const char *finds;
} xmmu_kernel_checks[] = {
	{ "PROVE_LOCKING", IS_ENABLED(CONFIG_PROVE_LOCKING), "wrong order or lack of locks" },
	{ "DEBUG_ATOMIC_SLEEP", IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP), "sleep in a callback" },
	{ "KASAN", IS_ENABLED(CONFIG_KASAN), "use after free" },
	{ "DEBUG_KMEMLEAK", IS_ENABLED(CONFIG_DEBUG_KMEMLEAK), "lost memory" },
	{ "DMA_API_DEBUG", IS_ENABLED(CONFIG_DMA_API_DEBUG), "misuse of DMA mappings" },
};

/* A check that the kernel has switched off looks just like one that finds nothing. */
static void xmmu_debug_name_missing(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(xmmu_kernel_checks); i++)
		if (!xmmu_kernel_checks[i].on)
			pr_info("xmmu: %s: no CONFIG_%s: %s goes unnoticed\n", XMMU_DRIVER_NAME,
				xmmu_kernel_checks[i].option, xmmu_kernel_checks[i].finds);
}

void xmmu_debug_show(struct seq_file *file)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(xmmu_kernel_checks); i++)
		seq_printf(file, "CONFIG_%s %d\n", xmmu_kernel_checks[i].option,
			   xmmu_kernel_checks[i].on);
}

void xmmu_debug_init(struct dentry *folder)
{
	struct dentry *inject = debugfs_create_dir("inject", folder);
	static struct lock_class_key key __maybe_unused;

	lockdep_init_map(&xmmu_aging_map, "xmmu_aging", &key, 0);
	debugfs_create_u32("collide", 0600, inject, &xmmu_inject.collide);
	debugfs_create_u32("nonblock", 0600, inject, &xmmu_inject.nonblock);
	debugfs_create_u32("fail", 0600, inject, &xmmu_inject.fail);
	debugfs_create_atomic_t("fail_nth", 0600, inject, &xmmu_fail_nth);
	debugfs_create_u32("delay_us", 0600, inject, &xmmu_inject.delay_us);
	debugfs_create_u32("late_flush_ms", 0600, inject, &xmmu_inject.late_flush_ms);
	xmmu_late_wq =
		alloc_workqueue("xmmu-late-" XMMU_DRIVER_NAME, WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	xmmu_debug_name_missing();
}

noinline void xmmu_debug_exit(void)
{
	int left = atomic_read(&xmmu_ranges);

	if (xmmu_late_wq)
		destroy_workqueue(xmmu_late_wq);
	WARN(left, "xmmu: %s: %d ranges were never put\n", XMMU_DRIVER_NAME, left);
}

#endif
