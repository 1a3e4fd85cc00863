// SPDX-License-Identifier: GPL-2.0-only
/*
 * List notifiers: everything of an address space, in the order newest first.
 *
 * Callbacks run under SRCU. Whoever takes a notifier off the list waits for SRCU before its memory
 * may go, so that release has come to its end in either case: exit of the process waits for a
 * release that unregister has begun, and unregister for one that the exit has begun. An unregister
 * that has seen the notifier on the list and comes late calls release a second time.
 */
#include "internal.h"

enum hosted_generation hosted_generation = HOSTED_6_12;

DEFINE_STATIC_SRCU(hosted_srcu);

#define for_each_subscription(subscription, mm) \
	hlist_for_each_entry_rcu(subscription, &(mm)->notifier_subscriptions->list, hlist)

/* Other tasks may run before and after each callback. */
static void callback_point(const void *subscription)
{
	hosted_point(HOSTED_MARKED_READ, subscription, 1);
}

/* ---- registration */

static struct mmu_notifier_subscriptions *subscriptions_alloc(void)
{
	struct mmu_notifier_subscriptions *subscriptions;

	subscriptions = kzalloc(sizeof(*subscriptions), GFP_KERNEL);
	if (!subscriptions)
		return NULL;
	INIT_HLIST_HEAD(&subscriptions->list);
	INIT_HLIST_HEAD(&subscriptions->deferred);
	spin_lock_init(&subscriptions->lock);
	init_waitqueue_head(&subscriptions->wq);
	subscriptions->itree = RB_ROOT_CACHED;
	subscriptions->invalidate_seq = 2; /* even: no invalidation */
	return subscriptions;
}

static void subscription_add(struct mmu_notifier *subscription, struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mm->notifier_subscriptions;

	mmgrab(mm);
	subscription->mm = mm;
	subscription->users = 1;
	spin_lock(&subscriptions->lock);
	hlist_add_head_rcu(&subscription->hlist, &subscriptions->list);
	spin_unlock(&subscriptions->lock);
}

/* Without a subscription: only what interval notifiers need. Under mmap_lock for writing. */
int __mmu_notifier_register(struct mmu_notifier *subscription, struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *fresh = NULL;
	int err;

	mmap_assert_write_locked(mm);
	BUG_ON(atomic_read(&mm->mm_users) <= 0);
	if (!mm->notifier_subscriptions) {
		fresh = subscriptions_alloc();
		if (!fresh)
			return -ENOMEM;
	}
	/* No event is between its start and its end while a list notifier comes. */
	err = mm_take_all_locks(mm);
	if (err) {
		kfree(fresh);
		return err;
	}
	if (fresh)
		smp_store_release(&mm->notifier_subscriptions, fresh);
	if (subscription)
		subscription_add(subscription, mm);
	else
		mm->notifier_subscriptions->has_itree = true;
	mm_drop_all_locks(mm);
	return 0;
}

int mmu_notifier_register(struct mmu_notifier *subscription, struct mm_struct *mm)
{
	int err;

	mmap_write_lock(mm);
	err = __mmu_notifier_register(subscription, mm);
	mmap_write_unlock(mm);
	return err;
}

static void subscription_del(struct mmu_notifier *subscription, struct mm_struct *mm)
{
	spin_lock(&mm->notifier_subscriptions->lock);
	hlist_del_init_rcu(&subscription->hlist);
	spin_unlock(&mm->notifier_subscriptions->lock);
}

static void call_release(struct mmu_notifier *subscription, struct mm_struct *mm)
{
	callback_point(subscription);
	if (subscription->ops->release)
		subscription->ops->release(subscription, mm);
	callback_point(subscription);
}

