// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault queue when something hangs or ends: faults that wait for a program, processes that
 * flood, and the end of queue, mirror, and address space.
 */
#include <linux/completion.h>

#include "faultq.h"

#define SLICE_MS 20 /* as by default */

static struct xmmu_range *range;

/* Another process with a mirror, of the pages from 512 on. */
static struct mm_struct *other_mm;
static struct xmmu_mirror other_mirror;
static struct xmmu_faultq other_queue;

static void start(unsigned long pages)
{
	faultq_start(pages);
	range = core_insert(0, pages);
	faultq_init();
}

static void stop(void)
{
	core_remove(range);
	faultq_stop();
}

/* A program is to bring these pages, and does not. */
static void never(unsigned long page, unsigned long pages)
{
	expect(hosted_madvise(mm, at(page), LEN(pages), HOSTED_DONTNEED), 0);
	expect(hosted_uffd_register(mm, at(page), LEN(pages)), 0);
}

static void attach_other(void *unused)
{
	struct xmmu_range *other = kzalloc(sizeof(*other), GFP_KERNEL);

	expect(hosted_mmap(other_mm, at(512), LEN(512), RW, 0, NULL, 0), 0);
	expect(xmmu_mirror_attach(&other_mirror, &core.config), 0);
	expect(xmmu_range_insert(&other_mirror, other, at(512), at(1024)), 0);
	xmmu_range_put(other);
	expect(xmmu_faultq_init(&other_queue, &other_mirror, &faultq_config), 0);
	/* The mirror does not keep the address space. */
	mmget(other_mm);
	hosted_exit();
}

static void start_other(void)
{
	memset(&other_mirror, 0, sizeof(other_mirror));
	other_mm = hosted_mm_create();
	hosted_join(hosted_thread("other", other_mm, attach_other, NULL));
}

static void stop_other(void)
{
	xmmu_mirror_detach(&other_mirror);
	xmmu_faultq_exit(&other_queue);
	mmput(other_mm);
}

static u64 now_ms(void)
{
	return hosted_now_ns() / NSEC_PER_MSEC;
}

/* ---- what hangs */

/* When the program brings the page, the access goes on. */
static void case_late(void *unused)
{
	start(4);
	never(1, 1);
	push(1, XMMU_WRITE, 1);
	msleep(10 * SLICE_MS);
	expect(answered, 0);
	check(faultq_stats().retried >= 5);
	expect(hosted_uffd_copy(mm, at(1), 7), 0);
	wait_answers(1);
	expect(answer_of(1), 0);
	check(core.table[1]);
	expect(hosted_uffd_unregister(mm, at(1), LEN(1)), 0);
	stop();
}
CASE(late)

static struct task_struct *server;

static void serve_page(void *unused)
{
	expect(hosted_uffd_wait(mm), 0);
	expect(hosted_uffd_copy(mm, at(1), 7), 0);
}

/* A program that answers is not kept waiting until the next slice. */
static void case_brought(void *unused)
{
	u64 start_ms;

	start(4);
	never(1, 1);
	server = core_beside(serve_page);
	start_ms = now_ms();
	push(1, 0, 1);
	wait_answers(1);
	check(now_ms() - start_ms < SLICE_MS);
	expect(faultq_stats().retried, 0);
	hosted_join(server);
	expect(hosted_uffd_unregister(mm, at(1), LEN(1)), 0);
	stop();
}
CASE(brought)

/*
 * Neighbours of a page that hangs are served when it has used up a slice, and later ones when what
 * hangs has had one each; new faults of the page itself do not hold up others again.
 */
static void case_neighbours(void *unused)
{
	unsigned long page;
	u64 start_ms;

	start(64);
	never(10, 3);
	start_ms = now_ms();
	for (page = 5; page < 20; page++)
		push(page, 0, page);
	wait_answers(12);
	check(now_ms() - start_ms < 5 * (SLICE_MS + 5));
	for (page = 5; page < 20; page++)
		expect(answer_of(page), page >= 10 && page < 13 ? NOT_ANSWERED : 0);
	start_ms = now_ms();
	push(11, 0, 111);
	push(30, 0, 30);
	wait_answers(13);
	expect(answer_of(30), 0);
	check(now_ms() - start_ms < 2 * (SLICE_MS + 5));
	stop();
	/* And they are answered, in their order. */
	expect(answered, 17);
	expect(answer_of(10), -ESRCH);
	expect(answer_of(111), -ESRCH);
}
CASE(neighbours)

