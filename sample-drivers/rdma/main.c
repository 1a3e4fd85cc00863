// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for an RDMA adapter with on-demand paging: programs register memory, and work of one
 * program reaches memory of another that has given it a key. It runs on the software device.
 *
 * An open file of /dev/xmmu-rdma is a protection domain. include/uapi/xmmu/rdma.h describes its
 * commands.
 */
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "rdma.h"

#define RDMA_NAME "xmmu-rdma"
/* The SDK has a folder of the driver's name. */
#define RDMA_FOLDER RDMA_NAME "-device"

static struct rdma_device rdma;

/* The layout is the same for all architectures, and stays. */
static_assert(sizeof(struct xmmu_rdma_region) == 40);
static_assert(sizeof(struct xmmu_rdma_prefetch) == 32);
static_assert(sizeof(struct xmmu_rdma_pair) == 16);
static_assert(sizeof(struct xmmu_rdma_work) == 72);
static_assert(sizeof(struct xmmu_rdma_completion) == 32);
static_assert(sizeof(struct xmmu_rdma_stats) == 80);

/* ---- files */

static int rdma_open(struct inode *inode, struct file *file)
{
	struct rdma_domain *domain = rdma_domain_create(&rdma);

	if (!domain)
		return -ENOMEM;
	file->private_data = domain;
	return stream_open(inode, file);
}

static int rdma_release(struct inode *inode, struct file *file)
{
	rdma_domain_destroy(file->private_data);
	return 0;
}

/* Argument of a command, as copied from the caller. */
union rdma_arg {
	struct xmmu_rdma_region region;
	struct xmmu_rdma_deregister deregister;
	struct xmmu_rdma_prefetch prefetch;
	struct xmmu_rdma_pair pair;
	struct xmmu_rdma_work work;
	struct xmmu_rdma_eventfd eventfd;
	struct xmmu_rdma_stats stats;
};

/* Each at the place of its number. */
static const unsigned int rdma_commands[] = {
	XMMU_RDMA_REGISTER, XMMU_RDMA_DEREGISTER, XMMU_RDMA_REREGISTER, XMMU_RDMA_PREFETCH,
	XMMU_RDMA_CREATE,   XMMU_RDMA_CONNECT,    XMMU_RDMA_QUERY,      XMMU_RDMA_DESTROY,
	XMMU_RDMA_POST,     XMMU_RDMA_EVENTFD,    XMMU_RDMA_STATS,
};

static int rdma_dispatch(struct rdma_domain *domain, unsigned int number, union rdma_arg *arg)
{
	switch (number) {
	case XMMU_RDMA_REGISTER:
		return rdma_register(domain, &arg->region);
	case XMMU_RDMA_DEREGISTER:
		return rdma_deregister(domain, arg->deregister.local_key);
	case XMMU_RDMA_REREGISTER:
		return rdma_reregister(domain, &arg->region);
	case XMMU_RDMA_PREFETCH:
		return rdma_prefetch(domain, &arg->prefetch);
	case XMMU_RDMA_CREATE:
		return rdma_pair_create(domain, &arg->pair);
	case XMMU_RDMA_CONNECT:
		return rdma_pair_connect(domain, &arg->pair);
	case XMMU_RDMA_QUERY:
		return rdma_pair_query(domain, &arg->pair);
	case XMMU_RDMA_DESTROY:
		return rdma_pair_destroy(domain, &arg->pair);
	case XMMU_RDMA_POST:
		return rdma_post(domain, &arg->work);
	case XMMU_RDMA_EVENTFD:
		return rdma_eventfd(domain, &arg->eventfd);
	case XMMU_RDMA_STATS:
		rdma_domain_stats(domain, &arg->stats);
		return 0;
	}
	return -ENOTTY;
}

/* What the caller can not be told the name of nobody could use, or take away. */
static void rdma_undo(struct rdma_domain *domain, unsigned int number, const union rdma_arg *arg)
{
	if (number == XMMU_RDMA_REGISTER || number == XMMU_RDMA_REREGISTER)
		rdma_deregister(domain, arg->region.local_key);
	else if (number == XMMU_RDMA_CREATE)
		rdma_pair_destroy(domain, &arg->pair);
}

