// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks. A task that has to wait sleeps, for a spinlock too: its processor would be busy, and the
 * others run on. Whoever comes first after an unlock gets the lock; the scheduler decides who.
 */
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "internal.h"

/* ---- spinlocks */

void __spin_lock_init(spinlock_t *lock, const char *name, struct lock_class_key *key)
{
	lockdep_init_map(&lock->dep_map, name, key, 0);
	lock->owner = NULL;
}

void spin_lock_nested(spinlock_t *lock, int subclass)
{
	preempt_disable();
	hosted_dep_acquire(&lock->dep_map, subclass, 0);
	hosted_point(HOSTED_LOCK, lock, sizeof(*lock));
	while (lock->owner)
		hosted_wait_on(lock, "spinlock");
	lock->owner = current;
	hosted_acquire(lock);
}

bool spin_trylock(spinlock_t *lock)
{
	hosted_check(lock, sizeof(*lock));
	hosted_point(HOSTED_TRYLOCK, lock, sizeof(*lock));
	if (lock->owner)
		return false;
	preempt_disable();
	hosted_dep_acquire(&lock->dep_map, 0, HOSTED_DEP_TRY);
	lock->owner = current;
	hosted_acquire(lock);
	return true;
}

void spin_unlock(spinlock_t *lock)
{
	hosted_dep_release(&lock->dep_map);
	hosted_point(HOSTED_UNLOCK, lock, sizeof(*lock));
	hosted_release(lock);
	lock->owner = NULL;
	hosted_wake_waiters(lock);
	preempt_enable();
}

void spin_lock_irq(spinlock_t *lock)
{
	hosted_irq_save();
	spin_lock(lock);
}

void spin_unlock_irq(spinlock_t *lock)
{
	spin_unlock(lock);
	hosted_irq_restore(0);
}

unsigned long hosted_spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags = hosted_irq_save();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	hosted_irq_restore(flags);
}

/* ---- mutexes */

void __mutex_init(struct mutex *lock, const char *name, struct lock_class_key *key)
{
	lockdep_init_map(&lock->dep_map, name, key, 0);
	lock->owner = NULL;
}

static int mutex_take(struct mutex *lock, unsigned int subclass, unsigned int state)
{
	might_sleep();
	hosted_dep_acquire(&lock->dep_map, subclass, 0);
	hosted_point(HOSTED_LOCK, lock, sizeof(*lock));
	while (lock->owner) {
		if (signal_pending_state(state, current)) {
			hosted_dep_release(&lock->dep_map);
			return -EINTR;
		}
		hosted_wait_on(lock, "mutex");
	}
	lock->owner = current;
	hosted_acquire(lock);
	return 0;
}

void mutex_lock_nested(struct mutex *lock, unsigned int subclass)
{
	mutex_take(lock, subclass, TASK_UNINTERRUPTIBLE);
}

int mutex_lock_interruptible(struct mutex *lock)
{
	return mutex_take(lock, 0, TASK_INTERRUPTIBLE);
}

int mutex_lock_killable(struct mutex *lock)
{
	return mutex_take(lock, 0, TASK_KILLABLE);
}

int mutex_trylock(struct mutex *lock)
{
	hosted_check(lock, sizeof(*lock));
	hosted_point(HOSTED_TRYLOCK, lock, sizeof(*lock));
	if (lock->owner)
		return 0;
	hosted_dep_acquire(&lock->dep_map, 0, HOSTED_DEP_TRY);
	lock->owner = current;
	hosted_acquire(lock);
	return 1;
}

void mutex_unlock(struct mutex *lock)
{
	hosted_dep_release(&lock->dep_map);
	hosted_point(HOSTED_UNLOCK, lock, sizeof(*lock));
	hosted_release(lock);
	lock->owner = NULL;
	hosted_wake_waiters(lock);
}

bool mutex_is_locked(struct mutex *lock)
{
	hosted_point(HOSTED_MARKED_READ, lock, sizeof(*lock));
	return lock->owner;
}

/* ---- semaphores for readers and writers; what readers release only writers acquire */

void __init_rwsem(struct rw_semaphore *sem, const char *name, struct lock_class_key *key)
{
	memset(sem, 0, sizeof(*sem));
	lockdep_init_map(&sem->dep_map, name, key, 0);
}

static void read_taken(struct rw_semaphore *sem)
{
	sem->readers++;
	hosted_acquire(&sem->owner);
}

static int read_take(struct rw_semaphore *sem, unsigned int state)
{
	might_sleep();
	hosted_dep_acquire(&sem->dep_map, 0, HOSTED_DEP_READ);
	hosted_point(HOSTED_LOCK, sem, sizeof(*sem));
	while (sem->owner || sem->writers_waiting) {
		if (signal_pending_state(state, current)) {
			hosted_dep_release(&sem->dep_map);
			return -EINTR;
		}
		hosted_wait_on(sem, "rwsem for reading");
	}
	read_taken(sem);
	return 0;
}

