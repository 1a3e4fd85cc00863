// SPDX-License-Identifier: GPL-2.0-only
/* Waiting in the hosted kernel: wait queues, completions, bits, time and signals. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/wait_bit.h>

#include "hosted.h"

static DEFINE_MUTEX(mutex_a);
static unsigned int inside;
static int killed_with;

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

	hosted_others();
	wake_up_all(&queue);
	hosted_others();
	check(!waited);
	come = true;
	wake_up_interruptible(&queue);
	hosted_others();
	check(!waited);
	wake_up_all(&queue);
	hosted_join(a);
	hosted_join(b);
	check(waited == 2 && !waitqueue_active(&queue));
}
CASE(wait_event_wakes)

/* An event that nobody announces is a deadlock. */
static void case_lost_wake_up(void *unused)
{
	struct task_struct *a = hosted_thread("a", NULL, wait_for_it, NULL);

	hosted_others();
	come = true;
	hosted_join(a);
}
CASE_UNTIL(lost_wake_up, "deadlock")

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
CASE(wait_timeout)

static void wait_killable(void *unused)
{
	waited = wait_event_killable_timeout(queue, come, 1000);
}

static void case_wait_killed(void *unused)
{
	struct task_struct *task = hosted_thread("a", NULL, wait_killable, NULL);

	hosted_others();
	send_sig(SIGTERM, task, 0);
	hosted_others();
	check(!waited);
	send_sig(SIGKILL, task, 0);
	hosted_join(task);
	check(waited == -ERESTARTSYS);
}
CASE(wait_killed)

static void case_sleep_in_condition(void *unused)
{
	wait_event(queue, ({
			   mutex_lock(&mutex_a);
			   mutex_unlock(&mutex_a);
			   READ_ONCE(come);
		   }));
}
CASE_UNTIL(sleep_in_condition, "sleep in wait")

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

	hosted_others();
	c = hosted_thread("c", NULL, interruptible_bit, NULL);
	hosted_others();
	send_sig(SIGINT, c, 0);
	hosted_join(c);
	check(killed_with == -EINTR);
	hosted_join(a);
	hosted_join(b);
	check(!word);
}
CASE(wait_bit)

static void wait_variable(void *unused)
{
	wait_var_event(&word, READ_ONCE(word));
	waited++;
}

static void case_wait_variable_wakes(void *unused)
{
	struct task_struct *task = hosted_thread("a", NULL, wait_variable, NULL);

	hosted_others();
	wake_up_var(&come);
	word = 1;
	hosted_others();
	check(!waited);
	wake_up_var(&word);
	hosted_join(task);
	check(waited == 1);
}
CASE(wait_variable_wakes)

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
CASE(completion)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wait_event_wakes),    cmocka_unit_test(lost_wake_up),
		cmocka_unit_test(wait_timeout),        cmocka_unit_test(wait_killed),
		cmocka_unit_test(sleep_in_condition),  cmocka_unit_test(wait_bit),
		cmocka_unit_test(wait_variable_wakes), cmocka_unit_test(completion),
	};

	return cmocka_run_group_tests_name("hosted_waits", tests, NULL, NULL);
}
