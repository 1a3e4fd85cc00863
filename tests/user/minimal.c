// SPDX-License-Identifier: GPL-2.0-only
/*
 * The template's driver keeps what is written to it translated until the memory goes.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "t.h"

#define PAGES 16

static int open_device(void)
{
	int fd = open("/dev/minimal", O_RDWR);

	assert_return_code(fd, errno);
	return fd;
}

static int translations(int fd)
{
	char text[16] = "";

	assert_return_code(pread(fd, text, sizeof(text) - 1, 0), errno);
	return atoi(text);
}

static void translations_follow_the_memory(void **state)
{
	char *memory = t_map(PAGES);
	int fd = open_device();

	(void)state;
	assert_int_equal(translations(fd), 0);
	assert_int_equal(write(fd, memory, PAGES * PAGE), PAGES * PAGE);
	assert_int_equal(translations(fd), PAGES);
	/* One buffer at a time. */
	assert_int_equal(write(fd, memory, PAGE), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(madvise(memory, PAGE, MADV_DONTNEED), 0);
	assert_int_equal(translations(fd), PAGES - 1);
	assert_int_equal(munmap(memory + PAGES / 2 * PAGE, PAGES / 2 * PAGE), 0);
	assert_int_equal(translations(fd), PAGES / 2 - 1);
	t_unmap(memory, PAGES / 2);
	assert_int_equal(translations(fd), 0);
	close(fd);
}

static void bytes_of_two_pages_need_both(void **state)
{
	char *memory = t_map(2);
	int fd = open_device();

	(void)state;
	assert_int_equal(write(fd, memory + PAGE - 1, 2), 2);
	assert_int_equal(translations(fd), 2);
	close(fd);
	t_unmap(memory, 2);
}

static void bad_buffers_leave_nothing(void **state)
{
	char *memory = t_map(2);
	int fd = open_device();

	(void)state;
	t_unmap(memory + PAGE, 1);
	assert_int_equal(write(fd, memory, 2 * PAGE), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(write(fd, memory, 257 * PAGE), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(write(fd, (void *)(-PAGE), 2 * PAGE), -1);
	assert_int_equal(translations(fd), 0);
	/* The file can still be used. */
	assert_int_equal(write(fd, memory, PAGE), PAGE);
	assert_int_equal(translations(fd), 1);
	close(fd);
	t_unmap(memory, 1);
}

struct inherited {
	int fd;
	char *memory;
};

static int write_inherited(void *arg)
{
	struct inherited *inherited = arg;

	return write(inherited->fd, inherited->memory, PAGE) < 0 ? errno : 0;
}

static void child_can_not_use_the_file(void **state)
{
	struct inherited inherited = { .fd = open_device(), .memory = t_map(1) };

	(void)state;
	assert_int_equal(write(inherited.fd, inherited.memory, 1), 1);
	assert_int_equal(t_wait(t_fork(write_inherited, &inherited), 5000), EXDEV);
	close(inherited.fd);
	t_unmap(inherited.memory, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(translations_follow_the_memory),
		cmocka_unit_test(bytes_of_two_pages_need_both),
		cmocka_unit_test(bad_buffers_leave_nothing),
		cmocka_unit_test(child_can_not_use_the_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
