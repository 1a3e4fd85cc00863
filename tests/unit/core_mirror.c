// SPDX-License-Identifier: GPL-2.0-only
/* Mirrors: what can be attached, to whom, and what ends it. */
#include "core.h"

#include <linux/pid.h>

#include "../../sdk/hosted/kernel/internal.h"

static int attach(void)
{
	return xmmu_mirror_attach(&core.mirror, &core.config);
}

/* Each wrong configuration is refused, and nothing is attached. */
static void case_config(void *unused)
{
	const struct xmmu_config good = { .ops = &core.ops };
	const struct xmmu_ops ops = { .isolate = NULL };

	core_start(1, HOSTED_DMA_BOUNCE);
	core.config.ops = NULL;
	expect(attach(), -EINVAL);
	core.config.ops = &ops;
	expect(attach(), -EINVAL);
	core.config = good;
	core.config.policy = XMMU_ATOMIC + 1;
	expect(attach(), -EINVAL);
	core.config = good;
	core.config.dma = XMMU_DMA_XFER + 1;
	expect(attach(), -EINVAL);
	core.config.dma = XMMU_DMA_LEAF;
	expect(attach(), -EINVAL);
	core.config.dev = &core.dev;
	expect(attach(), -EOPNOTSUPP); /* it may bounce */
	core.config.dma = XMMU_DMA_NONE;
	expect(attach(), -EINVAL);
	core.config.dma = XMMU_DMA_XFER;
	core.config.policy = XMMU_ATOMIC;
	expect(attach(), -EOPNOTSUPP);
	check(!xmmu_mirror_alive(&core.mirror));
	core.config = good;
	expect(attach(), 0);
	core_stop();
}
CASE(config)

static void case_not_started(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	xmmu_module_exit();
	expect(attach(), -EINVAL);
	expect(xmmu_module_init(), 0);
	core_stop();
}
CASE(not_started)

/* Another address space wants the mirror: it is taken. */
static void beside_attach_other(void *unused)
{
	expect(attach(), -EBUSY);
	check(xmmu_mirror_alive(&core.mirror) && !xmmu_mirror_is_current(&core.mirror));
	hosted_exit();
}

static void case_twice(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	core_attach();
	check(xmmu_mirror_is_current(&core.mirror));
	hosted_join(hosted_thread("other", hosted_mm_create(), beside_attach_other, NULL));
	xmmu_mirror_detach(&core.mirror);
	check(!xmmu_mirror_alive(&core.mirror) && !xmmu_mirror_is_current(&core.mirror));
	core_attach();
	core_stop();
}
CASE(twice)

