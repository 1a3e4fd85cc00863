// SPDX-License-Identifier: GPL-2.0-only
/* The fault queue: what is served together, in what order, and how it is answered. */
#include "faultq.h"

static struct xmmu_range *range;

/* A range over all pages; it is warm, and the device has none. */
static void start(unsigned long pages)
{
	faultq_start(pages);
	range = core_insert(0, pages);
	expect(core_populate(range, 0, 1, 0), 0);
	expect(xmmu_range_zap(range, at(0), at(1)), 0);
	core.leaves = 0;
}

static void stop(void)
{
	core_remove(range);
	faultq_stop();
}

/* ---- configuration */

static void case_config(void *unused)
{
	struct xmmu_faultq_ops ops;

	start(1);
#define refused(field, value)                                                       \
	do {                                                                        \
		struct xmmu_faultq_config __config = faultq_config;                 \
		__config.field = value;                                             \
		expect(xmmu_faultq_init(&queue, &core.mirror, &__config), -EINVAL); \
	} while (0)
	refused(ops, NULL);
	refused(depth, XMMU_FAULTQ_DEPTH_MAX + 1);
	refused(workers, XMMU_FAULTQ_WORKERS_MAX + 1);
	refused(slice_ms, XMMU_FAULTQ_SLICE_MS_MAX + 1);
	refused(prefetch, PAGE_SIZE / 2);
	refused(prefetch, 3 * PAGE_SIZE);
	refused(prefetch, 2 * XMMU_WINDOW);
	ops = faultq_ops;
	ops.replay = NULL;
	refused(ops, &ops);
	ops = faultq_ops;
	ops.cancel = NULL;
	refused(ops, &ops);
	faultq_init();
	stop();
}
CASE(config)

/* Whatever can not be allocated: nothing is left, and the next try succeeds. */
static void case_no_memory(void *unused)
{
	unsigned long objects;
	unsigned int n;
	int err = -ENOMEM;

	start(1);
	objects = hosted_slab_objects();
	for (n = 1; err; n++) {
		hosted_slab_fail(n);
		err = xmmu_faultq_init(&queue, &core.mirror, &faultq_config);
		hosted_slab_fail(0);
		if (!err)
			break;
		expect(err, -ENOMEM);
		expect(hosted_slab_objects(), objects);
	}
	check(n == 5); /* entries, workers, and whom they belong to with a workqueue */
	push(0, 0, 1);
	wait_answers(1);
	stop();
}
CASE(no_memory)

/* ---- what is served together */

static void case_one(void *unused)
{
	start(4);
	faultq_init();
	push(2, XMMU_WRITE, 7);
	wait_answers(1);
	expect(answer_of(7), 0);
	expect(core_translated(), 1);
	check(core.table[2]);
	expect(core.leaf.perm, XMMU_PERM_READ | XMMU_PERM_WRITE);
	push(3, 0, 8);
	wait_answers(2);
	expect(core.leaf.perm, XMMU_PERM_READ);
	expect(faultq_stats().pushed, 2);
	expect(faultq_stats().replayed, 2);
	expect(faultq_stats().served, 2);
	expect(faultq_stats().batches, 2);
	expect(faultq_stats().cancelled, 0);
	expect(faultq_stats().deduped, 0);
	check(faultq_stats().answer_ns_max);
	stop();
}
CASE(one)

/* Faults of a page are served once, for writing if one of them writes, and answered in order. */
static void case_dedupe(void *unused)
{
	unsigned int i;

	start(4);
	faultq_init();
	for (i = 0; i < 40; i++)
		push(1, i == 3 ? XMMU_WRITE : 0, i);
	wait_answers(40);
	for (i = 0; i < 40; i++)
		expect(answers[i].cookie, i);
	expect(core.leaves, 1);
	expect(core.leaf.perm, XMMU_PERM_READ | XMMU_PERM_WRITE);
	expect(faultq_stats().served, 1);
	expect(faultq_stats().deduped, 39);
	expect(faultq_stats().replayed, 40);
	stop();
}
CASE(dedupe)