/* With all workers in windows that hang, other windows have their turn. */
static void case_windows(void *unused)
{
	u64 start_ms;

	start(1024);
	never(0, 4);
	never(512, 4);
	push(0, 0, 1);
	push(1, 0, 2);
	push(512, 0, 3);
	push(513, 0, 4);
	msleep(SLICE_MS / 2);
	start_ms = now_ms();
	core_remove(range);
	range = core_insert(0, 1024);
	expect(hosted_uffd_unregister(mm, at(514), LEN(2)), 0);
	push(514, 0, 5);
	wait_answers(1);
	expect(answer_of(5), 0);
	check(now_ms() - start_ms < 4 * (SLICE_MS + 5));
	stop();
}
CASE(windows)

/* One worker, and more that hangs in one window than it tries in a turn: others have theirs. */
static void case_turns(void *unused)
{
	unsigned int i;
	u64 start_ms;

	faultq_start(1024);
	range = core_insert(0, 1024);
	faultq_config.workers = 1;
	faultq_init();
	never(0, 64);
	for (i = 0; i < 64; i++)
		push(i, 0, i);
	msleep(SLICE_MS / 2);
	start_ms = now_ms();
	push(600, 0, 600);
	wait_answers(1);
	expect(answer_of(600), 0);
	check(now_ms() - start_ms < 3 * (SLICE_MS + 5));
	stop();
}
CASE(turns)

static unsigned int kills;

/* What fails since it was killed may succeed when it is tried again. */
static int serve_killed(struct xmmu_faultq *of, unsigned long from, unsigned long to,
			unsigned int access)
{
	if (kills++)
		return 0;
	while (!fatal_signal_pending(current))
		msleep(1);
	return -ENOMEM;
}

static void case_killed(void *unused)
{
	faultq_start(1);
	range = core_insert(0, 1);
	faultq_ops.serve = serve_killed;
	faultq_init();
	push(0, 0, 1);
	wait_answers(1);
	expect(answer_of(1), 0);
	expect(kills, 2);
	stop();
}
CASE(killed)

static void replay_and_fault(struct xmmu_faultq *of, const u64 *cookies, unsigned int count)
{
	replay(of, cookies, count);
	if (answered < 100)
		try_push_to(of, answered % 4, 0, 1000 + answered);
	msleep(1);
}

/* The device faults again as soon as it may; nothing of that is left when the queue goes. */
static void case_faults_again(void *unused)
{
	faultq_start(4);
	range = core_insert(0, 4);
	faultq_ops.replay = replay_and_fault;
	faultq_init();
	push(0, 0, 1);
	msleep(10);
	check(answered);
	xmmu_faultq_exit(&queue);
	check(answered < 100);
	expect(faultq_stats().replayed + faultq_stats().cancelled, faultq_stats().pushed);
	core_remove(range);
	core_stop();
}
CASE(faults_again)

/* Other processes do not notice. */
static void case_others(void *unused)
{
	u64 start_ms;

	start(512);
	start_other();
	never(0, 512);
	push(0, 0, 1);
	push(100, 0, 2);
	push(200, 0, 3);
	msleep(3 * SLICE_MS);
	start_ms = now_ms();
	check(try_push_to(&other_queue, 600, XMMU_WRITE, 600));
	wait_answers(1);
	expect(answer_of(600), 0);
	check(now_ms() - start_ms < SLICE_MS / 2);
	stop_other();
	stop();
}
CASE(others)

/* ---- what no signal ends */

#define STUCK_QUEUES  3
#define STUCK_WORKERS 8

static struct xmmu_faultq stuck_queues[STUCK_QUEUES];
static struct completion let_go;
static unsigned int kept;

