// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault queue: how faults are served and answered.
 *
 * A worker is made to let go by a signal: a timer sends it when the slice is over, and it is all
 * that ends the wait for a page of a userfaultfd. Workers of a workqueue ignore signals; this one
 * does not while it serves.
 */
#include <linux/sched/signal.h>

#include "faultq_internal.h"
#include "trace.h"

/* Cookies that are given to the driver at once. */
#define XMMU_FAULTQ_COOKIES 32

/* ---- bringing pages in */

/* What is there of the pages around. Fails if it can not be had, and that is all right. */
static void xmmu_faultq_prefetch(struct xmmu_faultq *queue, struct xmmu_range *range,
				 unsigned long start, unsigned long end, unsigned int access)
{
	unsigned long size = queue->config.prefetch;
	unsigned long from = max(ALIGN_DOWN(start, size), xmmu_range_start(range));
	unsigned long to = min(ALIGN(end, size), xmmu_range_end(range));

	if (to - from == end - start ||
	    xmmu_populate(range, from, to, access | XMMU_SNAPSHOT, NULL, NULL))
		return;
	spin_lock_irq(&queue->lock);
	queue->stats.prefetched++;
	spin_unlock_irq(&queue->lock);
}

/* Whether it failed since the range is not any more what it was when it was found. */
static bool xmmu_faultq_is_outdated(const struct xmmu_range *range, unsigned long start,
				    unsigned long end, int err)
{
	return (err == -ESRCH || err == -EINVAL) &&
	       (READ_ONCE(range->state) != XMMU_RANGE_INSERTED ||
		xmmu_range_check(range, start, end));
}

static int xmmu_faultq_fill(struct xmmu_faultq *queue, struct xmmu_range *range,
			    unsigned long start, unsigned long end, unsigned int access)
{
	int err = xmmu_populate(range, start, end, access, NULL, NULL);

	if (!err && queue->config.prefetch)
		xmmu_faultq_prefetch(queue, range, start, end, access);
	return xmmu_faultq_is_outdated(range, start, end, err) ? XMMU_AGAIN : err;
}

int xmmu_faultq_populate(struct xmmu_faultq *queue, unsigned long start, unsigned long end,
			 unsigned int access)
{
	struct xmmu_range *range;
	unsigned long stop;
	int err;

	while (start < end) {
		range = xmmu_range_find(queue->mirror, start);
		if (!range)
			return xmmu_mirror_error(queue->mirror) ?: -ENOENT;
		stop = min(end, xmmu_range_end(range));
		err = xmmu_faultq_fill(queue, range, start, stop, access);
		xmmu_range_put(range);
		if (err < 0)
			return err;
		if (!err)
			start = stop;
	}
	return 0;
}

void xmmu_faultq_expire(struct timer_list *timer)
{
	struct xmmu_faultq_worker *worker = container_of(timer, struct xmmu_faultq_worker, timer);
	struct xmmu_faultq *queue = worker->queue;
	unsigned long irq;

	spin_lock_irqsave(&queue->lock, irq);
	WRITE_ONCE(worker->expired, true);
	if (worker->task)
		send_sig(SIGKILL, worker->task, 1);
	spin_unlock_irqrestore(&queue->lock, irq);
}

/* Can be killed from here on, unless it is too late. */
static bool xmmu_faultq_begin(struct xmmu_faultq_worker *worker)
{
	struct xmmu_faultq *queue = worker->queue;
	bool may;

	allow_kernel_signal(SIGKILL);
	spin_lock_irq(&queue->lock);
	may = !worker->expired && !queue->closed;
	if (may) {
		worker->task = current;
		queue->stats.served++;
	}
	spin_unlock_irq(&queue->lock);
	return may;
}

/* Whether it was killed, which it has survived. */
static bool xmmu_faultq_end(struct xmmu_faultq_worker *worker)
{
	struct xmmu_faultq *queue = worker->queue;
	bool killed;

	spin_lock_irq(&queue->lock);
	worker->task = NULL;
	spin_unlock_irq(&queue->lock);
	killed = fatal_signal_pending(current);
	disallow_signal(SIGKILL);
	return killed;
}