/* Whatever has become of it: attached again it is as good as new. */
static void case_again(void *unused)
{
	struct xmmu_range *range;

	core_start(2, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	xmmu_mirror_isolate(&core.mirror);
	core_remove(range);
	xmmu_mirror_detach(&core.mirror);
	core_attach();
	expect(core_stats().isolated, 0);
	expect(core_stats().commits, 0);
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	expect(core.flushes, 1);
	core_remove(range);
	core_stop();
}
CASE(again)

/* Nobody has listened to the events of the first time. */
static void case_again_heard(void *unused)
{
	typeof(core.ops.report) report;
	struct xmmu_range *range;

	core_start(2, HOSTED_DMA_DIRECT);
	report = core.ops.report;
	core.ops.report = NULL;
	core_attach();
	xmmu_mirror_detach(&core.mirror);
	core.ops.report = report;
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	expect(hosted_munmap(mm, at(1), PAGE_SIZE), 0);
	expect(core.report.zap_start, at(1));
	core_remove(range);
	core_stop();
}
CASE(again_heard)

/* What debugfs says of a mirror while it is attached. */
static void case_shown(void *unused)
{
	char text[512] = {};
	struct xmmu_range *range;

	core_start(2, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	expect(hosted_madvise(mm, at(1), PAGE_SIZE, HOSTED_DONTNEED), 0);
	check(hosted_debugfs_read("xmmu-core/mirrors", text, sizeof(text) - 1) > 0);
	check(strstr(text, " alive 1 events 2 "));
	check(strstr(text, " zaps 2 flushes 2 "));
	core_remove(range);
	xmmu_mirror_detach(&core.mirror);
	expect(hosted_debugfs_read("xmmu-core/mirrors", text, sizeof(text)), 0);
	core_stop();
}
CASE(shown)

static void beside_without_mm(void *unused)
{
	expect(attach(), -ESRCH);
}

static void case_no_mm(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	hosted_join(hosted_thread("none", NULL, beside_without_mm, NULL));
	core_stop();
}
CASE(no_mm)

/* Registering takes all locks of the address space: a signal ends that, memory may be short. */
static void case_registration_fails(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	hosted_slab_fail(1);
	expect(attach(), -ENOMEM);
	send_sig(SIGTERM, current, 0);
	expect(attach(), -EINTR);
	check(!xmmu_mirror_alive(&core.mirror));
	core_stop();
}
CASE(registration_fails)

static struct task_struct *second;

static void beside_attach(void *unused)
{
	expect(attach(), -EINTR);
}

/* Attach waits while another one runs, and a signal ends the wait. */
static void case_attach_waits(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	/* Whoever registers waits for this. */
	mmap_read_lock(mm);
	second = core_beside((void (*)(void *))core_attach);
	hosted_others();
	send_sig(SIGTERM, core_beside(beside_attach), 0);
	hosted_others();
	mmap_read_unlock(mm);
	msleep(10);
	check(xmmu_mirror_alive(&core.mirror));
	core_stop();
}
CASE(attach_waits)

static void live(void *unused)
{
	msleep(100);
	hosted_exit();
}

static void die(void *unused)
{
	hosted_exit();
	msleep(100);
}

static int attach_pid(pid_t pid)
{
	return xmmu_mirror_attach_pid(&core.mirror, &core.config, pid);
}

static void beside_attach_pid(void *unused)
{
	expect(attach_pid(second->pid), -EINTR);
}

/* What keeps the memory of a process that has ended. */
static int references(const struct task_struct *task)
{
	return task->usage + task->thread_pid->count;
}

/* A process that has no address space any more, and the wait for one that changes it. */
static void case_foreign(void *unused)
{
	struct task_struct *killed;
	int held;

	core_start(1, HOSTED_DMA_DIRECT);
	second = hosted_thread("dead", hosted_mm_create(), die, NULL);
	msleep(10);
	expect(attach_pid(second->pid), -ESRCH);
	hosted_join(second);
	second = hosted_thread("live", hosted_mm_create(), live, NULL);
	held = references(second);
	expect(attach_pid(second->pid), -EPERM);
	expect(references(second), held);
	hosted_trace(second, current);
	down_write(&second->signal->exec_update_lock);
	killed = core_beside(beside_attach_pid);
	hosted_others();
	send_sig(SIGKILL, killed, 0);
	hosted_join(killed);
	up_write(&second->signal->exec_update_lock);
	expect(references(second), held);
	expect(attach_pid(second->pid), 0);
	expect(references(second), held);
	hosted_join(second);
	check(!xmmu_mirror_alive(&core.mirror));
	expect(core.released, 1);
	core_stop();
}
CASE(foreign)

/* Exit zaps everything, tells the driver once, and lets nothing new in. */
static void case_process_exits(void *unused)
{
	struct xmmu_range *range;

	core_start(4, HOSTED_DMA_DIRECT);
	core_attach();
	range = core_insert(0, 4);
	expect(core_populate(range, 0, 4, 0), 0);
	expect(core_translated(), 4);
	hosted_exit();
	expect(core_translated(), 0);
	expect(core.released, 1);
	expect(core_populate(range, 0, 4, 0), -ESRCH);
	core_remove(range);
	expect(core.freed, 1);
	core_stop();
	expect(core.released, 1);
}
CASE(process_exits)

static void beside_isolate(void *unused)
{
	xmmu_mirror_isolate(&core.mirror);
	expect(core.isolated, 1);
}

static void slow_isolate(struct xmmu_mirror *mirror)
{
	msleep(20);
	core.isolated++;
}

/* The one who comes second waits until the device is cut off; walks end with an error then. */
static void isolate_twice(enum xmmu_policy policy, void (*isolate)(struct xmmu_mirror *mirror))
{
	struct task_struct *first;
	struct xmmu_range *range;

	core_start(2, HOSTED_DMA_DIRECT);
	core.config.policy = policy;
	if (isolate)
		core.ops.isolate = isolate;
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	first = core_beside(beside_isolate);
	hosted_others();
	if (policy == XMMU_ATOMIC)
		hosted_atomic_begin(false);
	beside_isolate(NULL);
	if (policy == XMMU_ATOMIC)
		hosted_atomic_end(false);
	hosted_join(first);
	expect(core_populate(range, 0, 2, 0), -EIO);
	expect(core_stats().isolated, 1);
	/* It is asked for no flush any more. */
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	expect(core.flushes, 0);
	core_remove(range);
	core_stop();
}

static void case_isolate_sleeps(void *unused)
{
	isolate_twice(XMMU_TRYLOCK, slow_isolate);
}
CASE(isolate_sleeps)

static void case_isolate_atomic(void *unused)
{
	isolate_twice(XMMU_ATOMIC, NULL);
}
CASE(isolate_atomic)

/* Nor if nobody listens to events, which takes a shorter way. */
static void case_isolate_plain(void *unused)
{
	struct xmmu_range *range;

	core_start(2, HOSTED_DMA_DIRECT);
	core.ops.report = NULL;
	core_attach();
	range = core_insert(0, 2);
	expect(core_populate(range, 0, 2, 0), 0);
	xmmu_mirror_isolate(&core.mirror);
	expect(hosted_munmap(mm, at(0), PAGE_SIZE), 0);
	expect(core_translated(), 1);
	expect(core.flushes, 0);
	core_remove(range);
	core_stop();
}
CASE(isolate_plain)

static void step_isolate(struct xmmu_mirror *mirror)
{
	hosted_others();
	core.isolated++;
}

static void case_isolate_spins(void *unused)
{
	isolate_twice(XMMU_ATOMIC, step_isolate);
}
CASE(isolate_spins)

/* The lock is a mutex, or under ATOMIC a spinlock, and stays what it was at first. */
static void check_lock(enum xmmu_policy policy, enum xmmu_policy other)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core.config.policy = policy;
	core_attach();
	xmmu_mirror_lock(&core.mirror);
	check(in_atomic() == (policy == XMMU_ATOMIC));
	xmmu_mirror_assert_locked(&core.mirror);
	xmmu_mirror_unlock(&core.mirror);
	xmmu_mirror_detach(&core.mirror);
	core.config.policy = other;
	expect(attach(), -EINVAL);
	check(!xmmu_mirror_alive(&core.mirror));
	core_stop();
}

static void case_mutex(void *unused)
{
	check_lock(XMMU_REFUSE, XMMU_ATOMIC);
}
CASE(mutex)

static void case_spinlock(void *unused)
{
	check_lock(XMMU_ATOMIC, XMMU_TRYLOCK);
}
CASE(spinlock)

static void case_not_locked(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	xmmu_mirror_assert_locked(&core.mirror);
}
CASE_UNTIL(not_locked, "lock not held")

/* The module goes while a mirror is attached. */
static void case_left_attached(void *unused)
{
	core_start(1, HOSTED_DMA_DIRECT);
	core_attach();
	xmmu_module_exit();
}
CASE_UNTIL(left_attached, "warning")

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config),        cmocka_unit_test(not_started),
		cmocka_unit_test(twice),         cmocka_unit_test(again),
		cmocka_unit_test(again_heard),   cmocka_unit_test(shown),
		cmocka_unit_test(no_mm),         cmocka_unit_test(registration_fails),
		cmocka_unit_test(attach_waits),  cmocka_unit_test(foreign),
		cmocka_unit_test(process_exits), cmocka_unit_test(isolate_sleeps),
		cmocka_unit_test(isolate_plain), cmocka_unit_test(isolate_atomic),
		cmocka_unit_test(isolate_spins), cmocka_unit_test(mutex),
		cmocka_unit_test(spinlock),      cmocka_unit_test(not_locked),
		cmocka_unit_test(left_attached),
	};

	return cmocka_run_group_tests_name("core_mirror", tests, NULL, NULL);
}
