/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: locks for many readers or one writer. A waiting writer keeps new readers out. */
#ifndef HOSTED_LINUX_RWSEM_H
#define HOSTED_LINUX_RWSEM_H

#include <linux/lockdep.h>

struct task_struct;

struct rw_semaphore {
	struct lockdep_map dep_map;
	struct task_struct *owner; /* the writer */
	unsigned int readers;
	unsigned int writers_waiting;
};

#define __RWSEM_INITIALIZER(name)                \
	{                                        \
		.dep_map = __DEP_MAP_INIT(#name) \
	}
#define DECLARE_RWSEM(name) struct rw_semaphore name = __RWSEM_INITIALIZER(name)

#define init_rwsem(sem)                             \
	do {                                        \
		static struct lock_class_key __key; \
		__init_rwsem(sem, #sem, &__key);    \
	} while (0)

void __init_rwsem(struct rw_semaphore *sem, const char *name, struct lock_class_key *key);
void down_read(struct rw_semaphore *sem);
int __must_check down_read_killable(struct rw_semaphore *sem);
int down_read_trylock(struct rw_semaphore *sem);
void up_read(struct rw_semaphore *sem);
void down_write_nested(struct rw_semaphore *sem, int subclass);
/* Many locks of one class, whose order does not matter because the outer lock is held. */
void hosted_down_write_nest_lock(struct rw_semaphore *sem, struct lockdep_map *outer);
int __must_check down_write_killable(struct rw_semaphore *sem);
int down_write_trylock(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);
void downgrade_write(struct rw_semaphore *sem);
bool rwsem_is_locked(struct rw_semaphore *sem);
bool rwsem_is_contended(struct rw_semaphore *sem);

#define down_write_nest_lock(sem, outer) hosted_down_write_nest_lock(sem, &(outer)->dep_map)

static inline void down_write(struct rw_semaphore *sem)
{
	down_write_nested(sem, 0);
}

#endif
