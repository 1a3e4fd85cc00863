// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whoever takes memory away from the device returns only when the device has confirmed, even if
 * somebody else has posted the flush: the next one frees the page. And the watchdog, for a device
 * that never does.
 */
#include "t.h"

#define PAGES 8

struct scene {
	int fd;
	int id;
	char *memory;
};

static struct scene scene_of(const struct xt_attach *attach)
{
	struct scene scene = { .fd = xt_open(), .memory = t_map(PAGES) };

	assert_int_equal(xt_attach_as(scene.fd, attach), 0);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	t_touch(scene.memory, PAGES);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, XT_WRITE), 0);
	return scene;
}

static void scene_end(struct scene *scene)
{
	xt_set(scene->fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	xt_set(scene->fd, XT_CONFIRM, 0);
	xt_stop(scene->fd);
	t_unmap(scene->memory, PAGES);
}

static const struct xt_attach refuse = { .policy = XT_REFUSE };

static long discard_all(void *arg)
{
	return madvise(((struct scene *)arg)->memory, PAGES * PAGE, MADV_DONTNEED) ? -errno : 0;
}

static long discard_second_page(void *arg)
{
	return madvise(((struct scene *)arg)->memory + PAGE, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static long zap_second_page(void *arg)
{
	struct scene *scene = arg;

	return xt_zap(scene->fd, scene->id, scene->memory + PAGE, 1);
}

static long remove_range(void *arg)
{
	struct scene *scene = arg;

	return xt_call(scene->fd, XT_IOC_WITHDRAW, &(struct xt_range){ .id = scene->id });
}

static long detach(void *arg)
{
	return xt_detach(((struct scene *)arg)->fd);
}

/* ---- the flush of the first makes the second wait */

static void expect_second_waits(long (*second)(void *arg))
{
	struct scene scene = scene_of(&refuse);
	struct t_thread threads[2];

	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	t_start(&threads[0], discard_all, &scene);
	assert_true(t_until(5000, xt_stats(scene.fd).pending == 1));
	t_start(&threads[1], second, &scene);
	assert_false(t_done(&threads[1], 300));
	assert_int_equal(xt_stats(scene.fd).pending, 1);
	xt_set(scene.fd, XT_CONFIRM, 0);
	assert_int_equal(t_join(&threads[0]), 0);
	assert_int_equal(t_join(&threads[1]), 0);
	assert_true(xt_stats(scene.fd).core.waits_shared >= 1);
	assert_int_equal(xt_stats(scene.fd).core.flushes, 1);
	scene_end(&scene);
}

static void second_invalidation_waits_for_the_first_flush(void **state)
{
	(void)state;
	expect_second_waits(discard_second_page);
}

static void zap_by_the_driver_waits_for_the_first_flush(void **state)
{
	(void)state;
	expect_second_waits(zap_second_page);
}

static void removal_waits_for_the_first_flush(void **state)
{
	(void)state;
	expect_second_waits(remove_range);
}

static void detach_waits_for_the_first_flush(void **state)
{
	(void)state;
	expect_second_waits(detach);
}

static long discard(void *arg)
{
	return madvise(arg, PAGE, MADV_DONTNEED) ? -errno : 0;
}

/* While it waits for one of them, an invalidation of another must not find it populated. */
static void detach_zaps_all_ranges_before_it_waits(void **state)
{
	struct scene scene = { .fd = xt_start(XT_REFUSE), .memory = t_map(2 * PAGES) };
	char *second = scene.memory + PAGES * PAGE;
	struct t_thread threads[2];

	(void)state;
	t_touch(scene.memory, 2 * PAGES);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, XT_WRITE), 0);
	assert_int_equal(xt_populate(scene.fd, xt_insert(scene.fd, second, PAGES), second, PAGES,
				     XT_WRITE),
			 0);
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	t_start(&threads[0], detach, &scene);
	assert_true(t_until(5000, xt_stats(scene.fd).pending == 1));
	t_start(&threads[1], discard, second);
	assert_false(t_done(&threads[1], 300));
	xt_set(scene.fd, XT_CONFIRM, 0);
	assert_int_equal(t_join(&threads[0]), 0);
	assert_int_equal(t_join(&threads[1]), 0);
	assert_int_equal(xt_stats(scene.fd).core.flushes, 1);
	xt_stop(scene.fd);
	t_unmap(scene.memory, 2 * PAGES);
}

static void flush_of_400_ms_takes_both_as_long(void **state)
{
	struct scene scene = scene_of(&refuse);
	struct t_thread first;
	long begun = t_ms();

	(void)state;
	xt_set(scene.fd, XT_FLUSH_MS, 400);
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_DELAY);
	t_start(&first, discard_all, &scene);
	assert_true(t_until(5000, xt_stats(scene.fd).pending == 1));
	assert_int_equal(discard_second_page(&scene), 0);
	/* Timers of a guest that is held up may be early. */
	assert_true(t_ms() - begun >= 350);
	assert_int_equal(xt_stats(scene.fd).pending, 0);
	assert_int_equal(t_join(&first), 0);
	assert_true(xt_stats(scene.fd).core.wait_ns_max >= 350000000);
	assert_true(xt_stats(scene.fd).core.invalidate_ns_max >= 350000000);
	scene_end(&scene);
}

