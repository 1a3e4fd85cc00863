// SPDX-License-Identifier: GPL-2.0-only
/*
 * xmmu_whole: a device with a TLB and no page table, which reads and writes words of a program's
 * memory. Beside that it counts what the kernel asks, and can keep an invalidation open. It trusts
 * its callers and is loaded in test guests only.
 */
#include <linux/delay.h>
#include <linux/highmem.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <xmmu/whole.h>
#include <xmmu/xmmu.h>

#include "abi.h"

/* Where KSM has replaced pages the next access needs no fault; up to Linux 6.9. */
static bool remap = true;
module_param(remap, bool, 0644);
/* Whether the kernel hears what the device has used. */
static bool aging = true;
module_param(aging, bool, 0644);

struct space {
	struct xmmu_whole whole;
	struct hlist_head contexts; /* changed under the lock of the whole; RCU */
};

/* Under the lock of the whole. */
struct entry {
	struct page *page; /* NULL: no translation */
	bool writable;
	bool known; /* there was one once */
};

struct context {
	struct space *space; /* NULL: not attached */
	struct hlist_node node;
	struct mmu_notifier holder;
	struct xw_hold hold;
	unsigned long start;
	unsigned long pages;
	struct entry tlb[XW_PAGES];
	DECLARE_BITMAP(used, XW_PAGES); /* since the kernel has asked; atomic */
	u64 shared_writable;            /* under the lock of the whole */
	atomic64_t faults, held, asked[XW_ASKED];
};

static struct space *to_space(struct xmmu_whole *whole)
{
	return container_of(whole, struct space, whole);
}

static_assert((int)XW_TEST == (int)XMMU_AGING_TEST);
static_assert((int)XW_CLEAR_FLUSH == (int)XMMU_AGING_CLEAR_FLUSH);

/* Numbers of the pages that a span has in common with the context: from *first on, below the result. */
static unsigned long pages_of(const struct context *context, unsigned long start, unsigned long end,
			      unsigned long *first)
{
	unsigned long limit = context->start + context->pages * PAGE_SIZE;

	start = clamp(start, context->start, limit);
	end = clamp(end, context->start, limit);
	*first = (start - context->start) >> PAGE_SHIFT;
	return (end - context->start) >> PAGE_SHIFT;
}

/* ---- callbacks of the SDK */

static struct xmmu_whole *xw_alloc(void)
{
	struct space *space = kzalloc(sizeof(*space), GFP_KERNEL);

	return space ? &space->whole : NULL;
}

static void xw_free(struct xmmu_whole *whole)
{
	kfree(to_space(whole));
}

static void set_entry(struct context *context, const struct xmmu_dropin *dropin)
{
	context->tlb[(dropin->addr - context->start) >> PAGE_SHIFT] = (struct entry){
		.page = dropin->page,
		.writable = dropin->perm & XMMU_PERM_WRITE,
		.known = true,
	};
}

static int xw_load(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	set_entry(dropin->context, dropin);
	return 0;
}

static void flush_context(struct context *context, unsigned long start, unsigned long end)
{
	unsigned long i, last = pages_of(context, start, end, &i);

	for (; i < last; i++) {
		context->tlb[i].page = NULL;
		clear_bit(i, context->used);
	}
}

static void xw_flush(struct xmmu_whole *whole, unsigned long start, unsigned long end)
{
	struct context *context;

	hlist_for_each_entry(context, &to_space(whole)->contexts, node)
		flush_context(context, start, end);
}

static bool remap_context(struct context *context, const struct xmmu_dropin *dropin)
{
	unsigned long i, last = pages_of(context, dropin->addr, dropin->addr + PAGE_SIZE, &i);

	if (i == last || !context->tlb[i].known)
		return false;
	set_entry(context, dropin);
	return true;
}

static bool xw_remap(struct xmmu_whole *whole, const struct xmmu_dropin *dropin)
{
	struct context *context;
	bool known = false;

	if (!READ_ONCE(remap))
		return false;
	hlist_for_each_entry(context, &to_space(whole)->contexts, node)
		known |= remap_context(context, dropin);
	return known;
}

