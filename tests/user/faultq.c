// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault queue on a real kernel: what the hosted one takes for granted of workers, signals, and
 * processes that end while the device waits for a page that nobody brings.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "../vm/xmmu_faultq/abi.h"
#include "t.h"

#define PAGES    1024
#define SLICE_MS 20
/* For what takes some slices, on a machine that has other things to do. */
#define SOON_MS 5000

static int fd;
static char *memory;

static int call(unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) ? -errno : 0;
}

static int attach(void)
{
	struct xq_attach request = { .start = (uintptr_t)memory,
				     .end = (uintptr_t)memory + PAGES * PAGE,
				     .depth = 512,
				     .slice_ms = SLICE_MS };

	return call(XQ_ATTACH, &request);
}

static int park(unsigned int number, size_t page, unsigned int pages, bool write)
{
	struct xq_park request = { .addr = (uintptr_t)memory + page * PAGE,
				   .number = number,
				   .pages = pages,
				   .write = write };
	int error = call(XQ_PARK, &request);

	return error ? error : (int)request.taken;
}

static int answer_within(unsigned int number, unsigned int ms)
{
	struct xq_wait request = { .number = number, .ms = ms };
	int error = call(XQ_WAIT, &request);

	return error ? error : request.result;
}

static struct xq_stats stats(void)
{
	struct xq_stats stats;

	assert_int_equal(call(XQ_STATS, &stats), 0);
	return stats;
}

/* A userfaultfd for the pages, which nobody serves. */
static int never(size_t page, size_t pages)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)memory + page * PAGE, pages * PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range))
		return -errno;
	return uffd;
}

static int setup(void **state)
{
	(void)state;
	memory = t_map(PAGES);
	fd = open(XQ_DEVICE, O_RDWR | O_CLOEXEC);
	return fd < 0;
}

static int teardown(void **state)
{
	(void)state;
	close(fd);
	t_unmap(memory, PAGES);
	return 0;
}

static void faults_are_served(void **state)
{
	(void)state;
	assert_int_equal(attach(), 0);
	assert_int_equal(park(0, 3, 1, true), 1);
	assert_int_equal(answer_within(0, SOON_MS), 0);
	assert_int_equal(park(0, 0, 300, false), 300);
	for (unsigned int i = 0; i < 300; i++)
		assert_int_equal(answer_within(i, SOON_MS), 0);
	assert_true(stats().served < 100);
	assert_int_equal(stats().replayed, 301);
}

static void bad_accesses_are_cancelled(void **state)
{
	(void)state;
	assert_int_equal(attach(), 0);
	assert_int_equal(mprotect(memory + 5 * PAGE, PAGE, PROT_READ), 0);
	assert_int_equal(munmap(memory + 7 * PAGE, PAGE), 0);
	assert_int_equal(park(0, 0, 10, true), 10);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(answer_within(i, SOON_MS), i == 5 ? -EPERM : i == 7 ? -EFAULT : 0);
	assert_int_equal(park(0, PAGES, 1, false), 1);
	assert_int_equal(answer_within(0, SOON_MS), -EFAULT);
}

static void a_userfault_waits_for_its_program(void **state)
{
	static char page[PAGE] __attribute__((aligned(PAGE)));
	struct uffdio_copy copy = { .src = (uintptr_t)page, .len = PAGE };
	int uffd;

	(void)state;
	uffd = never(1, 1);
	assert_return_code(uffd, -uffd);
	assert_int_equal(attach(), 0);
	assert_int_equal(park(0, 0, 3, true), 3);
	/* The neighbours do not wait for it. */
	assert_int_equal(answer_within(0, SOON_MS), 0);
	assert_int_equal(answer_within(2, SOON_MS), 0);
	assert_int_equal(answer_within(1, 20 * SLICE_MS), XQ_PARKED);
	assert_int_equal(park(10, 100, 1, true), 1);
	assert_int_equal(answer_within(10, SOON_MS), 0);
	assert_true(stats().retried >= 5);
	copy.dst = (uintptr_t)memory + PAGE;
	assert_int_equal(ioctl(uffd, UFFDIO_COPY, &copy), 0);
	assert_int_equal(answer_within(1, SOON_MS), 0);
	close(uffd);
}