static void what_does_not_overlap_does_not_wait(void **state)
{
	struct scene scene = scene_of(&refuse);
	struct t_thread first;
	long begun;

	(void)state;
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	t_start(&first, discard_second_page, &scene);
	assert_true(t_until(5000, xt_stats(scene.fd).pending == 1));
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	begun = t_ms();
	assert_int_equal(madvise(scene.memory + 2 * PAGE, PAGE, MADV_DONTNEED), 0);
	assert_in_range(t_ms() - begun, 0, 1000);
	assert_false(t_done(&first, 0));
	xt_set(scene.fd, XT_CONFIRM, 0);
	assert_int_equal(t_join(&first), 0);
	assert_int_equal(xt_stats(scene.fd).core.waits_shared, 0);
	scene_end(&scene);
}

static void removal_and_detach_wait_for_their_own_flush(void **state)
{
	static long (*const calls[])(void *) = { remove_range, detach, zap_second_page };
	struct t_thread thread;
	struct scene scene;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		scene = scene_of(&refuse);
		xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
		t_start(&thread, calls[i], &scene);
		assert_true(t_until(5000, xt_stats(scene.fd).pending == 1));
		assert_false(t_done(&thread, 200));
		xt_set(scene.fd, XT_CONFIRM, 0);
		assert_int_equal(t_join(&thread), 0);
		scene_end(&scene);
	}
}

static void second_removal_and_detach_return_after_the_first(void **state)
{
	static long (*const calls[])(void *) = { remove_range, detach };
	struct t_thread threads[2];
	struct scene scene;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		scene = scene_of(&refuse);
		xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
		t_start(&threads[0], calls[i], &scene);
		assert_true(t_until(5000, xt_stats(scene.fd).pending == 1));
		t_start(&threads[1], calls[i], &scene);
		assert_false(t_done(&threads[1], 200));
		xt_set(scene.fd, XT_CONFIRM, 0);
		assert_int_equal(t_join(&threads[0]), 0);
		assert_int_equal(t_join(&threads[1]), 0);
		scene_end(&scene);
	}
}

/* ---- the device uses its TLB until it has confirmed */

static void use_until_gone(unsigned int policy, unsigned int mode)
{
	struct scene scene = scene_of(&(struct xt_attach){ .policy = policy });
	struct xt_access store = { .id = scene.id,
				   .start = (uintptr_t)scene.memory,
				   .end = (uintptr_t)scene.memory + PAGES * PAGE,
				   .op = XT_STORE,
				   .word = 1,
				   .base = 100,
				   .tlb = 1 };
	long end, rounds = 0;
	struct xt_query query;

	xt_set(scene.fd, XT_FLUSH_MODE, mode);
	xt_set(scene.fd, XT_FLUSH_MS, 2);
	xt_set(scene.fd, XT_AGENT, 50);
	end = t_ms() + 500;
	while (t_ms() < end || rounds < 10 || xt_stats(scene.fd).accesses < 10) {
		rounds++;
		assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, XT_WRITE), 0);
		assert_int_equal(xt_access(scene.fd, store).done, PAGES);
		assert_int_equal(xt_query(scene.fd, 0, scene.memory, PAGES).tlb, PAGES);
		assert_int_equal(*t_word(scene.memory, 3, 1), 103);
		assert_int_equal(discard_all(&scene), 0);
		query = xt_query(scene.fd, scene.id, scene.memory, PAGES);
		assert_int_equal(query.present, 0);
		assert_int_equal(query.tlb, 0);
		assert_int_equal(*t_word(scene.memory, 3, 1), 0);
	}
	xt_set(scene.fd, XT_AGENT, 0);
	scene_end(&scene);
}

static void nothing_is_left_when_an_invalidation_returns(void **state)
{
	(void)state;
	use_until_gone(XT_REFUSE, XT_FLUSH_DELAY);
	use_until_gone(XT_TRYLOCK, XT_FLUSH_DELAY);
	use_until_gone(XT_ATOMIC, XT_FLUSH_NOW);
}

static void flush_may_be_confirmed_in_an_interrupt(void **state)
{
	(void)state;
	use_until_gone(XT_REFUSE, XT_FLUSH_IRQ);
	use_until_gone(XT_TRYLOCK, XT_FLUSH_IRQ);
}

static void device_without_cache_needs_no_flush(void **state)
{
	struct scene scene = scene_of(&(struct xt_attach){ .without = XT_WITHOUT_FLUSH });

	(void)state;
	assert_int_equal(discard_all(&scene), 0);
	assert_int_equal(xt_query(scene.fd, scene.id, scene.memory, PAGES).present, 0);
	assert_int_equal(xt_stats(scene.fd).core.zaps, 1);
	assert_int_equal(xt_stats(scene.fd).core.flushes, 0);
	scene_end(&scene);
}

/* ---- reports */

