// SPDX-License-Identifier: GPL-2.0-only
/* Locks of the hosted kernel: who waits for whom, and what a driver must not do with them. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "hosted.h"

static DECLARE_RWSEM(sem);
static DEFINE_MUTEX(mutex_a);
static DEFINE_MUTEX(mutex_b);
static DEFINE_SPINLOCK(spin);
static unsigned int inside, most;

static void read_once(void *unused)
{
	down_read(&sem);
	most = max(most, ++inside);
	msleep(10);
	inside--;
	up_read(&sem);
}

static void write_once(void *unused)
{
	down_write(&sem);
	check(!inside);
	msleep(10);
	check(!inside);
	up_write(&sem);
}

static void case_rwsem(void *unused)
{
	struct task_struct *tasks[6];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		tasks[i] = hosted_thread("user", NULL, i % 3 ? read_once : write_once, NULL);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		hosted_join(tasks[i]);
	check(most > 1 && !rwsem_is_locked(&sem));
}
CASE(rwsem)

static void case_rwsem_writer_first(void *unused)
{
	struct task_struct *writer, *reader;

	down_read(&sem);
	writer = hosted_thread("writer", NULL, write_once, NULL);
	hosted_others();
	check(rwsem_is_contended(&sem));
	reader = hosted_thread("reader", NULL, read_once, NULL);
	hosted_others();
	check(!inside);
	up_read(&sem);
	hosted_join(writer);
	hosted_join(reader);
}
CASE(rwsem_writer_first)

static int killed_with;

static void write_killable(void *unused)
{
	killed_with = down_write_killable(&sem);
}

/* The reader behind a writer who gives up goes on. */
static void case_rwsem_kill(void *unused)
{
	struct task_struct *writer, *reader;

	down_read(&sem);
	writer = hosted_thread("writer", NULL, write_killable, NULL);
	hosted_others();
	reader = hosted_thread("reader", NULL, read_once, NULL);
	hosted_others();
	send_sig(SIGKILL, writer, 0);
	hosted_join(writer);
	hosted_join(reader);
	check(killed_with == -EINTR && most == 1);
	up_read(&sem);
	check(down_write_trylock(&sem) && !down_read_trylock(&sem));
	downgrade_write(&sem);
	check(down_read_trylock(&sem) && !down_write_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
}
CASE(rwsem_kill)

static void case_unlock_of_another(void *unused)
{
	mutex_unlock(&mutex_a);
}
CASE_UNTIL(unlock_of_another, "unlock")

static void case_missing_unlock(void *unused)
{
	mutex_lock(&mutex_a);
}
CASE_UNTIL(missing_unlock, "missing unlock")

static void case_lock_twice(void *unused)
{
	mutex_lock(&mutex_a);
	mutex_lock(&mutex_a);
}
CASE_UNTIL(lock_twice, "lock order")

static void both(struct mutex *outer, struct mutex *inner)
{
	mutex_lock(outer);
	mutex_lock(inner);
	mutex_unlock(inner);
	mutex_unlock(outer);
}

/* No deadlock happens, but it could. */
static void case_lock_order(void *unused)
{
	both(&mutex_a, &mutex_b);
	both(&mutex_b, &mutex_a);
}
CASE_UNTIL(lock_order, "lock order")

static void case_lock_order_of_three(void *unused)
{
	mutex_lock(&mutex_a);
	down_read(&sem);
	up_read(&sem);
	mutex_unlock(&mutex_a);
	down_write(&sem);
	mutex_lock(&mutex_b);
	mutex_unlock(&mutex_b);
	up_write(&sem);
	both(&mutex_b, &mutex_a);
}
CASE_UNTIL(lock_order_of_three, "lock order")

static void case_trylock_has_no_order(void *unused)
{
	both(&mutex_a, &mutex_b);
	mutex_lock(&mutex_b);
	check(mutex_trylock(&mutex_a));
	mutex_unlock(&mutex_a);
	mutex_unlock(&mutex_b);
}
CASE(trylock_has_no_order)

static void case_allocation_under_reclaim(void *unused)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	mutex_lock(&mutex_a);
	mutex_unlock(&mutex_a);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
	mutex_lock(&mutex_a);
	kfree(kmalloc(8, GFP_NOWAIT));
	kfree(kmalloc(8, GFP_KERNEL));
}
CASE_UNTIL(allocation_under_reclaim, "lock order")

static void case_sleep_under_spinlock(void *unused)
{
	spin_lock(&spin);
	mutex_lock(&mutex_a);
}
CASE_UNTIL(sleep_under_spinlock, "sleep in atomic")

