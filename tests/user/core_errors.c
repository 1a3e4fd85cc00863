// SPDX-License-Identifier: GPL-2.0-only
/* Every error that attach, insert, zap and walk document, each provoked the way it happens. */
#include <sys/syscall.h>

#include "t.h"

#ifndef MADV_HWPOISON
#define MADV_HWPOISON 100
#endif

#define PAGES 8

/* A context with one range of untouched memory, and what to look at in it. */
struct scene {
	int fd;
	int id;
	char *memory;
	size_t pages;
};

static struct scene scene_of(unsigned int policy, size_t pages)
{
	struct scene scene = { .fd = xt_start(policy), .memory = t_map(pages), .pages = pages };

	scene.id = xt_insert(scene.fd, scene.memory, pages);
	assert_true(scene.id > 0);
	return scene;
}

static void scene_end(struct scene *scene)
{
	xt_stop(scene->fd);
	munmap(scene->memory, scene->pages * PAGE);
}

static int walk(struct scene *scene, unsigned int flags)
{
	return xt_populate(scene->fd, scene->id, scene->memory, scene->pages, flags);
}

/* Make the range cold: a thread waits in MADV_DONTNEED for a flush until XT_CONFIRM. */
static long discard(void *arg)
{
	return madvise(arg, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static void make_cold(struct scene *scene, struct t_thread *thread)
{
	t_touch(scene->memory, scene->pages);
	assert_int_equal(walk(scene, XT_WRITE), 0);
	xt_set(scene->fd, XT_FLUSH_MODE, XT_FLUSH_HOLD);
	t_start(thread, discard, scene->memory);
	assert_true(t_until(5000, xt_stats(scene->fd).pending == 1));
}

static void make_warm(struct scene *scene, struct t_thread *thread)
{
	xt_set(scene->fd, XT_FLUSH_MODE, XT_FLUSH_NOW);
	xt_set(scene->fd, XT_CONFIRM, 0);
	assert_int_equal(t_join(thread), 0);
}

/* ---- attach */

static void attach_needs_callbacks_and_device(void **state)
{
	static const struct xt_attach bad[] = {
		{ .without = XT_WITHOUT_OPS },
		{ .without = XT_WITHOUT_ZAP },
		{ .without = XT_WITHOUT_ISOLATE },
		{ .policy = XT_ATOMIC + 1 },
		{ .dma = XT_DMA_XFER + 1 },
		{ .dma = XT_DMA_LEAF, .without = XT_WITHOUT_DEV },
		{ .dma = XT_DMA_XFER, .without = XT_WITHOUT_DEV },
	};
	int fd = xt_open();
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(xt_attach_as(fd, &bad[i]), -EINVAL);
		assert_false(xt_stats(fd).alive);
	}
	assert_int_equal(xt_attach(fd, XT_REFUSE), 0);
	xt_stop(fd);
}

static void atomic_with_transfers_is_not_supported(void **state)
{
	int fd = xt_open();

	(void)state;
	assert_int_equal(
		xt_attach_as(fd, &(struct xt_attach){ .policy = XT_ATOMIC, .dma = XT_DMA_XFER }),
		-EOPNOTSUPP);
	xt_stop(fd);
}

static int attach_here(void *arg)
{
	return -xt_attach(*(int *)arg, XT_REFUSE);
}

static void attach_to_a_second_address_space_is_busy(void **state)
{
	int fd = xt_start(XT_REFUSE);

	(void)state;
	assert_int_equal(t_wait(t_fork(attach_here, &fd), 5000), EBUSY);
	assert_true(xt_stats(fd).is_current);
	xt_stop(fd);
}

/* ---- insert */

static void insert_rejects_bad_intervals(void **state)
{
	static const struct {
		uint64_t start, end;
	} bad[] = {
		{ 0x100000, 0x100000 },                     /* empty */
		{ 0x100000, 0xff000 },                      /* backwards */
		{ 0x100001, 0x101000 },                     /* unaligned start */
		{ 0x100000, 0x101001 },                     /* unaligned end */
		{ 0x100000, 0 },                            /* end wrapped around */
		{ ~0ULL << 12, 0 },                         /* last page of all */
		{ 0x100000, ~0ULL << 12 },                  /* into the kernel's half */
		{ 0xffff800000000000, 0xffff800000001000 }, /* all of it there */
	};
	int fd = xt_start(XT_REFUSE);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(xt_insert_at(fd, bad[i].start, bad[i].end), -EINVAL);
	assert_int_equal(xt_stats(fd).range_frees, 0);
	xt_stop(fd);
}

static void insert_needs_range_free(void **state)
{
	int fd = xt_open();

	(void)state;
	assert_int_equal(xt_attach_as(fd, &(struct xt_attach){ .without = XT_WITHOUT_RANGE_FREE }),
			 0);
	assert_int_equal(xt_insert_at(fd, 0x100000, 0x101000), -EINVAL);
	xt_stop(fd);
}

static void insert_needs_an_attached_mirror(void **state)
{
	int fd = xt_open();

	(void)state;
	assert_int_equal(xt_insert_at(fd, 0x100000, 0x101000), -ESRCH);
	assert_int_equal(xt_attach(fd, XT_REFUSE), 0);
	assert_int_equal(xt_detach(fd), 0);
	assert_int_equal(xt_insert_at(fd, 0x100000, 0x101000), -ESRCH);
	xt_stop(fd);
}

/* ---- spans */

static const struct {
	long start, end; /* bytes from the start of the range */
} bad_spans[] = {
	{ 0, 0 },
	{ PAGE, 0 },
	{ 1, PAGE },
	{ 0, PAGE + 1 },
	{ -(long)PAGE, PAGE },
	{ 0, (PAGES + 1) * PAGE },
	{ PAGES * PAGE, (PAGES + 1) * PAGE },
};

static void walk_rejects_bad_spans_and_flags(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct xt_walk span;
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(bad_spans) / sizeof(bad_spans[0]); i++) {
		span = (struct xt_walk){ .id = scene.id,
					 .start = (uintptr_t)scene.memory + bad_spans[i / 2].start,
					 .end = (uintptr_t)scene.memory + bad_spans[i / 2].end,
					 .mode = i % 2 ? XT_ONE_CALL : XT_LOOP };
		assert_int_equal(xt_walk(scene.fd, &span), -EINVAL);
	}
	assert_int_equal(walk(&scene, 8), -EINVAL);
	assert_int_equal(xt_stats(scene.fd).core.commits, 0);
	assert_int_equal(walk(&scene, 0), 0);
	scene_end(&scene);
}

