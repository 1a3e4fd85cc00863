// SPDX-License-Identifier: GPL-2.0-only
/*
 * A context: one instruction at a time, and the thread that waits for its end. A fault is served by
 * the interrupt if that needs no waiting, and else by this thread, which also sees that the context
 * has a place in the engine as long as it has something to do.
 */
#include <linux/err.h>
#include <linux/slab.h>

#include "gru.h"

/* Both count the same operations. */
static_assert((int)SOFTDEV_COPY == (int)XMMU_GRU_COPY);
static_assert((int)SOFTDEV_CHASE == (int)XMMU_GRU_CHASE);

/* Who reads a fault has passed it on when it is free: the context is there as long. */
static DEFINE_SPINLOCK(fault_lock);

/* ---- what the device calls */

static void leave_to_thread(struct gru_context *context, const struct softdev_fault *fault)
{
	spin_lock(&context->lock);
	if (!WARN_ON_ONCE(context->nr_faults == ARRAY_SIZE(context->faults)))
		context->faults[context->nr_faults++] = *fault;
	spin_unlock(&context->lock);
	wake_up(&context->wait);
}

static void serve_at_once(const struct softdev_fault *fault)
{
	struct gru_context *context = fault->context;

	if (gru_dropin(context, fault, XMMU_NOWAIT)) {
		leave_to_thread(context, fault);
		return;
	}
	spin_lock(&context->lock);
	context->fast++;
	spin_unlock(&context->lock);
	softdev_fault_reply(gru_softdev, fault->cookie, 0);
}

/* In a thread of the device, which must not sleep. */
static void gru_fault_irq(void *driver)
{
	struct softdev_fault fault;

	spin_lock(&fault_lock);
	while (softdev_fault_read(gru_softdev, &fault)) {
		softdev_fault_take(gru_softdev, fault.cookie);
		serve_at_once(&fault);
	}
	spin_unlock(&fault_lock);
}

static void gru_command_done(void *data, u64 cookie, int status, u64 result)
{
	struct gru_context *context = data;

	spin_lock(&context->lock);
	context->running = false;
	context->status = status;
	context->result = result;
	spin_unlock(&context->lock);
	wake_up(&context->wait);
}

const struct softdev_ops gru_softdev_ops = {
	.fault_irq = gru_fault_irq,
	.command_done = gru_command_done,
};

/* ---- an instruction, under `busy` */

static bool is_running(struct gru_context *context)
{
	bool running;

	spin_lock(&context->lock);
	running = context->running;
	spin_unlock(&context->lock);
	return running;
}

static bool next_fault(struct gru_context *context, struct softdev_fault *fault)
{
	bool any;

	spin_lock(&context->lock);
	any = context->nr_faults;
	if (any)
		*fault = context->faults[--context->nr_faults];
	spin_unlock(&context->lock);
	return any;
}

static bool needs_thread(struct gru_context *context)
{
	bool needs;

	spin_lock(&context->lock);
	needs = !context->running || context->nr_faults;
	spin_unlock(&context->lock);
	return needs || !READ_ONCE(context->place);
}

/* 0, or why the instruction is to be given up. */
static int serve_faults(struct gru_context *context)
{
	struct softdev_fault fault;
	int ret;

	while (next_fault(context, &fault)) {
		ret = gru_dropin(context, &fault, 0);
		/* Who waits for as long as it takes can be killed. */
		if (ret == -ENXIO || ret == -ETIMEDOUT) {
			leave_to_thread(context, &fault);
			return 0;
		}
		if (ret == -EINTR)
			return ret;
		context->slow++;
		softdev_fault_reply(gru_softdev, fault.cookie, ret);
	}
	return 0;
}

static int wait_for_end(struct gru_context *context)
{
	int ret = 0;

	while (!ret && is_running(context)) {
		ret = wait_event_killable(context->wait, needs_thread(context)) ? -EINTR : 0;
		if (!ret && is_running(context))
			ret = gru_place_take(context) ?: serve_faults(context);
	}
	return ret;
}

