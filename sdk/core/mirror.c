// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mirrors: attach, exit of the process, detach, and the lock.
 *
 * Exit and detach may come in any order and at once. Both go through xmmu_mirror_shutdown(), which
 * does the work once, and lets nobody return before it is done.
 */
#include <linux/dma-mapping.h>
#include <linux/mmu_notifier.h>
#include <linux/pid.h>
#include <linux/ptrace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "internal.h"
#include "trace.h"

bool xmmu_mirror_trylock(struct xmmu_mirror *mirror)
{
	if (!mirror->atomic)
		return mutex_trylock(&mirror->mutex);
	if (!spin_trylock(&mirror->spin))
		return false;
	__release(&mirror->spin);
	return true;
}

bool xmmu_mirror_alive(const struct xmmu_mirror *mirror)
{
	return READ_ONCE(mirror->state) == XMMU_STATE_LIVE;
}

bool xmmu_mirror_is_current(const struct xmmu_mirror *mirror)
{
	return xmmu_mirror_alive(mirror) && mirror->mm == current->mm;
}

/*
 * The last one is counted down and wakes under ticket_lock: detach takes it to read zero, and so
 * can not free the mirror under the one who wakes it.
 */
void xmmu_mirror_unpin_last(struct xmmu_mirror *mirror)
{
	unsigned long irq;

	if (!atomic_dec_and_lock_irqsave(&mirror->users, &mirror->ticket_lock, irq))
		return;
	xmmu_mirror_wake(mirror);
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
}

/* Whether nobody pins the mirror, and nobody ever will again. */
static bool xmmu_mirror_unused(struct xmmu_mirror *mirror)
{
	unsigned long irq;
	bool unused;

	spin_lock_irqsave(&mirror->ticket_lock, irq);
	unused = !atomic_read(&mirror->users);
	spin_unlock_irqrestore(&mirror->ticket_lock, irq);
	return unused;
}

static void xmmu_mirror_set_state(struct xmmu_mirror *mirror, enum xmmu_state state)
{
	xmmu_mirror_assert_locked(mirror);
	WRITE_ONCE(mirror->state, state);
	xmmu_mirror_wake(mirror);
}

static void xmmu_mirror_zap_all(struct xmmu_mirror *mirror)
{
	struct xmmu_inval inval;
	struct xmmu_block *block;
	struct xmmu_range *range;

	xmmu_inval_init(&inval, mirror, 0, ULONG_MAX);
	xmmu_mirror_lock(mirror);
	xmmu_mirror_for_each_block(mirror, block)
		xmmu_block_for_each(block, range, 0, ULONG_MAX)
			xmmu_range_zap_filled(range, inval.start, inval.end);
	xmmu_inval_post(&inval);
	xmmu_mirror_unlock(mirror);
	if (inval.waiting)
		xmmu_inval_finish(&inval);
}

/*
 * Everything that keeps the device from using the address space again. Returns whether this caller
 * did it; if not, somebody else has, completely.
 */
static bool xmmu_mirror_shutdown(struct xmmu_mirror *mirror)
{
	bool first;

	xmmu_mirror_lock(mirror);
	first = mirror->state == XMMU_STATE_LIVE;
	if (first)
		xmmu_mirror_set_state(mirror, XMMU_STATE_CLOSING);
	xmmu_mirror_unlock(mirror);
	if (!first) {
		wait_event(mirror->wait, READ_ONCE(mirror->state) == XMMU_STATE_DEAD);
		return false;
	}
	xmmu_mirror_zap_all(mirror);
	xmmu_mirror_lock(mirror);
	xmmu_mirror_set_state(mirror, XMMU_STATE_DEAD);
	xmmu_mirror_unlock(mirror);
	return true;
}

static void xmmu_mirror_release(struct xmmu_mirror *mirror)
{
	trace_xmmu_release(mirror);
	if (xmmu_mirror_shutdown(mirror) && mirror->config.ops->release)
		mirror->config.ops->release(mirror);
}