static void zap_rejects_bad_spans(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct xt_range span = { .id = scene.id };
	size_t i;

	(void)state;
	assert_int_equal(walk(&scene, 0), 0);
	for (i = 0; i < sizeof(bad_spans) / sizeof(bad_spans[0]); i++) {
		span.start = (uintptr_t)scene.memory + bad_spans[i].start;
		span.end = (uintptr_t)scene.memory + bad_spans[i].end;
		assert_int_equal(xt_call(scene.fd, XT_IOC_ZAP, &span), -EINVAL);
	}
	assert_int_equal(xt_query(scene.fd, scene.id, scene.memory, PAGES).present, PAGES);
	scene_end(&scene);
}

static void populate_callback_is_needed_for_the_one_call_form(void **state)
{
	char *memory = t_map(1);
	struct xt_walk one = { .start = (uintptr_t)memory, .mode = XT_ONE_CALL };
	int fd = xt_open();

	(void)state;
	assert_int_equal(xt_attach_as(fd, &(struct xt_attach){ .without = XT_WITHOUT_POPULATE }),
			 0);
	one.id = xt_insert(fd, memory, 1);
	one.end = one.start + PAGE;
	assert_int_equal(xt_walk(fd, &one), -EINVAL);
	one.mode = XT_LOOP;
	assert_int_equal(xt_walk(fd, &one), 0);
	xt_stop(fd);
	t_unmap(memory, 1);
}

/* ---- misuse of a walk */

static void abandoned_window_counts_as_not_done(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct xt_walk abandoned = { .id = scene.id,
				     .start = (uintptr_t)scene.memory,
				     .end = (uintptr_t)scene.memory + PAGE,
				     .mode = XT_ABANDON };

	(void)state;
	xt_walk(scene.fd, &abandoned);
	assert_int_equal(abandoned.done, abandoned.start);
	assert_int_equal(xt_stats(scene.fd).core.commits, 0);
	assert_int_equal(walk(&scene, 0), 0);
	scene_end(&scene);
}

static void error_of_prepare_is_returned(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);

	(void)state;
	xt_set(scene.fd, XT_PREPARE_ERROR, ENOSPC);
	assert_int_equal(walk(&scene, 0), -ENOSPC);
	assert_int_equal(walk(&scene, 0), 0);
	scene_end(&scene);
}

