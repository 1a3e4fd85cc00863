// SPDX-License-Identifier: GPL-2.0-only
/*
 * What programs see: an open file is attached to the address space that first registers a range,
 * and has ranges and jobs by number, and a log of invalidations.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "edu.h"

#define EDU_ID_LIMIT XA_LIMIT(1, XMMU_EDU_IDS)

/* The layout is the same for all architectures, and stays. */
static_assert(sizeof(struct xmmu_edu_info) == 72);
static_assert(sizeof(struct xmmu_edu_register) == 24);
static_assert(sizeof(struct xmmu_edu_id) == 8);
static_assert(sizeof(struct xmmu_edu_submit) == 32);
static_assert(sizeof(struct xmmu_edu_wait) == 16);
static_assert(sizeof(struct xmmu_edu_event) == 40);
static_assert(sizeof(struct xmmu_edu_stats) == 72);
static_assert((int)XMMU_EDU_EXCLUSIVE == (int)MMU_NOTIFY_EXCLUSIVE);

/* ---- callbacks of the SDK */

/* Translations live as long as transfers, for which the SDK waits: there is nothing to remove. */
static void edu_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		    struct xmmu_gather *gather)
{
}

static struct edu_context *to_context(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct edu_context, mirror);
}

static void edu_isolate(struct xmmu_mirror *mirror)
{
	edu_engine_isolate(to_context(mirror)->edu);
}

static void edu_report(struct xmmu_mirror *mirror, const struct xmmu_report *report)
{
	struct edu_context *ctx = to_context(mirror);
	struct xmmu_edu_event event = {
		.start = report->event.start,
		.end = report->event.end,
		.wait_ns = report->wait_ns,
		.event = report->event.event,
		.flags = (report->event.blockable ? XMMU_EDU_BLOCKABLE : 0) |
			 (report->outcome == XMMU_REFUSED ? XMMU_EDU_REFUSED : 0),
	};
	unsigned long flags;

	spin_lock_irqsave(&ctx->event_lock, flags);
	event.lost = ctx->lost;
	if (kfifo_put(&ctx->events, event))
		ctx->lost = 0;
	else
		ctx->lost++;
	spin_unlock_irqrestore(&ctx->event_lock, flags);
	wake_up_all(&ctx->edu->wait);
}

static void edu_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static const struct xmmu_ops edu_ops = {
	.zap = edu_zap,
	.isolate = edu_isolate,
	.report = edu_report,
	.range_free = edu_range_free,
};

/* ---- open and close */

/*
 * At the first registration and not in open, which runs under a lock that all misc devices share:
 * attaching waits for mmap_lock, and its holder may wait for as long as it likes.
 */
static int edu_attach(struct edu_context *ctx)
{
	const struct xmmu_config config = {
		.ops = &edu_ops,
		.policy = edu_policy(),
		.dma = XMMU_DMA_XFER,
		.dev = &ctx->edu->pdev->dev,
		.watchdog_ms = edu_watchdog_ms,
	};

	int ret = xmmu_mirror_attach(&ctx->mirror, &config);

	return ret == -EBUSY ? -EXDEV : ret;
}

/* misc_deregister() and open exclude each other, so the device is not gone yet. */
static int edu_open(struct inode *inode, struct file *file)
{
	struct edu_device *edu = container_of(file->private_data, struct edu_device, misc);
	struct edu_context *ctx = kzalloc(sizeof(*ctx), GFP_KERNEL_ACCOUNT);

	if (!ctx)
		return -ENOMEM;
	mutex_init(&ctx->lock);
	spin_lock_init(&ctx->event_lock);
	INIT_KFIFO(ctx->events);
	xa_init_flags(&ctx->ranges, XA_FLAGS_ALLOC1);
	xa_init_flags(&ctx->jobs, XA_FLAGS_ALLOC1);
	ctx->edu = edu;
	kref_get(&edu->ref);
	file->private_data = ctx;
	return stream_open(inode, file);
}

