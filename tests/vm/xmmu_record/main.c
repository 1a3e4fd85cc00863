// SPDX-License-Identifier: GPL-2.0-only
/*
 * xmmu_record: writes down what the kernel tells a driver, without the SDK; see abi.h. It is loaded
 * in test guests only.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <xmmu/xmmu.h>

#include "abi.h"
/* It has no folder of its own to be built in, as it runs in the hosted kernel, too. */
#include "recorder.c"

struct record_context {
	struct mutex mutex;
	bool running;
	struct recorder recorder;
	char text[XR_TEXT];
};

static_assert(sizeof_field(struct recorder, text) == XR_TEXT);

static int start(struct record_context *ctx, const struct xr_span __user *user)
{
	struct xr_span span;
	int err;

	if (copy_from_user(&span, user, sizeof(span)))
		return -EFAULT;
	if (ctx->running)
		return -EBUSY;
	err = recorder_attach(&ctx->recorder, current->mm, span.base, span.pages,
			      &recorder_list_ops);
	ctx->running = !err;
	return err;
}

static int stop(struct record_context *ctx)
{
	if (!ctx->running)
		return -EINVAL;
	recorder_detach(&ctx->recorder);
	ctx->running = false;
	return 0;
}

static long command(struct record_context *ctx, unsigned int number, unsigned long argument)
{
	switch (number) {
	case XR_START:
		return start(ctx, (const struct xr_span __user *)argument);
	case XR_STOP:
		return stop(ctx);
	case XR_REFUSE:
		ctx->recorder.refuse = argument;
		return 0;
	case XR_YOUNG:
		ctx->recorder.young = argument;
		return 0;
	case XR_USED:
		return READ_ONCE(ctx->recorder.used);
	}
	return -ENOTTY;
}

static long record_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct record_context *ctx = file->private_data;
	long ret;

	mutex_lock(&ctx->mutex);
	ret = command(ctx, number, argument);
	mutex_unlock(&ctx->mutex);
	return ret;
}

/* All that was recorded since the last time. */
static ssize_t record_read(struct file *file, char __user *user, size_t size, loff_t *unused)
{
	struct record_context *ctx = file->private_data;
	ssize_t ret;

	if (size < XR_TEXT)
		return -EINVAL;
	mutex_lock(&ctx->mutex);
	recorder_take(&ctx->recorder, ctx->text, sizeof(ctx->text));
	ret = strlen(ctx->text);
	if (copy_to_user(user, ctx->text, ret))
		ret = -EFAULT;
	mutex_unlock(&ctx->mutex);
	return ret;
}

static int record_open(struct inode *inode, struct file *file)
{
	struct record_context *ctx = kvzalloc(sizeof(*ctx), GFP_KERNEL);

	if (!ctx)
		return -ENOMEM;
	mutex_init(&ctx->mutex);
	spin_lock_init(&ctx->recorder.lock);
	file->private_data = ctx;
	return 0;
}

static int record_close(struct inode *inode, struct file *file)
{
	struct record_context *ctx = file->private_data;

	stop(ctx);
	kvfree(ctx);
	return 0;
}

static const struct file_operations record_fops = {
	.owner = THIS_MODULE,
	.open = record_open,
	.release = record_close,
	.unlocked_ioctl = record_ioctl,
	.read = record_read,
};

static struct miscdevice record_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_record",
	.fops = &record_fops,
};
module_misc_device(record_device);

MODULE_DESCRIPTION("Records what the kernel tells a driver");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
