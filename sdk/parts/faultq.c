// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault queue: faults that wait, and the workers that take them. An interrupt puts a fault into
 * the list; a worker takes all of one window, sorts them, and serves what lies side by side at
 * once.
 *
 * Each fault counts as a user of the mirror until it is answered, so that detach waits for it.
 */
#include <linux/list_sort.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "faultq_internal.h"

#define XMMU_NO_WINDOW ULONG_MAX

/* Pages that could not be served at once are served in so many parts. */
#define XMMU_FAULTQ_DIVIDE 8

/*
 * The workers of a process: one that opens the device often, and hangs every queue, keeps no more
 * than these, and none of another process. Of all that there are, under the mutex.
 */
struct xmmu_faultq_crew {
	struct list_head node;
	struct mm_struct *mm; /* of who makes the queues; it is kept, so that no other is there */
	struct workqueue_struct *wq;
	unsigned int users;
};
static LIST_HEAD(xmmu_faultq_crews);
static DEFINE_MUTEX(xmmu_faultq_crews_mutex);

#define xmmu_faultq_for_each_worker(queue, worker)                                           \
	for (worker = (queue)->workers; worker < (queue)->workers + (queue)->config.workers; \
	     worker++)

static unsigned long xmmu_faultq_page(const struct xmmu_faultq_entry *entry)
{
	return entry->fault.addr & PAGE_MASK;
}

static unsigned long xmmu_faultq_window(const struct xmmu_faultq_entry *entry)
{
	return entry->fault.addr / XMMU_WINDOW;
}

/* ---- what waits, and who works; all under the lock */

static void xmmu_faultq_queue_worker(struct xmmu_faultq_worker *worker, unsigned long delay)
{
	worker->busy = true;
	queue_delayed_work(worker->queue->crew->wq, &worker->work, delay);
}

/* One more worker, if there is one that has nothing to do. */
static void xmmu_faultq_kick(struct xmmu_faultq *queue)
{
	struct xmmu_faultq_worker *worker;

	if (queue->closed)
		return;
	xmmu_faultq_for_each_worker(queue, worker) {
		if (worker->busy)
			continue;
		xmmu_faultq_queue_worker(worker, 0);
		break;
	}
}

static bool xmmu_faultq_is_claimed(struct xmmu_faultq *queue, unsigned long window)
{
	struct xmmu_faultq_worker *worker;

	xmmu_faultq_for_each_worker(queue, worker)
		if (worker->window == window)
			return true;
	return false;
}

/* The first fault that a worker may take. */
static struct xmmu_faultq_entry *xmmu_faultq_next(struct xmmu_faultq *queue)
{
	struct xmmu_faultq_entry *entry;

	list_for_each_entry(entry, &queue->waiting, node)
		if (!xmmu_faultq_is_claimed(queue, xmmu_faultq_window(entry)))
			return entry;
	return NULL;
}

static bool xmmu_faultq_accept(struct xmmu_faultq *queue, const struct xmmu_fault *fault)
{
	struct xmmu_faultq_entry *entry;

	entry = list_first_entry_or_null(&queue->free, struct xmmu_faultq_entry, node);
	if (!entry || queue->closed) {
		queue->full = true;
		queue->stats.refused++;
		return false;
	}
	entry->fault = *fault;
	entry->pushed = ktime_get();
	entry->tries = 0;
	entry->most = XMMU_WINDOW / PAGE_SIZE;
	entry->pinned = xmmu_mirror_pin(queue->mirror);
	list_move_tail(&entry->node, &queue->waiting);
	queue->stats.pushed++;
	xmmu_faultq_kick(queue);
	return true;
}

bool xmmu_faultq_push(struct xmmu_faultq *queue, const struct xmmu_fault *fault)
{
	unsigned long irq;
	bool accepted;

	spin_lock_irqsave(&queue->lock, irq);
	accepted = xmmu_faultq_accept(queue, fault);
	spin_unlock_irqrestore(&queue->lock, irq);
	return accepted;
}

/* ---- a batch: what waits for the window of the fault that has waited longest */

/* Whether there is one. If not, the worker is done. */
static bool xmmu_faultq_take(struct xmmu_faultq_worker *worker)
{
	struct xmmu_faultq *queue = worker->queue;
	struct xmmu_faultq_entry *entry, *next;

	spin_lock_irq(&queue->lock);
	entry = xmmu_faultq_next(queue);
	worker->busy = entry;
	if (entry) {
		worker->window = xmmu_faultq_window(entry);
		worker->expired = false;
		queue->stats.batches++;
	}
	list_for_each_entry_safe(entry, next, &queue->waiting, node)
		if (xmmu_faultq_window(entry) == worker->window)
			list_move_tail(&entry->node, &worker->batch);
	spin_unlock_irq(&queue->lock);
	return !list_empty(&worker->batch);
}

