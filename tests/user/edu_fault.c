// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults of the device, injected into the driver: an interrupt that does not come is survived, and
 * a device that never finishes is cut off from memory by whoever waits for it.
 *
 * Wants the module with watchdog_ms=1500 timeout_ms=2500.
 */
#include <fcntl.h>

#include "edu.h"

#define PAGES       4
#define WATCHDOG_MS 1500
#define TIMEOUT_MS  2500
#define POLL_MS     500
#define SLOW_MS     4000 /* more than any of them takes on a slow machine, less than no limit */

static int fd;
static char *memory;
static int range;

static int setup(void **state)
{
	(void)state;
	fd = edu_open();
	memory = t_map(PAGES);
	memset(memory, 0, PAGES * PAGE);
	range = edu_register(fd, memory, PAGES);
	return range > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	edu_inject("none");
	t_unmap(memory, PAGES);
	return close(fd);
}

static bool bus_master(void)
{
	char *folder = edu_pci_folder(), path[300];
	unsigned char command = 0;
	int file;

	snprintf(path, sizeof(path), "%.250s/config", folder);
	free(folder);
	file = open(path, O_RDONLY | O_CLOEXEC);
	assert_return_code(file, errno);
	assert_int_equal(pread(file, &command, 1, 4), 1);
	close(file);
	return command & 4;
}

/* The device is dead for everybody who has it open, until the driver takes it anew. */
static void assert_dead(void)
{
	int other = edu_open();

	assert_false(bus_master());
	assert_int_equal(edu_info(fd).flags, XMMU_EDU_DEAD);
	assert_int_equal(edu_register(fd, memory, 1), -EIO);
	assert_int_equal(edu_register(other, memory, 1), -EIO);
	assert_int_equal(edu_submit(fd, range, memory, 1, 0, XMMU_EDU_TO_DEVICE), -EIO);
	assert_int_equal(edu_unregister(fd, range), 0);
	close(other);
}

static void revive(void)
{
	edu_inject("none");
	edu_rebind();
	assert_true(bus_master());
	close(fd);
	fd = edu_open();
	assert_int_equal(edu_info(fd).flags, 0);
	range = edu_register(fd, memory, PAGES);
	edu_load(fd, 9);
	assert_int_equal(edu_copy(fd, range, memory, 4000, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_int_equal(edu_compare(memory, 4000, 9, 0), -1);
}

static void lost_interrupt(void **state)
{
	uint64_t before = edu_info(fd).lost_interrupts;
	long began;

	(void)state;
	edu_load(fd, 1);
	assert_int_equal(edu_info(fd).lost_interrupts, before);
	edu_inject("lost_irq");
	began = t_ms();
	assert_int_equal(edu_copy(fd, range, memory, 4000, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_in_range(t_ms() - began, POLL_MS / 2, SLOW_MS);
	assert_int_equal(edu_compare(memory, 4000, 1, 0), -1);
	assert_int_equal(edu_info(fd).lost_interrupts, before + 1);
	edu_inject("none");
	assert_int_equal(edu_copy(fd, range, memory, 4000, 0, XMMU_EDU_FROM_DEVICE), 0);
	assert_int_equal(edu_info(fd).lost_interrupts, before + 1);
}

/* An invalidation that waits for a transfer without interrupt waits until somebody looks. */
static void lost_interrupt_with_munmap(void **state)
{
	int job;

	(void)state;
	edu_load(fd, 2);
	edu_inject("lost_irq");
	job = edu_submit(fd, range, memory, 100, 0, XMMU_EDU_FROM_DEVICE);
	assert_true(t_until(1000, edu_stats(fd).transfers == 2));
	munmap(memory, PAGE);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	assert_int_equal(edu_stats(fd).waits, 1);
	assert_int_equal(edu_stats(fd).isolated, 0);
	assert_true(bus_master());
}

static void job_gives_up(void **state)
{
	long began;

	(void)state;
	edu_inject("never_done");
	began = t_ms();
	assert_int_equal(edu_copy(fd, range, memory, 100, 0, XMMU_EDU_FROM_DEVICE), -EIO);
	assert_in_range(t_ms() - began, TIMEOUT_MS, TIMEOUT_MS + SLOW_MS);
	assert_int_equal(edu_stats(fd).isolated, 1);
	assert_int_equal(edu_stats(fd).waits, 0);
	assert_dead();
	revive();
}

/* The kernel gets its page back when the device can not reach it any more. */
static void invalidation_gives_up(void **state)
{
	struct xmmu_edu_event event;
	long began;
	int job, next;

	(void)state;
	edu_load(fd, 3);
	edu_inject("never_done");
	job = edu_submit(fd, range, memory, 100, 0, XMMU_EDU_FROM_DEVICE);
	next = edu_submit(fd, range, memory + PAGE, 100, 0, XMMU_EDU_FROM_DEVICE);
	assert_true(t_until(1000, edu_stats(fd).transfers == 2));
	edu_forget_events(fd);
	began = t_ms();
	munmap(memory, PAGE);
	assert_in_range(t_ms() - began, WATCHDOG_MS / 2, SLOW_MS);
	assert_false(bus_master());
	assert_int_equal(edu_stats(fd).isolated, 1);
	assert_true(edu_event(fd, &event));
	assert_int_equal(event.event, XMMU_EDU_UNMAP);
	assert_true(event.wait_ns >= WATCHDOG_MS / 2 * 1000000ULL);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), -EIO);
	assert_int_equal(edu_wait(fd, next, EDU_LIMIT_MS, NULL), -EIO);
	assert_dead();
	mmap(memory, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	revive();
}

static int leave(void *arg)
{
	int file = edu_open_as("/dev/xmmu-edu0"), id = edu_register(file, memory, PAGES);

	(void)arg;
	if (edu_submit(file, id, memory, 100, 0, XMMU_EDU_FROM_DEVICE) < 0)
		return 1;
	t_sleep(EDU_SOME_MS);
	return 0;
}

static void exit_gives_up(void **state)
{
	(void)state;
	edu_inject("never_done");
	assert_int_equal(t_wait(t_fork(leave, NULL), EDU_LIMIT_MS), 0);
	assert_dead();
	revive();
}

static void unknown_fault(void **state)
{
	int file = open("/sys/module/edu/parameters/inject", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(write(file, "fire", 4), -1);
	assert_int_equal(errno, EINVAL);
	close(file);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(lost_interrupt), TEST(lost_interrupt_with_munmap),
		TEST(job_gives_up),   TEST(invalidation_gives_up),
		TEST(exit_gives_up),  TEST(unknown_fault),
	};

	return cmocka_run_group_tests_name("edu_fault", tests, NULL, NULL);
}
