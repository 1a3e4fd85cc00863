// SPDX-License-Identifier: GPL-2.0-only
/* Primitives of the hosted kernel: do what a driver relies on, and notice what it must not do. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/idr.h>
#include <linux/interval_tree.h>
#include <linux/kfifo.h>
#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/pid.h>
#include <linux/preempt.h>
#include <linux/irqflags.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "hosted.h"

/* A test that runs one case; with an oracle, the case has to end by it. */
#define CASE(name, oracle)                        \
	static void name(void **state)            \
	{                                         \
		(void)state;                      \
		hosted_case(case_##name, oracle); \
	}

static unsigned int random_number(unsigned int below)
{
	static unsigned int seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

/* Give way to the others until they sleep. */
static void others(void)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		hosted_point(HOSTED_STEP, NULL, 0);
}

/* ---- trees */

#define NODES 64
#define SPACE 200

static struct interval_tree_node nodes[NODES];
static bool inserted[NODES];

static bool overlaps(const struct interval_tree_node *node, unsigned long start, unsigned long last)
{
	return node->start <= last && node->last >= start;
}

/* Each node that overlaps is found once, in the order of the starts. */
static void check_overlaps(struct rb_root_cached *root, unsigned long start, unsigned long last)
{
	struct interval_tree_node *node, *before = NULL;
	unsigned int i, expected = 0, found = 0;

	for (i = 0; i < NODES; i++)
		expected += inserted[i] && overlaps(&nodes[i], start, last);
	for (node = interval_tree_iter_first(root, start, last); node;
	     node = interval_tree_iter_next(node, start, last)) {
		check(inserted[node - nodes] && overlaps(node, start, last));
		check(!before || before->start <= node->start);
		before = node;
		found++;
	}
	check(found == expected);
}

static void toggle(struct rb_root_cached *root, unsigned int i)
{
	inserted[i] = !inserted[i];
	if (!inserted[i]) {
		interval_tree_remove(&nodes[i], root);
		return;
	}
	nodes[i].start = random_number(SPACE);
	nodes[i].last = nodes[i].start + random_number(20);
	interval_tree_insert(&nodes[i], root);
}

static void case_interval_tree(void *unused)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	unsigned long start;
	unsigned int i;

	for (i = 0; i < 4000; i++) {
		toggle(&root, random_number(NODES));
		start = random_number(SPACE);
		check_overlaps(&root, start, start + random_number(30));
	}
	check_overlaps(&root, 0, ULONG_MAX);
	for (i = 0; i < NODES; i++)
		if (inserted[i])
			toggle(&root, i);
	check(!root.rb_root.rb_node);
}
CASE(interval_tree, NULL)

static unsigned int depth(const struct rb_node *node)
{
	return node ? 1 + max(depth(node->rb_left), depth(node->rb_right)) : 0;
}

/* Sorted input, which would make a list of a tree that is not balanced. */
static void case_rbtree(void *unused)
{
	static struct interval_tree_node many[1000];
	struct rb_root_cached root = RB_ROOT_CACHED;
	struct rb_node *rb;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(many); i++) {
		many[i].start = many[i].last = i;
		interval_tree_insert(&many[i], &root);
	}
	check(depth(root.rb_root.rb_node) < 40);
	i = 0;
	for (rb = rb_first(&root.rb_root); rb; rb = rb_next(rb))
		check(rb == &many[i++].rb);
	check(i == ARRAY_SIZE(many));
	for (rb = rb_last(&root.rb_root); rb; rb = rb_prev(rb))
		check(rb == &many[--i].rb);
	check(!i);
}
CASE(rbtree, NULL)

/* ---- arrays */

#define INDEXES 300

static void *values[INDEXES];

static void check_array(struct xarray *xa, unsigned long first, unsigned long last)
{
	unsigned long index, expected = first;
	void *value;

	xa_for_each_range(xa, index, value, first, last) {
		for (; expected < index; expected++)
			check(!values[expected]);
		check(values[index] == value);
		expected++;
	}
	for (; expected <= last; expected++)
		check(!values[expected]);
}

