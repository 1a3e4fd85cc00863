/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: waiting for an event that others count. */
#ifndef HOSTED_LINUX_COMPLETION_H
#define HOSTED_LINUX_COMPLETION_H

#include <linux/wait.h>

struct completion {
	unsigned int done;
	wait_queue_head_t wait;
};

#define DECLARE_COMPLETION_ONSTACK(name) \
	struct completion name;          \
	init_completion(&name)
#define init_completion(c)                       \
	do {                                     \
		(c)->done = 0;                   \
		init_waitqueue_head(&(c)->wait); \
	} while (0)

void reinit_completion(struct completion *c);
void complete(struct completion *c);
void complete_all(struct completion *c);
void wait_for_completion(struct completion *c);
int __must_check wait_for_completion_killable(struct completion *c);
unsigned long wait_for_completion_timeout(struct completion *c, unsigned long timeout);
bool completion_done(struct completion *c);

#endif