/* ---- memory that can not be had */

static void hole_is_efault_and_what_came_before_is_done(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, 3 * WINDOW / PAGE);
	struct xt_walk all = { .id = scene.id,
			       .start = (uintptr_t)scene.memory,
			       .end = (uintptr_t)scene.memory + 3 * WINDOW };

	(void)state;
	munmap(scene.memory + WINDOW + 5 * PAGE, PAGE);
	assert_int_equal(xt_walk(scene.fd, &all), -EFAULT);
	assert_int_equal(all.done, all.start + WINDOW);
	assert_int_equal(all.windows, 1);
	assert_int_equal(xt_query(scene.fd, scene.id, scene.memory, scene.pages).present,
			 WINDOW / PAGE);
	all.mode = XT_ONE_CALL;
	assert_int_equal(xt_walk(scene.fd, &all), -EFAULT);
	assert_int_equal(all.done, all.start + WINDOW);
	scene_end(&scene);
}

static void unreadable_mapping_is_efault(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);

	(void)state;
	t_touch(scene.memory, PAGES);
	mprotect(scene.memory, PAGES * PAGE, PROT_NONE);
	assert_int_equal(walk(&scene, 0), -EFAULT);
	assert_int_equal(walk(&scene, XT_WRITE), -EFAULT);
	scene_end(&scene);
}

static void io_memory_is_efault(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, 1);
	char *io = mmap(scene.memory, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			scene.fd, 0);

	(void)state;
	assert_ptr_equal(io, scene.memory);
	io[0] = 1;
	assert_int_equal(walk(&scene, 0), -EFAULT);
	assert_int_equal(walk(&scene, XT_WRITE), -EFAULT);
	munmap(io, PAGE);
	scene_end(&scene);
}

static void secret_memory_is_efault(void **state)
{
	int file = syscall(SYS_memfd_secret, 0), fd, id;
	char *memory;

	(void)state;
	if (file < 0) {
		print_message("no memfd_secret(): %s\n", strerror(errno));
		skip();
	}
	assert_return_code(ftruncate(file, PAGE), errno);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_true(memory != MAP_FAILED);
	memory[0] = 1;
	fd = xt_start(XT_REFUSE);
	id = xt_insert(fd, memory, 1);
	assert_int_equal(xt_populate(fd, id, memory, 1, 0), -EFAULT);
	assert_int_equal(xt_populate(fd, id, memory, 1, XT_WRITE), -EFAULT);
	assert_int_equal(xt_populate(fd, id, memory, 1, XT_SNAPSHOT), -EFAULT);
	/* -EAGAIN as long as the range is cold. */
	assert_true(t_until(5000, xt_populate(fd, id, memory, 1, XT_NOWAIT) == -EFAULT));
	assert_int_equal(xt_query(fd, id, memory, 1).present, 0);
	xt_stop(fd);
	munmap(memory, PAGE);
	close(file);
}

/*
 * What is known of the mappings below a range is forgotten when one goes, however that happens, and
 * is not known where there was none.
 */
static void secret_memory_in_place_of_other_is_efault(void **state)
{
	int file = syscall(SYS_memfd_secret, 0), how;
	struct scene scene;
	char *page, *other;

	(void)state;
	if (file < 0) {
		print_message("no memfd_secret(): %s\n", strerror(errno));
		skip();
	}
	assert_return_code(ftruncate(file, PAGE), errno);
	for (how = 0; how < 4; how++) {
		scene = scene_of(XT_REFUSE, PAGES);
		page = scene.memory + PAGE;
		t_touch(scene.memory, PAGES);
		if (how == 3)
			munmap(page, PAGE);
		assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, 1, 0), 0);
		assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, 0),
				 how == 3 ? -EFAULT : 0);
		if (how == 1)
			munmap(page, PAGE);
		other = t_map(1);
		if (how == 2)
			assert_ptr_equal(mremap(page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
						other),
					 other);
		assert_ptr_equal(mmap(page, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				      file, 0),
				 page);
		page[0] = 1;
		assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, PAGES, 0), -EFAULT);
		assert_int_equal(xt_populate(scene.fd, scene.id, page, 1, XT_SNAPSHOT), -EFAULT);
		assert_int_equal(xt_query(scene.fd, scene.id, page, 1).present, 0);
		t_unmap(other, 1);
		scene_end(&scene);
	}
	close(file);
}