static int serve_stuck(struct xmmu_faultq *of, unsigned long from, unsigned long to,
		       unsigned int access)
{
	if (of == &other_queue)
		return xmmu_faultq_populate(of, from, to, access);
	kept++;
	wait_for_completion(&let_go);
	return 0;
}

/* A process keeps so many workers, however many queues it has, and others have theirs. */
static void case_stuck(void *unused)
{
	unsigned int i;

	faultq_start(1);
	init_completion(&let_go);
	faultq_ops.serve = serve_stuck;
	faultq_config.workers = STUCK_WORKERS;
	for (i = 0; i < STUCK_QUEUES; i++)
		expect(xmmu_faultq_init(&stuck_queues[i], &core.mirror, &faultq_config), 0);
	for (i = 0; i < STUCK_QUEUES * STUCK_WORKERS; i++)
		check(try_push_to(&stuck_queues[i % STUCK_QUEUES], i * WINDOW_PAGES, 0, i));
	msleep(10 * SLICE_MS);
	expect(kept, XMMU_FAULTQ_WORKERS_MAX);
	start_other();
	check(try_push_to(&other_queue, 600, XMMU_WRITE, 600));
	wait_answers(1);
	expect(answer_of(600), 0);
	complete_all(&let_go);
	wait_answers(1 + STUCK_QUEUES * STUCK_WORKERS);
	stop_other();
	xmmu_mirror_detach(&core.mirror);
	for (i = 0; i < STUCK_QUEUES; i++)
		xmmu_faultq_exit(&stuck_queues[i]);
	core_stop();
}
CASE(stuck)

/* ---- floods */

static bool flooding;

static void push_always(void *unused)
{
	u64 cookie = 1000;

	while (READ_ONCE(flooding)) {
		if (try_push_to(&queue, cookie % 16, 0, cookie))
			cookie++;
		else
			hosted_point(HOSTED_STEP, NULL, 0);
	}
}

static unsigned int floods;

static void replay_flood(struct xmmu_faultq *of, const u64 *cookies, unsigned int count)
{
	if (of == &queue)
		floods += count;
	else
		replay(of, cookies, count);
}

/* One process faults as fast as it can: what another waits for is counted in turns of all. */
static void case_flood(void *unused)
{
	struct task_struct *flooder;
	unsigned int i, turns;

	faultq_start(512);
	range = core_insert(0, 512);
	faultq_ops.replay = replay_flood;
	faultq_config.depth = 64;
	faultq_init();
	start_other();
	flooding = true;
	flooder = core_beside(push_always);
	for (i = 0; i < 20; i++) {
		hosted_others();
		check(try_push_to(&other_queue, 512 + i, 0, i));
		for (turns = 0; answered == i; turns++)
			hosted_point(HOSTED_STEP, NULL, 0);
		check(turns < 8);
	}
	check(floods > 256);
	WRITE_ONCE(flooding, false);
	hosted_join(flooder);
	stop_other();
	stop();
}
CASE(flood)

/* ---- the end */

/* Detach returns when all are answered, and nothing is served from then on. */
static void case_detach(void *unused)
{
	unsigned int i;

	start(64);
	for (i = 0; i < 64; i++)
		push(i, 0, i);
	xmmu_mirror_detach(&core.mirror);
	expect(answered, 64);
	expect(core_translated(), 0);
	expect(faultq_stats().retried, 0);
	/* What comes late is answered as well. */
	push(1, 0, 100);
	wait_answers(65);
	expect(answer_of(100), -ESRCH);
	expect(core_translated(), 0);
	stop();
}
CASE(detach)

/* Not even what hangs keeps it from that. */
static void case_detach_hung(void *unused)
{
	u64 start_ms;

	start(64);
	never(0, 64);
	push(0, 0, 1);
	push(1, 0, 2);
	msleep(5);
	start_ms = now_ms();
	xmmu_mirror_detach(&core.mirror);
	check(now_ms() - start_ms <= 2 * SLICE_MS);
	expect(answer_of(1), -ESRCH);
	expect(answer_of(2), -ESRCH);
	stop();
}
CASE(detach_hung)

