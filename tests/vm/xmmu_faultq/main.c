// SPDX-License-Identifier: GPL-2.0-only
/*
 * xmmu_faultq: a device that parks accesses and reports them in an interrupt. It keeps no
 * translations but a bit for each page, and knows how each access was answered. It trusts its
 * callers and is loaded in test guests only.
 */
#include <linux/bitmap.h>
#include <linux/irq_work.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <xmmu/faultq.h>
#include <xmmu/xmmu.h>

#include "abi.h"

#define XQ_PAGES 4096

static_assert(sizeof(struct xq_stats) == sizeof(struct xmmu_faultq_stats));

struct context {
	struct xmmu_mirror mirror;
	struct xmmu_faultq queue;
	bool has_queue;
	unsigned long start;
	DECLARE_BITMAP(present, XQ_PAGES); /* under the mirror's lock */
	int result[XQ_NUMBERS];
	wait_queue_head_t answered;
	atomic_t parked;
	struct mutex parking; /* the two below */
	struct irq_work interrupt;
	struct xq_park *request;
};

static struct context *of_mirror(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct context, mirror);
}

static struct context *of_queue(struct xmmu_faultq *queue)
{
	return container_of(queue, struct context, queue);
}

/* ---- callbacks */

static void xq_populate(struct xmmu_walk *walk)
{
	struct context *context = of_mirror(xmmu_range_mirror(xmmu_walk_range(walk)));
	struct xmmu_leaf leaf;

	xmmu_walk_for_each(walk, &leaf)
		bitmap_set(context->present, (leaf.addr - context->start) / PAGE_SIZE,
			   leaf.len / PAGE_SIZE);
}

static void xq_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		   struct xmmu_gather *gather)
{
	struct context *context = of_mirror(xmmu_range_mirror(range));

	bitmap_clear(context->present, (start - context->start) / PAGE_SIZE,
		     (end - start) / PAGE_SIZE);
	xmmu_gather_add(gather, start, end);
}

static void xq_isolate(struct xmmu_mirror *mirror)
{
}

static void xq_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static const struct xmmu_ops mirror_ops = {
	.populate = xq_populate,
	.zap = xq_zap,
	.isolate = xq_isolate,
	.range_free = xq_range_free,
};

static void answer(struct context *context, u64 number, int err)
{
	/* Once. */
	WARN_ON(xchg(&context->result[number], err) != XQ_PARKED);
	atomic_dec(&context->parked);
	wake_up_all(&context->answered);
}

static void xq_replay(struct xmmu_faultq *queue, const u64 *cookies, unsigned int count)
{
	while (count--)
		answer(of_queue(queue), *cookies++, 0);
}

static void xq_cancel(struct xmmu_faultq *queue, const struct xmmu_fault *fault, int err)
{
	answer(of_queue(queue), fault->cookie, err);
}

static const struct xmmu_faultq_ops queue_ops = {
	.replay = xq_replay,
	.cancel = xq_cancel,
};

/* ---- commands */

static int do_attach(struct context *context, void *argument)
{
	const struct xq_attach *attach = argument;
	const struct xmmu_config config = { .ops = &mirror_ops, .policy = XMMU_TRYLOCK };
	const struct xmmu_faultq_config faults = { .ops = &queue_ops,
						   .depth = attach->depth,
						   .slice_ms = attach->slice_ms };
	struct xmmu_range *range;
	int err;

	if (context->has_queue || attach->end - attach->start > XQ_PAGES * PAGE_SIZE)
		return -EINVAL;
	err = xmmu_faultq_init(&context->queue, &context->mirror, &faults);
	if (err)
		return err;
	context->has_queue = true;
	context->start = attach->start;
	err = xmmu_mirror_attach(&context->mirror, &config);
	if (err)
		return err;
	range = kzalloc(sizeof(*range), GFP_KERNEL);
	if (!range)
		return -ENOMEM;
	err = xmmu_range_insert(&context->mirror, range, attach->start, attach->end);
	if (err)
		kfree(range);
	else
		xmmu_range_put(range);
	return err;
}

/* What was parked is answered by now. */
static int do_detach(struct context *context, void *argument)
{
	xmmu_mirror_detach(&context->mirror);
	WARN_ON(atomic_read(&context->parked));
	return 0;
}

static bool park(struct context *context, const struct xq_park *request, unsigned int i)
{
	const struct xmmu_fault fault = { .addr = request->addr + i * PAGE_SIZE,
					  .access = request->write ? XMMU_WRITE : 0,
					  .cookie = request->number + i };

	context->result[fault.cookie] = XQ_PARKED;
	atomic_inc(&context->parked);
	if (xmmu_faultq_push(&context->queue, &fault))
		return true;
	atomic_dec(&context->parked);
	return false;
}

