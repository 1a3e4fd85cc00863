/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: tasks. */
#ifndef HOSTED_LINUX_SCHED_H
#define HOSTED_LINUX_SCHED_H

#include <linux/kernel.h>
#include <linux/lockdep.h>
#include <linux/capability.h>
#include <linux/string.h>
#include <linux/types.h>

struct mem_cgroup;
struct mm_struct;
struct pid;
struct pt_regs;
struct sighand_struct;
struct signal_struct;
struct hosted_task;

#define TASK_RUNNING         0x00
#define TASK_INTERRUPTIBLE   0x01
#define TASK_UNINTERRUPTIBLE 0x02
#define TASK_WAKEKILL        0x100
#define TASK_KILLABLE        (TASK_WAKEKILL | TASK_UNINTERRUPTIBLE)
#define TASK_NORMAL          (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000

#define MAX_SCHEDULE_TIMEOUT LONG_MAX
#define TASK_COMM_LEN        16

#define HOSTED_HELD_MAX 48

/* A lock that a task holds. */
struct hosted_held {
	struct lockdep_map *map;
	unsigned char class;
	bool write;
};

struct task_struct {
	unsigned int __state;
	unsigned int flags;
	pid_t pid;
	pid_t tgid;
	char comm[TASK_COMM_LEN];
	struct mm_struct *mm;
	struct mm_struct *active_mm;
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	struct task_struct *group_leader;
	struct task_struct *tracer;
	struct pid *thread_pid;
	unsigned int non_block_count;
	struct mem_cgroup *active_memcg;
	bool should_stop;

	/* What the hosted kernel knows besides. */
	struct hosted_task *hosted;
	struct list_head node; /* in the list of all tasks */
	int usage;
	unsigned long signals;      /* pending, by number */
	const volatile void *waits; /* for this object; NULL if it does not wait */
	unsigned int atomic_depth;
	unsigned int irqs_off;
	bool in_irq;
	unsigned int rcu_depth;
	int rcu_side;
	unsigned int srcu_depth;
	unsigned int held_count;
	struct hosted_held held[HOSTED_HELD_MAX];
	/* The argument of the system call that runs: memory of the scenario, not of the mm. */
	char *argument;
	size_t argument_size;
};

struct task_struct *hosted_current_task(void);
#define current hosted_current_task()

void schedule(void);
long schedule_timeout(long timeout);
void hosted_schedule_until(u64 ns);
int wake_up_process(struct task_struct *task);
void cond_resched(void);

/* In between the task must not sleep. */
void non_block_start(void);
void non_block_end(void);

#endif
