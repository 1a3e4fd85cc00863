// SPDX-License-Identifier: GPL-2.0-only
/* What the device writes is not lost; DMA addresses, for as long as a leaf or a transfer lives. */
#include "t.h"

#define PAGES 4

static int store(int fd, int id, char *memory, uint64_t value)
{
	struct xt_access access = { .id = id,
				    .start = (uintptr_t)memory,
				    .end = (uintptr_t)memory + PAGES * PAGE,
				    .op = XT_STORE,
				    .base = value };

	return xt_access(fd, access).done;
}

/*
 * MADV_FREE says that the page may be thrown away until it is written again. The page table entry
 * of the process does not see the device's write.
 */
static void write_to_freed_memory_survives_reclaim(void **state)
{
	char *memory = t_map(2 * PAGES), *control = memory + PAGES * PAGE;
	int fd = xt_start(XT_REFUSE), id = xt_insert(fd, memory, PAGES), i;

	(void)state;
	/* What MADV_FREE does not find on the LRU list stays: pages wait for that by processor. */
	t_one_processor();
	t_touch(memory, 2 * PAGES);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), 0);
	assert_return_code(madvise(memory, 2 * PAGES * PAGE, MADV_FREE), errno);
	assert_int_equal(xt_query(fd, id, memory, PAGES).present, 0);
	assert_int_equal(xt_populate(fd, id, memory, PAGES, XT_WRITE), 0);
	assert_int_equal(store(fd, id, memory, 4711), PAGES);
	/* Pages that no device has written are gone at once. */
	assert_true(t_until(3000, !madvise(memory, 2 * PAGES * PAGE, MADV_PAGEOUT) &&
					  !(t_pagemap(control) & T_PRESENT)));
	assert_int_equal(*t_word(control, 0, 0), 0);
	for (i = 0; i < PAGES; i++)
		assert_int_equal(*t_word(memory, i, 0), 4711 + i);
	xt_stop(fd);
	t_unmap(memory, 2 * PAGES);
}

/* ---- DMA addresses of leaves */

static void every_leaf_has_an_address(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_open();
	struct xt_walk walk = { .start = (uintptr_t)memory };

	(void)state;
	assert_int_equal(xt_attach_as(fd, &(struct xt_attach){ .dma = XT_DMA_LEAF }), 0);
	walk.id = xt_insert(fd, memory, PAGES);
	walk.end = walk.start + PAGES * PAGE;
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_true(walk.leaves > 0);
	assert_int_equal(walk.mapped, walk.leaves);

	/* From reading to writing, and after each kind of removal. */
	walk.flags = XT_WRITE;
	walk.leaves = walk.mapped = 0;
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(walk.mapped, walk.leaves);
	assert_int_equal(xt_query(fd, walk.id, memory, PAGES).writable, PAGES);
	assert_int_equal(madvise(memory, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(xt_zap(fd, walk.id, memory + PAGE, 1), 0);
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(xt_query(fd, walk.id, memory, PAGES).present, PAGES);
	walk.mode = XT_ABANDON;
	xt_walk(fd, &walk);
	walk.mode = XT_LOOP;
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(xt_remove(fd, walk.id), 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

static void no_address_without_dma(void **state)
{
	char *memory = t_map(PAGES);
	int fd = xt_start(XT_REFUSE);
	struct xt_walk walk = { .start = (uintptr_t)memory, .id = xt_insert(fd, memory, PAGES) };

	(void)state;
	walk.end = walk.start + PAGES * PAGE;
	assert_int_equal(xt_walk(fd, &walk), 0);
	assert_int_equal(walk.mapped, 0);
	xt_stop(fd);
	t_unmap(memory, PAGES);
}

/* ---- transfers */

struct scene {
	int fd;
	int id;
	char *memory;
};

static struct scene scene_of(unsigned int dma)
{
	struct scene scene = { .fd = xt_open(), .memory = t_map(PAGES) };

	assert_int_equal(
		xt_attach_as(scene.fd, &(struct xt_attach){ .dma = dma, .watchdog_ms = 500 }), 0);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	t_touch(scene.memory, PAGES);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, XT_WRITE), 0);
	return scene;
}

static void scene_end(struct scene *scene)
{
	xt_stop(scene->fd);
	t_unmap(scene->memory, PAGES);
}

static struct xt_xfer xfer_of(struct scene *scene, unsigned int offset, unsigned int len)
{
	return (struct xt_xfer){ .id = scene->id,
				 .addr = (uintptr_t)scene->memory + offset,
				 .len = len };
}

static void transfer_must_fit_into_a_page(void **state)
{
	struct scene scene = scene_of(XT_DMA_XFER);
	const struct {
		unsigned int offset, len;
	} bad[] = { { 0, 0 }, { 0, PAGE + 1 }, { PAGE - 1, 2 }, { 1, PAGE } };
	struct xt_xfer xfer;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		xfer = xfer_of(&scene, bad[i].offset, bad[i].len);
		assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), -EINVAL);
	}
	xfer = xfer_of(&scene, 0, PAGE);
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_END, &xfer), 0);
	xfer = xfer_of(&scene, 2 * PAGE - 1, 1);
	xfer.to_device = 1;
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_END, &xfer), 0);
	assert_int_equal(xt_stats(scene.fd).core.xfers, 2);
	scene_end(&scene);
}