static bool age_context(struct context *context, unsigned long start, unsigned long end,
			enum xmmu_aging how)
{
	unsigned long i, last = pages_of(context, start, end, &i);
	bool young = false;

	if (i < last)
		atomic64_inc(&context->asked[how]);
	for (; i < last; i++)
		young |= how == XMMU_AGING_TEST ? test_bit(i, context->used) :
						  test_and_clear_bit(i, context->used);
	return young;
}

static bool xw_young(struct xmmu_whole *whole, unsigned long start, unsigned long end,
		     enum xmmu_aging how)
{
	struct context *context;
	bool young = false;

	if (!READ_ONCE(aging))
		return false;
	hlist_for_each_entry_rcu(context, &to_space(whole)->contexts, node)
		young |= age_context(context, start, end, how);
	return young;
}

static const struct xmmu_whole_ops xw_ops = {
	.alloc = xw_alloc,
	.free = xw_free,
	.load = xw_load,
	.flush = xw_flush,
	.young = xw_young,
	.remap = xw_remap,
};

/* ---- an invalidation that takes its time */

static int hold_start(struct mmu_notifier *holder, const struct mmu_notifier_range *range)
{
	struct context *context = container_of(holder, struct context, holder);
	const struct xw_hold *hold = &context->hold;

	if (range->start >= READ_ONCE(hold->end) || range->end <= READ_ONCE(hold->start) ||
	    !mmu_notifier_range_blockable(range))
		return 0;
	atomic64_inc(&context->held);
	msleep(READ_ONCE(hold->ms));
	return 0;
}

static const struct mmu_notifier_ops hold_ops = {
	.invalidate_range_start = hold_start,
};

static long do_hold(struct context *context, void *argument)
{
	const struct xw_hold *hold = argument;

	WRITE_ONCE(context->hold.end, 0);
	WRITE_ONCE(context->hold.ms, hold->ms);
	WRITE_ONCE(context->hold.start, hold->start);
	WRITE_ONCE(context->hold.end, hold->end);
	return 0;
}

/* ---- accesses of the device */

static bool translated(struct context *context, unsigned long i, bool write)
{
	const struct entry *entry = &context->tlb[i];

	if (!entry->page)
		return false;
	context->shared_writable += entry->writable && folio_test_ksm(page_folio(entry->page));
	return entry->writable || !write;
}

static bool access_translated(struct context *context, unsigned long i, u64 *word, bool write)
{
	struct xmmu_whole *whole = &context->space->whole;
	bool done;
	u64 *memory;

	xmmu_whole_lock(whole);
	done = translated(context, i, write);
	if (done) {
		memory = kmap_local_page(context->tlb[i].page);
		if (write)
			WRITE_ONCE(*memory, *word);
		else
			*word = READ_ONCE(*memory);
		kunmap_local(memory);
		set_bit(i, context->used);
	}
	xmmu_whole_unlock(whole);
	return done;
}

static int access_page(struct context *context, unsigned long i, u64 *word, bool write)
{
	int err;

	while (!access_translated(context, i, word, write)) {
		atomic64_inc(&context->faults);
		err = xmmu_whole_dropin(&context->space->whole, context->start + i * PAGE_SIZE,
					write ? XMMU_WRITE : 0, NULL, context);
		if (err)
			return err;
	}
	return 0;
}

static long do_access(struct context *context, void *argument)
{
	const struct xw_access *access = argument;
	u64 __user *words = u64_to_user_ptr(access->words);
	u64 word, i;
	int err;

	if (access->page > context->pages || access->pages > context->pages - access->page)
		return -EINVAL;
	for (i = 0; i < access->pages; i++) {
		if (access->write && get_user(word, words + i))
			return -EFAULT;
		err = access_page(context, access->page + i, &word, access->write);
		if (err)
			return err;
		if (!access->write && put_user(word, words + i))
			return -EFAULT;
	}
	return 0;
}

/* ---- commands */