/* Without xmmu_faultq_ops::serve nobody makes ranges: what has none is no memory of the device. */
static int xmmu_faultq_serve_ranges(struct xmmu_faultq *queue, unsigned long start,
				    unsigned long end, unsigned int access)
{
	int err = xmmu_faultq_populate(queue, start, end, access);

	return err == -ENOENT ? -EFAULT : err;
}

/* For the process, which pays for it. */
static int xmmu_faultq_bring(struct xmmu_faultq *queue, const struct xmmu_faultq_run *run)
{
	const struct xmmu_faultq_ops *ops = queue->config.ops;
	struct mem_cgroup *before = xmmu_charge_begin(queue->mirror->mm);
	int err =
		(ops->serve ?: xmmu_faultq_serve_ranges)(queue, run->start, run->end, run->access);

	xmmu_charge_end(before);
	return err;
}

int xmmu_faultq_serve(struct xmmu_faultq_worker *worker, const struct xmmu_faultq_run *run)
{
	struct xmmu_faultq *queue = worker->queue;
	int err = xmmu_mirror_error(queue->mirror);

	if (err)
		return err;
	/* The last page there is: no process has it. */
	if (!run->end)
		return -EFAULT;
	err = -EINTR;
	if (xmmu_faultq_begin(worker))
		err = xmmu_faultq_bring(queue, run);
	/* A signal makes allocations fail, and I/O. */
	if (xmmu_faultq_end(worker) && err)
		err = -EINTR;
	return err;
}

/* ---- answers */

static void xmmu_faultq_replay(struct xmmu_faultq *queue, struct list_head *faults)
{
	u64 cookies[XMMU_FAULTQ_COOKIES];
	struct xmmu_faultq_entry *entry;
	unsigned int count = 0;

	list_for_each_entry(entry, faults, node) {
		cookies[count++] = entry->fault.cookie;
		if (count < ARRAY_SIZE(cookies) && !list_is_last(&entry->node, faults))
			continue;
		queue->config.ops->replay(queue, cookies, count);
		count = 0;
	}
}

static void xmmu_faultq_cancel(struct xmmu_faultq *queue, struct list_head *faults, int err)
{
	struct xmmu_faultq_entry *entry;

	list_for_each_entry(entry, faults, node)
		queue->config.ops->cancel(queue, &entry->fault, err);
}

/* Under the lock. Returns how many of the faults held the mirror. */
static unsigned int xmmu_faultq_count(struct xmmu_faultq *queue, struct list_head *faults, int err)
{
	u64 ns, *counter = err ? &queue->stats.cancelled : &queue->stats.replayed;
	struct xmmu_faultq_entry *entry;
	const struct xmmu_fault *fault;
	ktime_t now = ktime_get();
	unsigned int pins = 0;

	list_for_each_entry(entry, faults, node) {
		fault = &entry->fault;
		ns = ktime_to_ns(ktime_sub(now, entry->pushed));
		trace_xmmu_fault(queue->mirror, fault->addr, fault->access, fault->cookie, err, ns);
		queue->stats.answer_ns_max = max(queue->stats.answer_ns_max, ns);
		pins += entry->pinned;
		++*counter;
	}
	return pins;
}

/* The driver first: when the mirror is let go of, all is over. */
void xmmu_faultq_answer(struct xmmu_faultq *queue, struct list_head *faults, int err)
{
	unsigned int pins;
	bool full;

	if (err)
		xmmu_faultq_cancel(queue, faults, err);
	else
		xmmu_faultq_replay(queue, faults);
	spin_lock_irq(&queue->lock);
	pins = xmmu_faultq_count(queue, faults, err);
	list_splice_tail_init(faults, &queue->free);
	full = queue->full && !queue->closed;
	queue->full = false;
	spin_unlock_irq(&queue->lock);
	if (full && queue->config.ops->room)
		queue->config.ops->room(queue);
	while (pins--)
		xmmu_mirror_unpin(queue->mirror);
}