static void transfer_needs_a_mirror_for_it(void **state)
{
	struct scene scene = scene_of(XT_DMA_NONE);
	struct xt_xfer xfer = xfer_of(&scene, 0, 8);

	(void)state;
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), -EOPNOTSUPP);
	scene_end(&scene);
}

static long discard(void *arg)
{
	struct scene *scene = arg;

	return madvise(scene->memory, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static long withdraw(void *arg)
{
	struct scene *scene = arg;

	return xt_call(scene->fd, XT_IOC_WITHDRAW, &(struct xt_range){ .id = scene->id });
}

static void transfer_in_flight_is_waited_for(void **state)
{
	struct scene scene = scene_of(XT_DMA_XFER);
	struct xt_xfer xfer = xfer_of(&scene, 100, 200);
	struct t_thread threads[2];

	(void)state;
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	t_start(&threads[0], discard, &scene);
	assert_false(t_done(&threads[0], 100));
	t_start(&threads[1], discard, &scene);
	assert_false(t_done(&threads[1], 100));
	/* What it does not touch is free to go. */
	assert_int_equal(madvise(scene.memory + PAGE, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_END, &xfer), 0);
	assert_int_equal(t_join(&threads[0]), 0);
	assert_int_equal(t_join(&threads[1]), 0);

	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, XT_WRITE), 0);
	xfer = xfer_of(&scene, 100, 200);
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	t_start(&threads[0], withdraw, &scene);
	assert_false(t_done(&threads[0], 100));
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_END, &xfer), 0);
	assert_int_equal(t_join(&threads[0]), 0);
	assert_int_equal(xt_stats(scene.fd).isolates, 0);
	scene_end(&scene);
}

static void transfer_that_never_ends_is_cut_off(void **state)
{
	struct scene scene = scene_of(XT_DMA_XFER);
	struct xt_xfer xfer = xfer_of(&scene, 100, 200);
	long begun = t_ms();

	(void)state;
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	assert_int_equal(discard(&scene), 0);
	assert_true(t_ms() - begun >= 480);
	assert_int_equal(xt_stats(scene.fd).isolates, 1);
	assert_int_equal(xt_call(scene.fd, XT_IOC_XFER_END, &xfer), -EIO);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_to_freed_memory_survives_reclaim),
		cmocka_unit_test(every_leaf_has_an_address),
		cmocka_unit_test(no_address_without_dma),
		cmocka_unit_test(transfer_must_fit_into_a_page),
		cmocka_unit_test(transfer_needs_a_mirror_for_it),
		cmocka_unit_test(transfer_in_flight_is_waited_for),
		cmocka_unit_test(transfer_that_never_ends_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
