// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log behind read() and poll(). A record for each invalidation; when nobody reads, the oldest
 * are dropped, and the next one read says how many.
 */
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mmu_notifier.h>
#include <linux/uaccess.h>

#include "log.h"

/* The SDK and the kernel have these numbers too: nothing is translated. */
static_assert(XMMU_SKELETON_WRITE == XMMU_WRITE);
static_assert(XMMU_SKELETON_SNAPSHOT == XMMU_SNAPSHOT);
static_assert(XMMU_SKELETON_NOWAIT == XMMU_NOWAIT);
static_assert(XMMU_SKELETON_MAY_READ == XMMU_PERM_READ);
static_assert(XMMU_SKELETON_MAY_WRITE == XMMU_PERM_WRITE);
static_assert(sizeof(struct xmmu_skeleton_stats) == sizeof(struct xmmu_stats));
static_assert(offsetof(struct xmmu_skeleton_stats, pages) == offsetof(struct xmmu_stats, pages));
static_assert((int)XMMU_SKELETON_UNMAP == MMU_NOTIFY_UNMAP);
static_assert((int)XMMU_SKELETON_CLEAR == MMU_NOTIFY_CLEAR);
static_assert((int)XMMU_SKELETON_PROTECTION_VMA == MMU_NOTIFY_PROTECTION_VMA);
static_assert((int)XMMU_SKELETON_PROTECTION_PAGE == MMU_NOTIFY_PROTECTION_PAGE);
static_assert((int)XMMU_SKELETON_SOFT_DIRTY == MMU_NOTIFY_SOFT_DIRTY);
static_assert((int)XMMU_SKELETON_RELEASE == MMU_NOTIFY_RELEASE);
static_assert((int)XMMU_SKELETON_MIGRATE == MMU_NOTIFY_MIGRATE);
static_assert((int)XMMU_SKELETON_EXCLUSIVE == MMU_NOTIFY_EXCLUSIVE);
static_assert((int)XMMU_SKELETON_INVALIDATED == XMMU_INVALIDATED);
static_assert((int)XMMU_SKELETON_FILTERED == XMMU_FILTERED);
static_assert((int)XMMU_SKELETON_REFUSED == XMMU_REFUSED);

void skeleton_log_init(struct skeleton_log *log, struct xmmu_mirror *mirror)
{
	log->mirror = mirror;
	spin_lock_init(&log->lock);
	INIT_KFIFO(log->records);
	init_waitqueue_head(&log->wait);
}

void skeleton_log_add(struct skeleton_log *log, const struct xmmu_report *report)
{
	const struct xmmu_skeleton_event record = {
		.time_ns = ktime_get_ns(),
		.start = report->event.start,
		.end = report->event.end,
		.zap_start = report->zap_end ? report->zap_start : 0,
		.zap_end = report->zap_end,
		.wait_ns = report->wait_ns,
		.event = report->event.event,
		.outcome = report->outcome,
		.flags = report->event.blockable ? XMMU_SKELETON_BLOCKABLE : 0,
	};

	spin_lock(&log->lock);
	if (kfifo_is_full(&log->records)) {
		kfifo_skip(&log->records);
		log->lost++;
	}
	kfifo_put(&log->records, record);
	spin_unlock(&log->lock);
	wake_up_interruptible(&log->wait);
}

/* The mirror has died: whoever waits for a record finds out that none will come. */
void skeleton_log_end(struct skeleton_log *log)
{
	wake_up_interruptible(&log->wait);
}

/* 1 with a record, -EAGAIN if there is none yet, 0 if none will come. */
static int skeleton_log_take(struct skeleton_log *log, struct xmmu_skeleton_event *record)
{
	/* Looked at first: what was logged while it lived is found below. */
	bool alive = xmmu_mirror_alive(log->mirror);
	int ret;

	spin_lock(&log->lock);
	ret = kfifo_get(&log->records, record);
	if (ret) {
		record->lost = log->lost;
		log->lost = 0;
	}
	spin_unlock(&log->lock);
	return ret ?: alive ? -EAGAIN : 0;
}

ssize_t skeleton_log_read(struct skeleton_log *log, struct file *file, char __user *data,
			  size_t len)
{
	struct xmmu_skeleton_event record;
	int ret;

	if (len < sizeof(record))
		return -EINVAL;
	ret = skeleton_log_take(log, &record);
	if (ret == -EAGAIN && !(file->f_flags & O_NONBLOCK) &&
	    wait_event_interruptible(log->wait, (ret = skeleton_log_take(log, &record)) != -EAGAIN))
		return -ERESTARTSYS;
	if (ret <= 0)
		return ret;
	return copy_to_user(data, &record, sizeof(record)) ? -EFAULT : sizeof(record);
}

__poll_t skeleton_log_poll(struct skeleton_log *log, struct file *file,
			   struct poll_table_struct *table)
{
	__poll_t mask = 0;

	poll_wait(file, &log->wait, table);
	if (!xmmu_mirror_alive(log->mirror))
		mask |= EPOLLHUP;
	if (!kfifo_is_empty(&log->records))
		mask |= EPOLLIN | EPOLLRDNORM;
	return mask;
}