static void change_array(struct xarray *xa, unsigned long index)
{
	void *value = (void *)(uintptr_t)(8 + 8 * random_number(1000));
	void *old = values[index];

	switch (random_number(4)) {
	case 0:
		check(xa_store(xa, index, value, GFP_KERNEL) == old);
		values[index] = value;
		break;
	case 1:
		check(xa_erase(xa, index) == old);
		values[index] = NULL;
		break;
	case 2:
		check(xa_insert(xa, index, value, GFP_KERNEL) == (old ? -EBUSY : 0));
		values[index] = old ?: value;
		break;
	default:
		check(xa_cmpxchg(xa, index, value, NULL, GFP_KERNEL) == old);
		if (old == value)
			values[index] = NULL;
	}
	check(xa_load(xa, index) == values[index]);
}

static void case_xarray(void *unused)
{
	struct xarray xa;
	unsigned int i;

	xa_init(&xa);
	check(xa_empty(&xa));
	for (i = 0; i < 5000; i++) {
		unsigned long first = random_number(INDEXES);

		change_array(&xa, random_number(INDEXES));
		check_array(&xa, first, first + random_number(INDEXES - first));
	}
	xa_destroy(&xa);
	check(xa_empty(&xa) && !hosted_slab_objects());
}
CASE(xarray, NULL)

static void case_xarray_alloc(void *unused)
{
	struct xarray xa;
	u32 id;

	xa_init_flags(&xa, XA_FLAGS_ALLOC1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) && id == 1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) && id == 2);
	xa_erase(&xa, 1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(0, 3), GFP_KERNEL) && id == 1);
	check(!xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) && id == 3);
	check(xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 3), GFP_KERNEL) == -EBUSY);
	hosted_slab_fail(1);
	check(xa_alloc(&xa, &id, &xa, XA_LIMIT(1, 9), GFP_KERNEL) == -ENOMEM);
	hosted_slab_fail(1);
	check(xa_err(xa_store(&xa, 7, &xa, GFP_KERNEL)) == -ENOMEM && !xa_load(&xa, 7));
	xa_destroy(&xa);
}
CASE(xarray_alloc, NULL)

static DEFINE_IDA(ids);

static void case_ida(void *unused)
{
	check(ida_alloc(&ids, GFP_KERNEL) == 0);
	check(ida_alloc(&ids, GFP_KERNEL) == 1);
	ida_free(&ids, 0);
	check(ida_alloc(&ids, GFP_KERNEL) == 0);
	ida_free(&ids, 0);
	ida_free(&ids, 1);
	ida_free(&ids, 1);
}
CASE(ida, "warning")

static void case_kfifo(void *unused)
{
	DECLARE_KFIFO(fifo, int, 4);
	int i, value;

	INIT_KFIFO(fifo);
	check(kfifo_is_empty(&fifo) && !kfifo_get(&fifo, &value));
	for (i = 0; i < 4; i++)
		check(kfifo_put(&fifo, i));
	check(kfifo_is_full(&fifo) && !kfifo_put(&fifo, 4));
	kfifo_skip(&fifo);
	check(kfifo_put(&fifo, 4));
	for (i = 1; i < 5; i++)
		check(kfifo_get(&fifo, &value) && value == i);
	check(kfifo_is_empty(&fifo));
}
CASE(kfifo, NULL)

static void case_list_twice(void *unused)
{
	LIST_HEAD(head);
	struct list_head entry;

	list_add(&entry, &head);
	list_del(&entry);
	check(list_empty(&head));
	list_del(&entry);
}
CASE(list_twice, "warning")

static void free_kref(struct kref *ref)
{
	(void)ref;
}

static void case_kref_after_zero(void *unused)
{
	struct kref ref;

	kref_init(&ref);
	kref_get(&ref);
	check(!kref_put(&ref, free_kref));
	check(kref_put(&ref, free_kref));
	check(!kref_get_unless_zero(&ref));
	kref_get(&ref);
}
CASE(kref_after_zero, "warning")

/* ---- locks */

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
CASE(rwsem, NULL)