static long rdma_ioctl(struct file *file, unsigned int number, unsigned long user)
{
	unsigned int size = _IOC_SIZE(number);
	union rdma_arg arg;
	int ret;

	if (_IOC_NR(number) >= ARRAY_SIZE(rdma_commands) ||
	    rdma_commands[_IOC_NR(number)] != number)
		return -ENOTTY;
	memset(&arg, 0, sizeof(arg));
	if (_IOC_DIR(number) & _IOC_WRITE && copy_from_user(&arg, (void __user *)user, size))
		return -EFAULT;
	ret = rdma_domain_attach(file->private_data) ?:
		      rdma_dispatch(file->private_data, number, &arg);
	if (ret || !(_IOC_DIR(number) & _IOC_READ) ||
	    !copy_to_user((void __user *)user, &arg, size))
		return ret;
	rdma_undo(file->private_data, number, &arg);
	return -EFAULT;
}

static ssize_t rdma_read(struct file *file, char __user *data, size_t len, loff_t *pos)
{
	struct rdma_domain *domain = file->private_data;
	ssize_t ret;

	if (len < sizeof(struct xmmu_rdma_completion))
		return -EINVAL;
	while ((ret = rdma_done_read(domain, data)) == -EAGAIN) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(domain->wait, rdma_done_any(domain));
		if (ret)
			return ret;
	}
	return ret;
}

static __poll_t rdma_poll(struct file *file, struct poll_table_struct *table)
{
	struct rdma_domain *domain = file->private_data;

	poll_wait(file, &domain->wait, table);
	return rdma_done_any(domain) ? EPOLLIN | EPOLLRDNORM : 0;
}

static const struct file_operations rdma_fops = {
	.owner = THIS_MODULE,
	.open = rdma_open,
	.release = rdma_release,
	.read = rdma_read,
	.poll = rdma_poll,
	.unlocked_ioctl = rdma_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* ---- the device */

static void rdma_debugfs(void)
{
	struct softdev_inject *inject = softdev_inject(rdma.dev);

	rdma.debugfs = debugfs_create_dir(RDMA_FOLDER, NULL);
	debugfs_create_u32("flush_delay_ms", 0600, rdma.debugfs, &inject->flush_delay_ms);
	debugfs_create_u32("flush_lose", 0600, rdma.debugfs, &inject->flush_lose);
	debugfs_create_u32("fault_lose", 0600, rdma.debugfs, &inject->fault_lose);
	debugfs_create_u32("stick", 0600, rdma.debugfs, &inject->stick);
	debugfs_create_u32("access_delay_ms", 0600, rdma.debugfs, &inject->access_delay_ms);
}

static int rdma_register_file(void)
{
	int ret;

	rdma.misc = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = RDMA_NAME,
		.fops = &rdma_fops,
	};
	rdma_debugfs();
	ret = misc_register(&rdma.misc);
	if (ret)
		debugfs_remove_recursive(rdma.debugfs);
	return ret;
}

static int rdma_create(void)
{
	const struct softdev_params params = {
		.ops = &rdma_softdev_ops,
		.driver = &rdma,
		.name = RDMA_NAME,
	};
	int ret;

	rdma.dev = softdev_create(&params);
	if (IS_ERR(rdma.dev))
		return PTR_ERR(rdma.dev);
	ret = rdma_register_file();
	if (ret)
		softdev_destroy(rdma.dev);
	return ret;
}

/* The bus has no IOMMU, and the device reaches all of memory. */
static int rdma_add(void)
{
	int ret;

	mutex_init(&rdma.pairs_lock);
	spin_lock_init(&rdma.fault_lock);
	spin_lock_init(&rdma.lock);
	xa_init(&rdma.pairs);
	rdma.parent = root_device_register(RDMA_NAME);
	if (IS_ERR(rdma.parent))
		return PTR_ERR(rdma.parent);
	ret = dma_coerce_mask_and_coherent(rdma.parent, DMA_BIT_MASK(64)) ?: rdma_create();
	if (ret)
		root_device_unregister(rdma.parent);
	return ret;
}

static int __init rdma_init(void)
{
	int ret = xmmu_module_init();

	if (ret)
		return ret;
	ret = rdma_add();
	if (ret)
		xmmu_module_exit();
	return ret;
}
module_init(rdma_init);

static void __exit rdma_exit(void)
{
	misc_deregister(&rdma.misc);
	debugfs_remove_recursive(rdma.debugfs);
	softdev_destroy(rdma.dev);
	root_device_unregister(rdma.parent);
	xmmu_module_exit();
}
module_exit(rdma_exit);

MODULE_DESCRIPTION("RDMA adapter with on-demand paging on xmmu, on a device made of software");
MODULE_LICENSE("GPL");
MODULE_VERSION(XMMU_VERSION);