/*
 * The rest goes behind what waits for other windows: there may be something that hangs in this one.
 * If nothing could be answered there is no use in trying again at once.
 */
static void xmmu_faultq_put_back(struct xmmu_faultq_worker *worker)
{
	struct xmmu_faultq *queue = worker->queue;

	spin_lock_irq(&queue->lock);
	worker->window = XMMU_NO_WINDOW;
	list_splice_tail_init(&worker->batch, &queue->waiting);
	worker->busy = false;
	if (xmmu_faultq_next(queue) && !queue->closed)
		xmmu_faultq_queue_worker(worker, worker->answered ? 0 : 1);
	spin_unlock_irq(&queue->lock);
}

static int xmmu_faultq_by_page(void *unused, const struct list_head *a, const struct list_head *b)
{
	const struct xmmu_faultq_entry *first = list_entry(a, struct xmmu_faultq_entry, node);
	const struct xmmu_faultq_entry *second = list_entry(b, struct xmmu_faultq_entry, node);

	if (xmmu_faultq_page(first) != xmmu_faultq_page(second))
		return xmmu_faultq_page(first) > xmmu_faultq_page(second) ? 1 : -1;
	return first->pushed > second->pushed;
}

static int xmmu_faultq_by_tries(void *unused, const struct list_head *a, const struct list_head *b)
{
	const struct xmmu_faultq_entry *first = list_entry(a, struct xmmu_faultq_entry, node);
	const struct xmmu_faultq_entry *second = list_entry(b, struct xmmu_faultq_entry, node);

	return first->tries > second->tries;
}

/* Neighbours in the list, of the same page or not. Returns whether they are. */
static bool xmmu_faultq_unite(struct xmmu_faultq_entry *to, const struct xmmu_faultq_entry *from)
{
	if (xmmu_faultq_page(to) != xmmu_faultq_page(from))
		return false;
	to->access |= from->access;
	to->tries = max(to->tries, from->tries);
	return true;
}

/* Once there and once back, so that all faults of a page know the same. */
static void xmmu_faultq_dedupe(struct xmmu_faultq_worker *worker)
{
	struct xmmu_faultq_entry *entry, *last = NULL;
	unsigned int same = 0;

	list_for_each_entry(entry, &worker->batch, node) {
		entry->access = entry->fault.access & XMMU_WRITE;
		if (last)
			same += xmmu_faultq_unite(entry, last);
		last = entry;
	}
	list_for_each_entry_reverse(entry, &worker->batch, node) {
		xmmu_faultq_unite(entry, last);
		last = entry;
	}
	spin_lock_irq(&worker->queue->lock);
	worker->queue->stats.deduped += same;
	spin_unlock_irq(&worker->queue->lock);
}

/* By page, and in the order of the pushes for each; what has failed before comes last. */
static void xmmu_faultq_sort(struct xmmu_faultq_worker *worker)
{
	list_sort(NULL, &worker->batch, xmmu_faultq_by_page);
	xmmu_faultq_dedupe(worker);
	list_sort(NULL, &worker->batch, xmmu_faultq_by_tries);
}

static bool xmmu_faultq_belongs(const struct xmmu_faultq_run *run,
				const struct xmmu_faultq_entry *entry)
{
	unsigned long page = xmmu_faultq_page(entry);

	if (page == run->end - PAGE_SIZE)
		return true;
	/* The last page there is has no end: it stays by itself. */
	return page == run->end && page + PAGE_SIZE && entry->access == run->access &&
	       entry->most == run->most && page < run->start + run->most * PAGE_SIZE;
}

/* The first faults of the batch that can be served at once. */
static void xmmu_faultq_cut(struct xmmu_faultq_worker *worker, struct xmmu_faultq_run *run)
{
	struct xmmu_faultq_entry *entry, *next;

	entry = list_first_entry(&worker->batch, struct xmmu_faultq_entry, node);
	INIT_LIST_HEAD(&run->faults);
	run->start = xmmu_faultq_page(entry);
	run->end = run->start + PAGE_SIZE;
	run->access = entry->access;
	run->most = entry->most;
	list_for_each_entry_safe(entry, next, &worker->batch, node) {
		if (!xmmu_faultq_belongs(run, entry))
			break;
		run->end = xmmu_faultq_page(entry) + PAGE_SIZE;
		list_move_tail(&entry->node, &run->faults);
	}
}

