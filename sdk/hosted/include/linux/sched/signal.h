/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: signals, and what the threads of a process share. */
#ifndef HOSTED_LINUX_SCHED_SIGNAL_H
#define HOSTED_LINUX_SCHED_SIGNAL_H

#include <linux/rwsem.h>
#include <linux/sched.h>

#define SIGINT  2
#define SIGKILL 9
#define SIGTERM 15

#define SIG_DFL ((__sighandler_t)0)
#define SIG_IGN ((__sighandler_t)1)

typedef void (*__sighandler_t)(int sig);

struct k_sigaction {
	struct {
		__sighandler_t sa_handler;
	} sa;
};

/* Up to SIGTERM. A kernel thread ignores a signal until it allows it. */
struct sighand_struct {
	struct k_sigaction action[15];
};

struct signal_struct {
	struct rw_semaphore exec_update_lock;
};

bool signal_pending(struct task_struct *task);
bool fatal_signal_pending(struct task_struct *task);
bool signal_pending_state(unsigned int state, struct task_struct *task);
int send_sig(int sig, struct task_struct *task, int priv);
/* What the running kernel thread does with a signal. One that is disallowed is pending no more. */
void allow_kernel_signal(int sig);
void disallow_signal(int sig);

/* Under RCU. Each task counts as a process of its own. NULL: from the first on. */
struct task_struct *hosted_next_process(const struct task_struct *task);
#define for_each_process(p)   for ((p) = hosted_next_process(NULL); (p); (p) = hosted_next_process(p))
#define for_each_thread(p, t) for ((t) = (p); (t); (t) = NULL)
bool pid_alive(const struct task_struct *task);

static inline bool same_thread_group(const struct task_struct *a, const struct task_struct *b)
{
	return a->signal == b->signal;
}

#endif
