/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: read-copy-update: who reads is waited for. */
#ifndef HOSTED_LINUX_RCUPDATE_H
#define HOSTED_LINUX_RCUPDATE_H

#include <linux/barrier.h>
#include <linux/srcu.h>

void rcu_read_lock(void);
void rcu_read_unlock(void);
bool rcu_read_lock_held(void);
void synchronize_rcu(void);
void call_rcu(struct rcu_head *head, void (*func)(struct rcu_head *head));
void rcu_barrier(void);

/* A reader sees what was written before the pointer, which on all machines but one is free. */
#define rcu_dereference(pointer)                __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)
#define rcu_dereference_check(pointer, ...)     rcu_dereference(pointer)
#define rcu_dereference_protected(pointer, ...) (pointer)
#define rcu_assign_pointer(pointer, value)      smp_store_release(&(pointer), value)
#define RCU_INIT_POINTER(pointer, value)        WRITE_ONCE(pointer, value)

#endif