static void case_rwsem_writer_first(void *unused)
{
	struct task_struct *writer, *reader;

	down_read(&sem);
	writer = hosted_thread("writer", NULL, write_once, NULL);
	others();
	check(rwsem_is_contended(&sem));
	reader = hosted_thread("reader", NULL, read_once, NULL);
	others();
	check(!inside);
	up_read(&sem);
	hosted_join(writer);
	hosted_join(reader);
}
CASE(rwsem_writer_first, NULL)

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
	others();
	reader = hosted_thread("reader", NULL, read_once, NULL);
	others();
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
CASE(rwsem_kill, NULL)

static void case_unlock_of_another(void *unused)
{
	mutex_unlock(&mutex_a);
}
CASE(unlock_of_another, "unlock")

static void case_missing_unlock(void *unused)
{
	mutex_lock(&mutex_a);
}
CASE(missing_unlock, "missing unlock")

static void case_lock_twice(void *unused)
{
	mutex_lock(&mutex_a);
	mutex_lock(&mutex_a);
}
CASE(lock_twice, "lock order")

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
CASE(lock_order, "lock order")

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
CASE(lock_order_of_three, "lock order")

static void case_trylock_has_no_order(void *unused)
{
	both(&mutex_a, &mutex_b);
	mutex_lock(&mutex_b);
	check(mutex_trylock(&mutex_a));
	mutex_unlock(&mutex_a);
	mutex_unlock(&mutex_b);
}
CASE(trylock_has_no_order, NULL)

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
CASE(allocation_under_reclaim, "lock order")

static void case_sleep_under_spinlock(void *unused)
{
	spin_lock(&spin);
	mutex_lock(&mutex_a);
}
CASE(sleep_under_spinlock, "sleep in atomic")

static void case_sleep_under_rcu(void *unused)
{
	rcu_read_lock();
	kfree(kmalloc(8, GFP_ATOMIC));
	kfree(kmalloc(8, GFP_KERNEL));
}
CASE(sleep_under_rcu, "sleep in atomic")

static void case_sleep_in_non_block(void *unused)
{
	non_block_start();
	check(mutex_trylock(&mutex_a));
	mutex_unlock(&mutex_a);
	spin_lock(&spin);
	spin_unlock(&spin);
	mutex_lock(&mutex_a);
}
CASE(sleep_in_non_block, "sleep in non_block")

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
CASE(lock_in_interrupt_too, "lock order")

static void case_uninitialised_lock(void *unused)
{
	struct mutex *lock = kzalloc(sizeof(*lock), GFP_KERNEL);

	mutex_lock(lock);
}
CASE(uninitialised_lock, "uninitialised lock")

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

	others();
	check(mutex_is_locked(&mutex_a) && !mutex_trylock(&mutex_a));
	c = hosted_thread("c", NULL, lock_killable, NULL);
	others();
	send_sig(SIGKILL, c, 0);
	hosted_join(c);
	check(killed_with == -EINTR);
	c = hosted_thread("c", NULL, lock_interruptible, NULL);
	others();
	send_sig(SIGTERM, c, 0);
	hosted_join(c);
	check(killed_with == -EINTR);
	hosted_join(a);
	hosted_join(b);
	check(!mutex_is_locked(&mutex_a));
}
CASE(mutex_waits, NULL)

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

	others();
	check(spin_is_locked(&spin) && !spin_trylock(&spin));
	hosted_join(a);
	hosted_join(b);
	check(!spin_is_locked(&spin) && spin_trylock(&spin));
	spin_unlock(&spin);
}
CASE(spinlock_waits, NULL)

static void read_killable(void *unused)
{
	killed_with = down_read_killable(&sem);
}

static void case_read_killed(void *unused)
{
	struct task_struct *reader;

	down_write(&sem);
	reader = hosted_thread("reader", NULL, read_killable, NULL);
	others();
	send_sig(SIGKILL, reader, 0);
	hosted_join(reader);
	check(killed_with == -EINTR && rwsem_is_locked(&sem));
	lockdep_assert_held(&sem);
	lockdep_assert_held_write(&sem);
	lockdep_assert_not_held(&mutex_a);
	up_write(&sem);
}
CASE(read_killed, NULL)

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
CASE(many_of_a_class, "lock order")

static void case_assert_held(void *unused)
{
	check(!lockdep_is_held(&mutex_a));
	lockdep_assert_held(&mutex_a);
}
CASE(assert_held, "lock not held")