static void write_without_the_right_is_eperm(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);

	(void)state;
	t_touch(scene.memory, PAGES);
	mprotect(scene.memory, PAGES * PAGE, PROT_READ);
	assert_int_equal(walk(&scene, XT_WRITE), -EPERM);
	assert_int_equal(walk(&scene, 0), 0);
	scene_end(&scene);
}

static void caught(int number)
{
	(void)number;
}

static void poisoned_memory_is_ehwpoison(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct sigaction action = { .sa_handler = caught };

	(void)state;
	/* From 6.11 on the kernel tells at once, by a signal that can not be blocked. */
	assert_return_code(sigaction(SIGBUS, &action, NULL), errno);
	t_touch(scene.memory, PAGES);
	if (madvise(scene.memory + PAGE, PAGE, MADV_HWPOISON)) {
		print_message("MADV_HWPOISON: %s\n", strerror(errno));
		scene_end(&scene);
		skip();
	}
	assert_int_equal(walk(&scene, 0), -EHWPOISON);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory, 1, 0), 0);
	scene_end(&scene);
}

/* ---- nowait */

static void nowait_takes_only_what_is_there(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	uint64_t before = t_pagemap(scene.memory);

	(void)state;
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory + PAGE, 1, 0), 0);
	assert_int_equal(walk(&scene, XT_NOWAIT), -EAGAIN);
	assert_int_equal(t_pagemap(scene.memory), before);
	t_touch(scene.memory, PAGES);
	assert_true(t_until(5000, walk(&scene, XT_NOWAIT) == 0));
	assert_int_equal(walk(&scene, XT_NOWAIT | XT_WRITE), 0);
	scene_end(&scene);
}

/* A fresh range is cold: an invalidation may be open that it has not seen. */
static void nowait_alone_gets_there(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);

	(void)state;
	t_touch(scene.memory, PAGES);
	assert_true(t_until(5000, walk(&scene, XT_NOWAIT) == 0));
	scene_end(&scene);
}

static void nowait_does_not_wait_for_the_lock(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct xt_walker holder;

	(void)state;
	t_touch(scene.memory, PAGES);
	assert_int_equal(walk(&scene, 0), 0);
	xt_walker_hold(&holder, XT_AT_POPULATE, scene.fd, scene.id, scene.memory, 1, 0);
	assert_int_equal(walk(&scene, XT_NOWAIT), -EAGAIN);
	xt_set(scene.fd, XT_GO, 0);
	assert_int_equal(xt_walker_join(&holder), 0);
	assert_int_equal(walk(&scene, XT_NOWAIT), 0);
	scene_end(&scene);
}

static void nowait_does_not_wait_for_an_invalidation(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct t_thread thread;

	(void)state;
	make_cold(&scene, &thread);
	assert_int_equal(xt_populate(scene.fd, scene.id, scene.memory + PAGE, 1, XT_NOWAIT),
			 -EAGAIN);
	make_warm(&scene, &thread);
	t_touch(scene.memory, PAGES);
	assert_true(t_until(5000, walk(&scene, XT_NOWAIT) == 0));
	scene_end(&scene);
}

