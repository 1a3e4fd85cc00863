/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel has invalidated, kept until a program reads it. */
#ifndef SKELETON_LOG_H
#define SKELETON_LOG_H

#include <linux/kfifo.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <uapi/xmmu/skeleton.h>
#include <xmmu/xmmu.h>

struct skeleton_log {
	struct xmmu_mirror *mirror;
	/* Taken in callbacks: nothing sleeps under it. */
	spinlock_t lock;
	DECLARE_KFIFO(records, struct xmmu_skeleton_event, 256);
	u32 lost; /* since a record was read */
	wait_queue_head_t wait;
};

void skeleton_log_init(struct skeleton_log *log, struct xmmu_mirror *mirror);
void skeleton_log_add(struct skeleton_log *log, const struct xmmu_report *report);
void skeleton_log_end(struct skeleton_log *log);
ssize_t skeleton_log_read(struct skeleton_log *log, struct file *file, char __user *data,
			  size_t len);
__poll_t skeleton_log_poll(struct skeleton_log *log, struct file *file,
			   struct poll_table_struct *table);

#endif