static void case_up_read_of_writer(void *unused)
{
	down_write(&sem);
	up_read(&sem);
}
CASE(up_read_of_writer, "unlock")

static void case_up_write_of_reader(void *unused)
{
	down_read(&sem);
	up_write(&sem);
}
CASE(up_write_of_reader, "unlock")

static void case_atomic_left(void *unused)
{
	preempt_disable();
}
CASE(atomic_left, "missing unlock")

static void case_rcu_left(void *unused)
{
	rcu_read_lock();
}
CASE(rcu_left, "missing unlock")

static void case_non_block_left(void *unused)
{
	non_block_start();
	non_block_end();
	non_block_start();
}
CASE(non_block_left, "missing unlock")

static void case_preempt_enable_alone(void *unused)
{
	preempt_enable();
}
CASE(preempt_enable_alone, "unlock")

static void case_non_block_end_alone(void *unused)
{
	non_block_end();
}
CASE(non_block_end_alone, "unlock")

static void case_irq_restored_out_of_order(void *unused)
{
	unsigned long a, b;

	local_irq_save(a);
	local_irq_save(b);
	check(a != b);
	local_irq_restore(a);
}
CASE(irq_restored_out_of_order, "unlock")

static void case_rcu_unlock_alone(void *unused)
{
	rcu_read_unlock();
}
CASE(rcu_unlock_alone, "unlock")

static void case_put_task_alone(void *unused)
{
	/* The first one is of whoever joins. */
	put_task_struct(current);
	put_task_struct(current);
}
CASE(put_task_alone, "refcount")

static void case_put_pid_alone(void *unused)
{
	struct pid *pid = find_get_pid(current->pid);

	check(pid && get_pid_task(pid, PIDTYPE_PID) == current);
	put_task_struct(current);
	put_pid(NULL);
	put_pid(pid);
	put_pid(pid);
}
CASE(put_pid_alone, "refcount")

static void case_resched_under_spinlock(void *unused)
{
	cond_resched();
	spin_lock(&spin);
	cond_resched();
}
CASE(resched_under_spinlock, "sleep in atomic")

/* ---- waiting */

static DECLARE_WAIT_QUEUE_HEAD(queue);
static bool come;
static long waited;

static void wait_for_it(void *unused)
{
	wait_event(queue, READ_ONCE(come));
	waited++;
}

static void case_wait_event_wakes(void *unused)
{
	struct task_struct *a = hosted_thread("a", NULL, wait_for_it, NULL);
	struct task_struct *b = hosted_thread("b", NULL, wait_for_it, NULL);

	others();
	wake_up_all(&queue);
	others();
	check(!waited);
	come = true;
	wake_up_interruptible(&queue);
	others();
	check(!waited);
	wake_up_all(&queue);
	hosted_join(a);
	hosted_join(b);
	check(waited == 2 && !waitqueue_active(&queue));
}
CASE(wait_event_wakes, NULL)

/* An event that nobody announces is a deadlock. */
static void case_lost_wake_up(void *unused)
{
	struct task_struct *a = hosted_thread("a", NULL, wait_for_it, NULL);

	others();
	come = true;
	hosted_join(a);
}
CASE(lost_wake_up, "deadlock")

static void case_wait_timeout(void *unused)
{
	unsigned long begun = jiffies;

	check(!wait_event_timeout(queue, come, 10));
	check(jiffies - begun == 10);
	check(wait_event_interruptible_hrtimeout(queue, come, ms_to_ktime(3)) == -ETIME);
	check(wait_event_interruptible_hrtimeout(queue, come, 0) == -ETIME);
	come = true;
	check(wait_event_timeout(queue, come, 10) == 10);
	check(wait_event_timeout(queue, come, 0) == 1);
	check(!wait_event_interruptible_hrtimeout(queue, come, 0));
}
CASE(wait_timeout, NULL)

static void wait_killable(void *unused)
{
	waited = wait_event_killable_timeout(queue, come, 1000);
}

static void case_wait_killed(void *unused)
{
	struct task_struct *task = hosted_thread("a", NULL, wait_killable, NULL);

	others();
	send_sig(SIGTERM, task, 0);
	others();
	check(!waited);
	send_sig(SIGKILL, task, 0);
	hosted_join(task);
	check(waited == -ERESTARTSYS);
}
CASE(wait_killed, NULL)

