// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for a GPU with shared virtual memory: the device works with the addresses of a program,
 * on any of its memory, and faults where it has no translation. It runs on the software device.
 *
 * An open file of /dev/xmmu-gpu0 is an address space. include/uapi/xmmu/gpu.h describes its
 * commands.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "gpu.h"

#define GPU_DEVICES 4

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "How many devices there are, 1 to 4");

static struct gpu_device gpus[GPU_DEVICES];

/* The layout is the same for all architectures, and stays. */
static_assert(sizeof(struct xmmu_gpu_submit) == 56);
static_assert(sizeof(struct xmmu_gpu_done) == 24);
static_assert(sizeof(struct xmmu_gpu_stats) == 104);
static_assert(sizeof(struct xmmu_gpu_advise) == 24);
static_assert(sizeof(struct xmmu_gpu_prefetch) == 24);
static_assert(sizeof(struct xmmu_gpu_eventfd) == 8);

/* ---- files */

static int gpu_open(struct inode *inode, struct file *file)
{
	struct gpu_device *gpu = container_of(file->private_data, struct gpu_device, misc);
	struct gpu_space *space = gpu_space_create(gpu);

	if (!space)
		return -ENOMEM;
	file->private_data = space;
	return stream_open(inode, file);
}

static int gpu_release(struct inode *inode, struct file *file)
{
	gpu_space_destroy(file->private_data);
	return 0;
}

/* Argument of a command, as copied from the caller. */
union gpu_arg {
	struct xmmu_gpu_submit submit;
	struct xmmu_gpu_stats stats;
	struct xmmu_gpu_advise advise;
	struct xmmu_gpu_prefetch prefetch;
	struct xmmu_gpu_eventfd eventfd;
};

static int gpu_run_submit(struct gpu_space *space, union gpu_arg *arg)
{
	return gpu_job_submit(space, &arg->submit);
}

static int gpu_run_stats(struct gpu_space *space, union gpu_arg *arg)
{
	gpu_space_stats(space, &arg->stats);
	return 0;
}

static int gpu_run_advise(struct gpu_space *space, union gpu_arg *arg)
{
	return gpu_advise(space, &arg->advise);
}

static int gpu_run_prefetch(struct gpu_space *space, union gpu_arg *arg)
{
	return gpu_prefetch(space, &arg->prefetch);
}

static int gpu_run_eventfd(struct gpu_space *space, union gpu_arg *arg)
{
	return gpu_job_eventfd(space, &arg->eventfd);
}

static const struct gpu_command {
	unsigned int number;
	int (*run)(struct gpu_space *space, union gpu_arg *arg);
} gpu_commands[] = {
	{ XMMU_GPU_SUBMIT, gpu_run_submit },   { XMMU_GPU_STATS, gpu_run_stats },
	{ XMMU_GPU_ADVISE, gpu_run_advise },   { XMMU_GPU_PREFETCH, gpu_run_prefetch },
	{ XMMU_GPU_EVENTFD, gpu_run_eventfd },
};

static int gpu_run(struct gpu_space *space, const struct gpu_command *command, void __user *user)
{
	unsigned int size = _IOC_SIZE(command->number);
	union gpu_arg arg;
	int ret;

	memset(&arg, 0, sizeof(arg));
	if (_IOC_DIR(command->number) & _IOC_WRITE && copy_from_user(&arg, user, size))
		return -EFAULT;
	ret = gpu_space_attach(space) ?: command->run(space, &arg);
	if (!ret && _IOC_DIR(command->number) & _IOC_READ && copy_to_user(user, &arg, size))
		return -EFAULT;
	return ret;
}

static long gpu_ioctl(struct file *file, unsigned int number, unsigned long user)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gpu_commands); i++)
		if (gpu_commands[i].number == number)
			return gpu_run(file->private_data, &gpu_commands[i], (void __user *)user);
	return -ENOTTY;
}