static void detach_does_not_wait_for_a_program(void **state)
{
	int uffd = never(0, PAGES);
	long start;

	(void)state;
	assert_return_code(uffd, -uffd);
	assert_int_equal(attach(), 0);
	assert_int_equal(park(0, 0, 100, false), 100);
	t_sleep(2 * SLICE_MS);
	start = t_ms();
	assert_int_equal(call(XQ_DETACH, NULL), 0);
	assert_true(t_ms() - start < SOON_MS);
	for (unsigned int i = 0; i < 100; i++)
		assert_int_equal(answer_within(i, 0), -ESRCH);
	close(uffd);
}

/* Its own descriptors are closed in their order: the device's comes before the userfaultfd. */
static int fault_and_exit(void *unused)
{
	(void)unused;
	fd = open(XQ_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 || never(0, 4) < fd || attach() || park(0, 0, 4, true) != 4)
		return 1;
	t_sleep(2 * SLICE_MS);
	return 0;
}

static void a_process_ends_whose_faults_hang(void **state)
{
	(void)state;
	assert_int_equal(t_wait(t_fork(fault_and_exit, NULL), SOON_MS), 0);
}

static int die_beside_a_server(void *steps)
{
	if (never(0, 4) < 0 || attach() || park(0, 0, 4, true) != 4)
		return 1;
	/* It has the userfaultfd, lives on, and serves nothing. */
	if (!fork()) {
		close(fd);
		t_hear(((struct t_steps *)steps)->to_child);
		_exit(0);
	}
	t_sleep(2 * SLICE_MS);
	return 0;
}

/* Nobody detaches here: the file is open in this process, which the mirror does not belong to. */
static void its_faults_are_cancelled_though_the_server_lives(void **state)
{
	struct t_steps steps;

	(void)state;
	t_steps_init(&steps);
	assert_int_equal(t_wait(t_fork(die_beside_a_server, &steps), SOON_MS), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(answer_within(i, SOON_MS), -ESRCH);
	t_tell(steps.to_child, 'x');
	t_steps_free(&steps);
}

static int hang(void *steps)
{
	fd = open(XQ_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0 || never(0, PAGES) < 0 || attach() || park(0, 0, XQ_NUMBERS, true) != 512)
		return 1;
	t_tell(((struct t_steps *)steps)->to_parent, 'h');
	t_hear(((struct t_steps *)steps)->to_child);
	return 0;
}

/* The longest that another process waits while one has every fault of its own hang. */
static void others_do_not_notice(void **state)
{
	struct t_steps steps;
	pid_t pid;

	(void)state;
	t_steps_init(&steps);
	pid = t_fork(hang, &steps);
	assert_int_equal(t_hear(steps.to_parent), 'h');
	assert_int_equal(attach(), 0);
	for (unsigned int i = 0; i < 50; i++) {
		assert_int_equal(park(i, i, 1, true), 1);
		assert_int_equal(answer_within(i, SOON_MS), 0);
	}
	assert_int_equal(stats().retried, 0);
	t_tell(steps.to_child, 'x');
	assert_int_equal(t_wait(pid, SOON_MS), 0);
	t_steps_free(&steps);
}

static uint64_t best_ns(bool together)
{
	struct xq_measure request = { .addr = (uintptr_t)memory,
				      .pages = 256,
				      .together = together };
	uint64_t best = UINT64_MAX;

	for (unsigned int i = 0; i < 10; i++) {
		assert_int_equal(call(XQ_MEASURE, &request), 0);
		if (request.ns < best)
			best = request.ns;
	}
	return best;
}

static void a_batch_is_cheaper(void **state)
{
	uint64_t alone, together;

	(void)state;
	t_touch(memory, PAGES);
	assert_int_equal(attach(), 0);
	alone = best_ns(false);
	together = best_ns(true);
	print_message("a fault alone %lu ns, in a batch of 256 %lu ns\n", (unsigned long)alone,
		      (unsigned long)together);
	assert_true(together * 5 <= alone);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(faults_are_served),
		T(bad_accesses_are_cancelled),
		T(a_userfault_waits_for_its_program),
		T(detach_does_not_wait_for_a_program),
		T(a_process_ends_whose_faults_hang),
		T(its_faults_are_cancelled_though_the_server_lives),
		T(others_do_not_notice),
		T(a_batch_is_cheaper),
#undef T
	};

	return cmocka_run_group_tests_name("faultq", tests, NULL, NULL);
}
