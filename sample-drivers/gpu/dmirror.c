// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/hmm_dmirror0 to 3: nodes that speak the language of the kernel's test_hmm, so that the
 * kernel's own hmm-tests runs against this driver.
 *
 * They are other doors to the devices. 0 and 1 are devices without reserved RAM, 2 and 3 devices
 * with coherent memory in it. Everything that a call says of memory went through the device: its
 * page table, and its engines. Errors are translated here into those that test_hmm has.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dmirror.h"

/* Nodes of a kind. */
#define DMIRROR_NODES 2

static bool dmirror;
module_param(dmirror, bool, 0444);
MODULE_PARM_DESC(dmirror, "Make /dev/hmm_dmirror0 to 3, as the kernel's test_hmm does");

static int dmirror_open(struct inode *inode, struct file *file)
{
	struct gpu_device *gpu = container_of(file->private_data, struct gpu_device, dmirror);
	struct dmirror *mirror = kzalloc(sizeof(*mirror), GFP_KERNEL_ACCOUNT);

	if (!mirror)
		return -ENOMEM;
	mutex_init(&mirror->lock);
	mirror->space = gpu_space_create(gpu);
	if (!mirror->space) {
		kfree(mirror);
		return -ENOMEM;
	}
	file->private_data = mirror;
	return 0;
}

static int dmirror_release(struct inode *inode, struct file *file)
{
	struct dmirror *mirror = file->private_data;

	gpu_space_destroy(mirror->space);
	mutex_destroy(&mirror->lock);
	kfree(mirror);
	return 0;
}

static int dmirror_error(int error)
{
	switch (error) {
	case -ESRCH:
		return -EFAULT;
	case -ETIMEDOUT:
		return -EBUSY;
	default:
		return error;
	}
}

static bool dmirror_is_valid(const struct dmirror_call *call)
{
	return PAGE_ALIGNED(call->addr) && call->npages &&
	       call->npages <= (U64_MAX - call->addr) >> PAGE_SHIFT;
}

static long dmirror_ioctl(struct file *file, unsigned int command, unsigned long pointer)
{
	struct dmirror *mirror = file->private_data;
	void __user *user = (void __user *)pointer;
	struct dmirror_call call;
	int ret;

	if (copy_from_user(&call, user, sizeof(call)))
		return -EFAULT;
	if (!dmirror_is_valid(&call))
		return -EINVAL;
	ret = gpu_space_attach(mirror->space);
	if (ret)
		return ret;
	call.cpages = 0;
	call.faults = 0;
	if (mutex_lock_killable(&mirror->lock))
		return -EINTR;
	ret = dmirror_do(mirror, command, &call);
	mutex_unlock(&mirror->lock);
	if (ret)
		return dmirror_error(ret);
	return copy_to_user(user, &call, sizeof(call)) ? -EFAULT : 0;
}

static int dmirror_map_page(struct vm_area_struct *vma, unsigned long addr)
{
	struct page *page = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	int ret;

	if (!page)
		return -ENOMEM;
	ret = vm_insert_page(vma, addr, page);
	put_page(page);
	return ret;
}

/* Pages of a driver in the address space of a program, for a test that the device reads those. */
static int dmirror_mmap(struct file *file, struct vm_area_struct *vma)
{
	unsigned long addr;
	int ret = 0;

	for (addr = vma->vm_start; addr < vma->vm_end && !ret; addr += PAGE_SIZE)
		ret = dmirror_map_page(vma, addr);
	return ret;
}

static const struct file_operations dmirror_fops = {
	.owner = THIS_MODULE,
	.open = dmirror_open,
	.release = dmirror_release,
	.unlocked_ioctl = dmirror_ioctl,
	.mmap = dmirror_mmap,
};

int gpu_dmirror_add(struct gpu_device *gpu, unsigned int number)
{
	static unsigned int nodes[2];
	bool coherent = gpu_memory_is_coherent(number);
	int ret;

	if (!dmirror || nodes[coherent] == DMIRROR_NODES)
		return 0;
	snprintf(gpu->dmirror_name, sizeof(gpu->dmirror_name), "hmm_dmirror%u",
		 DMIRROR_NODES * coherent + nodes[coherent]);
	gpu->dmirror = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = gpu->dmirror_name,
		.fops = &dmirror_fops,
	};
	ret = misc_register(&gpu->dmirror);
	if (ret)
		pr_err("%s: there is a /dev/%s (%d): unload test_hmm, or load with dmirror=0\n",
		       gpu->name, gpu->dmirror_name, ret);
	else
		nodes[coherent]++;
	return ret;
}

void gpu_dmirror_remove(struct gpu_device *gpu)
{
	if (gpu->dmirror.fops)
		misc_deregister(&gpu->dmirror);
}