/* Neighbours are served at once, in whatever order they come; reads and writes are kept apart. */
static void case_neighbours(void *unused)
{
	static const unsigned long pages[] = { 5, 3, 9, 4, 2, 8 };
	unsigned int i;

	start(16);
	faultq_init();
	for (i = 0; i < ARRAY_SIZE(pages); i++)
		push(pages[i], pages[i] == 5 ? XMMU_WRITE : 0, i);
	wait_answers(ARRAY_SIZE(pages));
	/* 2 to 4, 5 for writing, 8 and 9 */
	expect(faultq_stats().served, 3);
	expect(faultq_stats().batches, 1);
	expect(core_translated(), 6);
	expect(core_stats().commits, 1 + 3);
	expect(calls, 3);
	stop();
}
CASE(neighbours)

/* What is in another window is another batch. */
static void case_windows(void *unused)
{
	start(1024);
	faultq_config.workers = 1;
	faultq_init();
	/* CORE_BASE is a multiple of a window. */
	push(WINDOW_PAGES, 0, 1);
	push(WINDOW_PAGES - 1, 0, 2);
	push(WINDOW_PAGES + 1, 0, 3);
	wait_answers(3);
	expect(faultq_stats().batches, 2);
	expect(answers[0].cookie, 1);
	expect(answers[1].cookie, 3);
	expect(answers[2].cookie, 2);
	stop();
}
CASE(windows)

/* 256 faults that lie side by side are one walk, one window, and few calls of the driver. */
static void case_batch(void *unused)
{
	unsigned int i;

	start(256);
	faultq_init();
	for (i = 0; i < 256; i++)
		push(i * 7 % 256, XMMU_WRITE, i);
	wait_answers(256);
	expect(core_translated(), 256);
	expect(core_stats().commits, 1 + faultq_stats().served);
	check(faultq_stats().served <= 2);
	check(calls <= 8 + faultq_stats().served);
	stop();
}
CASE(batch)

/* Nobody has the last page that there is; what lies before it is served, or not, by itself. */
static void case_last_page(void *unused)
{
	const unsigned long last = (ULONG_MAX - CORE_BASE) / PAGE_SIZE;

	start(1);
	faultq_init();
	push(last, XMMU_WRITE, 1);
	push(last - 1, XMMU_WRITE, 2);
	push(0, XMMU_WRITE, 3);
	wait_answers(3);
	expect(answer_of(1), -EFAULT);
	expect(answer_of(2), -EFAULT);
	expect(answer_of(3), 0);
	stop();
}
CASE(last_page)

/* The one page that is wrong is found without trying each by itself. */
static void case_parts(void *unused)
{
	unsigned int i;

	start(256);
	faultq_init();
	expect(hosted_munmap(mm, at(99), LEN(1)), 0);
	for (i = 0; i < 256; i++)
		push(i, XMMU_WRITE, i);
	wait_answers(256);
	for (i = 0; i < 256; i++)
		expect(answer_of(i), i == 99 ? -EFAULT : 0);
	check(faultq_stats().served <= 1 + 8 + 8 + 4 + 1);
	stop();
}
CASE(parts)

/* ---- prefetch */

/* What is there comes with it, inside of the range, and nothing is faulted in. */
static void case_prefetch(void *unused)
{
	unsigned long page;

	start(32);
	core_remove(range);
	range = core_insert(2, 30);
	for (page = 0; page < 12; page++)
		if (page != 5)
			expect(hosted_store(mm, at(page), 1), 0);
	faultq_config.prefetch = LEN(8);
	faultq_init();
	push(4, 0, 1);
	wait_answers(1);
	/* 2, 3, 4, 6, 7: not 5, which is not there, nor what is outside of range or block. */
	expect(core_translated(), 5);
	check(core.table[2] && !core.table[5] && core.table[7]);
	expect(faultq_stats().prefetched, 1);
	push(5, 0, 2);
	wait_answers(2);
	expect(core_translated(), 6);
	/* Where it can not be had the fault is served all the same. */
	push(20, 0, 3);
	wait_answers(3);
	expect(answer_of(3), 0);
	expect(core_translated(), 7);
	stop();
}
CASE(prefetch)

/* A whole block was asked for. */
static void case_prefetch_nothing(void *unused)
{
	unsigned long page;

	start(16);
	faultq_config.prefetch = LEN(4);
	faultq_init();
	for (page = 4; page < 8; page++)
		push(page, 0, page);
	wait_answers(4);
	expect(faultq_stats().prefetched, 0);
	expect(core_translated(), 4);
	stop();
}
CASE(prefetch_nothing)