/*
 * Every notifier of an address space is called when that goes. This one is at addresses where
 * nothing else happens, and after all blocks. Some events are for all addresses: not for this.
 */
static bool xmmu_mirror_event(struct mmu_interval_notifier *notifier,
			      const struct mmu_notifier_range *event, unsigned long seq)
{
	if (event->event == MMU_NOTIFY_RELEASE)
		xmmu_mirror_release(container_of(notifier, struct xmmu_mirror, exit));
	return true;
}

/* Where there are two passes the driver is told in the second, when all blocks are through. */
struct xmmu_mirror_end {
	struct xmmu_compat_finish finish;
	struct xmmu_mirror *mirror;
};

static bool __maybe_unused xmmu_mirror_start(struct mmu_interval_notifier *notifier,
					     const struct mmu_notifier_range *event,
					     unsigned long seq, struct xmmu_compat_finish **finish)
{
	struct xmmu_mirror_end *end;

	if (event->event != MMU_NOTIFY_RELEASE)
		return true;
	end = kmalloc(sizeof(*end), GFP_NOWAIT | __GFP_NOWARN);
	if (!end)
		return xmmu_mirror_event(notifier, event, seq);
	end->mirror = container_of(notifier, struct xmmu_mirror, exit);
	*finish = &end->finish;
	return true;
}

static void __maybe_unused xmmu_mirror_finish(struct xmmu_compat_finish *finish)
{
	struct xmmu_mirror_end *end = container_of(finish, struct xmmu_mirror_end, finish);

	xmmu_mirror_release(end->mirror);
	kfree(end);
}

static const struct mmu_interval_notifier_ops xmmu_mirror_exit_ops =
	XMMU_COMPAT_NOTIFIER_OPS(xmmu_mirror_event, xmmu_mirror_start, xmmu_mirror_finish);

static int xmmu_config_check(const struct xmmu_config *config)
{
	const struct xmmu_ops *ops = config->ops;

	if (!ops || !ops->zap || !ops->isolate || !xmmu_wq)
		return -EINVAL;
	if (config->policy > XMMU_ATOMIC || config->dma > XMMU_DMA_XFER)
		return -EINVAL;
	if (!config->dev != (config->dma == XMMU_DMA_NONE))
		return -EINVAL;
	if (config->owner && config->owner == config->devmem_owner)
		return -EINVAL;
	if (config->dma == XMMU_DMA_XFER && config->policy == XMMU_ATOMIC)
		return -EOPNOTSUPP;
	/* A limited mapping size is how the DMA API says that it may bounce. */
	if (config->dma == XMMU_DMA_LEAF && dma_max_mapping_size(config->dev) != SIZE_MAX)
		return -EOPNOTSUPP;
	return 0;
}

/* Once in the life of a mirror: somebody may look at one that is being attached again. */
static void xmmu_mirror_init_locks(struct xmmu_mirror *mirror, enum xmmu_policy policy)
{
	if (xmmu_mirror_has_locks(mirror))
		return;
	mirror->atomic = policy == XMMU_ATOMIC;
	mutex_init(&mirror->mutex);
	mutex_init(&mirror->bounds);
	spin_lock_init(&mirror->spin);
	spin_lock_init(&mirror->ticket_lock);
	init_waitqueue_head(&mirror->wait);
	INIT_LIST_HEAD(&mirror->tickets);
	init_llist_head(&mirror->deferred);
	INIT_WORK(&mirror->free_deferred, xmmu_deferred_work);
	INIT_WORK(&mirror->collect, xmmu_collect_work);
	/* Whoever sees the bit sees the locks. */
	smp_mb__before_atomic();
	set_bit(XMMU_FLAG_LOCKS, &mirror->flags);
}

/* The debug build's checks are where nothing is left out. */
static bool xmmu_config_is_plain(const struct xmmu_config *config)
{
	return config->dma != XMMU_DMA_LEAF && !config->owner && !config->ops->report &&
	       config->ops->flush && !IS_ENABLED(XMMU_DEBUG);
}

