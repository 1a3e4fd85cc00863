/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: tasks by number. */
#ifndef HOSTED_LINUX_PID_H
#define HOSTED_LINUX_PID_H

#include <linux/sched.h>
#include <linux/sched/task.h>

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
};

/* Stays when its task is gone. */
struct pid {
	int count;
	pid_t nr;
	struct task_struct *task;
};

struct pid *find_get_pid(pid_t nr);
void put_pid(struct pid *pid);
struct task_struct *get_pid_task(struct pid *pid, enum pid_type type);

#endif