static void nowait_leaves_hugetlb_alone(void **state)
{
	FILE *pool = fopen("/proc/sys/vm/nr_hugepages", "w");
	char *memory;
	int fd, id;

	(void)state;
	assert_non_null(pool);
	fprintf(pool, "2\n");
	fclose(pool);
	memory = mmap(NULL, WINDOW, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (memory == MAP_FAILED) {
		print_message("no huge page to be had: %s\n", strerror(errno));
		skip();
	}
	memory[0] = 1;
	fd = xt_start(XT_REFUSE);
	id = xt_insert(fd, memory, WINDOW / PAGE);
	assert_int_equal(xt_populate(fd, id, memory, 1, XT_NOWAIT), -EAGAIN);
	assert_int_equal(xt_populate(fd, id, memory, WINDOW / PAGE, XT_WRITE), 0);
	assert_int_equal(xt_query(fd, id, memory, WINDOW / PAGE).writable, WINDOW / PAGE);
	munmap(memory, WINDOW);
	assert_int_equal(xt_query(fd, id, memory, WINDOW / PAGE).present, 0);
	xt_stop(fd);
}

/* ---- time and signals */

static void expect_timeout(struct scene *scene, unsigned int stall, unsigned int total)
{
	unsigned int limit = stall < total ? stall : total;
	struct xt_walk late = { .id = scene->id,
				.start = (uintptr_t)scene->memory + PAGE,
				.end = (uintptr_t)scene->memory + 2 * PAGE,
				.stall_ms = stall,
				.total_ms = total };
	uint64_t timeouts = xt_stats(scene->fd).core.timeouts;
	long begun = t_ms();

	assert_int_equal(xt_walk(scene->fd, &late), -ETIMEDOUT);
	assert_in_range(t_ms() - begun, limit - 20, limit + 2000);
	assert_int_equal(late.done, late.start);
	assert_int_equal(xt_stats(scene->fd).core.timeouts, timeouts + 1);
}

static void budget_ends_a_walk_that_waits(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct t_thread thread;

	(void)state;
	make_cold(&scene, &thread);
	expect_timeout(&scene, 150, 3600000);
	expect_timeout(&scene, 3600000, 150);
	assert_true(xt_stats(scene.fd).core.cold_waits >= 2);
	make_warm(&scene, &thread);
	assert_int_equal(walk(&scene, 0), 0);
	scene_end(&scene);
}

static bool held_in_window(int fd, int i)
{
	struct xt_stats stats = xt_stats(fd);

	return stats.held && (int)stats.prepares == i + 1;
}

/* Hold a walk of three windows 300 ms in each. */
static int walk_slowly(unsigned int stall, unsigned int total)
{
	struct scene scene = scene_of(XT_REFUSE, 3 * WINDOW / PAGE);
	struct xt_walker walker = {
		.fd = scene.fd,
		.walk = { .id = scene.id,
			  .start = (uintptr_t)scene.memory,
			  .end = (uintptr_t)scene.memory + 3 * WINDOW,
			  .stall_ms = stall,
			  .total_ms = total },
	};
	int i, ret;

	xt_set(scene.fd, XT_HOLD_AT, XT_AT_PREPARE);
	xt_walker_run(&walker);
	for (i = 0; i < 3; i++) {
		if (!t_until(3000, held_in_window(scene.fd, i) || t_done(&walker.thread, 0)))
			break;
		t_sleep(300);
		if (i < 2)
			xt_set(scene.fd, XT_HOLD_AT, XT_AT_PREPARE);
		xt_set(scene.fd, XT_GO, 0);
	}
	xt_set(scene.fd, XT_HOLD_AT, 0);
	xt_set(scene.fd, XT_GO, 0);
	ret = xt_walker_join(&walker);
	scene_end(&scene);
	return ret;
}

static void committed_windows_restart_the_stall_limit_only(void **state)
{
	(void)state;
	assert_int_equal(walk_slowly(700, 30000), 0);
	assert_int_equal(walk_slowly(700, 600), -ETIMEDOUT);
}

static int walk_second_page(void *arg)
{
	struct scene *scene = arg;
	struct xt_walk walk = { .id = scene->id,
				.start = (uintptr_t)scene->memory + PAGE,
				.end = (uintptr_t)scene->memory + 2 * PAGE,
				.stall_ms = 3600000,
				.total_ms = 3600000 };

	return -xt_walk(scene->fd, &walk);
}

static void waiting_walk_can_be_killed(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct t_thread thread;
	uint64_t waits;
	pid_t pid;

	(void)state;
	/* Forking invalidates; so the child comes first, and waits for the range to be cold. */
	xt_set(scene.fd, XT_HOLD_AT, XT_AT_PREPARE);
	pid = t_fork(walk_second_page, &scene);
	assert_true(t_until(5000, xt_stats(scene.fd).held == XT_AT_PREPARE));
	xt_set(scene.fd, XT_HOLD_AT, 0);
	t_touch(scene.memory, PAGES);
	assert_int_equal(walk(&scene, XT_WRITE), 0);
	make_cold(&scene, &thread);
	waits = xt_stats(scene.fd).core.cold_waits;
	xt_set(scene.fd, XT_GO, 0);
	assert_true(t_until(5000, xt_stats(scene.fd).core.cold_waits > waits));
	assert_int_equal(t_wait(pid, 300), -ETIMEDOUT);
	kill(pid, SIGKILL);
	assert_int_equal(t_wait(pid, 3000), 100 + SIGKILL);
	assert_int_equal(xt_stats(scene.fd).pending, 1);
	make_warm(&scene, &thread);
	scene_end(&scene);
}

/* ---- gone */

static void walk_after_removal_or_detach_is_esrch(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);
	struct xt_range range = { .id = scene.id };

	(void)state;
	assert_int_equal(xt_call(scene.fd, XT_IOC_WITHDRAW, &range), 0);
	assert_int_equal(walk(&scene, 0), -ESRCH);
	assert_int_equal(walk(&scene, XT_SNAPSHOT), -ESRCH);
	scene.id = xt_insert(scene.fd, scene.memory, PAGES);
	assert_int_equal(walk(&scene, 0), 0);
	assert_int_equal(xt_detach(scene.fd), 0);
	assert_int_equal(walk(&scene, 0), -ESRCH);
	scene_end(&scene);
}

