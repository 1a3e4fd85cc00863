// SPDX-License-Identifier: GPL-2.0-only
/*
 * A wrong driver, for the tutorial. A program opens /dev/race and writes a page to it: no byte is
 * copied, the device gets the page itself, until the kernel takes it away.
 */
#include <linux/hmm.h>
#include <linux/miscdevice.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>

/* The device's only register: the page that it may read, 0 for none. */
extern unsigned long race_device;

static struct mmu_interval_notifier race_notifier;
static DEFINE_MUTEX(race_lock);

static bool race_invalidate(struct mmu_interval_notifier *notifier,
			    const struct mmu_notifier_range *event, unsigned long seq)
{
	mutex_lock(&race_lock);
	mmu_interval_set_seq(notifier, seq);
	WRITE_ONCE(race_device, 0);
	mutex_unlock(&race_lock);
	return true;
}

static ssize_t race_write(struct file *file, const char __user *page, size_t len, loff_t *offset)
{
	unsigned long addr = (unsigned long)page, frame = 0;
	struct hmm_range range = {
		.notifier = &race_notifier,
		.start = addr,
		.end = addr + PAGE_SIZE,
		.hmm_pfns = &frame,
		.default_flags = HMM_PFN_REQ_FAULT,
	};
	int error;

	do {
		range.notifier_seq = mmu_interval_read_begin(&race_notifier);
		mmap_read_lock(current->mm);
		error = hmm_range_fault(&range);
		mmap_read_unlock(current->mm);
		if (error && error != -EBUSY)
			return error;
	} while (error || mmu_interval_check_retry(&race_notifier, range.notifier_seq));

	mutex_lock(&race_lock);
	WRITE_ONCE(race_device, page_to_pfn(hmm_pfn_to_page(frame)));
	mutex_unlock(&race_lock);
	return len;
}

static const struct mmu_interval_notifier_ops race_notifier_ops = { .invalidate = race_invalidate };

static int race_open(struct inode *inode, struct file *file)
{
	return mmu_interval_notifier_insert(&race_notifier, current->mm, 0, ULONG_MAX & PAGE_MASK,
					    &race_notifier_ops);
}

static int race_release(struct inode *inode, struct file *file)
{
	mmu_interval_notifier_remove(&race_notifier);
	WRITE_ONCE(race_device, 0);
	return 0;
}

static const struct file_operations race_fops = {
	.owner = THIS_MODULE,
	.open = race_open,
	.release = race_release,
	.write = race_write,
};

static struct miscdevice race_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "race",
	.fops = &race_fops,
};

static int __init race_init(void)
{
	return misc_register(&race_misc);
}
module_init(race_init);

static void __exit race_exit(void)
{
	misc_deregister(&race_misc);
}
module_exit(race_exit);

MODULE_DESCRIPTION("A wrong driver");
MODULE_LICENSE("GPL");
