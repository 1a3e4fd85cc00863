/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: sleeping locks with one owner. */
#ifndef HOSTED_LINUX_MUTEX_H
#define HOSTED_LINUX_MUTEX_H

#include <linux/lockdep.h>

struct task_struct;

struct mutex {
	struct lockdep_map dep_map;
	struct task_struct *owner;
};

#define __MUTEX_INITIALIZER(_name)                \
	{                                         \
		.dep_map = __DEP_MAP_INIT(#_name) \
	}
#define DEFINE_MUTEX(name) struct mutex name = __MUTEX_INITIALIZER(name)

#define mutex_init(lock)                            \
	do {                                        \
		static struct lock_class_key __key; \
		__mutex_init(lock, #lock, &__key);  \
	} while (0)

#define mutex_destroy(lock) ((void)WARN_ON(mutex_is_locked(lock)))

void __mutex_init(struct mutex *lock, const char *name, struct lock_class_key *key);
void mutex_lock_nested(struct mutex *lock, unsigned int subclass);
int __must_check mutex_lock_interruptible(struct mutex *lock);
int __must_check mutex_lock_killable(struct mutex *lock);
int mutex_trylock(struct mutex *lock);
void mutex_unlock(struct mutex *lock);
bool mutex_is_locked(struct mutex *lock);

static inline void mutex_lock(struct mutex *lock)
{
	mutex_lock_nested(lock, 0);
}

#endif