static int edu_release(struct inode *inode, struct file *file)
{
	struct edu_context *ctx = file->private_data;
	struct xmmu_range *range;
	struct edu_job *job;
	unsigned long id;

	/* All of them first, or each would begin while the one before it ends. */
	xa_for_each(&ctx->jobs, id, job)
		edu_job_cancel(job);
	xa_for_each(&ctx->jobs, id, job) {
		edu_job_flush(job);
		edu_job_put(job);
	}
	xmmu_mirror_detach(&ctx->mirror);
	xa_for_each(&ctx->ranges, id, range)
		xmmu_range_put(range);
	xa_destroy(&ctx->jobs);
	xa_destroy(&ctx->ranges);
	edu_put(ctx->edu);
	kfree(ctx);
	return 0;
}

/* ---- commands */

/* Argument of a command, as copied from the caller. */
union edu_arg {
	struct xmmu_edu_info info;
	struct xmmu_edu_stats stats;
	struct xmmu_edu_register reg;
	struct xmmu_edu_id id;
	struct xmmu_edu_submit submit;
	struct xmmu_edu_wait wait;
};

static int edu_info(struct edu_context *ctx, union edu_arg *arg)
{
	struct xmmu_edu_info *info = &arg->info;
	struct edu_device *edu = ctx->edu;
	unsigned int i;

	info->path = edu->path;
	info->dma_bits = edu->dma_bits;
	info->flags = READ_ONCE(edu->dead) ? XMMU_EDU_DEAD : 0;
	for (i = 0; i < ARRAY_SIZE(info->transfers); i++)
		info->transfers[i] = atomic64_read(&edu->transfers[i]);
	info->bytes_to_device = atomic64_read(&edu->bytes[XMMU_EDU_TO_DEVICE]);
	info->bytes_from_device = atomic64_read(&edu->bytes[XMMU_EDU_FROM_DEVICE]);
	info->lost_interrupts = atomic64_read(&edu->lost_interrupts);
	return 0;
}

static int edu_stats(struct edu_context *ctx, union edu_arg *arg)
{
	struct xmmu_stats stats;

	xmmu_mirror_stats(&ctx->mirror, &stats);
	arg->stats = (struct xmmu_edu_stats){
		.nonblock = stats.nonblock,
		.refused = stats.refused,
		.waits = stats.waits,
		.wait_ns = stats.wait_ns,
		.wait_ns_max = stats.wait_ns_max,
		.pages = stats.pages,
		.retries = stats.retries,
		.transfers = stats.xfers,
		.isolated = stats.isolated,
	};
	return 0;
}

/* Whether addresses of the caller mean something here, and the device can work on them. */
static int edu_usable(struct edu_context *ctx)
{
	if (!xmmu_mirror_is_current(&ctx->mirror))
		return -EXDEV;
	return READ_ONCE(ctx->edu->failing) ? -EIO : 0;
}

static void edu_remove_range(struct xmmu_range *range)
{
	xmmu_range_remove(range);
	xmmu_range_put(range);
}

static int edu_register_range(struct edu_context *ctx, union edu_arg *arg)
{
	struct xmmu_edu_register *reg = &arg->reg;
	struct xmmu_range *range;
	int ret;

	if (reg->pad || reg->len > ULONG_MAX - reg->addr)
		return -EINVAL;
	ret = edu_attach(ctx) ?: edu_usable(ctx);
	if (ret)
		return ret;
	range = kzalloc(sizeof(*range), GFP_KERNEL_ACCOUNT);
	if (!range)
		return -ENOMEM;
	ret = xmmu_range_insert(&ctx->mirror, range, reg->addr, reg->addr + reg->len);
	if (ret) {
		kfree(range);
		return ret;
	}
	ret = xa_alloc(&ctx->ranges, &reg->range, range, EDU_ID_LIMIT, GFP_KERNEL_ACCOUNT);
	if (ret)
		edu_remove_range(range);
	return ret;
}

