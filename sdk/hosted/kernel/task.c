// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tasks as the kernel sees them: who they are, what context they are in, signals. Each task of the
 * scheduler gets one when it first asks for it.
 */
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/stacktrace.h>

#include "internal.h"

/* Those that have ended stay until somebody needs the place. */
#define HOSTED_TASK_STRUCTS (HOSTED_TASKS + 8)

struct hosted_process {
	struct task_struct task;
	struct signal_struct signal;
	struct sighand_struct sighand;
	struct pid pid;
	void (*fn)(void *arg);
	void *arg;
	int (*main)(void *data); /* of a thread of the kernel */
	void *data;
	int result;
	bool used;
	bool ended;
};

static struct hosted_process processes[HOSTED_TASK_STRUCTS];
static unsigned int waiting; /* tasks in hosted_wait_on() */

static struct hosted_process *process_of(struct task_struct *task)
{
	return container_of(task, struct hosted_process, task);
}

/* Its task has ended, or never began through this file and was replaced by another one. */
static bool is_over(const struct hosted_process *process)
{
	const struct task_struct *task = &process->task;

	return process->ended || (task->hosted && hosted_private(task->hosted) != task);
}

static bool is_free(const struct hosted_process *process)
{
	return !process->used ||
	       (is_over(process) && process->task.usage <= 1 && !process->pid.count);
}

/* The first free one from a place on. */
static struct hosted_process *find_free(unsigned int place)
{
	for (unsigned int i = 0; i < HOSTED_TASK_STRUCTS; i++) {
		struct hosted_process *process = &processes[(place + i) % HOSTED_TASK_STRUCTS];

		if (is_free(process))
			return process;
	}
	hosted_fail("tasks", "references to %d tasks are held", HOSTED_TASK_STRUCTS);
}

static struct task_struct *task_create(const char *name, struct mm_struct *mm, unsigned int place)
{
	struct hosted_process *process = find_free(place);
	struct task_struct *task;

	/* Who had the place before is over. */
	hosted_acquire(process);
	memset(process, 0, sizeof(*process));
	process->used = true;
	task = &process->task;
	task->pid = process - processes + 1;
	task->tgid = task->pid;
	strscpy(task->comm, name, sizeof(task->comm));
	task->mm = mm;
	task->active_mm = mm;
	task->signal = &process->signal;
	task->sighand = &process->sighand;
	task->group_leader = task;
	task->thread_pid = &process->pid;
	task->usage = 1;
	init_rwsem(&process->signal.exec_update_lock);
	process->pid.nr = task->pid;
	process->pid.task = task;
	return task;
}

static void task_attach(struct task_struct *task, struct hosted_task *hosted)
{
	task->hosted = hosted;
	hosted_set_private(hosted, task);
}

/* A thread that this file has not made gets its place by its number, whoever comes first. */
struct task_struct *hosted_current_task(void)
{
	struct hosted_task *hosted = hosted_current();
	struct task_struct *task = hosted_private(hosted);

	if (!task) {
		task = task_create(hosted_name(hosted), NULL, hosted_id(hosted));
		task_attach(task, hosted);
	}
	return task;
}

struct task_struct *hosted_next_process(const struct task_struct *task)
{
	struct hosted_process *process = processes;

	if (task)
		process = container_of(task, struct hosted_process, task) + 1;
	for (; process < processes + HOSTED_TASK_STRUCTS; process++)
		if (process->used && !is_over(process))
			return &process->task;
	return NULL;
}

bool pid_alive(const struct task_struct *task)
{
	return !is_over(container_of(task, struct hosted_process, task));
}

static __sighandler_t *handler_of(struct task_struct *task, int sig)
{
	return &task->sighand->action[sig - 1].sa.sa_handler;
}

