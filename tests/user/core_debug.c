// SPDX-License-Identifier: GPL-2.0-only
/*
 * The debug build injects what is rare: collisions, events that must not block, failed
 * allocations, delays, late flushes. Each shows in the counters, and everything still ends right.
 */
#include "t.h"

#define PAGES 32 /* more than a walk has room for without an allocation */

static int stop_injecting(void **state)
{
	(void)state;
	xt_inject("collide", 0);
	xt_inject("nonblock", 0);
	xt_inject("fail", 0);
	xt_inject("delay_us", 0);
	xt_inject("late_flush_ms", 0);
	return 0;
}

struct scene {
	int fd;
	int id;
	char *memory;
};

static struct scene scene_of(unsigned int policy)
{
	struct scene scene = { .fd = xt_start(policy), .memory = t_map(PAGES) };

	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	t_touch(scene.memory, PAGES);
	return scene;
}

static int populate(struct scene *scene)
{
	return xt_populate(scene->fd, scene->id, scene->memory, PAGES, XT_WRITE);
}

static int discard(struct scene *scene)
{
	return madvise(scene->memory, PAGES * PAGE, MADV_DONTNEED) ? -errno : 0;
}

static bool gone(struct scene *scene)
{
	return !xt_query(scene->fd, scene->id, scene->memory, PAGES).present;
}

static void scene_end(struct scene *scene)
{
	stop_injecting(NULL);
	assert_int_equal(populate(scene), 0);
	assert_int_equal(xt_query(scene->fd, scene->id, scene->memory, PAGES).writable, PAGES);
	assert_int_equal(discard(scene), 0);
	assert_true(gone(scene));
	xt_stop(scene->fd);
	t_unmap(scene->memory, PAGES);
}

static void collisions_are_retried(void **state)
{
	struct scene scene = scene_of(XT_REFUSE);
	int i;

	(void)state;
	xt_inject("collide", 3);
	for (i = 0; i < 9; i++)
		assert_int_equal(populate(&scene), 0);
	assert_in_range(xt_stats(scene.fd).core.retries, 3, 6);
	scene_end(&scene);
}

static void endless_collisions_use_up_the_budget(void **state)
{
	struct scene scene = scene_of(XT_REFUSE);
	struct xt_walk walk = { .id = scene.id,
				.start = (uintptr_t)scene.memory,
				.end = (uintptr_t)scene.memory + PAGE,
				.stall_ms = 200,
				.total_ms = 5000 };
	long begun = t_ms();

	(void)state;
	xt_inject("collide", 1);
	assert_int_equal(xt_walk(scene.fd, &walk), -ETIMEDOUT);
	assert_in_range(t_ms() - begun, 180, 2000);
	assert_true(xt_stats(scene.fd).core.retries >= 2);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, 1, XT_NOWAIT), -EAGAIN);
	scene_end(&scene);
}

/*
 * A refused one is run again as what it was, for it may block and so may not be refused. There may
 * be one more than these four: the kernel moves pages when it likes.
 */
static void events_that_must_not_block(void **state)
{
	unsigned int policy, i;
	struct xt_stats stats;
	struct scene scene;

	(void)state;
	for (policy = XT_REFUSE; policy <= XT_ATOMIC; policy++) {
		scene = scene_of(policy);
		xt_inject("nonblock", 1);
		for (i = 0; i < 4; i++) {
			assert_int_equal(populate(&scene), 0);
			assert_int_equal(discard(&scene), 0);
			assert_true(gone(&scene));
		}
		xt_inject("nonblock", 0);
		stats = xt_stats(scene.fd);
		assert_true(stats.core.nonblock >= 4);
		assert_int_equal(stats.core.refused, policy == XT_REFUSE ? stats.core.nonblock : 0);
		assert_true(stats.core.zaps >= 4);
		scene_end(&scene);
	}
}

static void events_that_must_not_block_with_slow_flushes(void **state)
{
	struct scene scene = scene_of(XT_TRYLOCK);
	struct xt_stats stats;
	int i;

	(void)state;
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_DELAY);
	xt_set(scene.fd, XT_FLUSH_MS, 20);
	xt_inject("nonblock", 1);
	for (i = 0; i < 4; i++) {
		assert_int_equal(populate(&scene), 0);
		assert_int_equal(discard(&scene), 0);
		assert_int_equal(xt_stats(scene.fd).pending, 0);
		assert_true(gone(&scene));
	}
	stats = xt_stats(scene.fd);
	assert_true(stats.core.refused >= 4);
	assert_true(stats.core.flushes >= 4);
	scene_end(&scene);
}

