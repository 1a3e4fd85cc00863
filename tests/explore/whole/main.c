// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for scenarios of whole address spaces: contexts with a TLB each. The TLB has a lock of
 * its own, as that of a device is: what the SDK keeps apart is not kept apart here.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <xmmu/whole.h>
#include <xmmu/xmmu.h>

#include "../../../sdk/hosted/mm/cpu.h"
#include "abi.h"

#define ADDR 0x10000000UL

struct shared {
	struct xmmu_whole whole;
	struct hlist_head contexts; /* changed under the lock of the whole; RCU */
};

struct context {
	struct mutex attaching;
	struct shared *shared; /* NULL: not attached */
	struct hlist_node node;
	spinlock_t tlb_lock;
	unsigned long pfn[WHOLE_PAGES]; /* 0: no translation */
	bool writable[WHOLE_PAGES];
	bool used[WHOLE_PAGES];  /* since the kernel has asked; atomic */
	bool known[WHOLE_PAGES]; /* there was a translation once */
};

static struct shared *to_shared(struct xmmu_whole *whole)
{
	return container_of(whole, struct shared, whole);
}

/* ---- callbacks */

static struct xmmu_whole *whole_alloc(void)
{
	struct shared *shared = kzalloc(sizeof(*shared), GFP_KERNEL);

	if (!shared)
		return NULL;
	return &shared->whole;
}

static void whole_free(struct xmmu_whole *whole)
{
	WARN_ON(!hlist_empty(&to_shared(whole)->contexts));
	kfree(to_shared(whole));
}

static void remember(struct context *context, const struct xmmu_dropin *dropin)
{
	unsigned long i = (dropin->addr - ADDR) / PAGE_SIZE;

	context->pfn[i] = page_to_pfn(dropin->page);
	context->writable[i] = dropin->perm & XMMU_PERM_WRITE;
	context->known[i] = true;
}

static int whole_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	struct context *context = dropin->context;

	spin_lock(&context->tlb_lock);
	remember(context, dropin);
	spin_unlock(&context->tlb_lock);
	return 0;
}

/* Pages that no context can know are none of ours. */
static bool remap(struct context *context, const struct xmmu_dropin *dropin)
{
	unsigned long i = (dropin->addr - ADDR) / PAGE_SIZE;
	bool known;

	spin_lock(&context->tlb_lock);
	known = i < WHOLE_PAGES && context->known[i];
	if (known)
		remember(context, dropin);
	spin_unlock(&context->tlb_lock);
	return known;
}

static bool whole_remap(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	struct context *context;
	bool known = false;

	hlist_for_each_entry(context, &to_shared(whole)->contexts, node)
		known |= remap(context, dropin);
	return known;
}

static void forget(struct context *context, unsigned long start, unsigned long end)
{
	unsigned long i;

	spin_lock(&context->tlb_lock);
	for (i = 0; i < WHOLE_PAGES; i++)
		if (ADDR + i * PAGE_SIZE >= start && ADDR + i * PAGE_SIZE < end)
			context->pfn[i] = 0;
	spin_unlock(&context->tlb_lock);
}

static void whole_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct context *context;

	hlist_for_each_entry(context, &to_shared(whole)->contexts, node)
		forget(context, start, end);
}

static bool young(struct context *context, unsigned long i, enum xmmu_aging how)
{
	bool *used = &context->used[i];

	return how == XMMU_AGING_TEST ? READ_ONCE(*used) : xchg(used, false);
}

static bool whole_young(struct xmmu_whole *whole, unsigned long start, unsigned long end,
			enum xmmu_aging how)
{
	struct context *context;
	bool any = false;
	unsigned long i;

	hlist_for_each_entry_rcu(context, &to_shared(whole)->contexts, node)
		for (i = 0; i < WHOLE_PAGES; i++)
			if (ADDR + i * PAGE_SIZE >= start && ADDR + i * PAGE_SIZE < end)
				any |= young(context, i, how);
	return any;
}

static const struct xmmu_whole_ops whole_ops = {
	.alloc = whole_alloc,
	.free = whole_free,
	.load = whole_load,
	.flush = whole_flush,
	.young = whole_young,
	.remap = whole_remap,
};

/* ---- commands */

