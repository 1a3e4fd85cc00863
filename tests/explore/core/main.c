// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for scenarios of the core. Its device has a page table and a TLB, walks the table by
 * itself and goes on using what is in the TLB until it has confirmed a flush, which it does at a
 * time of its own, in a worker. Each access is checked against what the process has mapped.
 */
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>

#include <xmmu/attr.h>
#include <xmmu/exclusive.h>
#include <xmmu/xmmu.h>

#include "../../../sdk/hosted/kernel/internal.h"
#include "../../../sdk/hosted/mm/cpu.h"
#include "abi.h"
#include "pt.h"

#define CORE_PAGES   32
#define CORE_FLUSHES 4

static char *policy = "trylock";
module_param(policy, charp, 0444);

/* The device confirms no flush. */
static bool mute;
module_param(mute, bool, 0444);

static unsigned int watchdog_ms = 1000;
module_param(watchdog_ms, uint, 0444);

/* Long-lived DMA addresses, behind an IOMMU. */
static bool dma;
module_param(dma, bool, 0444);

/* Ranges follow what the process unmaps. */
static bool follow;
module_param(follow, bool, 0444);

/* The device may have pages for itself; its own events are left out. */
static bool exclusive;
module_param(exclusive, bool, 0444);

/* The device walks a page table, and has no array. */
static bool pt;
module_param(pt, bool, 0444);

/* The device walks a page table, and the kernel hears what it uses. */
static bool aging;
module_param(aging, bool, 0444);

static struct device core_dev;
static enum xmmu_policy core_policy;

struct core_entry {
	unsigned long pfn; /* 0: none */
	dma_addr_t dma;
	bool write;
};

struct core_flush {
	struct work_struct work;
	struct core_context *core;
	unsigned long start;
	unsigned long end;
	u64 ticket;
	bool busy; /* under tlb_lock */
};

struct core_context {
	struct xmmu_mirror mirror;
	struct rw_semaphore lock; /* held while it populates, taken when the process is gone */
	bool gone;                /* under lock */
	struct workqueue_struct *device;
	spinlock_t tlb_lock;                 /* innermost */
	struct core_entry table[CORE_PAGES]; /* the device reads it whenever it likes */
	struct core_entry tlb[CORE_PAGES];
	unsigned long base; /* of the pages that there are entries for */
	struct core_flush flushes[CORE_FLUSHES];
	bool cut; /* under tlb_lock */
	struct core_pt pt;
	struct xmmu_attr advice;
};

static struct core_context *to_core(struct xmmu_mirror *mirror)
{
	return container_of(mirror, struct core_context, mirror);
}

static unsigned int index_of(const struct core_context *core, unsigned long addr)
{
	return (addr - READ_ONCE(core->base)) / PAGE_SIZE;
}

/* ---- callbacks */

static int core_prepare_pt(struct xmmu_walk *walk)
{
	struct core_context *core = to_core(xmmu_range_mirror(xmmu_walk_range(walk)));

	return xmmu_pt_prepare(&core->pt.pt, walk);
}

static void core_populate_pt(struct xmmu_walk *walk)
{
	struct core_context *core = to_core(xmmu_range_mirror(xmmu_walk_range(walk)));

	xmmu_pt_populate(&core->pt.pt, walk);
}

static void core_zap_pt(struct xmmu_range *range, unsigned long start, unsigned long end,
			struct xmmu_gather *gather)
{
	xmmu_pt_zap(&to_core(xmmu_range_mirror(range))->pt.pt, start, end, gather);
}

static void core_populate(struct xmmu_walk *walk)
{
	struct core_context *core = to_core(xmmu_range_mirror(xmmu_walk_range(walk)));
	struct core_entry *entry;
	struct xmmu_leaf leaf;
	unsigned long i;

	xmmu_walk_for_each(walk, &leaf) {
		for (i = 0; i < leaf.len / PAGE_SIZE; i++) {
			entry = &core->table[index_of(core, leaf.addr) + i];
			WRITE_ONCE(entry->write, leaf.perm & XMMU_PERM_WRITE);
			WRITE_ONCE(entry->dma, leaf.dma + i * PAGE_SIZE);
			smp_store_release(&entry->pfn, page_to_pfn(leaf.page) + i);
		}
	}
}

static void core_zap(struct xmmu_range *range, unsigned long start, unsigned long end,
		     struct xmmu_gather *gather)
{
	struct core_context *core = to_core(xmmu_range_mirror(range));
	struct core_entry *entry;
	unsigned long addr;

