// SPDX-License-Identifier: GPL-2.0-only
/*
 * Workqueues. Workers are made when there is work and end when there is none. A work that runs may
 * free itself, so who runs what is kept with the workers, and so is the number of the queueing, by
 * which others wait for it.
 */
#include <linux/workqueue.h>

#include "internal.h"

#define HOSTED_MAX_ACTIVE 8
#define HOSTED_QUEUE_LIVE 0x71756575

struct workqueue_struct {
	unsigned int live; /* HOSTED_QUEUE_LIVE until it is destroyed */
	char name[24];
	unsigned int max_active;
	unsigned int workers;
	bool draining;
	struct list_head pending;
	struct lockdep_map dep_map;
};

/* On the stack of the worker. */
struct hosted_worker {
	struct workqueue_struct *queue;
	const struct work_struct *work; /* NULL between two */
	unsigned long number;
	struct task_struct *task;
	struct list_head node;
};

static LIST_HEAD(workers);
static unsigned long last_number;

static struct workqueue_struct system_queue = {
	.live = HOSTED_QUEUE_LIVE,
	.name = "events",
	.max_active = HOSTED_MAX_ACTIVE,
	.pending = LIST_HEAD_INIT(system_queue.pending),
	.dep_map = { .name = "events" },
};
struct workqueue_struct *system_wq = &system_queue;
struct workqueue_struct *system_unbound_wq = &system_queue;

static const struct hosted_worker *runs(const struct work_struct *work)
{
	const struct hosted_worker *worker;

	list_for_each_entry(worker, &workers, node)
		if (worker->work == work)
			return worker;
	return NULL;
}

void hosted_init_work(struct work_struct *work, work_func_t func, const char *name,
		      struct lock_class_key *key)
{
	memset(work, 0, sizeof(*work));
	INIT_LIST_HEAD(&work->entry);
	work->func = func;
	lockdep_init_map(&work->dep_map, name, key, 0);
}

struct workqueue_struct *alloc_workqueue(const char *format, unsigned int flags, int max_active,
					 ...)
{
	struct workqueue_struct *queue = kzalloc(sizeof(*queue), GFP_KERNEL);
	va_list args;

	if (!queue)
		return NULL;
	va_start(args, max_active);
	vsnprintf(queue->name, sizeof(queue->name), format, args);
	va_end(args);
	queue->live = HOSTED_QUEUE_LIVE;
	queue->max_active = max_active ?: HOSTED_MAX_ACTIVE;
	INIT_LIST_HEAD(&queue->pending);
	queue->dep_map.name = queue->name;
	return queue;
}

static void check_live(const struct workqueue_struct *queue, const char *what)
{
	hosted_check(queue, sizeof(*queue));
	if (queue->live != HOSTED_QUEUE_LIVE)
		hosted_fail("use after free", "%s of a workqueue that is none", what);
}

/* No work runs twice at once. Somebody may cancel it just before. */
static struct work_struct *next_work(const struct workqueue_struct *queue)
{
	struct work_struct *work;

	hosted_point(HOSTED_ATOMIC, queue, sizeof(*queue));
	list_for_each_entry(work, &queue->pending, entry) {
		hosted_check(work, sizeof(*work));
		if (!runs(work))
			return work;
	}
	return NULL;
}

/* The maps are copied, because the work may be freed while it runs. */
static void run_work(struct hosted_worker *worker, struct work_struct *work)
{
	struct lockdep_map map = work->dep_map;
	work_func_t func = work->func;

	list_del_init(&work->entry);
	work->pending = false;
	worker->work = work;
	worker->number = work->number;
	hosted_acquire(work);
	lock_map_acquire(&worker->queue->dep_map);
	lock_map_acquire(&map);
	func(work);
	lock_map_release(&map);
	lock_map_release(&worker->queue->dep_map);
	hosted_thread_check();
	hosted_release(work);
	hosted_release(worker->queue);
	worker->work = NULL;
	hosted_wake_waiters(&workers);
}

static void worker_main(void *data)
{
	struct hosted_worker worker = { .queue = data, .task = current };
	struct work_struct *work;

	list_add_tail(&worker.node, &workers);
	while ((work = next_work(worker.queue)))
		run_work(&worker, work);
	list_del(&worker.node);
	hosted_release(worker.queue);
	worker.queue->workers--;
	hosted_wake_waiters(&workers);
}

static void start_worker(struct workqueue_struct *queue)
{
	if (queue->workers == queue->max_active)
		return;
	queue->workers++;
	hosted_kthread(queue->name, worker_main, queue);
}

/* A draining queue takes work only from its own work. */
static void check_draining(const struct workqueue_struct *queue)
{
	const struct hosted_worker *worker;

	if (!queue->draining)
		return;
	list_for_each_entry(worker, &workers, node)
		if (worker->queue == queue && worker->task == current)
			return;
	hosted_fail("warning", "work is queued on %s, which is being drained", queue->name);
}

static void enqueue(struct workqueue_struct *queue, struct work_struct *work)
{
	check_draining(queue);
	work->queue = queue;
	work->number = ++last_number;
	list_add_tail(&work->entry, &queue->pending);
	start_worker(queue);
}

/* Whether the work may be queued, and is now marked so. */
static bool claim(struct workqueue_struct *queue, struct work_struct *work)
{
	hosted_point(HOSTED_ATOMIC, work, sizeof(*work));
	check_live(queue, "queue_work()");
	hosted_check(work, sizeof(*work));
	if (!work->func)
		hosted_fail("uninitialised work", "%p on %s", work, queue->name);
	hosted_acquire(work);
	hosted_release(work);
	if (work->pending || work->cancelling)
		return false;
	work->pending = true;
	return true;
}