void mmu_notifier_unregister(struct mmu_notifier *subscription, struct mm_struct *mm)
{
	int id;

	BUG_ON(atomic_read(&mm->mm_count) <= 0);
	if (!hlist_unhashed(&subscription->hlist)) {
		/* The exit of the process waits for this before it frees pages. */
		id = srcu_read_lock(&hosted_srcu);
		call_release(subscription, mm);
		srcu_read_unlock(&hosted_srcu, id);
		subscription_del(subscription, mm);
	}
	synchronize_srcu(&hosted_srcu);
	mmdrop(mm);
}

static struct mmu_notifier *subscription_find(const struct mmu_notifier_ops *ops,
					      struct mm_struct *mm)
{
	struct mmu_notifier *subscription;

	spin_lock(&mm->notifier_subscriptions->lock);
	for_each_subscription(subscription, mm) {
		if (subscription->ops == ops) {
			subscription->users++;
			break;
		}
	}
	spin_unlock(&mm->notifier_subscriptions->lock);
	return subscription;
}

struct mmu_notifier *mmu_notifier_get_locked(const struct mmu_notifier_ops *ops,
					     struct mm_struct *mm)
{
	struct mmu_notifier *subscription = NULL;
	int err;

	mmap_assert_write_locked(mm);
	if (mm->notifier_subscriptions)
		subscription = subscription_find(ops, mm);
	if (subscription)
		return subscription;
	subscription = ops->alloc_notifier(mm);
	if (IS_ERR(subscription))
		return subscription;
	subscription->ops = ops;
	err = __mmu_notifier_register(subscription, mm);
	if (!err)
		return subscription;
	ops->free_notifier(subscription);
	return ERR_PTR(err);
}

struct mmu_notifier *mmu_notifier_get(const struct mmu_notifier_ops *ops, struct mm_struct *mm)
{
	struct mmu_notifier *subscription;

	mmap_write_lock(mm);
	subscription = mmu_notifier_get_locked(ops, mm);
	mmap_write_unlock(mm);
	return subscription;
}

static void subscription_free(struct rcu_head *rcu)
{
	struct mmu_notifier *subscription = container_of(rcu, struct mmu_notifier, rcu);
	struct mm_struct *mm = subscription->mm;

	subscription->ops->free_notifier(subscription);
	mmdrop(mm);
}

void mmu_notifier_put(struct mmu_notifier *subscription)
{
	struct mmu_notifier_subscriptions *subscriptions = subscription->mm->notifier_subscriptions;
	bool last;

	spin_lock(&subscriptions->lock);
	WARN_ON(!subscription->users);
	last = !--subscription->users;
	if (last)
		hlist_del_init_rcu(&subscription->hlist);
	spin_unlock(&subscriptions->lock);
	if (last)
		call_srcu(&hosted_srcu, &subscription->rcu, subscription_free);
}

void mmu_notifier_synchronize(void)
{
	synchronize_srcu(&hosted_srcu);
}

/* ---- the end of the address space */

/* Before any page is freed; nobody registers any more, since mm_users is 0. */
static void list_release(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions = mm->notifier_subscriptions;
	struct mmu_notifier *subscription;
	int id = srcu_read_lock(&hosted_srcu);

	for_each_subscription(subscription, mm)
		call_release(subscription, mm);
	spin_lock(&subscriptions->lock);
	while (!hlist_empty(&subscriptions->list)) {
		subscription = hlist_entry(subscriptions->list.first, struct mmu_notifier, hlist);
		hlist_del_init_rcu(&subscription->hlist);
	}
	spin_unlock(&subscriptions->lock);
	srcu_read_unlock(&hosted_srcu, id);
	/* An unregister that was faster may still be in release. */
	synchronize_srcu(&hosted_srcu);
}

void hosted_notifier_release(struct mm_struct *mm)
{
	if (!mm->notifier_subscriptions)
		return;
	if (mm->notifier_subscriptions->has_itree)
		hosted_interval_release(mm);
	if (!hlist_empty(&mm->notifier_subscriptions->list))
		list_release(mm);
}

