// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interval notifiers, with a sequence for readers.
 *
 * The sequence of the address space is odd while an invalidation runs that meets an interval, and
 * advances at its start and at its end; the tree does not change while it is odd. What is inserted
 * or removed meanwhile waits on a list. A notifier's own sequence is the one of the last
 * invalidation that it has seen: as long as that is the current one, the invalidation goes on.
 */
#include "internal.h"

/* Under the lock of the subscriptions. */
static bool invalidating(const struct mmu_notifier_subscriptions *subscriptions)
{
	return subscriptions->invalidate_seq & 1;
}

static struct mmu_interval_notifier *to_sub(struct interval_tree_node *node)
{
	return node ? container_of(node, struct mmu_interval_notifier, interval_tree) : NULL;
}

static struct mmu_interval_notifier *first_sub(struct mmu_notifier_subscriptions *subscriptions,
					       const struct mmu_notifier_range *event)
{
	return to_sub(
		interval_tree_iter_first(&subscriptions->itree, event->start, event->end - 1));
}

static struct mmu_interval_notifier *next_sub(struct mmu_interval_notifier *sub,
					      const struct mmu_notifier_range *event)
{
	return to_sub(interval_tree_iter_next(&sub->interval_tree, event->start, event->end - 1));
}

/* The first notifier that the event meets; it is open from now on. */
static struct mmu_interval_notifier *open_event(struct mmu_notifier_subscriptions *subscriptions,
						const struct mmu_notifier_range *event,
						unsigned long *seq)
{
	struct mmu_interval_notifier *sub;

	spin_lock(&subscriptions->lock);
	subscriptions->active++;
	sub = first_sub(subscriptions, event);
	if (sub)
		WRITE_ONCE(subscriptions->invalidate_seq, subscriptions->invalidate_seq | 1);
	*seq = subscriptions->invalidate_seq;
	spin_unlock(&subscriptions->lock);
	return sub;
}

/* Those that are not in the tree are to be inserted, the others removed. */
static void settle_deferred(struct mmu_notifier_subscriptions *subscriptions)
{
	struct mmu_interval_notifier *sub;
	struct hlist_node *next;

	hlist_for_each_entry_safe(sub, next, &subscriptions->deferred, deferred_item) {
		if (RB_EMPTY_NODE(&sub->interval_tree.rb)) {
			interval_tree_insert(&sub->interval_tree, &subscriptions->itree);
		} else {
			interval_tree_remove(&sub->interval_tree, &subscriptions->itree);
			RB_CLEAR_NODE(&sub->interval_tree.rb);
		}
		hlist_del_init(&sub->deferred_item);
	}
}

/* Only when the last of all open events ends does anybody who waits go on. */
void hosted_interval_end(struct mmu_notifier_subscriptions *subscriptions)
{
	bool idle;

	spin_lock(&subscriptions->lock);
	idle = !--subscriptions->active && invalidating(subscriptions);
	if (idle) {
		WRITE_ONCE(subscriptions->invalidate_seq, subscriptions->invalidate_seq + 1);
		settle_deferred(subscriptions);
	}
	spin_unlock(&subscriptions->lock);
	if (idle)
		wake_up_all(&subscriptions->wq);
}

/* ---- callbacks */

static bool call_two_pass(struct mmu_interval_notifier *sub, const struct mmu_notifier_range *event,
			  unsigned long seq, struct llist_head *finishes)
{
	struct mmu_interval_notifier_finish *finish = NULL;
	bool done = sub->ops->invalidate_start(sub, event, seq, &finish);

	if (done && finish) {
		finish->notifier = sub;
		llist_add(&finish->link, finishes);
	}
	return done;
}

static bool call_invalidate(struct mmu_interval_notifier *sub,
			    const struct mmu_notifier_range *event, unsigned long seq,
			    struct llist_head *finishes)
{
	bool done;