static long whole_attach(struct context *context)
{
	struct xmmu_whole *whole = xmmu_whole_get();

	if (IS_ERR(whole))
		return PTR_ERR(whole);
	context->shared = to_shared(whole);
	xmmu_whole_lock(whole);
	hlist_add_head_rcu(&context->node, &context->shared->contexts);
	xmmu_whole_unlock(whole);
	return 0;
}

static long whole_detach(struct context *context)
{
	struct xmmu_whole *whole = &context->shared->whole;

	xmmu_whole_lock(whole);
	hlist_del_init_rcu(&context->node);
	xmmu_whole_unlock(whole);
	synchronize_rcu();
	forget(context, 0, ULONG_MAX);
	context->shared = NULL;
	xmmu_whole_put(whole);
	return 0;
}

static long whole_access(struct context *context, const struct whole_access *access)
{
	unsigned long i = (access->addr - ADDR) / PAGE_SIZE;
	bool write = access->flags & XMMU_WRITE;
	long used;

	spin_lock(&context->tlb_lock);
	used = context->pfn[i] && context->writable[i] >= write;
	if (used)
		hosted_device_access(context->shared->whole.notifier.mm, access->addr,
				     context->pfn[i], write);
	if (used)
		WRITE_ONCE(context->used[i], true);
	if (used && write)
		hosted_page_write(context->pfn[i], 0, &access->value, sizeof(access->value));
	spin_unlock(&context->tlb_lock);
	return used;
}

/* A fault of the device, as its interrupt thread takes it. */
struct fault {
	struct work_struct work;
	struct context *context;
	const struct whole_access *access;
	long result;
};

static void whole_work(struct work_struct *work)
{
	struct fault *fault = container_of(work, struct fault, work);

	fault->result = xmmu_whole_dropin(&fault->context->shared->whole, fault->access->addr,
					  fault->access->flags | XMMU_NOWAIT, NULL, fault->context);
}

static long whole_fault(struct context *context, const struct whole_access *access)
{
	struct fault fault = { .context = context, .access = access };

	INIT_WORK(&fault.work, whole_work);
	schedule_work(&fault.work);
	flush_work(&fault.work);
	return fault.result;
}

static long whole_run(struct context *context, unsigned int number,
		      const struct whole_access *access)
{
	if (number == WHOLE_ATTACH)
		return context->shared ? -EBUSY : whole_attach(context);
	if (!context->shared)
		return -ENOENT;
	switch (number) {
	case WHOLE_DETACH:
		return whole_detach(context);
	case WHOLE_DROPIN:
		return xmmu_whole_dropin(&context->shared->whole, access->addr, access->flags, NULL,
					 context);
	case WHOLE_FAULT:
		return whole_fault(context, access);
	case WHOLE_ACCESS:
		return whole_access(context, access);
	default:
		return -ENOTTY;
	}
}

static long whole_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct context *context = file->private_data;
	struct whole_access access = {};
	long ret;

	if (_IOC_SIZE(number) &&
	    copy_from_user(&access, (void __user *)argument, _IOC_SIZE(number)))
		return -EFAULT;
	mutex_lock(&context->attaching);
	ret = whole_run(context, number, &access);
	mutex_unlock(&context->attaching);
	return ret;
}

static int whole_open(struct inode *inode, struct file *file)
{
	struct context *context = kzalloc(sizeof(*context), GFP_KERNEL);

	if (!context)
		return -ENOMEM;
	mutex_init(&context->attaching);
	spin_lock_init(&context->tlb_lock);
	file->private_data = context;
	return 0;
}

static int whole_release(struct inode *inode, struct file *file)
{
	struct context *context = file->private_data;

	if (context->shared)
		whole_detach(context);
	kfree(context);
	return 0;
}

static const struct file_operations whole_fops = {
	.owner = THIS_MODULE,
	.open = whole_open,
	.release = whole_release,
	.unlocked_ioctl = whole_ioctl,
};

static struct miscdevice whole_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "whole",
	.fops = &whole_fops,
};

static int __init whole_init(void)
{
	int err = xmmu_module_init();

	if (err)
		return err;
	err = xmmu_whole_init(&whole_ops) ?: misc_register(&whole_misc);
	if (err)
		xmmu_module_exit();
	return err;
}
module_init(whole_init);

static void __exit whole_exit(void)
{
	misc_deregister(&whole_misc);
	xmmu_whole_exit();
	xmmu_module_exit();
}
module_exit(whole_exit);

MODULE_DESCRIPTION("A driver for scenarios of whole address spaces");
MODULE_LICENSE("GPL");