/* ---- a worker */

/* Without an address space there is nothing to try. Of several pages it may have been one. */
static bool xmmu_faultq_may_retry(const struct xmmu_faultq_run *run, int err)
{
	if (!err || err == -ESRCH)
		return false;
	return run->end - run->start > PAGE_SIZE || err == -EAGAIN || err == -ETIMEDOUT ||
	       err == -EINTR;
}

/* Of several pages a few at a time, when the others have been served. */
static void xmmu_faultq_retry(struct xmmu_faultq_worker *worker, struct xmmu_faultq_run *run)
{
	struct xmmu_faultq *queue = worker->queue;
	unsigned int pages = (run->end - run->start) / PAGE_SIZE;
	struct xmmu_faultq_entry *entry;

	spin_lock_irq(&queue->lock);
	list_for_each_entry(entry, &run->faults, node) {
		entry->tries++;
		entry->most = max(pages / XMMU_FAULTQ_DIVIDE, 1U);
		queue->stats.retried++;
	}
	list_splice_tail(&run->faults, pages > 1 ? &worker->batch : &queue->waiting);
	spin_unlock_irq(&queue->lock);
}

static void xmmu_faultq_run(struct xmmu_faultq_worker *worker)
{
	struct xmmu_faultq_run run;
	int err;

	xmmu_faultq_cut(worker, &run);
	err = xmmu_faultq_serve(worker, &run);
	if (xmmu_faultq_may_retry(&run, err)) {
		xmmu_faultq_retry(worker, &run);
		return;
	}
	worker->answered = true;
	xmmu_faultq_answer(worker->queue, &run.faults, err);
}

/* What was pushed while the mirror was not attached; it may be again, to another address space. */
static void xmmu_faultq_cancel_homeless(struct xmmu_faultq_worker *worker)
{
	struct xmmu_faultq_entry *entry, *next;
	LIST_HEAD(homeless);

	list_for_each_entry_safe(entry, next, &worker->batch, node)
		if (!entry->pinned)
			list_move_tail(&entry->node, &homeless);
	if (list_empty(&homeless))
		return;
	worker->answered = true;
	xmmu_faultq_answer(worker->queue, &homeless, -ESRCH);
}

static void xmmu_faultq_work(struct work_struct *work)
{
	struct xmmu_faultq_worker *worker =
		container_of(to_delayed_work(work), struct xmmu_faultq_worker, work);

	if (!xmmu_faultq_take(worker))
		return;
	worker->answered = false;
	xmmu_faultq_cancel_homeless(worker);
	mod_timer(&worker->timer, jiffies + msecs_to_jiffies(worker->queue->config.slice_ms));
	xmmu_faultq_sort(worker);
	while (!list_empty(&worker->batch) && !READ_ONCE(worker->expired))
		xmmu_faultq_run(worker);
	timer_delete_sync(&worker->timer);
	xmmu_faultq_put_back(worker);
}

/* ---- from beginning to end */

static struct xmmu_faultq_crew *xmmu_faultq_crew_create(struct mm_struct *mm)
{
	struct xmmu_faultq_crew *crew = kzalloc(sizeof(*crew), GFP_KERNEL_ACCOUNT);

	if (!crew)
		return NULL;
	crew->wq = alloc_workqueue("xmmu-" XMMU_DRIVER_NAME "-faults", WQ_UNBOUND,
				   XMMU_FAULTQ_WORKERS_MAX);
	if (!crew->wq) {
		kfree(crew);
		return NULL;
	}
	crew->mm = mm;
	if (mm)
		mmgrab(mm);
	list_add(&crew->node, &xmmu_faultq_crews);
	return crew;
}

static struct xmmu_faultq_crew *xmmu_faultq_crew_find(struct mm_struct *mm)
{
	struct xmmu_faultq_crew *crew;

	list_for_each_entry(crew, &xmmu_faultq_crews, node)
		if (crew->mm == mm)
			return crew;
	return NULL;
}