/* ---- what can not be served */

/* Only the fault that is wrong is cancelled, and with what is wrong. */
static void case_bad_access(void *unused)
{
	unsigned long page;

	start(16);
	faultq_init();
	expect(hosted_munmap(mm, at(6), LEN(1)), 0);
	expect(hosted_mprotect(mm, at(9), LEN(1), VM_READ), 0);
	for (page = 4; page < 12; page++)
		push(page, XMMU_WRITE, page);
	push(17, 0, 17);
	wait_answers(9);
	for (page = 4; page < 12; page++)
		expect(answer_of(page), page == 6 ? -EFAULT : page == 9 ? -EPERM : 0);
	expect(answer_of(17), -EFAULT);
	expect(core_translated(), 6);
	expect(faultq_stats().cancelled, 3);
	expect(faultq_stats().replayed, 6);
	push(9, 0, 18);
	wait_answers(10);
	expect(answer_of(18), 0);
	stop();
}
CASE(bad_access)

/* Neighbours in two ranges, and one that is in none. */
static void case_ranges(void *unused)
{
	struct xmmu_range *second;
	unsigned long page;

	start(8);
	core_remove(range);
	range = core_insert(0, 3);
	second = core_insert(3, 3);
	faultq_init();
	for (page = 0; page < 7; page++)
		push(page, 0, page);
	wait_answers(7);
	for (page = 0; page < 7; page++)
		expect(answer_of(page), page < 6 ? 0 : -EFAULT);
	core_remove(second);
	stop();
}
CASE(ranges)

/* The range goes while its page is brought in, and another comes in its place. */
static void (*meanwhile)(void *unused);

static int change(struct xmmu_walk *walk)
{
	if (meanwhile) {
		hosted_join(core_beside(meanwhile));
		meanwhile = NULL;
	}
	return 0;
}

static void replace(void *unused)
{
	core_remove(range);
	range = core_insert(0, 4);
}

static void split(void *unused)
{
	struct xmmu_range *upper = kzalloc(sizeof(*upper), GFP_KERNEL);

	expect(xmmu_range_split(range, upper, at(2)), 0);
	xmmu_range_put(upper);
}

static void changed(void (*fn)(void *unused))
{
	start(4);
	faultq_init();
	core.ops.prepare = change;
	meanwhile = fn;
	push(1, 0, 1);
	push(2, 0, 2);
	wait_answers(2);
	check(!meanwhile);
	expect(answer_of(1), 0);
	expect(answer_of(2), 0);
	expect(core_translated(), 2);
	expect(faultq_stats().retried, 0);
	stop();
}

static void case_replaced(void *unused)
{
	changed(replace);
}
CASE(replaced)

static void case_split_range(void *unused)
{
	changed(split);
}
CASE(split_range)

static void case_isolated(void *unused)
{
	start(4);
	faultq_init();
	xmmu_mirror_isolate(&core.mirror);
	push(1, 0, 1);
	wait_answers(1);
	expect(answer_of(1), -EIO);
	stop();
}
CASE(isolated)

/* ---- the driver serves */

static int serve_results[8];
static unsigned int serves;

static int serve(struct xmmu_faultq *of, unsigned long from, unsigned long to, unsigned int access)
{
	int err = serve_results[serves++ % ARRAY_SIZE(serve_results)];

	return err ?: xmmu_faultq_populate(of, from, to, access);
}

/* What fails for now is tried again, and is not lost. */
static void case_transient(void *unused)
{
	u64 start_ns;

	start(8);
	faultq_ops.serve = serve;
	serve_results[0] = -EAGAIN;
	serve_results[1] = -ETIMEDOUT;
	serve_results[2] = -EINTR;
	faultq_init();
	start_ns = hosted_now_ns();
	push(1, 0, 1);
	wait_answers(1);
	expect(answer_of(1), 0);
	expect(serves, 4);
	/* Not at once. */
	check(hosted_now_ns() - start_ns > 2 * NSEC_PER_SEC / CONFIG_HZ);
	expect(faultq_stats().retried, 3);
	expect(faultq_stats().served, 4);
	expect(core_translated(), 1);
	stop();
}
CASE(transient)

