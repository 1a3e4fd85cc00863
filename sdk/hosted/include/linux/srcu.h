/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: read-copy-update whose readers may sleep; each user has a domain. */
#ifndef HOSTED_LINUX_SRCU_H
#define HOSTED_LINUX_SRCU_H

#include <linux/types.h>

/* Readers are counted on the side that was current when they began; waiting changes the side. */
struct srcu_struct {
	const char *name;
	int side;
	unsigned int readers[2];
	bool waiting; /* somebody does: one at a time */
	struct callback_head *callbacks;
	bool calling; /* a task calls them */
};

#define __SRCU_STRUCT_INIT(_name) \
	{                         \
		.name = (_name)   \
	}
#define DEFINE_STATIC_SRCU(name) static struct srcu_struct name = __SRCU_STRUCT_INIT(#name)
#define DEFINE_SRCU(name)        struct srcu_struct name = __SRCU_STRUCT_INIT(#name)

int init_srcu_struct(struct srcu_struct *domain);
void cleanup_srcu_struct(struct srcu_struct *domain);
int srcu_read_lock(struct srcu_struct *domain);
void srcu_read_unlock(struct srcu_struct *domain, int side);
void synchronize_srcu(struct srcu_struct *domain);
void call_srcu(struct srcu_struct *domain, struct rcu_head *head,
	       void (*func)(struct rcu_head *head));
void srcu_barrier(struct srcu_struct *domain);
bool srcu_read_lock_held(const struct srcu_struct *domain);

#define srcu_dereference(pointer, domain) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)

#endif
