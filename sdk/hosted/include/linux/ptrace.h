/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: who traces whom. */
#ifndef HOSTED_LINUX_PTRACE_H
#define HOSTED_LINUX_PTRACE_H

#include <linux/sched.h>

/* Under rcu_read_lock(). */
struct task_struct *ptrace_parent(struct task_struct *task);

#endif