static void report_says_what_was_announced_and_zapped(void **state)
{
	struct scene scene = scene_of(&refuse);
	struct xt_reports reports;

	(void)state;
	xt_reports(scene.fd);
	assert_int_equal(xt_zap(scene.fd, scene.id, scene.memory, 2), 0);
	assert_int_equal(madvise(scene.memory, 4 * PAGE, MADV_DONTNEED), 0);
	assert_int_equal(madvise(scene.memory, 4 * PAGE, MADV_DONTNEED), 0);
	reports = xt_reports(scene.fd);
	assert_int_equal(reports.count, 2);
	assert_int_equal(reports.reports[0].start, (uintptr_t)scene.memory);
	assert_int_equal(reports.reports[0].end, (uintptr_t)scene.memory + 4 * PAGE);
	assert_int_equal(reports.reports[0].zap_start, (uintptr_t)scene.memory + 2 * PAGE);
	assert_int_equal(reports.reports[0].zap_end, (uintptr_t)scene.memory + 4 * PAGE);
	assert_int_equal(reports.reports[0].blockable, 1);
	assert_int_equal(reports.reports[0].outcome, 0);
	assert_int_equal(reports.reports[1].zap_end, 0);
	scene_end(&scene);
}

/* ---- watchdog */

static const struct xt_attach impatient = { .policy = XT_REFUSE, .watchdog_ms = 300 };

static void device_that_never_confirms_is_isolated_once(void **state)
{
	struct scene scene = scene_of(&impatient);
	struct t_thread second;
	long begun;

	(void)state;
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	begun = t_ms();
	t_start(&second, discard_second_page, &scene);
	assert_int_equal(munmap(scene.memory, PAGES * PAGE), 0);
	assert_in_range(t_ms() - begun, 280, 3000);
	t_join(&second);
	assert_int_equal(xt_stats(scene.fd).isolates, 1);
	assert_int_equal(xt_stats(scene.fd).core.isolated, 1);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, 1, 0), -EIO);
	assert_int_equal(xt_insert(scene.fd, scene.memory, 1), -EIO);

	/* Attached anew it works again. */
	assert_int_equal(xt_detach(scene.fd), 0);
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	assert_int_equal(xt_attach_as(scene.fd, &impatient), 0);
	scene.memory = t_map(PAGES);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, XT_WRITE), 0);
	assert_int_equal(discard_all(&scene), 0);
	assert_int_equal(xt_stats(scene.fd).isolates, 1);
	scene_end(&scene);
}

static void removal_and_detach_do_not_wait_for_ever(void **state)
{
	static long (*const calls[])(void *) = { remove_range, detach };
	struct scene scene;
	size_t i;
	long begun;

	(void)state;
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		scene = scene_of(&impatient);
		xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
		begun = t_ms();
		assert_int_equal(calls[i](&scene), 0);
		assert_in_range(t_ms() - begun, 280, 3000);
		assert_int_equal(xt_stats(scene.fd).isolates, 1);
		scene_end(&scene);
	}
}

static int attach_and_die(void *arg)
{
	struct scene *scene = arg;

	if (xt_attach_as(scene->fd, &impatient))
		return 1;
	scene->id = xt_insert(scene->fd, scene->memory, PAGES);
	if (xt_populate(scene->fd, scene->id, scene->memory, PAGES, XT_WRITE))
		return 2;
	xt_set(scene->fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	return 0;
}

static void exit_does_not_wait_for_ever(void **state)
{
	struct scene scene = { .fd = xt_open(), .memory = t_map(PAGES) };
	long begun = t_ms();

	(void)state;
	assert_int_equal(t_wait(t_fork(attach_and_die, &scene), 5000), 0);
	assert_true(t_ms() - begun >= 280);
	assert_int_equal(xt_stats(scene.fd).isolates, 1);
	assert_int_equal(xt_stats(scene.fd).releases, 1);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(second_invalidation_waits_for_the_first_flush),
		cmocka_unit_test(zap_by_the_driver_waits_for_the_first_flush),
		cmocka_unit_test(removal_waits_for_the_first_flush),
		cmocka_unit_test(detach_waits_for_the_first_flush),
		cmocka_unit_test(detach_zaps_all_ranges_before_it_waits),
		cmocka_unit_test(flush_of_400_ms_takes_both_as_long),
		cmocka_unit_test(what_does_not_overlap_does_not_wait),
		cmocka_unit_test(removal_and_detach_wait_for_their_own_flush),
		cmocka_unit_test(second_removal_and_detach_return_after_the_first),
		cmocka_unit_test(nothing_is_left_when_an_invalidation_returns),
		cmocka_unit_test(flush_may_be_confirmed_in_an_interrupt),
		cmocka_unit_test(device_without_cache_needs_no_flush),
		cmocka_unit_test(report_says_what_was_announced_and_zapped),
		cmocka_unit_test(device_that_never_confirms_is_isolated_once),
		cmocka_unit_test(removal_and_detach_do_not_wait_for_ever),
		cmocka_unit_test(exit_does_not_wait_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