/* Every n-th allocation of the SDK fails: whatever fails leaves nothing, and the next one works. */
static void failed_allocations_are_enomem(void **state)
{
	const struct xt_attach attach = { .policy = XT_REFUSE, .dma = XT_DMA_LEAF };
	long failed[3] = {}, worked = 0;
	char *memory = t_map(PAGES);
	int fd = xt_open(), i, id, ret;

	(void)state;
	for (i = 0; i < 120; i++) {
		/* Of each length of the cycle, so that each allocation has its turn. */
		xt_inject("fail", 2 + i % 8);
		ret = xt_attach_as(fd, &attach);
		failed[0] += ret == -ENOMEM;
		if (ret) {
			assert_int_equal(ret, -ENOMEM);
			assert_false(xt_stats(fd).alive);
			continue;
		}
		id = xt_insert(fd, memory, PAGES);
		failed[1] += id == -ENOMEM;
		if (id < 0) {
			assert_int_equal(id, -ENOMEM);
		} else {
			ret = xt_populate(fd, id, memory, PAGES, XT_WRITE);
			failed[2] += ret == -ENOMEM;
			worked += !ret;
			assert_true(!ret || ret == -ENOMEM);
			assert_int_equal(xt_query(fd, id, memory, PAGES).present, ret ? 0 : PAGES);
			assert_int_equal(xt_remove(fd, id), 0);
		}
		assert_int_equal(xt_detach(fd), 0);
	}
	stop_injecting(NULL);
	for (i = 0; i < 3; i++)
		assert_true(failed[i] > 0);
	assert_int_equal(xt_attach_as(fd, &attach), 0);
	id = xt_insert(fd, memory, PAGES);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

static void late_flush_is_waited_for(void **state)
{
	struct scene scene = scene_of(XT_REFUSE);
	long begun;

	(void)state;
	assert_int_equal(populate(&scene), 0);
	xt_inject("late_flush_ms", 300);
	begun = t_ms();
	assert_int_equal(discard(&scene), 0);
	assert_true(t_ms() - begun >= 290);
	assert_true(xt_stats(scene.fd).core.wait_ns_max >= 290000000);
	scene_end(&scene);
}

/* The debug build asks what the device has cached before it unmaps; nobody else would see it. */
static void dma_addresses_stay_until_the_flush_is_confirmed(void **state)
{
	struct scene scene = { .fd = xt_open(), .memory = t_map(PAGES) };
	struct xt_access use = { .start = (uintptr_t)scene.memory,
				 .end = (uintptr_t)scene.memory + PAGES * PAGE,
				 .op = XT_STORE,
				 .tlb = 1 };

	(void)state;
	assert_int_equal(xt_attach_as(scene.fd, &(struct xt_attach){ .dma = XT_DMA_LEAF }), 0);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	assert_int_equal(populate(&scene), 0);
	use.id = scene.id;
	assert_int_equal(xt_access(scene.fd, use).done, PAGES);
	xt_set(scene.fd, XT_FLUSH_MODE, XT_FLUSH_DELAY);
	xt_set(scene.fd, XT_FLUSH_MS, 50);
	assert_int_equal(discard(&scene), 0);
	assert_true(xt_stats(scene.fd).core.wait_ns_max >= 40000000);
	scene_end(&scene);
}

/* The device is cut off, detached and gone before the flush is confirmed. */
static void late_flush_after_isolation_finds_nothing(void **state)
{
	struct scene scene = { .fd = xt_open(), .memory = t_map(PAGES) };

	(void)state;
	assert_int_equal(xt_attach_as(scene.fd, &(struct xt_attach){ .watchdog_ms = 100 }), 0);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	assert_int_equal(populate(&scene), 0);
	xt_inject("late_flush_ms", 600);
	assert_int_equal(discard(&scene), 0);
	assert_int_equal(xt_stats(scene.fd).isolates, 1);
	xt_stop(scene.fd);
	stop_injecting(NULL);
	t_sleep(600);
	t_unmap(scene.memory, PAGES);
}

static void delays_slow_down_and_change_nothing(void **state)
{
	struct scene scene = scene_of(XT_TRYLOCK);
	long begun = t_ms();
	int i;

	(void)state;
	xt_inject("delay_us", 2000);
	for (i = 0; i < 5; i++) {
		assert_int_equal(populate(&scene), 0);
		assert_int_equal(discard(&scene), 0);
		assert_true(gone(&scene));
	}
	/* Both before and after each zap, and in each walk. */
	assert_true(t_ms() - begun >= 5 * 3 * 2);
	scene_end(&scene);
}

static void features_are_told(void **state)
{
	(void)state;
	assert_int_equal(xt_feature("version"), 0);
	assert_int_equal(xt_feature("debug"), 1);
	assert_in_range(xt_feature("CONFIG_PROVE_LOCKING"), 0, 1);
	assert_int_equal(xt_feature("nonsense"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(collisions_are_retried, stop_injecting),
		cmocka_unit_test_teardown(endless_collisions_use_up_the_budget, stop_injecting),
		cmocka_unit_test_teardown(events_that_must_not_block, stop_injecting),
		cmocka_unit_test_teardown(events_that_must_not_block_with_slow_flushes,
					  stop_injecting),
		cmocka_unit_test_teardown(failed_allocations_are_enomem, stop_injecting),
		cmocka_unit_test_teardown(late_flush_is_waited_for, stop_injecting),
		cmocka_unit_test(dma_addresses_stay_until_the_flush_is_confirmed),
		cmocka_unit_test_teardown(late_flush_after_isolation_finds_nothing, stop_injecting),
		cmocka_unit_test_teardown(delays_slow_down_and_change_nothing, stop_injecting),
		cmocka_unit_test(features_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
