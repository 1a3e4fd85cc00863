// SPDX-License-Identifier: GPL-2.0-only
/* Deferred work of the hosted kernel: workqueues, timers and RCU. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "hosted.h"

static DEFINE_MUTEX(mutex_a);
static unsigned int inside, most;
static long waited;

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
CASE(ordered_workqueue)

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
CASE(unbound_workqueue)

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
CASE(cancel_work_waits)

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
CASE(delayed_work_runs)

static void case_queue_on_destroyed(void *unused)
{
	make_jobs(1);
	destroy_workqueue(wq);
	queue_work(wq, &jobs[0].work);
}
CASE_UNTIL(queue_on_destroyed, "use after free")

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
CASE_UNTIL(work_leaves_lock, "missing unlock")

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
CASE_UNTIL(flush_under_lock, "lock order")

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
CASE(timer_runs)

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

	hosted_others();
	check(inside);
	call_rcu(&head, note_callback);
	check(!waited);
	synchronize_rcu();
	check(!inside);
	rcu_barrier();
	check(waited == 1);
	hosted_join(reader);
}
CASE(rcu)

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
CASE(srcu)

static void case_srcu_unlock_alone(void *unused)
{
	struct srcu_struct own;

	check(!init_srcu_struct(&own));
	current->srcu_depth = 1;
	srcu_read_unlock(&own, 0);
}
CASE_UNTIL(srcu_unlock_alone, "unlock")

static void case_rcu_reader_waits_for_itself(void *unused)
{
	int side = srcu_read_lock(&domain);

	synchronize_srcu(&domain);
	srcu_read_unlock(&domain, side);
}
CASE_UNTIL(rcu_reader_waits_for_itself, "deadlock")

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests_name("hosted_work", tests, NULL, NULL);
}