void hosted_thread_check(void)
{
	struct task_struct *task = current;

	if (task->held_count)
		hosted_fail("missing unlock", "%s ends with %s held", task->comm,
			    task->held[task->held_count - 1].map->name);
	if (task->atomic_depth || task->irqs_off)
		hosted_fail("missing unlock", "%s ends in atomic context", task->comm);
	if (task->rcu_depth || task->srcu_depth)
		hosted_fail("missing unlock", "%s ends in an RCU read section", task->comm);
	if (task->active_memcg)
		hosted_fail("missing unlock", "%s ends while others pay for it", task->comm);
	if (task->non_block_count)
		hosted_fail("missing unlock", "%s ends in a non_block section", task->comm);
	if (task->flags & PF_KTHREAD && *handler_of(task, SIGKILL) != SIG_IGN)
		hosted_fail("signal", "%s does something else and can still be killed", task->comm);
}

static void thread_main(void *data)
{
	struct hosted_process *process = data;

	process->fn(process->arg);
	hosted_thread_check();
	hosted_release(process);
	process->ended = true;
	process->pid.task = NULL;
	hosted_wake_waiters(process);
}

static struct task_struct *thread_start(struct task_struct *task, void (*fn)(void *arg), void *arg)
{
	struct hosted_process *process = process_of(task);

	process->fn = fn;
	process->arg = arg;
	task_attach(task, hosted_spawn(task->comm, thread_main, process));
	return task;
}

struct task_struct *hosted_thread(const char *name, struct mm_struct *mm, void (*fn)(void *arg),
				  void *arg)
{
	return thread_start(get_task_struct(task_create(name, mm, HOSTED_TASKS)), fn, arg);
}

/* No signal reaches a thread of the kernel. */
static struct task_struct *kthread_create(const char *name)
{
	struct task_struct *task = task_create(name, NULL, HOSTED_TASKS);
	unsigned int i;

	task->flags |= PF_KTHREAD;
	for (i = 0; i < ARRAY_SIZE(task->sighand->action); i++)
		task->sighand->action[i].sa.sa_handler = SIG_IGN;
	return task;
}

struct task_struct *hosted_kthread(const char *name, void (*fn)(void *arg), void *arg)
{
	return thread_start(kthread_create(name), fn, arg);
}

void hosted_join(struct task_struct *task)
{
	struct hosted_process *process = process_of(task);

	while (!process->ended)
		hosted_wait_on(process, "join");
	hosted_acquire(process);
	put_task_struct(task);
}

/* ---- threads of the kernel that somebody stops */

static void kthread_main(void *arg)
{
	struct hosted_process *process = arg;

	process->result = process->main(process->data);
}

struct task_struct *kthread_run(int (*fn)(void *data), void *data, const char *format, ...)
{
	char name[TASK_COMM_LEN];
	struct task_struct *task;
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	task = get_task_struct(kthread_create(name));
	process_of(task)->main = fn;
	process_of(task)->data = data;
	thread_start(task, kthread_main, process_of(task));
	hosted_set_daemon(task->hosted);
	return task;
}

int kthread_stop(struct task_struct *task)
{
	struct hosted_process *process = process_of(task);

	might_sleep();
	hosted_point(HOSTED_MARKED_WRITE, &task->should_stop, sizeof(task->should_stop));
	task->should_stop = true;
	wake_up_process(task);
	hosted_join(task);
	return process->result;
}

bool kthread_should_stop(void)
{
	struct task_struct *task = current;

	hosted_point(HOSTED_MARKED_READ, &task->should_stop, sizeof(task->should_stop));
	return task->should_stop;
}

void kthread_use_mm(struct mm_struct *mm)
{
	WARN_ON(!(current->flags & PF_KTHREAD) || current->mm);
	current->mm = mm;
	current->active_mm = mm;
}

void kthread_unuse_mm(struct mm_struct *mm)
{
	WARN_ON(current->mm != mm);
	current->mm = NULL;
	current->active_mm = NULL;
}

/* ---- who has called */

/* Frames of a task end with an empty one. */
unsigned int stack_trace_save(unsigned long *store, unsigned int size, unsigned int skip)
{
	const unsigned long *frame = __builtin_frame_address(0);
	unsigned int n = 0;

	for (; frame && frame[0] && n < size; frame = (const unsigned long *)frame[0]) {
		if (skip)
			skip--;
		else
			store[n++] = frame[1];
	}
	return n;
}

