// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for scenarios of on-demand paging: a parent, and an adapter that has a slot for each of
 * its children and reads their tables. It complains if two children are in one slot, if one is taken
 * out that is not there, or freed while it is.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/odp.h>
#include <xmmu/xmmu.h>

#include "../../../sdk/hosted/kernel/internal.h"
#include "../../../sdk/hosted/mm/cpu.h"
#include "abi.h"

static unsigned int children;
module_param(children, uint, 0444);

struct odp_context {
	struct xmmu_mirror mirror;
	struct xmmu_odp_parent parent;
	struct mutex destroy;
	bool destroyed;
	unsigned long base;
	struct xmmu_odp *slot[ODP_SLOTS]; /* under the mirror's lock */
	atomic_t alive;                   /* children */
};

static struct odp_context *of_mirror(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct odp_context, mirror);
}

static struct odp_context *of_range(struct xmmu_range *range)
{
	return of_mirror(xmmu_range_mirror(range));
}

static struct xmmu_odp **slot_of(struct odp_context *context, unsigned long addr)
{
	return &context->slot[(addr - context->base) / XMMU_WINDOW];
}

/* ---- callbacks */

static void odp_isolate(struct xmmu_mirror *mirror)
{
}

static void odp_range_free(struct xmmu_range *range)
{
	struct xmmu_odp *odp = container_of(range, struct xmmu_odp, range);
	struct odp_context *context = of_range(range);
	unsigned int i;

	xmmu_mirror_lock(&context->mirror);
	for (i = 0; i < ODP_SLOTS; i++)
		WARN_ON(context->slot[i] == odp);
	xmmu_mirror_unlock(&context->mirror);
	atomic_dec(&context->alive);
	xmmu_odp_exit(odp);
	kfree(odp);
}

static const struct xmmu_ops mirror_ops = {
	.prepare = xmmu_odp_prepare,
	.populate = xmmu_odp_populate,
	.zap = xmmu_odp_zap,
	.isolate = odp_isolate,
	.range_free = odp_range_free,
};

static struct xmmu_odp *child_alloc(struct xmmu_odp_parent *parent)
{
	struct odp_context *context = container_of(parent, struct odp_context, parent);
	struct xmmu_odp *child = kzalloc(sizeof(*child), GFP_KERNEL);

	if (child)
		atomic_inc(&context->alive);
	return child;
}

static void child_replace(struct xmmu_odp *child, struct xmmu_odp *old, struct xmmu_odp *new)
{
	struct odp_context *context = of_range(&child->range);
	struct xmmu_odp **slot = slot_of(context, xmmu_range_start(&child->range));

	xmmu_mirror_lock(&context->mirror);
	WARN_ON(*slot != old);
	*slot = new;
	xmmu_mirror_unlock(&context->mirror);
}

static void child_link(struct xmmu_odp *child)
{
	child_replace(child, NULL, child);
}

static void child_unlink(struct xmmu_odp *child)
{
	child_replace(child, child, NULL);
}

static const struct xmmu_odp_parent_ops parent_ops = {
	.alloc = child_alloc,
	.link = child_link,
	.unlink = child_unlink,
};

/* ---- commands */

static int odp_attach(struct odp_context *context, unsigned long base)
{
	const struct xmmu_config config = { .ops = &mirror_ops, .policy = XMMU_TRYLOCK };

	context->base = base;
	return xmmu_mirror_attach(&context->mirror, &config);
}

/* The adapter tries again. It may find that the page has gone since, and does not report that. */
static void use(struct odp_context *context, const struct odp_access *access)
{
	struct xmmu_odp *child;
	u64 entry = 0;

	xmmu_mirror_lock(&context->mirror);
	child = *slot_of(context, access->addr);
	if (child)
		xmmu_odp_read(child, access->addr, access->addr + PAGE_SIZE, &entry);
	if (entry && (!access->write || entry & XMMU_PERM_WRITE))
		hosted_device_access(context->mirror.mm, access->addr, entry >> PAGE_SHIFT,
				     access->write);
	xmmu_mirror_unlock(&context->mirror);
}

static int odp_fault(struct odp_context *context, const struct odp_access *access)
{
	int err = xmmu_odp_parent_fault(&context->parent, access->addr, access->addr + PAGE_SIZE,
					access->write ? XMMU_ODP_REMOTE_WRITE : 0, NULL);

	if (!err)
		use(context, access);
	return err;
}

static void odp_destroy(struct odp_context *context)
{
	mutex_lock(&context->destroy);
	if (!context->destroyed)
		xmmu_odp_parent_destroy(&context->parent);
	context->destroyed = true;
	mutex_unlock(&context->destroy);
	WARN_ON(atomic_read(&context->alive));
}

static long odp_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct odp_context *context = file->private_data;
	struct odp_access access = {};

	if (copy_from_user(&access, (void __user *)argument, _IOC_SIZE(number)))
		return -EFAULT;
	switch (number) {
	case ODP_ATTACH:
		return odp_attach(context, access.addr);
	case ODP_DETACH:
		xmmu_mirror_detach(&context->mirror);
		return 0;
	case ODP_FAULT:
		return odp_fault(context, &access);
	case ODP_DESTROY:
		odp_destroy(context);
		return 0;
	default:
		return -ENOTTY;
	}
}

static int odp_open(struct inode *inode, struct file *file)
{
	const struct xmmu_odp_parent_config config = { .ops = &parent_ops,
						       .access = XMMU_ODP_REMOTE_WRITE,
						       .size = XMMU_WINDOW,
						       .children = children };
	struct odp_context *context = kzalloc(sizeof(*context), GFP_KERNEL);
	int err;

	if (!context)
		return -ENOMEM;
	mutex_init(&context->destroy);
	err = xmmu_odp_parent_init(&context->parent, &context->mirror, &config);
	if (err)
		kfree(context);
	else
		file->private_data = context;
	return err;
}

static int odp_release(struct inode *inode, struct file *file)
{
	struct odp_context *context = file->private_data;

	odp_destroy(context);
	xmmu_mirror_detach(&context->mirror);
	kfree(context);
	return 0;
}

static const struct file_operations odp_fops = {
	.owner = THIS_MODULE,
	.open = odp_open,
	.release = odp_release,
	.unlocked_ioctl = odp_ioctl,
};

static struct miscdevice odp_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "odp",
	.fops = &odp_fops,
};

static int __init odp_init(void)
{
	int err = xmmu_module_init();

	if (err)
		return err;
	err = misc_register(&odp_misc);
	if (err)
		xmmu_module_exit();
	return err;
}
module_init(odp_init);

static void __exit odp_exit(void)
{
	misc_deregister(&odp_misc);
	xmmu_module_exit();
}
module_exit(odp_exit);

MODULE_DESCRIPTION("A driver for scenarios of on-demand paging");
MODULE_LICENSE("GPL");