/* The holder is called after the SDK, as it is registered before. */
static long do_attach(struct context *context, void *argument)
{
	const struct xw_attach *attach = argument;
	struct xmmu_whole *whole;
	int err;

	if (!attach->pages || attach->pages > XW_PAGES || attach->start % PAGE_SIZE)
		return -EINVAL;
	context->start = attach->start;
	context->pages = attach->pages;
	context->holder.ops = &hold_ops;
	err = mmu_notifier_register(&context->holder, current->mm);
	if (err)
		return err;
	whole = xmmu_whole_get();
	if (IS_ERR(whole)) {
		mmu_notifier_unregister(&context->holder, context->holder.mm);
		return PTR_ERR(whole);
	}
	context->space = to_space(whole);
	xmmu_whole_lock(whole);
	hlist_add_head_rcu(&context->node, &context->space->contexts);
	xmmu_whole_unlock(whole);
	return 0;
}

static void detach(struct context *context)
{
	struct xmmu_whole *whole = &context->space->whole;

	xmmu_whole_lock(whole);
	hlist_del_rcu(&context->node);
	xmmu_whole_unlock(whole);
	xmmu_whole_put(whole);
	mmu_notifier_unregister(&context->holder, context->holder.mm);
	/* Who asks for age may look at it still. */
	synchronize_rcu();
}

static long do_stats(struct context *context, void *argument)
{
	struct xw_stats *stats = argument;
	struct xmmu_whole_stats whole;
	unsigned int i;

	xmmu_whole_read_stats(&context->space->whole, &whole);
	memcpy(stats, &whole, sizeof(whole));
	static_assert(sizeof(whole) == offsetof(struct xw_stats, faults));
	stats->faults = atomic64_read(&context->faults);
	stats->held = atomic64_read(&context->held);
	for (i = 0; i < ARRAY_SIZE(stats->asked); i++)
		stats->asked[i] = atomic64_read(&context->asked[i]);
	xmmu_whole_lock(&context->space->whole);
	stats->shared_writable = context->shared_writable;
	xmmu_whole_unlock(&context->space->whole);
	return 0;
}

static const struct {
	unsigned int number;
	long (*run)(struct context *context, void *argument);
} commands[] = {
	{ XW_ATTACH, do_attach },
	{ XW_ACCESS, do_access },
	{ XW_STATS, do_stats },
	{ XW_HOLD, do_hold },
};

static long run(struct context *context, unsigned int number, void *argument)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == number)
			return commands[i].run(context, argument);
	return -ENOTTY;
}

static long xw_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct context *context = file->private_data;
	u8 buffer[sizeof(struct xw_stats)] __aligned(8) = {};
	void __user *user = (void __user *)argument;
	unsigned int size = _IOC_SIZE(number);
	long ret;

	if (size > sizeof(buffer))
		return -ENOTTY;
	if (_IOC_DIR(number) & _IOC_WRITE && copy_from_user(buffer, user, size))
		return -EFAULT;
	/* Attached once, and before all else. */
	if (!context->space == (number != XW_ATTACH))
		return -EINVAL;
	ret = run(context, number, buffer);
	if (!ret && _IOC_DIR(number) & _IOC_READ && copy_to_user(user, buffer, size))
		return -EFAULT;
	return ret;
}

static int xw_open(struct inode *inode, struct file *file)
{
	struct context *context = kvzalloc(sizeof(*context), GFP_KERNEL);

	if (!context)
		return -ENOMEM;
	file->private_data = context;
	return 0;
}

static int xw_release(struct inode *inode, struct file *file)
{
	struct context *context = file->private_data;

	if (context->space)
		detach(context);
	kvfree(context);
	return 0;
}

static const struct file_operations xw_fops = {
	.owner = THIS_MODULE,
	.open = xw_open,
	.release = xw_release,
	.unlocked_ioctl = xw_ioctl,
};

static struct miscdevice xw_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xmmu_whole",
	.fops = &xw_fops,
};

static int __init xw_init(void)
{
	int err = xmmu_module_init();

	if (err)
		return err;
	err = xmmu_whole_init(&xw_ops) ?: misc_register(&xw_misc);
	if (err)
		xmmu_module_exit();
	return err;
}
module_init(xw_init);

static void __exit xw_exit(void)
{
	misc_deregister(&xw_misc);
	xmmu_whole_exit();
	xmmu_module_exit();
}
module_exit(xw_exit);

MODULE_DESCRIPTION("Test driver of whole address spaces");
MODULE_LICENSE("GPL");