	for (addr = start; addr < end; addr += PAGE_SIZE) {
		entry = &core->table[index_of(core, addr)];
		if (!entry->pfn)
			continue;
		WRITE_ONCE(entry->pfn, 0);
		xmmu_gather_add(gather, addr, addr + PAGE_SIZE);
	}
}

static void tlb_drop(struct core_context *core, unsigned long start, unsigned long end)
{
	unsigned int i;

	for (i = index_of(core, start); i < index_of(core, end); i++)
		core->tlb[i].pfn = 0;
	core_pt_forget(&core->pt, start, end);
}

static void core_confirm(struct core_flush *flush)
{
	struct core_context *core = flush->core;
	unsigned long flags;
	u64 ticket;

	spin_lock_irqsave(&core->tlb_lock, flags);
	tlb_drop(core, flush->start, flush->end);
	ticket = flush->ticket;
	flush->busy = false;
	spin_unlock_irqrestore(&core->tlb_lock, flags);
	xmmu_flush_done(&core->mirror, ticket);
}

static void core_device(struct work_struct *work)
{
	core_confirm(container_of(work, struct core_flush, work));
}

static struct core_flush *flush_slot(struct core_context *core)
{
	unsigned int i;

	for (i = 0; i < CORE_FLUSHES; i++)
		if (!core->flushes[i].busy)
			return &core->flushes[i];
	return NULL;
}

static struct core_flush *flush_post(struct core_context *core, const struct xmmu_gather *gather)
{
	struct core_flush *flush;
	unsigned long flags;

	spin_lock_irqsave(&core->tlb_lock, flags);
	flush = flush_slot(core);
	if (!WARN_ON(!flush)) {
		flush->start = gather->start;
		flush->end = gather->end;
		flush->ticket = gather->ticket;
		flush->busy = true;
	}
	spin_unlock_irqrestore(&core->tlb_lock, flags);
	return flush;
}

static void core_flush(struct xmmu_mirror *mirror, const struct xmmu_gather *gather)
{
	struct core_context *core = to_core(mirror);
	struct core_flush *flush = flush_post(core, gather);

	if (core_policy == XMMU_ATOMIC)
		core_confirm(flush);
	else if (!mute)
		queue_work(core->device, &flush->work);
}

static bool core_young(struct xmmu_mirror *mirror, unsigned long start, unsigned long end,
		       enum xmmu_aging how)
{
	struct core_context *core = to_core(mirror);
	bool young = xmmu_pt_age(&core->pt.pt, start, end,
				 how == XMMU_AGING_TEST ? 0 : CORE_PT_ACCESSED) &
		     CORE_PT_ACCESSED;
	unsigned long flags;

	if (young && how == XMMU_AGING_CLEAR_FLUSH) {
		spin_lock_irqsave(&core->tlb_lock, flags);
		tlb_drop(core, start, end);
		spin_unlock_irqrestore(&core->tlb_lock, flags);
	}
	return young;
}

static void core_isolate(struct xmmu_mirror *mirror)
{
	struct core_context *core = to_core(mirror);
	unsigned long flags;

	spin_lock_irqsave(&core->tlb_lock, flags);
	core->cut = true;
	spin_unlock_irqrestore(&core->tlb_lock, flags);
}

static void core_gone(struct xmmu_mirror *mirror)
{
	struct core_context *core = to_core(mirror);

	down_write(&core->lock);
	WARN_ON(core->gone);
	core->gone = true;
	up_write(&core->lock);
}

static void core_range_free(struct xmmu_range *range)
{
	kfree(range);
}

static struct xmmu_range *core_range_alloc(struct xmmu_range *range)
{
	return kzalloc(sizeof(*range), GFP_KERNEL);
}

static const struct xmmu_ops core_ops = {
	.populate = core_populate,
	.zap = core_zap,
	.flush = core_flush,
	.isolate = core_isolate,
	.release = core_gone,
	.range_free = core_range_free,
};

static const struct xmmu_ops core_following_ops = {
	.populate = core_populate,
	.zap = core_zap,
	.flush = core_flush,
	.isolate = core_isolate,
	.release = core_gone,
	.range_alloc = core_range_alloc,
	.range_free = core_range_free,
};

static const struct xmmu_ops core_pt_ops = {
	.prepare = core_prepare_pt,
	.populate = core_populate_pt,
	.zap = core_zap_pt,
	.flush = core_flush,
	.isolate = core_isolate,
	.release = core_gone,
	.range_free = core_range_free,
};