bool queue_work(struct workqueue_struct *queue, struct work_struct *work)
{
	if (!claim(queue, work))
		return false;
	enqueue(queue, work);
	return true;
}

/* ---- waiting */

static bool is_pending(const struct workqueue_struct *queue, unsigned long number)
{
	const struct work_struct *work;

	list_for_each_entry(work, &queue->pending, entry)
		if (work->number == number)
			return true;
	return false;
}

static bool is_running(unsigned long number)
{
	const struct hosted_worker *worker;

	list_for_each_entry(worker, &workers, node)
		if (worker->work && worker->number == number)
			return true;
	return false;
}

static void wait_number(struct workqueue_struct *queue, unsigned long number)
{
	while (is_running(number) || is_pending(queue, number))
		hosted_wait_on(&workers, "work");
}

bool flush_work(struct work_struct *work)
{
	const struct hosted_worker *worker;
	unsigned long number;

	might_sleep();
	hosted_dep_pass(&work->dep_map);
	hosted_point(HOSTED_LOCK, work, sizeof(*work));
	hosted_check(work, sizeof(*work));
	worker = runs(work);
	if (!work->pending && !worker)
		return false;
	number = work->pending ? work->number : worker->number;
	wait_number(work->queue, number);
	hosted_acquire(work);
	return true;
}

bool cancel_work(struct work_struct *work)
{
	hosted_point(HOSTED_ATOMIC, work, sizeof(*work));
	hosted_check(work, sizeof(*work));
	hosted_acquire(work);
	if (work->pending)
		hosted_point(HOSTED_ATOMIC, work->queue, sizeof(*work->queue));
	if (!work->pending || list_empty(&work->entry))
		return false;
	list_del_init(&work->entry);
	work->pending = false;
	hosted_wake_waiters(&workers);
	return true;
}

/* Nobody can queue it again before it has ended, itself neither. */
bool cancel_work_sync(struct work_struct *work)
{
	bool was_pending;

	might_sleep();
	hosted_dep_pass(&work->dep_map);
	work->cancelling++;
	was_pending = cancel_work(work);
	while (runs(work))
		hosted_wait_on(&workers, "work that is cancelled");
	hosted_acquire(work);
	work->cancelling--;
	return was_pending;
}

bool work_busy(struct work_struct *work)
{
	hosted_point(HOSTED_MARKED_READ, work, sizeof(*work));
	return work->pending || runs(work);
}

static bool queue_is_busy(const struct workqueue_struct *queue, unsigned long until)
{
	const struct hosted_worker *worker;
	const struct work_struct *work;

	list_for_each_entry(work, &queue->pending, entry)
		if (work->number <= until)
			return true;
	list_for_each_entry(worker, &workers, node)
		if (worker->queue == queue && worker->work && worker->number <= until)
			return true;
	return false;
}

/* What was queued before; all if until is ULONG_MAX. */
static void wait_queue(struct workqueue_struct *queue, unsigned long until)
{
	might_sleep();
	hosted_dep_pass(&queue->dep_map);
	hosted_point(HOSTED_LOCK, queue, sizeof(*queue));
	check_live(queue, "flush");
	while (queue_is_busy(queue, until))
		hosted_wait_on(&workers, "workqueue");
	hosted_acquire(queue);
}

void flush_workqueue(struct workqueue_struct *queue)
{
	wait_queue(queue, last_number);
}

void drain_workqueue(struct workqueue_struct *queue)
{
	queue->draining = true;
	wait_queue(queue, ULONG_MAX);
	queue->draining = false;
}

void destroy_workqueue(struct workqueue_struct *queue)
{
	check_live(queue, "destroy_workqueue()");
	drain_workqueue(queue);
	while (queue->workers)
		hosted_wait_on(&workers, "end of workers");
	hosted_acquire(queue);
	queue->live = 0;
	kfree(queue);
}

/* ---- delayed work: pending from the start, in no list before its time */

void hosted_delayed_work(struct timer_list *timer)
{
	struct delayed_work *dwork = from_timer(dwork, timer, timer);

	check_live(dwork->wq, "delayed work");
	enqueue(dwork->wq, &dwork->work);
}

bool queue_delayed_work(struct workqueue_struct *queue, struct delayed_work *dwork,
			unsigned long delay)
{
	if (!delay)
		return queue_work(queue, &dwork->work);
	if (!claim(queue, &dwork->work))
		return false;
	dwork->wq = queue;
	mod_timer(&dwork->timer, jiffies + delay);
	return true;
}

bool cancel_delayed_work(struct delayed_work *dwork)
{
	if (del_timer(&dwork->timer)) {
		dwork->work.pending = false;
		return true;
	}
	return cancel_work(&dwork->work);
}

bool cancel_delayed_work_sync(struct delayed_work *dwork)
{
	bool was_pending;

	dwork->work.cancelling++;
	was_pending = cancel_delayed_work(dwork);
	was_pending |= cancel_work_sync(&dwork->work);
	dwork->work.cancelling--;
	return was_pending;
}

bool mod_delayed_work(struct workqueue_struct *queue, struct delayed_work *dwork,
		      unsigned long delay)
{
	bool was_pending = cancel_delayed_work(dwork);

	queue_delayed_work(queue, dwork, delay);
	return was_pending;
}

bool flush_delayed_work(struct delayed_work *dwork)
{
	if (del_timer(&dwork->timer))
		enqueue(dwork->wq, &dwork->work);
	return flush_work(&dwork->work);
}