void stack_trace_print(const unsigned long *entries, unsigned int count, int spaces)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		printk("%*s%#lx", spaces, "", entries[i]);
}

/* ---- sleeping */

void hosted_wait_on(const volatile void *object, const char *why)
{
	struct task_struct *task = current;

	task->waits = object;
	waiting++;
	hosted_block(why, object);
	waiting--;
	task->waits = NULL;
}

bool hosted_wait_until(const volatile void *object, const char *why, u64 ns)
{
	struct task_struct *task = current;
	bool woken;

	task->waits = object;
	waiting++;
	woken = hosted_block_until(why, object, ns);
	waiting--;
	task->waits = NULL;
	return woken;
}

void hosted_wake_waiters(const volatile void *object)
{
	struct hosted_process *process;

	if (!waiting)
		return;
	for (process = processes; process < processes + HOSTED_TASK_STRUCTS; process++)
		if (process->used && process->task.waits == object)
			hosted_wake(process->task.hosted);
}

static void sleep_check(const struct task_struct *task, const char *what)
{
	if (task->in_irq)
		hosted_fail("sleep in atomic", "%s: %s in an interrupt", task->comm, what);
	if (task->atomic_depth || task->irqs_off)
		hosted_fail("sleep in atomic", "%s: %s under %s", task->comm, what,
			    task->held_count ? task->held[task->held_count - 1].map->name :
					       "preempt_disable()");
	if (task->rcu_depth)
		hosted_fail("sleep in atomic", "%s: %s under rcu_read_lock()", task->comm, what);
	if (task->non_block_count)
		hosted_fail("sleep in non_block", "%s: %s where nothing may block", task->comm,
			    what);
}

void might_sleep(void)
{
	sleep_check(current, "may sleep");
	if (current->__state != TASK_RUNNING)
		hosted_fail("sleep in wait", "%s sleeps in the condition of a wait", current->comm);
}

void cond_resched(void)
{
	might_sleep();
	hosted_point(HOSTED_STEP, NULL, 0);
}

static bool may_sleep_on(struct task_struct *task)
{
	return task->__state != TASK_RUNNING && !signal_pending_state(task->__state, task);
}

/* Until somebody wakes the task, a signal comes, or the time. */
void hosted_schedule_until(u64 ns)
{
	struct task_struct *task = current;

	sleep_check(task, "sleeps");
	while (may_sleep_on(task) && hosted_block_until("wait with timeout", task->waits, ns))
		;
	task->__state = TASK_RUNNING;
	hosted_acquire(task);
}

void schedule(void)
{
	struct task_struct *task = current;

	sleep_check(task, "sleeps");
	while (may_sleep_on(task))
		hosted_block("wait", task->waits);
	task->__state = TASK_RUNNING;
	hosted_acquire(task);
}

/* As ticks end: less than was asked for, by up to one of them. */
long schedule_timeout(long timeout)
{
	u64 end = hosted_now_ns() / HOSTED_TICK_NS + timeout;

	if (timeout == MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return timeout;
	}
	hosted_schedule_until(end * HOSTED_TICK_NS);
	return max_t(long, end - hosted_now_ns() / HOSTED_TICK_NS, 0);
}

int wake_up_process(struct task_struct *task)
{
	if (task->__state == TASK_RUNNING)
		return 0;
	hosted_release(task);
	task->__state = TASK_RUNNING;
	hosted_wake(task->hosted);
	return 1;
}

/* ---- contexts */

void preempt_disable(void)
{
	current->atomic_depth++;
}

void preempt_enable(void)
{
	struct task_struct *task = current;

	if (!task->atomic_depth)
		hosted_fail("unlock", "%s: preempt_enable() without preempt_disable()", task->comm);
	task->atomic_depth--;
}

bool in_atomic(void)
{
	return current->atomic_depth || current->in_irq;
}

bool in_hardirq(void)
{
	return current->in_irq;
}