static void case_sleep_under_rcu(void *unused)
{
	rcu_read_lock();
	kfree(kmalloc(8, GFP_ATOMIC));
	kfree(kmalloc(8, GFP_KERNEL));
}
CASE_UNTIL(sleep_under_rcu, "sleep in atomic")

static void case_sleep_in_non_block(void *unused)
{
	non_block_start();
	check(mutex_trylock(&mutex_a));
	mutex_unlock(&mutex_a);
	spin_lock(&spin);
	spin_unlock(&spin);
	mutex_lock(&mutex_a);
}
CASE_UNTIL(sleep_in_non_block, "sleep in non_block")

static void lock_in_interrupt(struct timer_list *unused)
{
	unsigned long flags;

	current->in_irq = true;
	spin_lock_irqsave(&spin, flags);
	spin_unlock_irqrestore(&spin, flags);
	current->in_irq = false;
}

static void case_lock_in_interrupt_too(void *unused)
{
	unsigned long flags;

	spin_lock_irqsave(&spin, flags);
	spin_unlock_irqrestore(&spin, flags);
	lock_in_interrupt(NULL);
	spin_lock(&spin);
}
CASE_UNTIL(lock_in_interrupt_too, "lock order")

static void case_uninitialised_lock(void *unused)
{
	struct mutex *lock = kzalloc(sizeof(*lock), GFP_KERNEL);

	mutex_lock(lock);
}
CASE_UNTIL(uninitialised_lock, "uninitialised lock")

static void lock_and_look(void *unused)
{
	mutex_lock(&mutex_a);
	check(!inside++);
	msleep(10);
	inside--;
	mutex_unlock(&mutex_a);
}

static void lock_killable(void *unused)
{
	killed_with = mutex_lock_killable(&mutex_a);
}

static void lock_interruptible(void *unused)
{
	killed_with = mutex_lock_interruptible(&mutex_a);
}

static void case_mutex_waits(void *unused)
{
	struct task_struct *a = hosted_thread("a", NULL, lock_and_look, NULL);
	struct task_struct *b = hosted_thread("b", NULL, lock_and_look, NULL), *c;

	hosted_others();
	check(mutex_is_locked(&mutex_a) && !mutex_trylock(&mutex_a));
	c = hosted_thread("c", NULL, lock_killable, NULL);
	hosted_others();
	send_sig(SIGKILL, c, 0);
	hosted_join(c);
	check(killed_with == -EINTR);
	c = hosted_thread("c", NULL, lock_interruptible, NULL);
	hosted_others();
	send_sig(SIGTERM, c, 0);
	hosted_join(c);
	check(killed_with == -EINTR);
	hosted_join(a);
	hosted_join(b);
	check(!mutex_is_locked(&mutex_a));
}
CASE(mutex_waits)

static void spin_and_look(void *unused)
{
	spin_lock_irq(&spin);
	check(irqs_disabled() && in_atomic() && !inside++);
	udelay(10);
	inside--;
	spin_unlock_irq(&spin);
	check(!irqs_disabled() && !in_atomic());
}

static void case_spinlock_waits(void *unused)
{
	struct task_struct *a = hosted_thread("a", NULL, spin_and_look, NULL);
	struct task_struct *b = hosted_thread("b", NULL, spin_and_look, NULL);

	hosted_others();
	check(spin_is_locked(&spin) && !spin_trylock(&spin));
	hosted_join(a);
	hosted_join(b);
	check(!spin_is_locked(&spin) && spin_trylock(&spin));
	spin_unlock(&spin);
}
CASE(spinlock_waits)

static void read_killable(void *unused)
{
	killed_with = down_read_killable(&sem);
}

static void case_read_killed(void *unused)
{
	struct task_struct *reader;

	down_write(&sem);
	reader = hosted_thread("reader", NULL, read_killable, NULL);
	hosted_others();
	send_sig(SIGKILL, reader, 0);
	hosted_join(reader);
	check(killed_with == -EINTR && rwsem_is_locked(&sem));
	lockdep_assert_held(&sem);
	lockdep_assert_held_write(&sem);
	lockdep_assert_not_held(&mutex_a);
	up_write(&sem);
}
CASE(read_killed)