static void case_sleep_in_condition(void *unused)
{
	wait_event(queue, ({
			   mutex_lock(&mutex_a);
			   mutex_unlock(&mutex_a);
			   READ_ONCE(come);
		   }));
}
CASE(sleep_in_condition, "sleep in wait")

static unsigned long word;

static void with_bit(void *unused)
{
	check(!wait_on_bit_lock(&word, 3, TASK_UNINTERRUPTIBLE));
	check(!inside++);
	msleep(5);
	inside--;
	clear_and_wake_up_bit(3, &word);
}

static void interruptible_bit(void *unused)
{
	killed_with = wait_on_bit_lock(&word, 3, TASK_INTERRUPTIBLE);
}

static void case_wait_bit(void *unused)
{
	struct task_struct *a = hosted_thread("a", NULL, with_bit, NULL);
	struct task_struct *b = hosted_thread("b", NULL, with_bit, NULL);
	struct task_struct *c;

	others();
	c = hosted_thread("c", NULL, interruptible_bit, NULL);
	others();
	send_sig(SIGINT, c, 0);
	hosted_join(c);
	check(killed_with == -EINTR);
	hosted_join(a);
	hosted_join(b);
	check(!word);
}
CASE(wait_bit, NULL)

static void wait_variable(void *unused)
{
	wait_var_event(&word, READ_ONCE(word));
	waited++;
}

static void case_wait_variable_wakes(void *unused)
{
	struct task_struct *task = hosted_thread("a", NULL, wait_variable, NULL);

	others();
	wake_up_var(&come);
	word = 1;
	others();
	check(!waited);
	wake_up_var(&word);
	hosted_join(task);
	check(waited == 1);
}
CASE(wait_variable_wakes, NULL)

static struct completion done;

static void complete_later(void *unused)
{
	msleep(20);
	complete(&done);
}

static void case_completion(void *unused)
{
	init_completion(&done);
	check(!wait_for_completion_timeout(&done, 2));
	hosted_join(hosted_thread("a", NULL, complete_later, NULL));
	check(completion_done(&done));
	check(wait_for_completion_timeout(&done, 2) && !completion_done(&done));
	hosted_thread("a", NULL, complete_later, NULL);
	wait_for_completion(&done);
	complete_all(&done);
	wait_for_completion(&done);
	wait_for_completion(&done);
	reinit_completion(&done);
	check(!completion_done(&done));
}
CASE(completion, NULL)

/* ---- work */

struct job {
	struct work_struct work;
	unsigned int runs;
	unsigned int again;
};

static struct job jobs[4];
static struct workqueue_struct *wq;
static char order[16];
static unsigned int ordered;

static void run_job(struct work_struct *work)
{
	struct job *job = container_of(work, struct job, work);

	most = max(most, ++inside);
	order[ordered++ % sizeof(order)] = 'a' + (job - jobs);
	msleep(10);
	job->runs++;
	inside--;
	if (job->again && job->again--)
		queue_work(wq, work);
}

static void make_jobs(int max_active)
{
	unsigned int i;

	wq = alloc_workqueue("test", WQ_UNBOUND, max_active);
	check(wq);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		INIT_WORK(&jobs[i].work, run_job);
}

static void case_ordered_workqueue(void *unused)
{
	unsigned int i;

	make_jobs(1);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		check(queue_work(wq, &jobs[i].work));
	check(!queue_work(wq, &jobs[3].work));
	flush_workqueue(wq);
	check(most == 1 && !strncmp(order, "abcd", 5));
	destroy_workqueue(wq);
	check(!hosted_slab_objects());
}
CASE(ordered_workqueue, NULL)

/* Several at once, but none of them twice at once. */
static void case_unbound_workqueue(void *unused)
{
	unsigned int i;

	make_jobs(0);
	for (i = 0; i < ARRAY_SIZE(jobs); i++)
		queue_work(wq, &jobs[i].work);
	msleep(1);
	check(inside == 4 && queue_work(wq, &jobs[0].work));
	msleep(1);
	check(inside == 4);
	check(flush_work(&jobs[0].work) && jobs[0].runs == 2);
	check(!flush_work(&jobs[0].work));
	destroy_workqueue(wq);
}
CASE(unbound_workqueue, NULL)

