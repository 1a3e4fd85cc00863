/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: waiting until a file is ready. */
#ifndef HOSTED_LINUX_POLL_H
#define HOSTED_LINUX_POLL_H

#include <linux/eventpoll.h>
#include <linux/fs.h>
#include <linux/wait.h>

#define HOSTED_POLL_QUEUES 4

typedef struct poll_table_struct {
	bool woken;
	unsigned int count;
	struct {
		wait_queue_head_t *queue;
		struct wait_queue_entry entry;
	} waits[HOSTED_POLL_QUEUES];
} poll_table;

void poll_wait(struct file *file, wait_queue_head_t *queue, poll_table *table);

#endif