static int xmmu_faultq_hire(struct xmmu_faultq *queue)
{
	mutex_lock(&xmmu_faultq_crews_mutex);
	queue->crew = xmmu_faultq_crew_find(current->mm) ?: xmmu_faultq_crew_create(current->mm);
	if (queue->crew)
		queue->crew->users++;
	mutex_unlock(&xmmu_faultq_crews_mutex);
	return queue->crew ? 0 : -ENOMEM;
}

static void xmmu_faultq_dismiss(struct xmmu_faultq *queue)
{
	struct xmmu_faultq_crew *crew = queue->crew;
	bool last;

	mutex_lock(&xmmu_faultq_crews_mutex);
	last = !--crew->users;
	if (last)
		list_del(&crew->node);
	mutex_unlock(&xmmu_faultq_crews_mutex);
	if (!last)
		return;
	destroy_workqueue(crew->wq);
	if (crew->mm)
		mmdrop(crew->mm);
	kfree(crew);
}

static int xmmu_faultq_configure(struct xmmu_faultq *queue, const struct xmmu_faultq_config *config)
{
	unsigned long prefetch = config->prefetch;

	if (!config->ops || !config->ops->replay || !config->ops->cancel ||
	    config->depth > XMMU_FAULTQ_DEPTH_MAX || config->workers > XMMU_FAULTQ_WORKERS_MAX ||
	    config->slice_ms > XMMU_FAULTQ_SLICE_MS_MAX ||
	    (prefetch &&
	     (!is_power_of_2(prefetch) || prefetch < PAGE_SIZE || prefetch > XMMU_WINDOW)))
		return -EINVAL;
	queue->config = *config;
	queue->config.depth = config->depth ?: XMMU_FAULTQ_DEPTH;
	queue->config.workers = config->workers ?: XMMU_FAULTQ_WORKERS;
	queue->config.slice_ms = config->slice_ms ?: XMMU_FAULTQ_SLICE_MS;
	return 0;
}

static void xmmu_faultq_init_worker(struct xmmu_faultq *queue, struct xmmu_faultq_worker *worker)
{
	INIT_DELAYED_WORK(&worker->work, xmmu_faultq_work);
	timer_setup(&worker->timer, xmmu_faultq_expire, 0);
	INIT_LIST_HEAD(&worker->batch);
	worker->queue = queue;
	worker->window = XMMU_NO_WINDOW;
}

static int xmmu_faultq_alloc(struct xmmu_faultq *queue)
{
	struct xmmu_faultq_worker *worker;
	unsigned int i;

	queue->entries = kvcalloc(queue->config.depth, sizeof(*queue->entries), GFP_KERNEL_ACCOUNT);
	queue->workers =
		kvcalloc(queue->config.workers, sizeof(*queue->workers), GFP_KERNEL_ACCOUNT);
	if (!queue->entries || !queue->workers)
		return -ENOMEM;
	for (i = 0; i < queue->config.depth; i++)
		list_add_tail(&queue->entries[i].node, &queue->free);
	xmmu_faultq_for_each_worker(queue, worker)
		xmmu_faultq_init_worker(queue, worker);
	return xmmu_faultq_hire(queue);
}

static void xmmu_faultq_free(struct xmmu_faultq *queue)
{
	kvfree(queue->entries);
	kvfree(queue->workers);
}

int xmmu_faultq_init(struct xmmu_faultq *queue, struct xmmu_mirror *mirror,
		     const struct xmmu_faultq_config *config)
{
	int err;

	memset(queue, 0, sizeof(*queue));
	queue->mirror = mirror;
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->free);
	INIT_LIST_HEAD(&queue->waiting);
	err = xmmu_faultq_configure(queue, config);
	if (!err)
		err = xmmu_faultq_alloc(queue);
	if (err)
		xmmu_faultq_free(queue);
	return err;
}

void xmmu_faultq_exit(struct xmmu_faultq *queue)
{
	struct xmmu_faultq_worker *worker;

	spin_lock_irq(&queue->lock);
	queue->closed = true;
	spin_unlock_irq(&queue->lock);
	xmmu_faultq_for_each_worker(queue, worker)
		cancel_delayed_work_sync(&worker->work);
	xmmu_faultq_answer(queue, &queue->waiting, -ESRCH);
	xmmu_faultq_dismiss(queue);
	xmmu_faultq_free(queue);
}

void xmmu_faultq_read_stats(struct xmmu_faultq *queue, struct xmmu_faultq_stats *stats)
{
	unsigned long irq;

	spin_lock_irqsave(&queue->lock, irq);
	*stats = queue->stats;
	spin_unlock_irqrestore(&queue->lock, irq);
}