static void case_cancel_work_waits(void *unused)
{
	make_jobs(1);
	jobs[0].again = 100;
	queue_work(wq, &jobs[0].work);
	queue_work(wq, &jobs[1].work);
	msleep(1);
	check(cancel_work_sync(&jobs[1].work) && !jobs[1].runs);
	check(!cancel_work_sync(&jobs[0].work) && jobs[0].runs == 1);
	check(!work_busy(&jobs[0].work));
	check(queue_work(wq, &jobs[0].work));
	jobs[0].again = 3;
	destroy_workqueue(wq);
	check(jobs[0].runs == 5);
}
CASE(cancel_work_waits, NULL)

static struct delayed_work delayed;
static unsigned long ran_at;

static void note_time(struct work_struct *work)
{
	ran_at = jiffies;
}

static void case_delayed_work_runs(void *unused)
{
	unsigned long begun = jiffies;

	wq = alloc_ordered_workqueue("test", 0);
	INIT_DELAYED_WORK(&delayed, note_time);
	check(queue_delayed_work(wq, &delayed, 7) && !queue_delayed_work(wq, &delayed, 1));
	msleep(100);
	check(ran_at == begun + 7);
	ran_at = 0;
	queue_delayed_work(wq, &delayed, 5);
	check(cancel_delayed_work_sync(&delayed));
	msleep(100);
	check(!ran_at);
	queue_delayed_work(wq, &delayed, 5);
	begun = jiffies;
	mod_delayed_work(wq, &delayed, 2);
	check(flush_delayed_work(&delayed) && ran_at == begun);
	destroy_workqueue(wq);
}
CASE(delayed_work_runs, NULL)

static void case_queue_on_destroyed(void *unused)
{
	make_jobs(1);
	destroy_workqueue(wq);
	queue_work(wq, &jobs[0].work);
}
CASE(queue_on_destroyed, "use after free")

static void leave_locked(struct work_struct *work)
{
	mutex_lock(&mutex_a);
}

static void case_work_leaves_lock(void *unused)
{
	make_jobs(1);
	INIT_WORK(&jobs[0].work, leave_locked);
	queue_work(wq, &jobs[0].work);
	flush_workqueue(wq);
}
CASE(work_leaves_lock, "missing unlock")

static void take_a(struct work_struct *work)
{
	mutex_lock(&mutex_a);
	mutex_unlock(&mutex_a);
}

static void case_flush_under_lock(void *unused)
{
	make_jobs(1);
	INIT_WORK(&jobs[0].work, take_a);
	queue_work(wq, &jobs[0].work);
	flush_workqueue(wq);
	mutex_lock(&mutex_a);
	flush_work(&jobs[0].work);
}
CASE(flush_under_lock, "lock order")

static struct timer_list timer;

static void slow_timer(struct timer_list *unused)
{
	check(in_atomic());
	inside++;
	udelay(5000);
	inside--;
	waited++;
}

static void case_timer_runs(void *unused)
{
	unsigned long begun = jiffies;

	timer_setup(&timer, slow_timer, 0);
	check(!mod_timer(&timer, begun + 10) && timer_pending(&timer));
	check(mod_timer(&timer, begun + 2) && del_timer(&timer) && !del_timer(&timer));
	mod_timer(&timer, begun + 1);
	while (!inside)
		usleep_range(1000, 2000);
	check(!del_timer_sync(&timer) && waited == 1 && !inside);
}
CASE(timer_runs, NULL)

/* ---- RCU */

static DEFINE_SRCU(domain);
static struct rcu_head head;

static void read_rcu(void *unused)
{
	rcu_read_lock();
	inside++;
	udelay(1000);
	inside--;
	rcu_read_unlock();
}

static void note_callback(struct rcu_head *unused)
{
	check(!inside && in_atomic());
	waited++;
}

static void case_rcu(void *unused)
{
	struct task_struct *reader = hosted_thread("reader", NULL, read_rcu, NULL);

	others();
	check(inside);
	call_rcu(&head, note_callback);
	check(!waited);
	synchronize_rcu();
	check(!inside);
	rcu_barrier();
	check(waited == 1);
	hosted_join(reader);
}
CASE(rcu, NULL)

