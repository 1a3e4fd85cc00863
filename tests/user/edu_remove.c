// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device goes while it is in use, and comes back: by hot removal of the PCI device, and by
 * taking the driver away from it.
 */
#include <fcntl.h>
#include <poll.h>

#include "edu.h"

#define PAGES 20

static int fd;
static char *memory;
static int range;
static int job;

static int setup(void **state)
{
	(void)state;
	fd = edu_open();
	memory = t_map(PAGES);
	range = edu_register(fd, memory, PAGES);
	job = edu_submit(fd, range, memory, PAGES * PAGE, 0, XMMU_EDU_FROM_DEVICE);
	return range > 0 && job > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	t_unmap(memory, PAGES);
	return close(fd);
}

static long wait_for_job(void *arg)
{
	(void)arg;
	return edu_wait(fd, job, EDU_LIMIT_MS, NULL);
}

/* What was open says ENODEV to everything, and lets go of the memory. */
static void assert_gone(void)
{
	struct pollfd pollfd = { .fd = fd, .events = POLLIN };
	struct xmmu_edu_event event;
	long began = t_ms();

	assert_int_equal(edu_call(fd, XMMU_EDU_INFO, &(struct xmmu_edu_info){}), -ENODEV);
	assert_int_equal(edu_call(fd, XMMU_EDU_STATS, &(struct xmmu_edu_stats){}), -ENODEV);
	assert_int_equal(edu_register(fd, memory, 1), -ENODEV);
	assert_int_equal(edu_unregister(fd, range), -ENODEV);
	assert_int_equal(edu_submit(fd, range, memory, 1, 0, 0), -ENODEV);
	assert_int_equal(edu_wait(fd, job, 0, NULL), -ENODEV);
	assert_int_equal(edu_cancel(fd, job), -ENODEV);
	assert_int_equal(read(fd, &event, sizeof(event)), -1);
	assert_int_equal(errno, ENODEV);
	assert_int_equal(poll(&pollfd, 1, 0), 1);
	assert_int_equal(pollfd.revents, POLLERR | POLLHUP);
	munmap(memory, PAGE);
	assert_true(t_ms() - began < 1000);
}

static void assert_back(void)
{
	int again = edu_open(), id = edu_register(again, memory + PAGE, 1);

	edu_load(again, 3);
	assert_int_equal(edu_copy(again, id, memory + PAGE, 1000, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_int_equal(edu_compare(memory + PAGE, 1000, 3, 0), -1);
	close(again);
	assert_int_equal(edu_call(fd, XMMU_EDU_INFO, &(struct xmmu_edu_info){}), -ENODEV);
}

static void hot_removal(void **state)
{
	char *folder = edu_pci_folder(), path[300];
	struct t_thread waiter;
	long began;

	(void)state;
	snprintf(path, sizeof(path), "%.250s/remove", folder);
	free(folder);
	t_start(&waiter, wait_for_job, NULL);
	t_sleep(EDU_TRANSFER_MS + EDU_SOME_MS);
	began = t_ms();
	edu_write(path, "1");
	assert_true(t_ms() - began < 2000);
	assert_int_equal(t_join(&waiter), -ENODEV);
	assert_int_equal(edu_open_as("/dev/xmmu-edu0"), -ENOENT);
	assert_gone();
	edu_write("/sys/bus/pci/rescan", "1");
	assert_true(t_until(5000, access("/dev/xmmu-edu0", F_OK) == 0));
	assert_back();
}

static void unbinding(void **state)
{
	struct t_thread waiter;

	(void)state;
	t_start(&waiter, wait_for_job, NULL);
	t_sleep(EDU_TRANSFER_MS + EDU_SOME_MS);
	edu_rebind();
	assert_int_equal(t_join(&waiter), -ENODEV);
	assert_gone();
	assert_back();
}

/* With the file closed in between, and without any job. */
static void many_times(void **state)
{
	int i, id;

	(void)state;
	for (i = 0; i < 5; i++) {
		edu_rebind();
		close(fd);
		fd = edu_open();
		id = edu_register(fd, memory, 2);
		assert_true(edu_submit(fd, id, memory, 2 * PAGE, 0, XMMU_EDU_TO_DEVICE) > 0);
		t_sleep(i * 30);
	}
}

/* Whether the driver's interrupt is a message. */
static bool has_msi(void)
{
	FILE *file = fopen("/proc/interrupts", "re");
	char line[512];
	int found = 0, msi = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strstr(line, " edu\n"))
			continue;
		found++;
		msi += !!strstr(line, "MSI");
	}
	fclose(file);
	assert_int_equal(found, 1);
	return msi;
}

static void allow_msi(const char *yes_or_no)
{
	char *folder = edu_pci_folder(), path[300];

	snprintf(path, sizeof(path), "%.250s/msi_bus", folder);
	free(folder);
	edu_write(path, yes_or_no);
	edu_rebind();
	close(fd);
	fd = edu_open();
}

/* The interrupt line serves as well; each transfer is ended by it and not by looking. */
static void without_msi(void **state)
{
	(void)state;
	assert_true(has_msi());
	allow_msi("0");
	assert_false(has_msi());
	edu_load(fd, 4);
	range = edu_register(fd, memory, PAGES);
	assert_int_equal(edu_copy(fd, range, memory, 3 * PAGE, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_int_equal(edu_compare(memory, 4095, 4, 0), -1);
	assert_int_equal(edu_info(fd).lost_interrupts, 0);
	allow_msi("1");
	assert_true(has_msi());
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(hot_removal),
		TEST(unbinding),
		TEST(many_times),
		TEST(without_msi),
	};

	return cmocka_run_group_tests_name("edu_remove", tests, NULL, NULL);
}