static int edu_unregister_range(struct edu_context *ctx, union edu_arg *arg)
{
	struct xmmu_range *range;

	if (arg->id.pad)
		return -EINVAL;
	mutex_lock(&ctx->lock);
	range = xa_erase(&ctx->ranges, arg->id.id);
	mutex_unlock(&ctx->lock);
	if (!range)
		return -ENOENT;
	edu_remove_range(range);
	return 0;
}

static struct xmmu_range *edu_find_range(struct edu_context *ctx, u32 id)
{
	struct xmmu_range *range;

	mutex_lock(&ctx->lock);
	range = xa_load(&ctx->ranges, id);
	if (range)
		xmmu_range_get(range);
	mutex_unlock(&ctx->lock);
	return range;
}

static struct edu_job *edu_find_job(struct edu_context *ctx, u32 id)
{
	struct edu_job *job;

	mutex_lock(&ctx->lock);
	job = xa_load(&ctx->jobs, id);
	if (job)
		kref_get(&job->ref);
	mutex_unlock(&ctx->lock);
	return job;
}

static bool edu_submit_fits(const struct xmmu_edu_submit *submit, const struct xmmu_range *range)
{
	if (!submit->len || submit->len > XMMU_EDU_JOB_MAX || submit->offset >= XMMU_EDU_BUFFER)
		return false;
	return submit->addr >= xmmu_range_start(range) && submit->addr < xmmu_range_end(range) &&
	       submit->len <= xmmu_range_end(range) - submit->addr;
}

/* The job is queued under the lock: nobody may find its number and end it before. */
static int edu_queue_job(struct edu_context *ctx, struct xmmu_range *range,
			 struct xmmu_edu_submit *submit)
{
	struct edu_job *job = edu_job_create(ctx, range, submit);
	int ret;

	if (!job)
		return -ENOMEM;
	mutex_lock(&ctx->lock);
	ret = xa_alloc(&ctx->jobs, &submit->job, job, EDU_ID_LIMIT, GFP_KERNEL_ACCOUNT);
	if (!ret)
		edu_job_submit(job);
	mutex_unlock(&ctx->lock);
	if (ret)
		edu_job_put(job);
	return ret;
}

static int edu_submit(struct edu_context *ctx, union edu_arg *arg)
{
	struct xmmu_edu_submit *submit = &arg->submit;
	struct xmmu_range *range;
	int ret;

	if (submit->pad || submit->direction > XMMU_EDU_FROM_DEVICE)
		return -EINVAL;
	range = edu_find_range(ctx, submit->range);
	if (!range)
		return -ENOENT;
	ret = edu_usable(ctx);
	if (!ret)
		ret = edu_submit_fits(submit, range) ? edu_queue_job(ctx, range, submit) : -EINVAL;
	xmmu_range_put(range);
	return ret;
}

static bool edu_wait_over(struct edu_job *job)
{
	return smp_load_acquire(&job->finished) || READ_ONCE(job->ctx->edu->gone);
}

/* Of several that wait for a job, one gets to say how it ended. */
static int edu_reap(struct edu_context *ctx, struct edu_job *job, struct xmmu_edu_wait *wait)
{
	bool first;

	if (READ_ONCE(ctx->edu->gone))
		return -ENODEV;
	if (!smp_load_acquire(&job->finished))
		return -ETIMEDOUT;
	mutex_lock(&ctx->lock);
	first = xa_cmpxchg(&ctx->jobs, wait->job, job, NULL, 0) == job;
	mutex_unlock(&ctx->lock);
	if (!first)
		return -ENOENT;
	edu_job_put(job);
	wait->status = job->status;
	wait->done = job->done;
	return 0;
}

static int edu_wait(struct edu_context *ctx, union edu_arg *arg)
{
	struct xmmu_edu_wait *wait = &arg->wait;
	struct edu_job *job = edu_find_job(ctx, wait->job);
	int ret;

	if (!job)
		return -ENOENT;
	ret = wait_event_interruptible_hrtimeout(ctx->edu->wait, edu_wait_over(job),
						 ms_to_ktime(wait->timeout_ms));
	ret = ret == -ERESTARTSYS ? -EINTR : edu_reap(ctx, job, wait);
	edu_job_put(job);
	return ret;
}