static int start(struct gru_context *context, const struct xmmu_gru_run *run)
{
	const struct softdev_command command = {
		.op = run->op,
		.dst = run->dst,
		.src = run->src,
		.index = run->index,
		.count = run->count,
		.value = run->value,
	};
	int ret;

	spin_lock(&context->lock);
	context->running = true;
	context->nr_faults = 0;
	spin_unlock(&context->lock);
	ret = softdev_submit(context->queue, &command);
	if (ret)
		gru_command_done(context, 0, ret, 0);
	return ret;
}

int gru_context_run(struct gru_context *context, struct xmmu_gru_run *run)
{
	int ret;

	if (run->pad || run->op > XMMU_GRU_CHASE || run->count > XMMU_GRU_WORDS_MAX)
		return -EINVAL;
	ret = start(context, run);
	if (ret)
		return ret;
	ret = gru_place_take(context) ?: wait_for_end(context);
	if (ret)
		softdev_queue_abort(context->queue, ret);
	run->result = context->result;
	return context->status;
}

/* ---- from open to close */

struct gru_context *gru_context_create(void)
{
	struct gru_context *context = kzalloc(sizeof(*context), GFP_KERNEL_ACCOUNT);

	if (!context)
		return NULL;
	mutex_init(&context->busy);
	spin_lock_init(&context->lock);
	init_waitqueue_head(&context->wait);
	return context;
}

/* The engine checks what the driver does, for which it hears of the address space by itself. */
static int connect(struct gru_context *context)
{
	context->tlb =
		softdev_space_create(gru_softdev, SOFTDEV_NO_TABLE, context, current->mm, NULL);
	if (IS_ERR(context->tlb))
		return PTR_ERR(context->tlb);
	context->queue = softdev_queue_create(context->tlb, context);
	if (!IS_ERR(context->queue)) {
		softdev_queue_hold(context->queue, true);
		return 0;
	}
	softdev_space_destroy(context->tlb);
	return PTR_ERR(context->queue);
}

static int begin(struct gru_context *context)
{
	struct gru_space *space = gru_space_get();
	int ret;

	if (IS_ERR(space))
		return PTR_ERR(space);
	ret = connect(context);
	if (ret)
		gru_space_put(space);
	else
		context->space = space;
	return ret;
}

/* At the first command; -EXDEV in another address space. Under `busy`. */
int gru_context_attach(struct gru_context *context)
{
	int ret = context->space ? 0 : begin(context);

	if (ret)
		return ret;
	return xmmu_whole_is_current(&context->space->whole) ? 0 : -EXDEV;
}

static void gru_context_end(struct gru_context *context)
{
	gru_place_leave(context);
	softdev_queue_destroy(context->queue);
	spin_lock(&fault_lock);
	spin_unlock(&fault_lock);
	softdev_space_destroy(context->tlb);
	gru_space_put(context->space);
}

void gru_context_destroy(struct gru_context *context)
{
	if (context->space)
		gru_context_end(context);
	mutex_destroy(&context->busy);
	kfree(context);
}

void gru_context_stats(struct gru_context *context, struct xmmu_gru_stats *stats)
{
	struct gru_space *space = context->space;
	struct xmmu_whole_stats whole;
	struct softdev_stats device;

	softdev_stats(gru_softdev, &device);
	xmmu_whole_read_stats(&space->whole, &whole);
	*stats = (struct xmmu_gru_stats){
		.slow = context->slow,
		.events = whole.events,
		.dropins = whole.loads,
		.backoffs = whole.backoffs,
		.collisions = whole.collisions,
		.accesses = device.accesses,
		.faults = device.faults,
		.stale = device.stale,
	};
	gru_place_stats(context, stats);
	spin_lock(&context->lock);
	stats->fast = context->fast;
	spin_unlock(&context->lock);
	xmmu_whole_lock(&space->whole);
	stats->flushes = space->flushes;
	stats->full_flushes = space->full_flushes;
	xmmu_whole_unlock(&space->whole);
}
