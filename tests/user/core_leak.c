// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver that has lost a reference: the debug build says so when it is unloaded. The suite knows
 * the message. Loads the module itself.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "t.h"

static void lost_range_is_reported_at_exit(void **state)
{
	int file = open("/lib/xmmu/debug/xmmu_test.ko", O_RDONLY | O_CLOEXEC);
	int fd, id;

	(void)state;
	assert_return_code(file, errno);
	assert_return_code(syscall(SYS_finit_module, file, "", 0), errno);
	close(file);
	fd = xt_start(XT_REFUSE);
	id = xt_insert_at(fd, 0x100000, 0x101000);
	assert_true(id > 0);
	assert_int_equal(xt_set(fd, XT_LEAK_RANGE, id), 0);
	assert_int_equal(xt_remove(fd, id), 0);
	assert_int_equal(xt_stats(fd).range_frees, 0);
	xt_stop(fd);
	assert_return_code(syscall(SYS_delete_module, "xmmu_test", O_NONBLOCK), errno);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lost_range_is_reported_at_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
