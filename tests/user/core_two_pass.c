// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two devices in one address space: where the kernel invalidates in two passes, both flush at the
 * same time; where it does not, or memory is short, the second begins when the first has finished.
 */
#include <fcntl.h>

#include "t.h"

#define FAILSLAB "/sys/kernel/debug/failslab/"

struct scene {
	char *memory;
	int fds[2];
	bool short_of_memory;
};

static bool two_passes(void)
{
	char line[64];
	bool found = false;
	FILE *file = fopen("/sys/kernel/debug/xmmu-xmmu_test/features", "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		found |= !strcmp(line, "two_pass 1\n");
	fclose(file);
	return found;
}

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY);
	ssize_t written = fd < 0 ? -1 : write(fd, value, strlen(value));

	close(fd);
	return written < 0 ? -errno : 0;
}

/* Every slab allocation of this thread fails, also those that do not reclaim. */
static int run_short_of_memory(void)
{
	return put(FAILSLAB "task-filter", "Y")             ?:
		       put(FAILSLAB "ignore-gfp-wait", "N") ?:
		       put(FAILSLAB "probability", "100")   ?:
		       put(FAILSLAB "times", "-1")          ?:
		       put("/proc/thread-self/make-it-fail", "1");
}

static long discard(void *arg)
{
	struct scene *scene = arg;
	int ret = scene->short_of_memory ? run_short_of_memory() : 0;

	return ret ?: madvise(scene->memory, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static bool posted(const struct scene *scene, size_t device)
{
	return xt_stats(scene->fds[device]).pending == 1;
}

static void begin(struct scene *scene)
{
	size_t i;

	scene->memory = t_map(1);
	t_touch(scene->memory, 1);
	for (i = 0; i < 2; i++) {
		scene->fds[i] = xt_start(XT_REFUSE);
		assert_int_equal(xt_populate(scene->fds[i],
					     xt_insert(scene->fds[i], scene->memory, 1),
					     scene->memory, 1, 0),
				 0);
		xt_set(scene->fds[i], XT_FLUSH_MODE, XT_FLUSH_HOLD);
	}
}

static void confirm_and_end(struct scene *scene, struct t_thread *thread)
{
	size_t i;

	assert_true(t_until(5000, posted(scene, 0) || posted(scene, 1)));
	xt_set(scene->fds[posted(scene, 1)], XT_CONFIRM, 0);
	assert_true(t_until(5000, posted(scene, 0) || posted(scene, 1)));
	assert_false(t_done(thread, 200));
	xt_set(scene->fds[posted(scene, 1)], XT_CONFIRM, 0);
	assert_int_equal(t_join(thread), 0);
	for (i = 0; i < 2; i++)
		xt_stop(scene->fds[i]);
	t_unmap(scene->memory, 1);
}

static void devices_flush_at_the_same_time(void **state)
{
	struct scene scene = {};
	struct t_thread thread;

	(void)state;
	begin(&scene);
	t_start(&thread, discard, &scene);
	if (two_passes())
		assert_true(t_until(5000, posted(&scene, 0) && posted(&scene, 1)));
	else
		assert_false(t_until(300, posted(&scene, 0) && posted(&scene, 1)));
	confirm_and_end(&scene, &thread);
}

static void without_memory_one_waits_for_the_other(void **state)
{
	struct scene scene = { .short_of_memory = true };
	struct t_thread thread;

	(void)state;
	if (access(FAILSLAB, F_OK)) {
		print_message("this kernel can not make allocations fail (CONFIG_FAILSLAB)\n");
		skip();
	}
	begin(&scene);
	t_start(&thread, discard, &scene);
	assert_false(t_until(300, posted(&scene, 0) && posted(&scene, 1)));
	confirm_and_end(&scene, &thread);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_flush_at_the_same_time),
		cmocka_unit_test(without_memory_one_waits_for_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