/* With the last reference to the mm: each notifier had one. */
void hosted_notifier_destroy(struct mm_struct *mm)
{
	if (!mm->notifier_subscriptions)
		return;
	BUG_ON(!hlist_empty(&mm->notifier_subscriptions->list));
	kfree(mm->notifier_subscriptions);
}

/* ---- events about ranges */

void hosted_event_init(struct mmu_notifier_range *event, struct mm_struct *mm,
		       enum mmu_notifier_event kind, unsigned long start, unsigned long end,
		       void *owner)
{
	event->mm = mm;
	event->event = kind;
	event->start = start;
	event->end = end;
	event->flags = 0;
	event->owner = owner;
}

static int call_start(struct mmu_notifier *subscription, struct mmu_notifier_range *event)
{
	bool blockable = mmu_notifier_range_blockable(event);
	int err;

	callback_point(subscription);
	if (!blockable)
		non_block_start();
	err = subscription->ops->invalidate_range_start(subscription, event);
	if (!blockable)
		non_block_end();
	callback_point(subscription);
	WARN(err && blockable, "invalidate_range_start refused an event that may block");
	WARN(err && err != -EAGAIN, "invalidate_range_start returned %d, not -EAGAIN", err);
	WARN(err && subscription->ops->invalidate_range_end,
	     "invalidate_range_start refused, though there is an invalidate_range_end");
	return err;
}

static void call_end(struct mmu_notifier *subscription, struct mmu_notifier_range *event)
{
	bool blockable = mmu_notifier_range_blockable(event);

	callback_point(subscription);
	if (!blockable)
		non_block_start();
	subscription->ops->invalidate_range_end(subscription, event);
	if (!blockable)
		non_block_end();
	callback_point(subscription);
}

static void list_end(struct mmu_notifier_range *event)
{
	struct mmu_notifier *subscription;
	int id = srcu_read_lock(&hosted_srcu);

	for_each_subscription(subscription, event->mm)
		if (subscription->ops->invalidate_range_end)
			call_end(subscription, event);
	srcu_read_unlock(&hosted_srcu, id);
}

/* All are called, though one has refused: those that have an end may not refuse, and get it. */
static int list_start(struct mmu_notifier_range *event)
{
	struct mmu_notifier *subscription;
	int err = 0, id = srcu_read_lock(&hosted_srcu);

	for_each_subscription(subscription, event->mm)
		if (subscription->ops->invalidate_range_start)
			err = call_start(subscription, event) ?: err;
	srcu_read_unlock(&hosted_srcu, id);
	if (err)
		list_end(event);
	return err;
}

/* If a list notifier refuses, interval notifiers stay in the event for ever, up to 7.3 at least. */
static int event_start(struct mmu_notifier_range *event)
{
	struct mmu_notifier_subscriptions *subscriptions = event->mm->notifier_subscriptions;
	int err = 0;

	if (!subscriptions)
		return 0;
	if (subscriptions->has_itree)
		err = hosted_interval_start(subscriptions, event);
	if (!err && !hlist_empty(&subscriptions->list))
		err = list_start(event);
	return err;
}