/* A mirror that is attached again has its faults served again. */
static void case_again(void *unused)
{
	start(4);
	core_remove(range);
	xmmu_mirror_detach(&core.mirror);
	core_attach();
	range = core_insert(0, 4);
	push(1, 0, 1);
	wait_answers(1);
	expect(answer_of(1), 0);
	stop();
}
CASE(again)

static struct completion cancelling, attached;

static void cancel_slowly(struct xmmu_faultq *of, const struct xmmu_fault *fault, int err)
{
	cancel(of, fault, err);
	complete(&cancelling);
	wait_for_completion(&attached);
}

/* What was pushed in between is of no address space, though it waits until there is one. */
static void case_homeless(void *unused)
{
	init_completion(&cancelling);
	init_completion(&attached);
	faultq_start(4);
	faultq_ops.cancel = cancel_slowly;
	faultq_config.workers = 1;
	faultq_init();
	xmmu_mirror_detach(&core.mirror);
	push(0, 0, 1);
	wait_for_completion(&cancelling);
	push(1, 0, 2);
	core_attach();
	range = core_insert(0, 4);
	push(1, 0, 3);
	complete_all(&attached);
	wait_answers(3);
	expect(answer_of(2), -ESRCH);
	expect(answer_of(3), 0);
	expect(core_translated(), 1);
	stop();
}
CASE(homeless)

static void exit_process(void *unused)
{
	push(0, 0, 1);
	push(1, 0, 2);
	msleep(SLICE_MS / 2);
	hosted_exit();
}

/* The process dies while the page of a program that lives is waited for, and nobody detaches. */
static void case_process_dies(void *unused)
{
	start(4);
	never(0, 4);
	mmget(mm);
	mmgrab(mm);
	hosted_join(core_beside(exit_process));
	hosted_exit();
	wait_answers(2);
	expect(answer_of(1), -ESRCH);
	expect(answer_of(2), -ESRCH);
	msleep(10);
	expect(atomic_read(&mm->mm_users), 0);
	expect(core.released, 1);
	mmdrop(mm);
	core_remove(range);
	xmmu_mirror_detach(&core.mirror);
	xmmu_faultq_exit(&queue);
	core_stop();
}
CASE(process_dies)

/* What is left when the queue goes is cancelled, though its mirror lives. */
static void case_left(void *unused)
{
	start(4);
	never(0, 4);
	push(0, 0, 1);
	push(1, 0, 2);
	msleep(5);
	push(2, 0, 3);
	xmmu_faultq_exit(&queue);
	expect(answered, 3);
	expect(answer_of(1), -ESRCH);
	expect(answer_of(3), -ESRCH);
	expect(rooms, 0);
	core_remove(range);
	core_stop();
}
CASE(left)

static void unmap_beside(void *unused)
{
	expect(hosted_munmap(mm, at(0), LEN(4)), 0);
}

/* A fault is served while the flush of an invalidation is not confirmed: neither waits forever. */
static void case_flush(void *unused)
{
	struct task_struct *unmapper;

	start(8);
	core.mute = true;
	push(0, 0, 1);
	wait_answers(1);
	unmapper = core_beside(unmap_beside);
	msleep(5);
	push(1, 0, 2);
	push(5, 0, 3);
	msleep(3 * SLICE_MS);
	xmmu_flush_done(&core.mirror, core.ticket);
	hosted_join(unmapper);
	wait_answers(3);
	expect(answer_of(2), -EFAULT);
	expect(answer_of(3), 0);
	core.mute = false;
	stop();
}
CASE(flush)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(late),         cmocka_unit_test(brought),
		cmocka_unit_test(neighbours),   cmocka_unit_test(windows),
		cmocka_unit_test(turns),        cmocka_unit_test(killed),
		cmocka_unit_test(faults_again), cmocka_unit_test(others),
		cmocka_unit_test(flood),        cmocka_unit_test(detach),
		cmocka_unit_test(detach_hung),  cmocka_unit_test(again),
		cmocka_unit_test(process_dies), cmocka_unit_test(left),
		cmocka_unit_test(flush),        cmocka_unit_test(stuck),
		cmocka_unit_test(homeless),
	};

	return cmocka_run_group_tests_name("core_faultq_hang", tests, NULL, NULL);
}
