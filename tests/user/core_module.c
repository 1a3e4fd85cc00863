// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unloading a driver: refused while anything is in use, complete when nothing is. Loads the module
 * itself.
 */
#include "t.h"

static bool exists(const char *path)
{
	return !access(path, F_OK);
}

static void module_in_use_stays(void **state)
{
	char *memory = t_map(4);
	struct xt_xfer xfer = { .addr = (uintptr_t)memory, .len = 8 };
	struct xt_walker walker;
	int fd, id;

	(void)state;
	assert_int_equal(xt_load("release"), 0);
	fd = xt_open();
	assert_int_equal(xt_unload(), -EAGAIN);
	assert_int_equal(xt_attach_as(fd, &(struct xt_attach){ .dma = XT_DMA_XFER }), 0);
	id = xt_insert(fd, memory, 4);
	assert_int_equal(xt_populate(fd, id, memory, 4, XT_WRITE), 0);
	xfer.id = id;
	assert_int_equal(xt_call(fd, XT_IOC_XFER_BEGIN, &xfer), 0);
	xt_walker_hold(&walker, XT_AT_PREPARE, fd, id, memory, 1, 0);
	assert_int_equal(xt_unload(), -EAGAIN);
	xt_set(fd, XT_GO, 0);
	assert_int_equal(xt_walker_join(&walker), 0);
	assert_int_equal(xt_unload(), -EAGAIN);
	/* Closing the file is enough; nothing was taken back before. */
	close(fd);
	assert_int_equal(xt_unload(), 0);
	assert_false(exists(XT_DEVICE));
	assert_false(exists("/sys/kernel/debug/xmmu-xmmu_test"));
	assert_int_equal(madvise(memory, 4 * PAGE, MADV_DONTNEED), 0);
	t_unmap(memory, 4);
}

static int hold_the_file(void *arg)
{
	int fd = xt_open();

	if (xt_attach(fd, XT_REFUSE))
		return 1;
	t_tell(arg, 'r');
	pause();
	return 0;
}

static void process_that_is_killed_frees_the_module(void **state)
{
	struct t_steps steps;
	pid_t pid;

	(void)state;
	assert_int_equal(xt_load("release"), 0);
	t_steps_init(&steps);
	pid = t_fork(hold_the_file, steps.to_parent);
	assert_int_equal(t_hear(steps.to_parent), 'r');
	assert_int_equal(xt_unload(), -EAGAIN);
	kill(pid, SIGKILL);
	assert_int_equal(t_wait(pid, 5000), 100 + SIGKILL);
	assert_true(t_until(5000, xt_unload() == 0));
	t_steps_free(&steps);
}

static void module_loads_again_and_again(void **state)
{
	int i, fd;

	(void)state;
	for (i = 0; i < 10; i++) {
		assert_int_equal(xt_load(i % 2 ? "release" : "debug"), 0);
		fd = xt_start(i % 3);
		xt_stop(fd);
		assert_int_equal(xt_unload(), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(module_in_use_stays),
		cmocka_unit_test(process_that_is_killed_frees_the_module),
		cmocka_unit_test(module_loads_again_and_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