void hosted_event_start(struct mmu_notifier_range *event)
{
	might_sleep();
	event->flags |= MMU_NOTIFIER_RANGE_BLOCKABLE;
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	event_start(event);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/* After -EAGAIN there is no end. */
int hosted_event_start_nonblock(struct mmu_notifier_range *event)
{
	int err;

	event->flags &= ~MMU_NOTIFIER_RANGE_BLOCKABLE;
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	err = event_start(event);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
	return err;
}

void hosted_event_end(struct mmu_notifier_range *event)
{
	struct mmu_notifier_subscriptions *subscriptions = event->mm->notifier_subscriptions;

	if (!subscriptions)
		return;
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	if (subscriptions->has_itree)
		hosted_interval_end(subscriptions);
	if (!hlist_empty(&subscriptions->list))
		list_end(event);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/* ---- events about one entry, under page_table_lock */

static void notify_invalidate_page(struct mm_struct *mm, unsigned long addr)
{
	struct mmu_notifier *subscription;
	int id;

	if (!mm->notifier_subscriptions)
		return;
	id = srcu_read_lock(&hosted_srcu);
	for_each_subscription(subscription, mm) {
		callback_point(subscription);
		if (subscription->ops->invalidate_page)
			subscription->ops->invalidate_page(subscription, mm, addr);
	}
	srcu_read_unlock(&hosted_srcu, id);
}

/* In 2009 a driver that knows no change_pte is told that the page is gone. */
static void notify_change_pte(struct mm_struct *mm, unsigned long addr, u64 entry)
{
	struct mmu_notifier *subscription;
	int id;

	if (!mm->notifier_subscriptions)
		return;
	id = srcu_read_lock(&hosted_srcu);
	for_each_subscription(subscription, mm) {
		const struct mmu_notifier_ops *ops = subscription->ops;

		callback_point(subscription);
		if (ops->change_pte)
			ops->change_pte(subscription, mm, addr, entry);
		else if (hosted_generation == HOSTED_2009 && ops->invalidate_page)
			ops->invalidate_page(subscription, mm, addr);
	}
	srcu_read_unlock(&hosted_srcu, id);
}

void hosted_single_start(struct mmu_notifier_range *event)
{
	if (hosted_generation != HOSTED_2009)
		hosted_event_start(event);
}

void hosted_single_end(struct mmu_notifier_range *event)
{
	if (hosted_generation != HOSTED_2009)
		hosted_event_end(event);
}

u64 hosted_single_clear(struct mm_struct *mm, const struct hosted_place *place)
{
	u64 old = hosted_get(place);

	hosted_set(mm, place, 0);
	if (hosted_generation == HOSTED_2009)
		notify_invalidate_page(mm, place->addr);
	return old;
}

/* In 2009 the entry is there before the notifier knows, later the notifier knows first. */
void hosted_single_replace(struct mm_struct *mm, const struct hosted_place *place, u64 entry)
{
	if (hosted_generation == HOSTED_6_1) {
		mm->announced = entry;
		mm->announced_addr = place->addr;
		notify_change_pte(mm, place->addr, entry);
	}
	hosted_set(mm, place, entry);
	mm->announced = 0;
	if (hosted_generation == HOSTED_2009)
		notify_change_pte(mm, place->addr, entry);
}

/* ---- aging, under page_table_lock */

bool hosted_notify_clear_flush_young(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mmu_notifier *subscription;
	bool young = false;
	int id;

	if (!mm->notifier_subscriptions)
		return false;
	id = srcu_read_lock(&hosted_srcu);
	for_each_subscription(subscription, mm) {
		callback_point(subscription);
		if (subscription->ops->clear_flush_young)
			young |= subscription->ops->clear_flush_young(subscription, mm, start, end);
	}
	srcu_read_unlock(&hosted_srcu, id);
	return young;
}

bool hosted_notify_clear_young(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mmu_notifier *subscription;
	bool young = false;
	int id;

	if (!mm->notifier_subscriptions)
		return false;
	id = srcu_read_lock(&hosted_srcu);
	for_each_subscription(subscription, mm) {
		callback_point(subscription);
		if (subscription->ops->clear_young)
			young |= subscription->ops->clear_young(subscription, mm, start, end);
	}
	srcu_read_unlock(&hosted_srcu, id);
	return young;
}

/* The first one that says yes is enough. */
bool hosted_notify_test_young(struct mm_struct *mm, unsigned long addr)
{
	struct mmu_notifier *subscription;
	bool young = false;
	int id;

	if (!mm->notifier_subscriptions)
		return false;
	id = srcu_read_lock(&hosted_srcu);
	for_each_subscription(subscription, mm) {
		callback_point(subscription);
		if (subscription->ops->test_young)
			young = subscription->ops->test_young(subscription, mm, addr);
		if (young)
			break;
	}
	srcu_read_unlock(&hosted_srcu, id);
	return young;
}
