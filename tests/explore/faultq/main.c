// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for scenarios of the fault queue. Its device has a page table and parks accesses that
 * find nothing there; it knows which are parked, and complains if one is answered twice, out of
 * order, never, or after the mirror was detached.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <xmmu/faultq.h>
#include <xmmu/xmmu.h>

#include "../../../sdk/hosted/kernel/internal.h"
#include "../../../sdk/hosted/mm/cpu.h"
#include "abi.h"

#define FAULTQ_NUMBERS 16 /* accesses of a schedule */
#define FAULTQ_TABLE   (FAULTQ_PAGES * FAULTQ_WINDOWS)

static unsigned int depth;
module_param(depth, uint, 0444);

static unsigned int workers = 1;
module_param(workers, uint, 0444);

struct faultq_access_state {
	unsigned int index; /* of the page */
	bool write;
	bool parked;
	int result;
};

struct faultq_context {
	struct xmmu_mirror mirror;
	struct xmmu_faultq queue;
	unsigned long base;
	/* Under the mirror's lock. */
	unsigned long table[FAULTQ_TABLE]; /* pfn, or 0 */
	bool writable[FAULTQ_TABLE];
	spinlock_t lock; /* what the device knows, all below */
	struct faultq_access_state access[FAULTQ_NUMBERS];
	unsigned int next;
	unsigned int last[FAULTQ_TABLE]; /* number that was answered last, and one more */
	bool serving[FAULTQ_TABLE];
	bool room;
	bool detached;
	wait_queue_head_t wait; /* for an answer, or for room */
};

static struct faultq_context *of_mirror(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct faultq_context, mirror);
}

static struct faultq_context *of_queue(struct xmmu_faultq *queue)
{
	return container_of(queue, struct faultq_context, queue);
}

static unsigned int index_of(const struct faultq_context *context, unsigned long addr)
{
	unsigned long offset = addr - context->base;

	return offset / XMMU_WINDOW * FAULTQ_PAGES + offset % XMMU_WINDOW / PAGE_SIZE;
}

static unsigned long addr_of(const struct faultq_context *context, unsigned int index)
{
	return context->base + index / FAULTQ_PAGES * XMMU_WINDOW +
	       index % FAULTQ_PAGES * PAGE_SIZE;
}

/* ---- callbacks of the mirror */

static void faultq_populate(struct xmmu_walk *walk)
{
	struct faultq_context *context = of_mirror(xmmu_range_mirror(xmmu_walk_range(walk)));
	struct xmmu_leaf leaf;
	unsigned int index;

	xmmu_walk_for_each(walk, &leaf) {
		index = index_of(context, leaf.addr);
		context->table[index] = page_to_pfn(leaf.page);
		context->writable[index] = leaf.perm & XMMU_PERM_WRITE;
	}
}

static void faultq_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		       struct xmmu_gather *gather)
{
	struct faultq_context *context = of_mirror(xmmu_range_mirror(range));
	unsigned long addr;
	unsigned int i;

	for (i = 0; i < FAULTQ_TABLE; i++) {
		addr = addr_of(context, i);
		if (addr < start || addr >= end || !context->table[i])
			continue;
		context->table[i] = 0;
		xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
	}
}

static void faultq_isolate(struct xmmu_mirror *mirror)
{
}

static void faultq_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static const struct xmmu_ops mirror_ops = {
	.populate = faultq_populate,
	.zap = faultq_zap,
	.isolate = faultq_isolate,
	.range_free = faultq_range_free,
};

/* ---- callbacks of the queue */

static void set_serving(struct faultq_context *context, unsigned long start, unsigned long end,
			bool serving)
{
	unsigned long flags;

	spin_lock_irqsave(&context->lock, flags);
	for (; start < end; start += PAGE_SIZE) {
		/* One page is served by one worker at a time. */
		WARN_ON(context->serving[index_of(context, start)] == serving);
		context->serving[index_of(context, start)] = serving;
	}
	spin_unlock_irqrestore(&context->lock, flags);
}

static int faultq_serve(struct xmmu_faultq *queue, unsigned long start, unsigned long end,
			unsigned int access)
{
	struct faultq_context *context = of_queue(queue);
	int err;

	set_serving(context, start, end, true);
	err = xmmu_faultq_populate(queue, start, end, access);
	set_serving(context, start, end, false);
	return err;
}

static struct faultq_access_state faultq_answer(struct faultq_context *context, u64 number, int err)
{
	struct faultq_access_state *access = &context->access[number];
	unsigned long flags;

	spin_lock_irqsave(&context->lock, flags);
	WARN_ON(!access->parked);
	WARN_ON(context->last[access->index] > number);
	WARN_ON(!err && context->detached);
	context->last[access->index] = number + 1;
	access->parked = false;
	access->result = err;
	spin_unlock_irqrestore(&context->lock, flags);
	return *access;
}

/* The device tries again. It may find that the page has gone since, and does not report that. */
static void use(struct faultq_context *context, const struct faultq_access_state *access)
{
	unsigned int i = access->index;

	xmmu_mirror_lock(&context->mirror);
	if (context->table[i] && context->writable[i] >= access->write)
		hosted_device_access(context->mirror.mm, addr_of(context, i), context->table[i],
				     access->write);
	xmmu_mirror_unlock(&context->mirror);
}

static void faultq_replay(struct xmmu_faultq *queue, const u64 *cookies, unsigned int count)
{
	struct faultq_context *context = of_queue(queue);
	struct faultq_access_state access;
	unsigned int i;

	for (i = 0; i < count; i++) {
		access = faultq_answer(context, cookies[i], 0);
		use(context, &access);
	}
	wake_up_all(&context->wait);
}