static void read_srcu(void *unused)
{
	int side = srcu_read_lock(&domain);

	inside++;
	msleep(50);
	inside--;
	srcu_read_unlock(&domain, side);
}

/* Readers that come later are not waited for. */
static void case_srcu(void *unused)
{
	struct task_struct *first = hosted_thread("first", NULL, read_srcu, NULL), *second;
	unsigned long begun;

	msleep(20);
	second = hosted_thread("second", NULL, read_srcu, NULL);
	begun = jiffies;
	hosted_point(HOSTED_STEP, NULL, 0);
	synchronize_srcu(&domain);
	check(jiffies - begun >= msecs_to_jiffies(50) - 1);
	synchronize_srcu(&domain);
	check(!srcu_read_lock_held(&domain));
	hosted_join(first);
	hosted_join(second);
	cleanup_srcu_struct(&domain);
}
CASE(srcu, NULL)

static void case_srcu_unlock_alone(void *unused)
{
	struct srcu_struct own;

	check(!init_srcu_struct(&own));
	current->srcu_depth = 1;
	srcu_read_unlock(&own, 0);
}
CASE(srcu_unlock_alone, "unlock")

static void case_rcu_reader_waits_for_itself(void *unused)
{
	int side = srcu_read_lock(&domain);

	synchronize_srcu(&domain);
	srcu_read_unlock(&domain, side);
}
CASE(rcu_reader_waits_for_itself, "deadlock")

/* ---- memory */

static void case_slab(void *unused)
{
	char *memory;

	hosted_slab_fail(2);
	memory = kzalloc(16, GFP_KERNEL);
	check(memory && !memory[0] && !memory[15]);
	check(!kmalloc(16, GFP_KERNEL));
	kfree(memory);
	memory = kmalloc(16, GFP_KERNEL);
	check(memory && memory[3] && hosted_slab_objects() == 1);
	check(!kmalloc_array(SIZE_MAX / 2, 3, GFP_KERNEL));
	kfree(memory);
	kfree(NULL);
	memory = kmemdup("text", 5, GFP_KERNEL);
	check(!strcmp(memory, "text"));
	kfree(memory);
	hosted_slab_check_empty();
}
CASE(slab, NULL)

static void case_slab_leak(void *unused)
{
	kmalloc(16, GFP_KERNEL);
	hosted_slab_check_empty();
}
CASE(slab_leak, "leak")

static void case_free_twice(void *unused)
{
	void *memory = kmalloc(16, GFP_KERNEL);

	kfree(memory);
	kfree(memory);
}
CASE(free_twice, "use after free")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interval_tree),
		cmocka_unit_test(rbtree),
		cmocka_unit_test(xarray),
		cmocka_unit_test(xarray_alloc),
		cmocka_unit_test(ida),
		cmocka_unit_test(kfifo),
		cmocka_unit_test(list_twice),
		cmocka_unit_test(kref_after_zero),
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
		cmocka_unit_test(wait_event_wakes),
		cmocka_unit_test(lost_wake_up),
		cmocka_unit_test(wait_timeout),
		cmocka_unit_test(wait_killed),
		cmocka_unit_test(sleep_in_condition),
		cmocka_unit_test(wait_bit),
		cmocka_unit_test(wait_variable_wakes),
		cmocka_unit_test(completion),
		cmocka_unit_test(ordered_workqueue),
		cmocka_unit_test(unbound_workqueue),
		cmocka_unit_test(cancel_work_waits),
		cmocka_unit_test(delayed_work_runs),
		cmocka_unit_test(queue_on_destroyed),
		cmocka_unit_test(work_leaves_lock),
		cmocka_unit_test(flush_under_lock),
		cmocka_unit_test(timer_runs),
		cmocka_unit_test(rcu),
		cmocka_unit_test(srcu),
		cmocka_unit_test(srcu_unlock_alone),
		cmocka_unit_test(rcu_reader_waits_for_itself),
		cmocka_unit_test(slab),
		cmocka_unit_test(slab_leak),
		cmocka_unit_test(free_twice),
	};

	return cmocka_run_group_tests_name("hosted_kernel", tests, NULL, NULL);
}