static int edu_cancel(struct edu_context *ctx, union edu_arg *arg)
{
	struct edu_job *job;

	if (arg->id.pad)
		return -EINVAL;
	job = edu_find_job(ctx, arg->id.id);
	if (!job)
		return -ENOENT;
	edu_job_cancel(job);
	edu_job_put(job);
	return 0;
}

static const struct edu_command {
	unsigned int number;
	int (*run)(struct edu_context *ctx, union edu_arg *arg);
} edu_commands[] = {
	{ XMMU_EDU_INFO, edu_info },
	{ XMMU_EDU_STATS, edu_stats },
	{ XMMU_EDU_REGISTER, edu_register_range },
	{ XMMU_EDU_UNREGISTER, edu_unregister_range },
	{ XMMU_EDU_SUBMIT, edu_submit },
	{ XMMU_EDU_WAIT, edu_wait },
	{ XMMU_EDU_CANCEL, edu_cancel },
};

static int edu_run(struct edu_context *ctx, const struct edu_command *command, void __user *user)
{
	unsigned int size = _IOC_SIZE(command->number);
	union edu_arg arg;
	int ret;

	memset(&arg, 0, sizeof(arg));
	if (_IOC_DIR(command->number) & _IOC_WRITE && copy_from_user(&arg, user, size))
		return -EFAULT;
	down_read(&ctx->edu->gone_lock);
	ret = READ_ONCE(ctx->edu->gone) ? -ENODEV : command->run(ctx, &arg);
	up_read(&ctx->edu->gone_lock);
	if (!ret && _IOC_DIR(command->number) & _IOC_READ && copy_to_user(user, &arg, size))
		return -EFAULT;
	return ret;
}

static long edu_ioctl(struct file *file, unsigned int number, unsigned long user)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(edu_commands); i++)
		if (edu_commands[i].number == number)
			return edu_run(file->private_data, &edu_commands[i], (void __user *)user);
	return -ENOTTY;
}

/* ---- records of invalidations */

static bool edu_next_event(struct edu_context *ctx, struct xmmu_edu_event *event)
{
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&ctx->event_lock, flags);
	found = kfifo_get(&ctx->events, event);
	spin_unlock_irqrestore(&ctx->event_lock, flags);
	return found;
}

static ssize_t edu_read(struct file *file, char __user *user, size_t size, loff_t *pos)
{
	struct edu_context *ctx = file->private_data;
	struct xmmu_edu_event event;
	size_t done = 0;

	if (READ_ONCE(ctx->edu->gone))
		return -ENODEV;
	if (size < sizeof(event))
		return -EINVAL;
	while (size - done >= sizeof(event) && edu_next_event(ctx, &event)) {
		if (copy_to_user(user + done, &event, sizeof(event)))
			return done ?: -EFAULT;
		done += sizeof(event);
	}
	return done ?: -EAGAIN;
}

static bool edu_has_finished_job(struct edu_context *ctx)
{
	struct edu_job *job;
	unsigned long id;
	bool found = false;

	mutex_lock(&ctx->lock);
	xa_for_each(&ctx->jobs, id, job)
		found |= smp_load_acquire(&job->finished);
	mutex_unlock(&ctx->lock);
	return found;
}

static __poll_t edu_poll(struct file *file, poll_table *table)
{
	struct edu_context *ctx = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &ctx->edu->wait, table);
	if (READ_ONCE(ctx->edu->gone))
		return EPOLLERR | EPOLLHUP;
	if (!kfifo_is_empty(&ctx->events))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (edu_has_finished_job(ctx))
		mask |= EPOLLPRI;
	return mask;
}

const struct file_operations edu_fops = {
	.owner = THIS_MODULE,
	.open = edu_open,
	.release = edu_release,
	.unlocked_ioctl = edu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read = edu_read,
	.poll = edu_poll,
};
