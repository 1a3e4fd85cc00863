// SPDX-License-Identifier: GPL-2.0-only
/*
 * The checker: whether the device uses what it should have forgotten, without a hint of the driver.
 *
 * It has a list notifier of its own in the address space. Interval notifiers come before list
 * notifiers, so when its start callback runs, the driver has zapped, flushed and waited for the
 * span. It is wrong
 * - to use a translation after that which is in the TLB, or on its way to memory, at that moment;
 * - to use a page that the processor does not have at this address.
 * So it finds a driver that does not zap, does not flush, does not wait, waits for its own flush
 * only and not for that of an earlier event, or does not look whether it must retry.
 *
 * In an address space without tables the driver has a list notifier itself; there it is wrong to
 * use after the end of an event what was there at its start.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched/mm.h>
#include <linux/stacktrace.h>

#include "internal.h"

/* Of each device these are printed, and all are counted. */
#define MAX_REPORTS 8
/* How often a page is looked for that should be there. */
#define MAX_LOOKS 8

static struct softdev_space *to_space(struct mmu_notifier *notifier)
{
	return container_of(notifier, struct softdev_space, shadow.notifier);
}

/* Where one with this number is, or was, or will be. */
static struct softdev_invalidation *place(struct softdev_shadow *shadow, u64 number)
{
	return &shadow->invalidations[number % SOFTDEV_INVALIDATIONS];
}

/* What the device had of the span before is stale. Under the lock. */
static void overtake(struct softdev_space *space, const struct softdev_invalidation *event,
		     u64 before)
{
	softdev_tlb_overtake(space, event->start, event->end, event->number, before);
	softdev_access_overtake(space, event->start, event->end, event->number, before);
}

/* The driver is through with it: what the device has of the span now is stale. */
static void begin(struct softdev_space *space, struct softdev_invalidation *new)
{
	struct softdev_shadow *shadow = &space->shadow;

	new->depth = stack_trace_save(new->stack, SOFTDEV_STACK, 2);
	spin_lock(&space->dev->lock);
	new->number = ++shadow->number;
	*place(shadow, new->number) = *new;
	if (new->event == MMU_NOTIFY_RELEASE)
		shadow->released = new->number;
	overtake(space, new, U64_MAX);
	spin_unlock(&space->dev->lock);
}

static bool is_own(const struct softdev_shadow *shadow, const struct mmu_notifier_range *range)
{
	return shadow->owner &&
	       (range->event == MMU_NOTIFY_MIGRATE || range->event == MMU_NOTIFY_EXCLUSIVE) &&
	       range->owner == shadow->owner;
}

static int shadow_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct softdev_space *space = to_space(notifier);
	struct softdev_invalidation invalidation = {
		.start = range->start,
		.end = range->end,
		.event = range->event,
	};

	if (!is_own(&space->shadow, range))
		begin(space, &invalidation);
	else if (range->event == MMU_NOTIFY_EXCLUSIVE)
		WRITE_ONCE(space->shadow.exclusive, true);
	return 0;
}

/* The address space goes, and with it everything that the device will ever have of it. */
static void shadow_release(struct mmu_notifier *notifier, struct mm_struct *mm)
{
	struct softdev_invalidation invalidation = {
		.end = ULONG_MAX,
		.event = MMU_NOTIFY_RELEASE,
	};

	begin(to_space(notifier), &invalidation);
}

static const struct mmu_notifier_ops shadow_ops = {
	.invalidate_range_start = shadow_start,
	.release = shadow_release,
};

/*
 * Without tables: the driver has a list notifier, which several spaces share perhaps, and is called
 * before this one or after it. When the first end comes it has been called.
 */
static int dropins_start(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct softdev_space *space = to_space(notifier);
	struct softdev_shadow *shadow = &space->shadow;
	struct softdev_invalidation new = {
		.start = range->start,
		.end = range->end,
		.event = range->event,
	};

	new.depth = stack_trace_save(new.stack, SOFTDEV_STACK, 2);
	spin_lock(&space->dev->lock);
	new.number = ++shadow->number;
	new.serial = ++space->dev->serial;
	*place(shadow, new.number) = new;
	spin_unlock(&space->dev->lock);
	return 0;
}

/* The oldest that is open with these bounds; NULL if it was overwritten. Under the lock. */
static struct softdev_invalidation *open_like(struct softdev_shadow *shadow,
					      const struct mmu_notifier_range *range)
{
	struct softdev_invalidation *each = shadow->invalidations, *found = NULL;

	for (; each < shadow->invalidations + SOFTDEV_INVALIDATIONS; each++)
		if (each->serial && each->start == range->start && each->end == range->end &&
		    (!found || each->number < found->number))
			found = each;
	return found;
}