static const struct xmmu_ops core_aging_ops = {
	.prepare = core_prepare_pt,
	.populate = core_populate_pt,
	.zap = core_zap_pt,
	.flush = core_flush,
	.young = core_young,
	.isolate = core_isolate,
	.release = core_gone,
	.range_free = core_range_free,
};

/* ---- what the device does by itself */

static void tlb_walk(struct core_context *core, unsigned int i, bool write)
{
	u64 entry = core_pt_walk(&core->pt, core->base + i * PAGE_SIZE, write);

	core->tlb[i].pfn = (entry & CORE_PT_ADDRESS) >> PAGE_SHIFT;
	core->tlb[i].write = entry & CORE_PT_WRITE;
}

static void tlb_fill(struct core_context *core, unsigned int i)
{
	core->tlb[i].pfn = smp_load_acquire(&core->table[i].pfn);
	core->tlb[i].write = READ_ONCE(core->table[i].write);
	core->tlb[i].dma = READ_ONCE(core->table[i].dma);
}

static void use_entry(struct core_context *core, const struct core_entry *entry,
		      const struct core_span *span)
{
	u64 word = span->value;

	hosted_device_access(core->mirror.mm, span->addr, entry->pfn, entry->write);
	if (dma && span->write)
		hosted_dma_write(&core_dev, entry->dma, &word, sizeof(word));
	else if (dma)
		hosted_dma_read(&core_dev, entry->dma, &word, sizeof(word));
	else if (span->write)
		hosted_page_write(entry->pfn, 0, &word, sizeof(word));
}

/* An access that began before the device was cut off, or its flush confirmed, has ended by then. */
static int core_access(struct core_context *core, const struct core_span *span)
{
	unsigned int i = index_of(core, span->addr);
	struct core_entry *entry = &core->tlb[i];
	unsigned long flags;
	int used = 0;

	spin_lock_irqsave(&core->tlb_lock, flags);
	if (!core->cut && (!entry->pfn || entry->write < span->write)) {
		if (pt)
			tlb_walk(core, i, span->write);
		else
			tlb_fill(core, i);
	}
	if (entry->pfn && !core->cut && entry->write >= span->write) {
		use_entry(core, entry, span);
		used = 1;
	}
	spin_unlock_irqrestore(&core->tlb_lock, flags);
	return used;
}

/* ---- commands */

static int core_attach(struct core_context *core, const struct core_span *span)
{
	const struct xmmu_config config = {
		.ops = aging  ? &core_aging_ops :
		       pt     ? &core_pt_ops :
		       follow ? &core_following_ops :
				&core_ops,
		.policy = core_policy,
		.dma = dma ? XMMU_DMA_LEAF : XMMU_DMA_NONE,
		.dev = dma ? &core_dev : NULL,
		.owner = exclusive ? &core_dev : NULL,
		.watchdog_ms = watchdog_ms,
	};

	WRITE_ONCE(core->base, span->addr);
	if (pt && core_pt_init(&core->pt))
		return -ENOMEM;
	return xmmu_mirror_attach(&core->mirror, &config);
}

static int core_insert(struct core_context *core, const struct core_span *span)
{
	struct xmmu_range *range = kzalloc(sizeof(*range), GFP_KERNEL);
	int error;

	if (!range)
		return -ENOMEM;
	error = xmmu_range_insert(&core->mirror, range, span->addr, span->addr + span->len);
	if (error)
		kfree(range);
	else
		xmmu_range_put(range);
	return error;
}

static int core_find(struct core_context *core, const struct core_span *span)
{
	struct xmmu_range *range, *fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);

	if (!fresh)
		return -ENOMEM;
	range = xmmu_range_find_or_insert(&core->mirror, fresh, span->addr, PAGE_SIZE);
	if (range != fresh)
		kfree(fresh);
	if (!IS_ERR(range))
		xmmu_range_put(range);
	return PTR_ERR_OR_ZERO(range);
}

static int core_split(struct xmmu_range *range, unsigned long at)
{
	struct xmmu_range *upper = kzalloc(sizeof(*upper), GFP_KERNEL);
	int error;

	if (!upper)
		return -ENOMEM;
	error = xmmu_range_split(range, upper, at);
	if (error)
		kfree(upper);
	else
		xmmu_range_put(upper);
	return error;
}