static int attach_and_exit(void *arg)
{
	struct scene *scene = arg;

	if (xt_attach(scene->fd, XT_REFUSE))
		return 1;
	scene->id = xt_insert(scene->fd, scene->memory, PAGES);
	return scene->id != 1 || walk(scene, XT_WRITE);
}

static void exited_process_is_esrch(void **state)
{
	struct scene scene = { .fd = xt_open(), .id = 1, .memory = t_map(PAGES), .pages = PAGES };

	(void)state;
	assert_int_equal(t_wait(t_fork(attach_and_exit, &scene), 5000), 0);
	assert_int_equal(xt_stats(scene.fd).releases, 1);
	assert_false(xt_stats(scene.fd).alive);
	assert_int_equal(xt_query(scene.fd, 1, scene.memory, PAGES).present, 0);
	assert_int_equal(walk(&scene, 0), -ESRCH);
	assert_int_equal(walk(&scene, XT_SNAPSHOT), -ESRCH);
	assert_int_equal(walk(&scene, XT_NOWAIT), -ESRCH);
	assert_int_equal(xt_insert(scene.fd, scene.memory, 1), -ESRCH);
	scene_end(&scene);
}

static void isolated_device_is_eio(void **state)
{
	struct scene scene = scene_of(XT_REFUSE, PAGES);

	(void)state;
	assert_int_equal(walk(&scene, 0), 0);
	xt_set(scene.fd, XT_ISOLATE, 0);
	xt_set(scene.fd, XT_ISOLATE, 0);
	assert_int_equal(walk(&scene, 0), -EIO);
	assert_int_equal(xt_insert(scene.fd, scene.memory, 1), -EIO);
	assert_int_equal(xt_stats(scene.fd).isolates, 1);
	assert_int_equal(xt_stats(scene.fd).core.isolated, 1);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attach_needs_callbacks_and_device),
		cmocka_unit_test(atomic_with_transfers_is_not_supported),
		cmocka_unit_test(attach_to_a_second_address_space_is_busy),
		cmocka_unit_test(insert_rejects_bad_intervals),
		cmocka_unit_test(insert_needs_range_free),
		cmocka_unit_test(insert_needs_an_attached_mirror),
		cmocka_unit_test(walk_rejects_bad_spans_and_flags),
		cmocka_unit_test(zap_rejects_bad_spans),
		cmocka_unit_test(populate_callback_is_needed_for_the_one_call_form),
		cmocka_unit_test(abandoned_window_counts_as_not_done),
		cmocka_unit_test(error_of_prepare_is_returned),
		cmocka_unit_test(hole_is_efault_and_what_came_before_is_done),
		cmocka_unit_test(unreadable_mapping_is_efault),
		cmocka_unit_test(io_memory_is_efault),
		cmocka_unit_test(secret_memory_is_efault),
		cmocka_unit_test(secret_memory_in_place_of_other_is_efault),
		cmocka_unit_test(write_without_the_right_is_eperm),
		cmocka_unit_test(poisoned_memory_is_ehwpoison),
		cmocka_unit_test(nowait_takes_only_what_is_there),
		cmocka_unit_test(nowait_alone_gets_there),
		cmocka_unit_test(nowait_does_not_wait_for_the_lock),
		cmocka_unit_test(nowait_does_not_wait_for_an_invalidation),
		cmocka_unit_test(nowait_leaves_hugetlb_alone),
		cmocka_unit_test(budget_ends_a_walk_that_waits),
		cmocka_unit_test(committed_windows_restart_the_stall_limit_only),
		cmocka_unit_test(waiting_walk_can_be_killed),
		cmocka_unit_test(walk_after_removal_or_detach_is_esrch),
		cmocka_unit_test(exited_process_is_esrch),
		cmocka_unit_test(isolated_device_is_eio),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