static void dropins_end(struct mmu_notifier *notifier, const struct mmu_notifier_range *range)
{
	struct softdev_space *space = to_space(notifier);
	struct softdev_invalidation *event;

	spin_lock(&space->dev->lock);
	event = open_like(&space->shadow, range);
	if (event) {
		overtake(space, event, event->serial);
		event->serial = 0;
	}
	spin_unlock(&space->dev->lock);
}

static const struct mmu_notifier_ops dropins_ops = {
	.invalidate_range_start = dropins_start,
	.invalidate_range_end = dropins_end,
};

int softdev_shadow_init(struct softdev_space *space, struct mm_struct *mm, void *owner)
{
	struct softdev_shadow *shadow = &space->shadow;

	if (!mm)
		return 0;
	shadow->mm = mm;
	shadow->owner = owner;
	shadow->notifier.ops = space->root == SOFTDEV_NO_TABLE ? &dropins_ops : &shadow_ops;
	return mmu_notifier_register(&shadow->notifier, mm);
}

void softdev_shadow_free(struct softdev_space *space)
{
	if (space->shadow.mm)
		mmu_notifier_unregister(&space->shadow.notifier, space->shadow.mm);
}

/* The invalidation after which a translation must not be used, or 0. Under the lock. */
u64 softdev_shadow_stale(const struct softdev_translation *translation)
{
	return translation->overtaken ?: translation->space->shadow.released;
}

/*
 * The processor loses a page only after the driver has waited for this access. Tables are looked at
 * without a lock and without waiting. That misses a page whose entry changes at that moment, be it
 * that a processor marks it, but it does not miss it each time. Zero pages are not found there, nor
 * are pages that are taken for the device alone, once there are any.
 */
static bool is_mapped(unsigned long addr, struct page *expected, bool write)
{
	unsigned int looks = MAX_LOOKS;
	struct page *page;
	int found;

	do
		found = get_user_pages_fast_only(addr & PAGE_MASK, 1, write ? FOLL_WRITE : 0,
						 &page);
	while (found != 1 && --looks);
	if (found != 1)
		return !write && page_count(expected);
	put_page(page);
	return page == expected;
}

/* The last that has taken the address away, as far as that is known. */
static u64 last_of(struct softdev_space *space, u64 addr)
{
	const struct softdev_invalidation *each = space->shadow.invalidations;
	u64 last = 0;

	spin_lock(&space->dev->lock);
	for (; each < space->shadow.invalidations + SOFTDEV_INVALIDATIONS; each++)
		if (each->number && addr >= each->start && addr < each->end)
			last = max(last, each->number);
	spin_unlock(&space->dev->lock);
	return last;
}

/* In a thread of the device that is on the way to memory, before it is there. */
void softdev_shadow_check(struct softdev_space *space, const struct softdev_leaf *leaf, u64 addr,
			  bool write)
{
	u64 phys = (leaf->entry & SOFTDEV_ADDRESS) + (addr - leaf->base);
	struct softdev_shadow *shadow = &space->shadow;
	bool mapped;

	if (!shadow->mm || READ_ONCE(shadow->exclusive) || leaf->entry & SOFTDEV_DEVMEM ||
	    !pfn_valid(PHYS_PFN(phys)) || !mmget_not_zero(shadow->mm))
		return;
	kthread_use_mm(shadow->mm);
	mapped = is_mapped(addr, pfn_to_page(PHYS_PFN(phys)), write);
	kthread_unuse_mm(shadow->mm);
	mmput_async(shadow->mm);
	if (!mapped)
		softdev_shadow_report(space, last_of(space, addr), addr,
				      "the processor has another page there, or none");
}

/* By the engine that makes the access, whose stack is the second that is shown. */
void softdev_shadow_report(struct softdev_space *space, u64 number, u64 addr, const char *why)
{
	struct softdev *dev = space->dev;
	struct softdev_invalidation copy = {};
	bool show;

	spin_lock(&dev->lock);
	if (place(&space->shadow, number)->number == number)
		copy = *place(&space->shadow, number);
	show = dev->stats.stale++ < MAX_REPORTS;
	spin_unlock(&dev->lock);
	if (!show)
		return;
	pr_err("%s: what was taken away from %#lx to %#lx (event %d) here:\n", dev->params.name,
	       copy.start, copy.end, copy.event);
	stack_trace_print(copy.stack, copy.depth, 2);
	WARN(1, "%s: stale access to %#llx: %s\n", dev->params.name, addr, why);
}