static void xmmu_mirror_init(struct xmmu_mirror *mirror, const struct xmmu_config *config,
			     struct mm_struct *mm)
{
	unsigned int watchdog_ms = config->watchdog_ms ?: XMMU_WATCHDOG_DEFAULT_MS;
	const unsigned long plain = BIT(XMMU_FLAG_PLAIN);

	xmmu_mirror_init_locks(mirror, config->policy);
	mirror->config = *config;
	mirror->mm = mm;
	mirror->watchdog = msecs_to_jiffies(watchdog_ms);
	set_mask_bits(&mirror->flags, BIT(XMMU_FLAG_ISOLATED) | BIT(XMMU_FLAG_CUT) | plain,
		      xmmu_config_is_plain(config) ? plain : 0);
	mirror->blocks = RB_ROOT_CACHED;
	xmmu_gather_clear(mirror);
	memset(&mirror->counters, 0, sizeof(mirror->counters));
}

/* The caller holds mm_users, and XMMU_FLAG_CHANGING. */
static int xmmu_mirror_register(struct xmmu_mirror *mirror, const struct xmmu_config *config,
				struct mm_struct *mm)
{
	int err;

	err = xmmu_inject_fail() ? -ENOMEM : xmmu_config_check(config);
	if (err)
		return err;
	if (READ_ONCE(mirror->state) != XMMU_STATE_DETACHED)
		return mirror->mm == mm ? 0 : -EBUSY;
	if (xmmu_mirror_has_locks(mirror) && mirror->atomic != (config->policy == XMMU_ATOMIC))
		return -EINVAL;

	xmmu_mirror_init(mirror, config, mm);
	xmmu_debug_prime_locks(mirror);
	mmgrab(mm);
	err = mmu_interval_notifier_insert(&mirror->exit, mm, -PAGE_SIZE, PAGE_SIZE,
					   &xmmu_mirror_exit_ops);
	if (err) {
		mmdrop(mm);
		return err;
	}
	err = xmmu_aging_register(mirror);
	if (err) {
		mmu_interval_notifier_remove(&mirror->exit);
		mmdrop(mm);
		return err;
	}
	/* Until now the callback had nothing to do: release needs mm_users to be gone. */
	xmmu_mirror_lock(mirror);
	xmmu_gone_clear(mirror);
	xmmu_mirror_set_state(mirror, XMMU_STATE_LIVE);
	xmmu_mirror_unlock(mirror);
	/* Whoever pins the mirror sees it attached. */
	atomic_set_release(&mirror->users, 1);
	xmmu_driver_add(mirror);
	trace_xmmu_attach(mirror);
	return 0;
}

static int xmmu_mirror_attach_mm(struct xmmu_mirror *mirror, const struct xmmu_config *config,
				 struct mm_struct *mm)
{
	int err;

	if (wait_on_bit_lock(&mirror->flags, XMMU_FLAG_CHANGING, TASK_INTERRUPTIBLE))
		return -EINTR;
	err = xmmu_mirror_register(mirror, config, mm);
	clear_and_wake_up_bit(XMMU_FLAG_CHANGING, &mirror->flags);
	return err;
}

int xmmu_mirror_attach(struct xmmu_mirror *mirror, const struct xmmu_config *config)
{
	if (!current->mm)
		return -ESRCH;
	return xmmu_mirror_attach_mm(mirror, config, current->mm);
}

/* What ptrace itself asks for at each access to the memory of a process. */
static bool xmmu_may_trace(struct task_struct *task, struct mm_struct *mm)
{
	struct task_struct *tracer;
	bool is;

	rcu_read_lock();
	tracer = ptrace_parent(task);
	is = tracer && same_thread_group(tracer, current);
	rcu_read_unlock();
	return is && xmmu_compat_may_inspect(task, mm);
}