static void faultq_cancel(struct xmmu_faultq *queue, const struct xmmu_fault *fault, int err)
{
	faultq_answer(of_queue(queue), fault->cookie, err);
	wake_up_all(&of_queue(queue)->wait);
}

static void faultq_room(struct xmmu_faultq *queue)
{
	WRITE_ONCE(of_queue(queue)->room, true);
	wake_up_all(&of_queue(queue)->wait);
}

static const struct xmmu_faultq_ops queue_ops = {
	.serve = faultq_serve,
	.replay = faultq_replay,
	.cancel = faultq_cancel,
	.room = faultq_room,
};

/* ---- commands */

static int faultq_attach(struct faultq_context *context, const struct faultq_access *span)
{
	const struct xmmu_config config = { .ops = &mirror_ops, .policy = XMMU_TRYLOCK };
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	int err;

	if (!range)
		return -ENOMEM;
	context->base = span->addr;
	err = xmmu_mirror_attach(&context->mirror, &config);
	if (!err)
		err = xmmu_range_insert(&context->mirror, range, context->base,
					context->base + FAULTQ_WINDOWS * XMMU_WINDOW);
	if (err)
		kfree(range);
	else
		xmmu_range_put(range);
	return err;
}

/* Whatever was parked before is answered then. */
static void faultq_detach(struct faultq_context *context)
{
	unsigned long flags;
	unsigned int i, before;

	spin_lock_irqsave(&context->lock, flags);
	before = context->next;
	spin_unlock_irqrestore(&context->lock, flags);
	xmmu_mirror_detach(&context->mirror);
	spin_lock_irqsave(&context->lock, flags);
	for (i = 0; i < before; i++)
		WARN_ON(context->access[i].parked);
	context->detached = true;
	spin_unlock_irqrestore(&context->lock, flags);
}

/* The interrupt: accesses are numbered in the order in which they are pushed. */
static int faultq_push(struct faultq_context *context, const struct faultq_access *access)
{
	struct xmmu_fault fault = { .addr = access->addr,
				    .access = access->write ? XMMU_WRITE : 0 };
	struct faultq_access_state *state;
	int number = -EBUSY;

	hosted_atomic_begin(true);
	spin_lock(&context->lock);
	fault.cookie = context->next;
	state = &context->access[context->next];
	*state = (struct faultq_access_state){ .index = index_of(context, access->addr),
					       .write = access->write,
					       .parked = true };
	if (xmmu_faultq_push(&context->queue, &fault))
		number = context->next++;
	else
		state->parked = false;
	spin_unlock(&context->lock);
	hosted_atomic_end(true);
	return number;
}

static int faultq_park(struct faultq_context *context, const struct faultq_access *access)
{
	int number;

	for (;;) {
		WRITE_ONCE(context->room, false);
		number = faultq_push(context, access);
		if (number != -EBUSY)
			return number;
		wait_event(context->wait, READ_ONCE(context->room));
	}
}

static bool is_answered(struct faultq_context *context, unsigned int number)
{
	unsigned long flags;
	bool parked;

	spin_lock_irqsave(&context->lock, flags);
	parked = context->access[number].parked;
	spin_unlock_irqrestore(&context->lock, flags);
	return !parked;
}

static long faultq_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct faultq_context *context = file->private_data;
	struct faultq_access access = {};

	if (copy_from_user(&access, (void __user *)argument, _IOC_SIZE(number)))
		return -EFAULT;
	switch (number) {
	case FAULTQ_ATTACH:
		return faultq_attach(context, &access);
	case FAULTQ_DETACH:
		faultq_detach(context);
		return 0;
	case FAULTQ_PARK:
		return faultq_park(context, &access);
	case FAULTQ_WAIT:
		wait_event(context->wait, is_answered(context, access.addr));
		return context->access[access.addr].result;
	default:
		return -ENOTTY;
	}
}

static int faultq_open(struct inode *inode, struct file *file)
{
	const struct xmmu_faultq_config config = { .ops = &queue_ops,
						   .depth = depth,
						   .workers = workers };
	struct faultq_context *context = kzalloc(sizeof(*context), GFP_KERNEL);
	int err;

	if (!context)
		return -ENOMEM;
	spin_lock_init(&context->lock);
	init_waitqueue_head(&context->wait);
	err = xmmu_faultq_init(&context->queue, &context->mirror, &config);
	if (err)
		kfree(context);
	else
		file->private_data = context;
	return err;
}

static int faultq_release(struct inode *inode, struct file *file)
{
	struct faultq_context *context = file->private_data;
	unsigned int i;

	faultq_detach(context);
	xmmu_faultq_exit(&context->queue);
	for (i = 0; i < context->next; i++)
		WARN_ON(context->access[i].parked);
	kfree(context);
	return 0;
}

static const struct file_operations faultq_fops = {
	.owner = THIS_MODULE,
	.open = faultq_open,
	.release = faultq_release,
	.unlocked_ioctl = faultq_ioctl,
};

static struct miscdevice faultq_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "faultq",
	.fops = &faultq_fops,
};

static int __init faultq_init(void)
{
	int err = xmmu_module_init();

	if (err)
		return err;
	err = misc_register(&faultq_misc);
	if (err)
		xmmu_module_exit();
	return err;
}
module_init(faultq_init);

static void __exit faultq_exit(void)
{
	misc_deregister(&faultq_misc);
	xmmu_module_exit();
}
module_exit(faultq_exit);

MODULE_DESCRIPTION("A driver for scenarios of the fault queue");
MODULE_LICENSE("GPL");