static void case_many_of_a_class(void *unused)
{
	struct rw_semaphore sems[3];
	int i;

	for (i = 0; i < 3; i++)
		init_rwsem(&sems[i]);
	mutex_lock(&mutex_a);
	for (i = 0; i < 3; i++)
		down_write_nest_lock(&sems[i], &mutex_a);
	for (i = 0; i < 3; i++)
		up_write(&sems[i]);
	mutex_unlock(&mutex_a);
	down_write(&sems[0]);
	down_write(&sems[1]);
}
CASE_UNTIL(many_of_a_class, "lock order")

static void case_assert_held(void *unused)
{
	check(!lockdep_is_held(&mutex_a));
	lockdep_assert_held(&mutex_a);
}
CASE_UNTIL(assert_held, "lock not held")

static void case_up_read_of_writer(void *unused)
{
	down_write(&sem);
	up_read(&sem);
}
CASE_UNTIL(up_read_of_writer, "unlock")

static void case_up_write_of_reader(void *unused)
{
	down_read(&sem);
	up_write(&sem);
}
CASE_UNTIL(up_write_of_reader, "unlock")

static void case_atomic_left(void *unused)
{
	preempt_disable();
}
CASE_UNTIL(atomic_left, "missing unlock")

static void case_rcu_left(void *unused)
{
	rcu_read_lock();
}
CASE_UNTIL(rcu_left, "missing unlock")

static void case_non_block_left(void *unused)
{
	non_block_start();
	non_block_end();
	non_block_start();
}
CASE_UNTIL(non_block_left, "missing unlock")

static void case_preempt_enable_alone(void *unused)
{
	preempt_enable();
}
CASE_UNTIL(preempt_enable_alone, "unlock")

static void case_non_block_end_alone(void *unused)
{
	non_block_end();
}
CASE_UNTIL(non_block_end_alone, "unlock")

static void case_irq_restored_out_of_order(void *unused)
{
	unsigned long a, b;

	local_irq_save(a);
	local_irq_save(b);
	check(a != b);
	local_irq_restore(a);
}
CASE_UNTIL(irq_restored_out_of_order, "unlock")

static void case_rcu_unlock_alone(void *unused)
{
	rcu_read_unlock();
}
CASE_UNTIL(rcu_unlock_alone, "unlock")

static void case_put_task_alone(void *unused)
{
	/* The first one is of whoever joins. */
	put_task_struct(current);
	put_task_struct(current);
}
CASE_UNTIL(put_task_alone, "refcount")

static void case_put_pid_alone(void *unused)
{
	struct pid *pid = find_get_pid(current->pid);

	check(pid && get_pid_task(pid, PIDTYPE_PID) == current);
	put_task_struct(current);
	put_pid(NULL);
	put_pid(pid);
	put_pid(pid);
}
CASE_UNTIL(put_pid_alone, "refcount")

static void case_resched_under_spinlock(void *unused)
{
	cond_resched();
	spin_lock(&spin);
	cond_resched();
}
CASE_UNTIL(resched_under_spinlock, "sleep in atomic")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rwsem),
		cmocka_unit_test(rwsem_writer_first),
		cmocka_unit_test(rwsem_kill),
		cmocka_unit_test(unlock_of_another),
		cmocka_unit_test(missing_unlock),
		cmocka_unit_test(lock_twice),
		cmocka_unit_test(lock_order),
		cmocka_unit_test(lock_order_of_three),
		cmocka_unit_test(trylock_has_no_order),
		cmocka_unit_test(allocation_under_reclaim),
		cmocka_unit_test(sleep_under_spinlock),
		cmocka_unit_test(sleep_under_rcu),
		cmocka_unit_test(sleep_in_non_block),
		cmocka_unit_test(lock_in_interrupt_too),
		cmocka_unit_test(uninitialised_lock),
		cmocka_unit_test(mutex_waits),
		cmocka_unit_test(spinlock_waits),
		cmocka_unit_test(read_killed),
		cmocka_unit_test(many_of_a_class),
		cmocka_unit_test(assert_held),
		cmocka_unit_test(up_read_of_writer),
		cmocka_unit_test(up_write_of_reader),
		cmocka_unit_test(atomic_left),
		cmocka_unit_test(rcu_left),
		cmocka_unit_test(non_block_left),
		cmocka_unit_test(preempt_enable_alone),
		cmocka_unit_test(non_block_end_alone),
		cmocka_unit_test(irq_restored_out_of_order),
		cmocka_unit_test(rcu_unlock_alone),
		cmocka_unit_test(put_task_alone),
		cmocka_unit_test(put_pid_alone),
		cmocka_unit_test(resched_under_spinlock),
	};

	return cmocka_run_group_tests_name("hosted_locks", tests, NULL, NULL);
}