/* The mm of a process that the caller traces, with mm_users held. */
static struct mm_struct *xmmu_traced_mm(pid_t nr)
{
	struct pid *pid = find_get_pid(nr);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	struct mm_struct *mm;

	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	/* Held from the check to the reference: exec would put the mm of another user there. */
	if (down_read_killable(&task->signal->exec_update_lock)) {
		put_task_struct(task);
		return ERR_PTR(-EINTR);
	}
	mm = get_task_mm(task);
	if (!mm) {
		mm = ERR_PTR(-ESRCH);
	} else if (!xmmu_may_trace(task, mm)) {
		mmput_async(mm);
		mm = ERR_PTR(-EPERM);
	}
	up_read(&task->signal->exec_update_lock);
	put_task_struct(task);
	return mm;
}

int xmmu_mirror_attach_pid(struct xmmu_mirror *mirror, const struct xmmu_config *config, pid_t pid)
{
	struct mm_struct *mm = xmmu_traced_mm(pid);
	int err;

	if (IS_ERR(mm))
		return PTR_ERR(mm);
	err = xmmu_mirror_attach_mm(mirror, config, mm);
	mmput_async(mm);
	return err;
}

/* Any range of the mirror, with a reference. */
static struct xmmu_range *xmmu_mirror_any_range(struct xmmu_mirror *mirror)
{
	struct xmmu_range *range = NULL;
	struct xmmu_block *block;

	xmmu_mirror_lock(mirror);
	xmmu_mirror_for_each_block(mirror, block) {
		range = xmmu_block_first(block, 0, ULONG_MAX);
		if (range) {
			xmmu_range_get(range);
			break;
		}
	}
	xmmu_mirror_unlock(mirror);
	return range;
}

static void xmmu_mirror_remove_ranges(struct xmmu_mirror *mirror)
{
	struct xmmu_range *range;

	while ((range = xmmu_mirror_any_range(mirror))) {
		xmmu_range_remove(range);
		xmmu_range_put(range);
	}
}

static void xmmu_mirror_unregister(struct xmmu_mirror *mirror)
{
	struct mm_struct *mm = mirror->mm;

	if (READ_ONCE(mirror->state) == XMMU_STATE_DETACHED)
		return;
	trace_xmmu_detach(mirror);
	xmmu_aging_unregister(mirror);
	xmmu_mirror_shutdown(mirror);
	cancel_work_sync(&mirror->collect);
	xmmu_mirror_remove_ranges(mirror);
	mmu_interval_notifier_remove(&mirror->exit);
	xmmu_driver_del(mirror);
	/* Walks that can not commit any more, and removals, may not be back yet. */
	xmmu_mirror_unpin(mirror);
	wait_event(mirror->wait, xmmu_mirror_unused(mirror));
	flush_work(&mirror->free_deferred);
	WRITE_ONCE(mirror->state, XMMU_STATE_DETACHED);
	WARN_ON(mirror->blocks.rb_root.rb_node);
	xmmu_debug_check_detached(mirror);
	mmdrop(mm);
}

void xmmu_mirror_detach(struct xmmu_mirror *mirror)
{
	wait_on_bit_lock(&mirror->flags, XMMU_FLAG_CHANGING, TASK_UNINTERRUPTIBLE);
	xmmu_mirror_unregister(mirror);
	clear_and_wake_up_bit(XMMU_FLAG_CHANGING, &mirror->flags);
}

/* Whoever comes second returns no sooner: his pages are freed as well. */
static void xmmu_mirror_wait_cut(struct xmmu_mirror *mirror)
{
	if (!mirror->atomic)
		wait_event(mirror->wait, test_bit(XMMU_FLAG_CUT, &mirror->flags));
	else
		while (!test_bit(XMMU_FLAG_CUT, &mirror->flags))
			cpu_relax();
}

void xmmu_mirror_isolate(struct xmmu_mirror *mirror)
{
	if (test_and_set_bit(XMMU_FLAG_ISOLATED, &mirror->flags)) {
		xmmu_mirror_wait_cut(mirror);
		return;
	}
	trace_xmmu_isolate(mirror);
	xmmu_count(mirror, isolated);
	clear_bit(XMMU_FLAG_PLAIN, &mirror->flags);
	mirror->config.ops->isolate(mirror);
	xmmu_ticket_complete_all(mirror);
}