static int core_make(struct core_context *core, struct xmmu_range *range,
		     const struct core_span *span)
{
	int result;

	down_read(&core->lock);
	result = xmmu_populate(range, span->addr, span->addr + span->len, span->flags, NULL, NULL);
	up_read(&core->lock);
	return result;
}

static int core_on_range(struct core_context *core, unsigned int number,
			 const struct core_span *span)
{
	struct xmmu_range *range = xmmu_range_find(&core->mirror, span->addr);
	unsigned long end = span->addr + span->len;
	int result = 0;

	if (!range)
		return -ENOENT;
	if (number == CORE_POPULATE)
		result = core_make(core, range, span);
	else if (number == CORE_EXCLUSIVE)
		result = xmmu_exclusive(range, span->addr, end, NULL, NULL);
	else if (number == CORE_ZAP)
		result = xmmu_range_zap(range, span->addr, end);
	else if (number == CORE_SPLIT)
		result = core_split(range, span->addr);
	else if (number == CORE_RESIZE)
		result = xmmu_range_resize(range, span->addr, end);
	else
		xmmu_range_remove(range);
	xmmu_range_put(range);
	return result;
}

static long core_ioctl(struct file *file, unsigned int number, unsigned long argument)
{
	struct core_context *core = file->private_data;
	struct core_span span = {};

	if (copy_from_user(&span, (void __user *)argument, _IOC_SIZE(number)))
		return -EFAULT;
	switch (number) {
	case CORE_ATTACH:
		return core_attach(core, &span);
	case CORE_DETACH:
		xmmu_mirror_detach(&core->mirror);
		WARN_ON(work_pending(&core->mirror.collect));
		return 0;
	case CORE_INSERT:
		return core_insert(core, &span);
	case CORE_FIND:
		return core_find(core, &span);
	case CORE_ACCESS:
		return core_access(core, &span);
	case CORE_COUNT:
		return core_pt_count(&core->pt, span.addr, span.addr + span.len);
	case CORE_ADVISE:
		return xmmu_attr_set(&core->advice, span.addr, span.addr + span.len, span.flags);
	case CORE_ADVICE:
		return xmmu_attr_get(&core->advice, span.addr, NULL);
	case CORE_AGE:
		return xmmu_pt_age(&core->pt.pt, span.addr, span.addr + span.len, span.flags);
	default:
		return core_on_range(core, number, &span);
	}
}

static int core_open(struct inode *inode, struct file *file)
{
	struct core_context *core = kzalloc(sizeof(*core), GFP_KERNEL);
	unsigned int i;

	if (!core)
		return -ENOMEM;
	core->device = alloc_workqueue("device", WQ_UNBOUND, 0);
	if (!core->device) {
		kfree(core);
		return -ENOMEM;
	}
	init_rwsem(&core->lock);
	xmmu_attr_init(&core->advice);
	spin_lock_init(&core->tlb_lock);
	for (i = 0; i < CORE_FLUSHES; i++) {
		core->flushes[i].core = core;
		INIT_WORK(&core->flushes[i].work, core_device);
	}
	file->private_data = core;
	return 0;
}

static int core_release(struct inode *inode, struct file *file)
{
	struct core_context *core = file->private_data;

	xmmu_mirror_detach(&core->mirror);
	destroy_workqueue(core->device);
	if (pt)
		xmmu_pt_destroy(&core->pt.pt);
	xmmu_attr_destroy(&core->advice);
	kfree(core);
	return 0;
}

static const struct file_operations core_fops = {
	.owner = THIS_MODULE,
	.open = core_open,
	.release = core_release,
	.unlocked_ioctl = core_ioctl,
};

static struct miscdevice core_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "core",
	.fops = &core_fops,
};

static int __init core_init(void)
{
	static const char *const names[] = { "refuse", "trylock", "atomic", NULL };
	int chosen = sysfs_match_string(names, policy);
	int error;

	if (chosen < 0)
		return chosen;
	core_policy = chosen;
	hosted_device_init(&core_dev, "core", HOSTED_DMA_IOMMU);
	error = xmmu_module_init();
	if (error)
		return error;
	error = misc_register(&core_misc);
	if (error)
		xmmu_module_exit();
	return error;
}
module_init(core_init);

static void __exit core_exit(void)
{
	misc_deregister(&core_misc);
	xmmu_module_exit();
	hosted_device_release(&core_dev);
}
module_exit(core_exit);

MODULE_DESCRIPTION("A driver for scenarios of the core");
MODULE_LICENSE("GPL");