void down_read(struct rw_semaphore *sem)
{
	read_take(sem, TASK_UNINTERRUPTIBLE);
}

int down_read_killable(struct rw_semaphore *sem)
{
	return read_take(sem, TASK_KILLABLE);
}

/* Does not look at who waits, as in the kernel. */
int down_read_trylock(struct rw_semaphore *sem)
{
	hosted_check(sem, sizeof(*sem));
	hosted_point(HOSTED_TRYLOCK, sem, sizeof(*sem));
	if (sem->owner)
		return 0;
	hosted_dep_acquire(&sem->dep_map, 0, HOSTED_DEP_READ | HOSTED_DEP_TRY);
	read_taken(sem);
	return 1;
}

void up_read(struct rw_semaphore *sem)
{
	hosted_dep_release(&sem->dep_map);
	hosted_point(HOSTED_UNLOCK, sem, sizeof(*sem));
	if (!sem->readers)
		hosted_fail("unlock", "up_read(%s) without readers", sem->dep_map.name);
	hosted_release(&sem->readers);
	sem->readers--;
	hosted_wake_waiters(sem);
}

static void write_taken(struct rw_semaphore *sem)
{
	sem->owner = current;
	hosted_acquire(&sem->owner);
	hosted_acquire(&sem->readers);
}

/* Whether it was let go by a signal. */
static bool write_wait(struct rw_semaphore *sem, unsigned int state)
{
	bool interrupted = false;

	sem->writers_waiting++;
	while ((sem->owner || sem->readers) && !interrupted) {
		interrupted = signal_pending_state(state, current);
		if (!interrupted)
			hosted_wait_on(sem, "rwsem for writing");
	}
	sem->writers_waiting--;
	return interrupted;
}

static int write_take(struct rw_semaphore *sem, unsigned int subclass, unsigned int how,
		      unsigned int state)
{
	might_sleep();
	hosted_dep_acquire(&sem->dep_map, subclass, how);
	hosted_point(HOSTED_LOCK, sem, sizeof(*sem));
	if (write_wait(sem, state)) {
		hosted_dep_release(&sem->dep_map);
		/* Readers waited for a writer who does not come. */
		hosted_wake_waiters(sem);
		return -EINTR;
	}
	write_taken(sem);
	return 0;
}

void down_write_nested(struct rw_semaphore *sem, int subclass)
{
	write_take(sem, subclass, 0, TASK_UNINTERRUPTIBLE);
}

void hosted_down_write_nest_lock(struct rw_semaphore *sem, struct lockdep_map *outer)
{
	WARN(!hosted_lock_held_write(outer), "%s is not held around %s", outer->name,
	     sem->dep_map.name);
	write_take(sem, 0, HOSTED_DEP_NEST, TASK_UNINTERRUPTIBLE);
}

int down_write_killable(struct rw_semaphore *sem)
{
	return write_take(sem, 0, 0, TASK_KILLABLE);
}

int down_write_trylock(struct rw_semaphore *sem)
{
	hosted_check(sem, sizeof(*sem));
	hosted_point(HOSTED_TRYLOCK, sem, sizeof(*sem));
	if (sem->owner || sem->readers)
		return 0;
	hosted_dep_acquire(&sem->dep_map, 0, HOSTED_DEP_TRY);
	write_taken(sem);
	return 1;
}

void up_write(struct rw_semaphore *sem)
{
	hosted_dep_release(&sem->dep_map);
	hosted_point(HOSTED_UNLOCK, sem, sizeof(*sem));
	if (sem->owner != current)
		hosted_fail("unlock", "up_write(%s), which is held for reading", sem->dep_map.name);
	hosted_release(&sem->owner);
	sem->owner = NULL;
	hosted_wake_waiters(sem);
}

void downgrade_write(struct rw_semaphore *sem)
{
	hosted_dep_release(&sem->dep_map);
	hosted_point(HOSTED_UNLOCK, sem, sizeof(*sem));
	hosted_dep_acquire(&sem->dep_map, 0, HOSTED_DEP_READ | HOSTED_DEP_TRY);
	hosted_release(&sem->owner);
	sem->owner = NULL;
	sem->readers++;
	hosted_wake_waiters(sem);
}

bool rwsem_is_locked(struct rw_semaphore *sem)
{
	hosted_point(HOSTED_MARKED_READ, sem, sizeof(*sem));
	return sem->owner || sem->readers;
}

bool rwsem_is_contended(struct rw_semaphore *sem)
{
	hosted_point(HOSTED_MARKED_READ, sem, sizeof(*sem));
	return sem->writers_waiting;
}
