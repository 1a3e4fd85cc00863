/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: spinning locks. */
#ifndef HOSTED_LINUX_SPINLOCK_H
#define HOSTED_LINUX_SPINLOCK_H

#include <linux/atomic.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>

struct task_struct;

typedef struct spinlock {
	struct lockdep_map dep_map;
	struct task_struct *owner;
} spinlock_t;

#define __SPIN_LOCK_UNLOCKED(name)                              \
	(spinlock_t)                                            \
	{                                                       \
		.dep_map = __DEP_MAP_INIT(#name), .owner = NULL \
	}
#define DEFINE_SPINLOCK(name) spinlock_t name = __SPIN_LOCK_UNLOCKED(name)

#define spin_lock_init(lock)                           \
	do {                                           \
		static struct lock_class_key __key;    \
		__spin_lock_init(lock, #lock, &__key); \
	} while (0)

void __spin_lock_init(spinlock_t *lock, const char *name, struct lock_class_key *key);
void spin_lock_nested(spinlock_t *lock, int subclass);
bool spin_trylock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);
void spin_lock_irq(spinlock_t *lock);
void spin_unlock_irq(spinlock_t *lock);
unsigned long hosted_spin_lock_irqsave(spinlock_t *lock);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);

static inline void spin_lock(spinlock_t *lock)
{
	spin_lock_nested(lock, 0);
}

static inline bool spin_is_locked(spinlock_t *lock)
{
	return READ_ONCE(lock->owner) != NULL;
}

#define spin_lock_irqsave(lock, flags) ((flags) = hosted_spin_lock_irqsave(lock))

/* Count down; the lock is taken only for the last one, and held if this was it. */
static inline bool hosted_dec_and_lock(atomic_t *v, spinlock_t *lock, unsigned long *flags)
{
	if (atomic_add_unless(v, -1, 1))
		return false;
	*flags = hosted_spin_lock_irqsave(lock);
	if (atomic_dec_and_test(v))
		return true;
	spin_unlock_irqrestore(lock, *flags);
	return false;
}

#define atomic_dec_and_lock_irqsave(v, lock, flags) hosted_dec_and_lock(v, lock, &(flags))

#define assert_spin_locked(lock) lockdep_assert_held(lock)

#endif