static ssize_t gpu_read(struct file *file, char __user *data, size_t len, loff_t *pos)
{
	struct gpu_space *space = file->private_data;
	struct gpu_job *job;
	int ret;

	if (len < sizeof(struct xmmu_gpu_done))
		return -EINVAL;
	while (!(job = gpu_job_take(space))) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(space->wait, gpu_job_any(space));
		if (ret)
			return ret;
	}
	return gpu_job_give(space, job, data);
}

static __poll_t gpu_poll(struct file *file, struct poll_table_struct *table)
{
	struct gpu_space *space = file->private_data;

	poll_wait(file, &space->wait, table);
	return gpu_job_any(space) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations gpu_fops = {
	.owner = THIS_MODULE,
	.open = gpu_open,
	.release = gpu_release,
	.read = gpu_read,
	.poll = gpu_poll,
	.unlocked_ioctl = gpu_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* ---- devices */

static void gpu_debugfs(struct gpu_device *gpu)
{
	struct softdev_inject *inject = softdev_inject(gpu->dev);

	gpu->debugfs = debugfs_create_dir(gpu->name, NULL);
	debugfs_create_u32("flush_delay_ms", 0600, gpu->debugfs, &inject->flush_delay_ms);
	debugfs_create_u32("flush_lose", 0600, gpu->debugfs, &inject->flush_lose);
	debugfs_create_u32("fault_lose", 0600, gpu->debugfs, &inject->fault_lose);
	debugfs_create_u32("stick", 0600, gpu->debugfs, &inject->stick);
	debugfs_create_u32("access_delay_ms", 0600, gpu->debugfs, &inject->access_delay_ms);
}

static void gpu_remove(struct gpu_device *gpu)
{
	gpu_dmirror_remove(gpu);
	misc_deregister(&gpu->misc);
	debugfs_remove_recursive(gpu->debugfs);
	gpu_memory_remove(gpu);
	softdev_destroy(gpu->dev);
}

static int gpu_register(struct gpu_device *gpu, unsigned int number)
{
	int ret;

	gpu->misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = gpu->name,
		.fops = &gpu_fops,
	};
	gpu_debugfs(gpu);
	ret = misc_register(&gpu->misc);
	if (!ret) {
		ret = gpu_dmirror_add(gpu, number);
		if (!ret)
			return 0;
		misc_deregister(&gpu->misc);
	}
	debugfs_remove_recursive(gpu->debugfs);
	return ret;
}

static int gpu_add(struct gpu_device *gpu, unsigned int number)
{
	struct softdev_params params = {
		.ops = &gpu_softdev_ops,
		.driver = gpu,
		.name = gpu->name,
	};
	int ret;

	snprintf(gpu->name, sizeof(gpu->name), "xmmu-gpu%u", number);
	spin_lock_init(&gpu->fault_lock);
	gpu_memory_params(number, &params);
	gpu->dev = softdev_create(&params);
	if (IS_ERR(gpu->dev))
		return PTR_ERR(gpu->dev);
	ret = gpu_memory_add(gpu, number);
	if (!ret) {
		ret = gpu_register(gpu, number);
		if (!ret)
			return 0;
		gpu_memory_remove(gpu);
	}
	softdev_destroy(gpu->dev);
	return ret;
}

static int gpu_add_all(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i < devices; i++) {
		ret = gpu_add(&gpus[i], i);
		if (!ret)
			continue;
		while (i--)
			gpu_remove(&gpus[i]);
		return ret;
	}
	return 0;
}

static int __init gpu_init(void)
{
	int ret;

	if (!devices || devices > GPU_DEVICES) {
		pr_err("devices=%u: give 1 to %u\n", devices, GPU_DEVICES);
		return -EINVAL;
	}
	ret = xmmu_module_init();
	if (ret)
		return ret;
	ret = gpu_add_all();
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(gpu_init);

static void __exit gpu_exit(void)
{
	unsigned int i;

	for (i = 0; i < devices; i++)
		gpu_remove(&gpus[i]);
	xmmu_module_exit();
}
module_exit(gpu_exit);

MODULE_DESCRIPTION("GPU with shared virtual memory on xmmu, on a device made of software");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