	hosted_point(HOSTED_MARKED_READ, sub, 1);
	/* Kernels look for this around list notifiers only; it is forbidden here as well. */
	if (!mmu_notifier_range_blockable(event))
		non_block_start();
	if (hosted_generation >= HOSTED_7_3 && sub->ops->invalidate_start)
		done = call_two_pass(sub, event, seq, finishes);
	else
		done = sub->ops->invalidate(sub, event, seq);
	if (!mmu_notifier_range_blockable(event))
		non_block_end();
	hosted_point(HOSTED_MARKED_READ, sub, 1);
	return done;
}

/* In the order of the first pass; also after a notifier has refused. */
static void call_finishes(struct llist_head *finishes)
{
	struct llist_node *node = llist_reverse_order(llist_del_all(finishes));

	while (node) {
		struct mmu_interval_notifier_finish *finish =
			container_of(node, struct mmu_interval_notifier_finish, link);

		/* It is the driver's, and may be freed in the callback. */
		node = node->next;
		hosted_point(HOSTED_MARKED_READ, finish->notifier, 1);
		finish->notifier->ops->invalidate_finish(finish);
	}
}

/* -EAGAIN if a notifier has refused: then the event is over. */
int hosted_interval_start(struct mmu_notifier_subscriptions *subscriptions,
			  const struct mmu_notifier_range *event)
{
	bool blockable = mmu_notifier_range_blockable(event);
	struct mmu_interval_notifier *sub;
	struct llist_head finishes = {};
	unsigned long seq;
	bool done = true;

	for (sub = open_event(subscriptions, event, &seq); sub && done;
	     sub = next_sub(sub, event)) {
		done = call_invalidate(sub, event, seq, &finishes);
		WARN(!done && blockable, "invalidate refused an event that may block");
	}
	call_finishes(&finishes);
	if (done)
		return 0;
	hosted_interval_end(subscriptions);
	return -EAGAIN;
}

void hosted_interval_release(struct mm_struct *mm)
{
	struct mmu_notifier_range event;

	hosted_event_init(&event, mm, MMU_NOTIFY_RELEASE, 0, ULONG_MAX, NULL);
	event.flags |= MMU_NOTIFIER_RANGE_BLOCKABLE;
	hosted_interval_start(mm->notifier_subscriptions, &event);
	hosted_interval_end(mm->notifier_subscriptions);
}

/* ---- readers */

static bool seq_passed(struct mmu_notifier_subscriptions *subscriptions, unsigned long seq)
{
	bool passed;

	spin_lock(&subscriptions->lock);
	passed = subscriptions->invalidate_seq != seq;
	spin_unlock(&subscriptions->lock);
	return passed;
}

/* What is held in callbacks must not be held here; lockdep tells, though nobody has to wait. */
static void assert_can_wait(void)
{
	lock_map_acquire(&__mmu_notifier_invalidate_range_start_map);
	lock_map_release(&__mmu_notifier_invalidate_range_start_map);
}

/* If the notifier has seen an invalidation that goes on: until none of the mm is open. */
unsigned long mmu_interval_read_begin(struct mmu_interval_notifier *sub)
{
	struct mmu_notifier_subscriptions *subscriptions = sub->mm->notifier_subscriptions;
	unsigned long seq;
	bool open;

	might_sleep();
	spin_lock(&subscriptions->lock);
	seq = READ_ONCE(sub->invalidate_seq);
	open = seq == subscriptions->invalidate_seq;
	spin_unlock(&subscriptions->lock);
	assert_can_wait();
	if (open)
		wait_event(subscriptions->wq, seq_passed(subscriptions, seq));
	return seq;
}

/* ---- insert and remove */

/* The sequence of a new notifier is odd, as all that invalidations give are. */
static void link_sub(struct mmu_notifier_subscriptions *subscriptions,
		     struct mmu_interval_notifier *sub)
{
	spin_lock(&subscriptions->lock);
	if (invalidating(subscriptions)) {
		hlist_add_head(&sub->deferred_item, &subscriptions->deferred);
		sub->invalidate_seq = subscriptions->invalidate_seq;
	} else if (subscriptions->active) {
		/* What they invalidate is not known: it may be this. */
		WRITE_ONCE(subscriptions->invalidate_seq, subscriptions->invalidate_seq | 1);
		interval_tree_insert(&sub->interval_tree, &subscriptions->itree);
		sub->invalidate_seq = subscriptions->invalidate_seq;
	} else {
		interval_tree_insert(&sub->interval_tree, &subscriptions->itree);
		sub->invalidate_seq = subscriptions->invalidate_seq - 1;
	}
	spin_unlock(&subscriptions->lock);
}