static void xq_interrupt(struct irq_work *work)
{
	struct context *context = container_of(work, struct context, interrupt);
	struct xq_park *request = context->request;

	request->taken = 0;
	while (request->taken < request->pages && park(context, request, request->taken))
		request->taken++;
}

static int do_park(struct context *context, void *argument)
{
	struct xq_park *request = argument;

	if (!context->has_queue || request->number >= XQ_NUMBERS ||
	    request->pages > XQ_NUMBERS - request->number)
		return -EINVAL;
	mutex_lock(&context->parking);
	context->request = request;
	irq_work_queue(&context->interrupt);
	irq_work_sync(&context->interrupt);
	mutex_unlock(&context->parking);
	return 0;
}

static int do_wait(struct context *context, void *argument)
{
	struct xq_wait *wait = argument;

	if (wait->number >= XQ_NUMBERS)
		return -EINVAL;
	wait_event_timeout(context->answered, READ_ONCE(context->result[wait->number]) != XQ_PARKED,
			   msecs_to_jiffies(wait->ms));
	wait->result = READ_ONCE(context->result[wait->number]);
	return 0;
}

static int measure(struct context *context, u64 addr, unsigned int pages)
{
	struct xq_park request = { .addr = addr, .pages = pages };
	int err = do_park(context, &request);

	if (err)
		return err;
	wait_event(context->answered, !atomic_read(&context->parked));
	return request.taken == pages ? 0 : -ENOSPC;
}

static int do_measure(struct context *context, void *argument)
{
	struct xq_measure *request = argument;
	unsigned int i, step = request->together ? request->pages : 1;
	u64 start = ktime_get_ns();
	int err = 0;

	if (!request->pages)
		return -EINVAL;
	for (i = 0; !err && i < request->pages; i += step)
		err = measure(context, request->addr + i * PAGE_SIZE, step);
	request->ns = (ktime_get_ns() - start) / request->pages;
	return err;
}

static int do_stats(struct context *context, void *argument)
{
	xmmu_faultq_read_stats(&context->queue, argument);
	return 0;
}

static const struct {
	unsigned int number;
	int (*run)(struct context *context, void *argument);
} commands[] = {
	{ XQ_ATTACH, do_attach }, { XQ_DETACH, do_detach },   { XQ_PARK, do_park },
	{ XQ_WAIT, do_wait },     { XQ_MEASURE, do_measure }, { XQ_STATS, do_stats },
};

static long xq_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	u8 buffer[sizeof(struct xq_stats)] __aligned(8) = {};
	void __user *user = (void __user *)argument;
	unsigned int i, size = _IOC_SIZE(number);
	int ret = -ENOTTY;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (commands[i].number != number)
			continue;
		if (_IOC_DIR(number) & _IOC_WRITE && copy_from_user(buffer, user, size))
			return -EFAULT;
		ret = commands[i].run(file->private_data, buffer);
		if (!ret && _IOC_DIR(number) & _IOC_READ && copy_to_user(user, buffer, size))
			return -EFAULT;
	}
	return ret;
}

static int xq_open(struct inode *inode, struct file *file)
{
	struct context *context = kzalloc(sizeof(*context), GFP_KERNEL);

	if (!context)
		return -ENOMEM;
	init_waitqueue_head(&context->answered);
	mutex_init(&context->parking);
	init_irq_work(&context->interrupt, xq_interrupt);
	file->private_data = context;
	return 0;
}

static int xq_release(struct inode *inode, struct file *file)
{
	struct context *context = file->private_data;

	do_detach(context, NULL);
	if (context->has_queue)
		xmmu_faultq_exit(&context->queue);
	kfree(context);
	return 0;
}

static const struct file_operations xq_fops = {
	.owner = THIS_MODULE,
	.open = xq_open,
	.release = xq_release,
	.unlocked_ioctl = xq_ioctl,
};

static struct miscdevice xq_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_faultq",
	.fops = &xq_fops,
};

static int __init xq_init(void)
{
	int err = xmmu_module_init();

	if (err)
		return err;
	err = misc_register(&xq_misc);
	if (err)
		xmmu_module_exit();
	return err;
}
module_init(xq_init);

static void __exit xq_exit(void)
{
	misc_deregister(&xq_misc);
	xmmu_module_exit();
}
module_exit(xq_exit);

MODULE_DESCRIPTION("Test driver of the fault queue");
MODULE_LICENSE("GPL");
