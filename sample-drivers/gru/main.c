// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for an engine with a TLB and no page table, after the SGI GRU: each context has a small
 * TLB that is filled entry by entry, and what the kernel takes away is flushed from it. It runs on
 * the software device.
 *
 * An open file of /dev/xmmu-gru is a context. include/uapi/xmmu/gru.h describes its commands.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include "gru.h"

struct softdev *gru_softdev;

static struct dentry *gru_debugfs;

/* The layout is the same for all architectures, and stays. */
static_assert(sizeof(struct xmmu_gru_run) == 56);
static_assert(sizeof(struct xmmu_gru_stats) == 112);

static int gru_open(struct inode *inode, struct file *file)
{
	struct gru_context *context = gru_context_create();

	if (!context)
		return -ENOMEM;
	file->private_data = context;
	return stream_open(inode, file);
}

static int gru_release(struct inode *inode, struct file *file)
{
	gru_context_destroy(file->private_data);
	return 0;
}

/* Argument of a command, as copied from the caller. */
union gru_arg {
	struct xmmu_gru_run run;
	struct xmmu_gru_stats stats;
};

static int gru_command(struct gru_context *context, unsigned int number, union gru_arg *arg)
{
	switch (number) {
	case XMMU_GRU_RUN:
		return gru_context_run(context, &arg->run);
	case XMMU_GRU_UNLOAD:
		gru_place_leave(context);
		return 0;
	case XMMU_GRU_STATS:
		gru_context_stats(context, &arg->stats);
		return 0;
	default:
		return -ENOTTY;
	}
}

static bool gru_knows(unsigned int number)
{
	return number == XMMU_GRU_RUN || number == XMMU_GRU_UNLOAD || number == XMMU_GRU_STATS;
}

static int gru_call(struct gru_context *context, unsigned int number, union gru_arg *arg)
{
	int ret;

	if (mutex_lock_killable(&context->busy))
		return -EINTR;
	ret = gru_context_attach(context) ?: gru_command(context, number, arg);
	mutex_unlock(&context->busy);
	return ret;
}

static long gru_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	void __user *user = (void __user *)argument;
	unsigned int size = _IOC_SIZE(number);
	union gru_arg arg;
	int ret;

	if (!gru_knows(number))
		return -ENOTTY;
	memset(&arg, 0, sizeof(arg));
	if (_IOC_DIR(number) & _IOC_WRITE && copy_from_user(&arg, user, size))
		return -EFAULT;
	ret = gru_call(file->private_data, number, &arg);
	if (!ret && _IOC_DIR(number) & _IOC_READ && copy_to_user(user, &arg, size))
		return -EFAULT;
	return ret;
}

static const struct file_operations gru_fops = {
	.owner = THIS_MODULE,
	.open = gru_open,
	.release = gru_release,
	.unlocked_ioctl = gru_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice gru_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu-gru",
	.fops = &gru_fops,
};

static int gru_add(void)
{
	const struct softdev_params params = {
		.ops = &gru_softdev_ops,
		.name = "xmmu-gru",
		.lanes = GRU_LANES,
		.faults = GRU_FAULTS,
	};
	int ret;

	gru_softdev = softdev_create(&params);
	if (IS_ERR(gru_softdev))
		return PTR_ERR(gru_softdev);
	ret = misc_register(&gru_misc);
	if (ret) {
		softdev_destroy(gru_softdev);
		return ret;
	}
	gru_debugfs = debugfs_create_dir("xmmu-gru-engine", NULL);
	debugfs_create_u32("access_delay_ms", 0600, gru_debugfs,
			   &softdev_inject(gru_softdev)->access_delay_ms);
	return 0;
}

static int __init gru_init(void)
{
	int ret = gru_places_init() ?: xmmu_module_init();

	if (ret)
		return ret;
	ret = xmmu_whole_init(&gru_whole_ops) ?: gru_add();
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(gru_init);

static void __exit gru_exit(void)
{
	debugfs_remove_recursive(gru_debugfs);
	misc_deregister(&gru_misc);
	softdev_destroy(gru_softdev);
	xmmu_whole_exit();
	xmmu_module_exit();
}
module_exit(gru_exit);

MODULE_DESCRIPTION("Engine with a TLB and no page table on xmmu, on a device made of software");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