/* The fields are set before the checks: a notifier that has an mm need not be inserted. */
static int insert_sub(struct mmu_interval_notifier *sub, struct mm_struct *mm, unsigned long start,
		      unsigned long length, const struct mmu_interval_notifier_ops *ops)
{
	WARN(ops->invalidate_start && !ops->invalidate_finish,
	     "invalidate_start without invalidate_finish");
	WARN(hosted_generation == HOSTED_2009, "there are no interval notifiers in 2009");
	sub->mm = mm;
	sub->ops = ops;
	RB_CLEAR_NODE(&sub->interval_tree.rb);
	INIT_HLIST_NODE(&sub->deferred_item);
	sub->interval_tree.start = start;
	if (!length || __builtin_add_overflow(start, length - 1, &sub->interval_tree.last))
		return -EOVERFLOW;
	if (WARN_ON(atomic_read(&mm->mm_users) <= 0))
		return -EINVAL;
	mmgrab(mm);
	link_sub(mm->notifier_subscriptions, sub);
	return 0;
}

bool hosted_mm_watched(struct mm_struct *mm)
{
	const struct mmu_notifier_subscriptions *subscriptions = mm->notifier_subscriptions;

	return subscriptions && (!RB_EMPTY_ROOT(&subscriptions->itree.rb_root) ||
				 !hlist_empty(&subscriptions->deferred));
}

static bool prepared(struct mm_struct *mm)
{
	struct mmu_notifier_subscriptions *subscriptions =
		smp_load_acquire(&mm->notifier_subscriptions);

	return subscriptions && subscriptions->has_itree;
}

int mmu_interval_notifier_insert(struct mmu_interval_notifier *sub, struct mm_struct *mm,
				 unsigned long start, unsigned long length,
				 const struct mmu_interval_notifier_ops *ops)
{
	int err;

	might_sleep();
	err = prepared(mm) ? 0 : mmu_notifier_register(NULL, mm);
	return err ?: insert_sub(sub, mm, start, length, ops);
}

int mmu_interval_notifier_insert_locked(struct mmu_interval_notifier *sub, struct mm_struct *mm,
					unsigned long start, unsigned long length,
					const struct mmu_interval_notifier_ops *ops)
{
	int err;

	mmap_assert_write_locked(mm);
	err = prepared(mm) ? 0 : __mmu_notifier_register(NULL, mm);
	return err ?: insert_sub(sub, mm, start, length, ops);
}

/* Returns when no callback runs and none will: it waits for every open event of the mm. */
void mmu_interval_notifier_remove(struct mmu_interval_notifier *sub)
{
	struct mm_struct *mm = sub->mm;
	struct mmu_notifier_subscriptions *subscriptions = mm->notifier_subscriptions;
	unsigned long seq = 0;

	might_sleep();
	spin_lock(&subscriptions->lock);
	if (!invalidating(subscriptions)) {
		WARN(RB_EMPTY_NODE(&sub->interval_tree.rb), "removed, but not inserted");
		interval_tree_remove(&sub->interval_tree, &subscriptions->itree);
		RB_CLEAR_NODE(&sub->interval_tree.rb);
	} else if (RB_EMPTY_NODE(&sub->interval_tree.rb)) {
		WARN(hlist_unhashed(&sub->deferred_item), "removed, but not inserted");
		hlist_del_init(&sub->deferred_item);
	} else {
		WARN(!hlist_unhashed(&sub->deferred_item), "removed twice");
		hlist_add_head(&sub->deferred_item, &subscriptions->deferred);
		seq = subscriptions->invalidate_seq;
	}
	spin_unlock(&subscriptions->lock);
	assert_can_wait();
	if (seq)
		wait_event(subscriptions->wq, seq_passed(subscriptions, seq));
	mmdrop(mm);
}