/* A few pages are tried one by one, whatever was wrong. */
static void case_one_by_one(void *unused)
{
	start(8);
	faultq_ops.serve = serve;
	serve_results[0] = -ENOMEM;
	serve_results[2] = -ENOMEM;
	faultq_init();
	push(1, 0, 1);
	push(2, 0, 2);
	push(3, 0, 3);
	wait_answers(3);
	expect(serves, 4);
	expect(answer_of(1), 0);
	expect(answer_of(2), -ENOMEM);
	expect(answer_of(3), 0);
	stop();
}
CASE(one_by_one)

/* A page is answered in the order of the pushes, though the first was tried before. */
static void push_second(void)
{
	push(1, XMMU_WRITE, 2);
	push(1, 0, 3);
}

static int serve_late(struct xmmu_faultq *of, unsigned long from, unsigned long to,
		      unsigned int access)
{
	if (serves++)
		return xmmu_faultq_populate(of, from, to, access);
	push_second();
	return -EAGAIN;
}

static void case_order(void *unused)
{
	start(8);
	faultq_ops.serve = serve_late;
	faultq_init();
	push(1, 0, 1);
	wait_answers(3);
	expect(answers[0].cookie, 1);
	expect(answers[1].cookie, 2);
	expect(answers[2].cookie, 3);
	expect(serves, 2);
	stop();
}
CASE(order)

/* ---- room */

/* What is not taken is not lost, and the driver hears when there is room. */
static void case_overflow(void *unused)
{
	start(8);
	faultq_config.depth = 2;
	faultq_init();
	push(1, 0, 1);
	push(2, 0, 2);
	check(!try_push_to(&queue, 3, 0, 3));
	check(!try_push_to(&queue, 3, 0, 3));
	expect(rooms, 0);
	wait_answers(2);
	hosted_others();
	expect(rooms, 1);
	push(3, 0, 3);
	wait_answers(3);
	hosted_others();
	expect(rooms, 1);
	expect(faultq_stats().refused, 2);
	expect(faultq_stats().pushed, 3);
	stop();
}
CASE(overflow)

/* ---- workers */

static unsigned int inside, most_inside;
static bool in_window[7];

static int serve_slowly(struct xmmu_faultq *of, unsigned long from, unsigned long to,
			unsigned int access)
{
	bool *in = &in_window[(from - at(0)) / XMMU_WINDOW];

	check(!*in);
	*in = true;
	most_inside = max(most_inside, ++inside);
	msleep(1);
	inside--;
	*in = false;
	return 0;
}

/* No more than so many at once, and never two in the same window. */
static void case_workers(void *unused)
{
	unsigned long i, pages = 0;

	start(1);
	faultq_ops.serve = serve_slowly;
	faultq_config.workers = 3;
	faultq_init();
	for (i = 0; i < 200; i++) {
		push(i % ARRAY_SIZE(in_window) * WINDOW_PAGES + i * 3 % 31, 0, i);
		pages++;
		if (i % 10 == 0)
			msleep(1);
	}
	wait_answers(pages);
	expect(most_inside, 3);
	expect(inside, 0);
	stop();
}
CASE(workers)

static void *made;

static int serve_making(struct xmmu_faultq *of, unsigned long from, unsigned long to,
			unsigned int access)
{
	made = kmalloc(100, GFP_KERNEL_ACCOUNT);
	return 0;
}

/* The process pays for what a driver makes there. */
static void case_charged(void *unused)
{
	unsigned long charged;

	start(1);
	faultq_ops.serve = serve_making;
	faultq_init();
	charged = mm->memcg->charged;
	push(0, 0, 1);
	wait_answers(1);
	expect(mm->memcg->charged - charged, 100);
	kfree(made);
	stop();
}
CASE(charged)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(config),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(one),
		cmocka_unit_test(dedupe),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(windows),
		cmocka_unit_test(batch),
		cmocka_unit_test(parts),
		cmocka_unit_test(last_page),
		cmocka_unit_test(prefetch),
		cmocka_unit_test(prefetch_nothing),
		cmocka_unit_test(bad_access),
		cmocka_unit_test(ranges),
		cmocka_unit_test(replaced),
		cmocka_unit_test(split_range),
		cmocka_unit_test(isolated),
		cmocka_unit_test(transient),
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(order),
		cmocka_unit_test(overflow),
		cmocka_unit_test(workers),
		cmocka_unit_test(charged),
	};

	return cmocka_run_group_tests_name("core_faultq", tests, NULL, NULL);
}
