/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: threads of the kernel. One that sleeps for ever is no deadlock. */
#ifndef HOSTED_LINUX_KTHREAD_H
#define HOSTED_LINUX_KTHREAD_H

#include <linux/err.h>
#include <linux/sched.h>

struct task_struct *kthread_run(int (*fn)(void *data), void *data, const char *format, ...)
	__printf(3, 4);
/* What its function returns. */
int kthread_stop(struct task_struct *task);
bool kthread_should_stop(void);

/* In between the thread works in the address space, which it keeps alive itself. */
void kthread_use_mm(struct mm_struct *mm);
void kthread_unuse_mm(struct mm_struct *mm);

#endif
