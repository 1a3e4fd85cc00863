// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU: grace periods end when all readers from before have left. Ordinary RCU is a domain like any
 * other, whose readers must not sleep.
 */
#include <linux/rcupdate.h>
#include <linux/srcu.h>

#include "internal.h"

static struct srcu_struct rcu_domain = __SRCU_STRUCT_INIT("rcu");

int init_srcu_struct(struct srcu_struct *domain)
{
	memset(domain, 0, sizeof(*domain));
	domain->name = "srcu";
	return 0;
}

void cleanup_srcu_struct(struct srcu_struct *domain)
{
	WARN(srcu_read_lock_held(domain) || domain->calling,
	     "%s: cleanup with readers or callbacks", domain->name);
}

static int domain_enter(struct srcu_struct *domain)
{
	int side;

	hosted_point(HOSTED_LOCK, domain, sizeof(*domain));
	side = domain->side;
	domain->readers[side]++;
	hosted_acquire(&domain->side);
	return side;
}

static void domain_leave(struct srcu_struct *domain, int side)
{
	hosted_point(HOSTED_UNLOCK, domain, sizeof(*domain));
	if (!domain->readers[side])
		hosted_fail("unlock", "%s: more read sections end than began", domain->name);
	hosted_release(&domain->readers);
	domain->readers[side]--;
	hosted_wake_waiters(domain);
}

int srcu_read_lock(struct srcu_struct *domain)
{
	current->srcu_depth++;
	return domain_enter(domain);
}

void srcu_read_unlock(struct srcu_struct *domain, int side)
{
	current->srcu_depth--;
	domain_leave(domain, side);
}

bool srcu_read_lock_held(const struct srcu_struct *domain)
{
	return domain->readers[0] || domain->readers[1];
}

/* One at a time, so the side that is not current has no readers when it begins. */
void synchronize_srcu(struct srcu_struct *domain)
{
	int side;

	might_sleep();
	hosted_point(HOSTED_LOCK, domain, sizeof(*domain));
	while (domain->waiting)
		hosted_wait_on(domain, "grace period of somebody else");
	domain->waiting = true;
	side = domain->side;
	hosted_release(&domain->side);
	domain->side = !side;
	while (domain->readers[side])
		hosted_wait_on(domain, "grace period");
	hosted_acquire(&domain->readers);
	domain->waiting = false;
	hosted_wake_waiters(domain);
}

static void run_callbacks(void *data)
{
	struct srcu_struct *domain = data;
	struct rcu_head *head, *next;

	while ((head = domain->callbacks)) {
		domain->callbacks = NULL;
		hosted_acquire(&domain->callbacks);
		synchronize_srcu(domain);
		for (; head; head = next) {
			next = head->next;
			hosted_atomic_begin(false);
			head->func(head);
			hosted_atomic_end(false);
		}
	}
	domain->calling = false;
	hosted_release(&domain->callbacks);
	hosted_wake_waiters(&domain->callbacks);
}

void call_srcu(struct srcu_struct *domain, struct rcu_head *head,
	       void (*func)(struct rcu_head *head))
{
	hosted_point(HOSTED_ATOMIC, &domain->callbacks, sizeof(domain->callbacks));
	hosted_release(&domain->callbacks);
	head->func = func;
	head->next = domain->callbacks;
	domain->callbacks = head;
	if (domain->calling)
		return;
	domain->calling = true;
	hosted_kthread(domain->name, run_callbacks, domain);
}

void srcu_barrier(struct srcu_struct *domain)
{
	might_sleep();
	hosted_point(HOSTED_LOCK, &domain->callbacks, sizeof(domain->callbacks));
	while (domain->calling)
		hosted_wait_on(&domain->callbacks, "RCU callbacks");
	hosted_acquire(&domain->callbacks);
}

void rcu_read_lock(void)
{
	struct task_struct *task = current;

	if (!task->rcu_depth++)
		task->rcu_side = domain_enter(&rcu_domain);
}

void rcu_read_unlock(void)
{
	struct task_struct *task = current;

	if (!task->rcu_depth)
		hosted_fail("unlock", "%s: rcu_read_unlock() without a lock", task->comm);
	if (!--task->rcu_depth)
		domain_leave(&rcu_domain, task->rcu_side);
}

bool rcu_read_lock_held(void)
{
	return current->rcu_depth;
}

void synchronize_rcu(void)
{
	synchronize_srcu(&rcu_domain);
}

void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head))
{
	call_srcu(&rcu_domain, head, func);
}

void rcu_barrier(void)
{
	srcu_barrier(&rcu_domain);
}