/* Interrupts are tasks of their own, so nothing is held off: a lock that needs it is noticed. */
unsigned long hosted_irq_save(void)
{
	return current->irqs_off++;
}

void hosted_irq_restore(unsigned long flags)
{
	struct task_struct *task = current;

	if (!task->irqs_off || flags != task->irqs_off - 1)
		hosted_fail("unlock", "%s: interrupts restored to %lu, %u deep", task->comm, flags,
			    task->irqs_off);
	task->irqs_off--;
}

bool irqs_disabled(void)
{
	return current->irqs_off || current->in_irq;
}

void hosted_atomic_begin(bool irq)
{
	current->in_irq = irq;
	preempt_disable();
}

void hosted_atomic_end(bool irq)
{
	preempt_enable();
	if (irq)
		current->in_irq = false;
}

void non_block_start(void)
{
	current->non_block_count++;
}

void non_block_end(void)
{
	struct task_struct *task = current;

	if (!task->non_block_count)
		hosted_fail("unlock", "%s: non_block_end() without a start", task->comm);
	task->non_block_count--;
}

/* ---- signals */

bool signal_pending(struct task_struct *task)
{
	return READ_ONCE(task->signals);
}

bool fatal_signal_pending(struct task_struct *task)
{
	hosted_point(HOSTED_MARKED_READ, &task->signals, sizeof(task->signals));
	return task->signals & BIT(SIGKILL);
}

bool signal_pending_state(unsigned int state, struct task_struct *task)
{
	if (state & TASK_INTERRUPTIBLE)
		return task->signals;
	return (state & TASK_WAKEKILL) && (task->signals & BIT(SIGKILL));
}

void allow_kernel_signal(int sig)
{
	*handler_of(current, sig) = (__sighandler_t)2;
}

void disallow_signal(int sig)
{
	*handler_of(current, sig) = SIG_IGN;
	current->signals &= ~BIT(sig);
}

int send_sig(int sig, struct task_struct *task, int priv)
{
	hosted_point(HOSTED_MARKED_WRITE, &task->signals, sizeof(task->signals));
	if (*handler_of(task, sig) == SIG_IGN)
		return 0;
	task->signals |= BIT(sig);
	if (task->waits || signal_pending_state(task->__state, task))
		hosted_wake(task->hosted);
	return 0;
}

/* ---- names of tasks, and rights over them */

struct task_struct *get_task_struct(struct task_struct *task)
{
	task->usage++;
	return task;
}

void put_task_struct(struct task_struct *task)
{
	if (task->usage <= 1)
		hosted_fail("refcount", "put_task_struct(%s) once too often", task->comm);
	task->usage--;
}

struct pid *find_get_pid(pid_t nr)
{
	struct hosted_process *process;

	for (process = processes; process < processes + HOSTED_TASK_STRUCTS; process++) {
		if (!process->used || is_over(process) || process->pid.nr != nr)
			continue;
		process->pid.count++;
		return &process->pid;
	}
	return NULL;
}

void put_pid(struct pid *pid)
{
	if (!pid)
		return;
	if (!pid->count)
		hosted_fail("refcount", "put_pid(%d) once too often", pid->nr);
	pid->count--;
}

struct task_struct *get_pid_task(struct pid *pid, enum pid_type type)
{
	if (!pid)
		return NULL;
	hosted_point(HOSTED_MARKED_READ, pid, sizeof(*pid));
	return pid->task ? get_task_struct(pid->task) : NULL;
}

void hosted_trace(struct task_struct *task, struct task_struct *tracer)
{
	hosted_point(HOSTED_MARKED_WRITE, &task->tracer, sizeof(task->tracer));
	task->tracer = tracer;
}

struct task_struct *ptrace_parent(struct task_struct *task)
{
	WARN(!rcu_read_lock_held(), "ptrace_parent() without rcu_read_lock()");
	hosted_point(HOSTED_MARKED_READ, &task->tracer, sizeof(task->tracer));
	return task->tracer;
}

/* Nobody in a scenario is privileged. */
bool ns_capable(struct user_namespace *ns, int capability)
{
	return false;
}
