// SPDX-License-Identifier: GPL-2.0-only
/*
 * The memory of a transfer in flight changes: the kernel is held back until the device has
 * finished, in each call that takes pages or rights away, also if another one already waits.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "edu.h"

#define PAGES 8
#define TO    XMMU_EDU_TO_DEVICE
#define FROM  XMMU_EDU_FROM_DEVICE

static int fd;
static char *memory;
static int range;

static int setup(void **state)
{
	(void)state;
	fd = edu_open();
	edu_load(fd, 1);
	memory = t_map(PAGES);
	madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
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

/* A job whose first transfer the device is at work on. */
static int launch(const char *addr, unsigned int len, unsigned int direction)
{
	uint64_t before = edu_stats(fd).transfers;
	int job = edu_submit(fd, range, addr, len, 0, direction);

	assert_true(job > 0);
	edu_forget_events(fd);
	assert_true(t_until(EDU_LIMIT_MS, edu_stats(fd).transfers > before));
	return job;
}

static char *fresh(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	edu_fill(page, PAGE, 77);
	return page;
}

/* One invalidation of this kind was announced and waited for as long as the device took. */
static void assert_waited(unsigned int reason)
{
	struct xmmu_edu_event event;
	unsigned int found = 0;

	while (edu_event(fd, &event)) {
		assert_true(event.flags & XMMU_EDU_BLOCKABLE);
		if (event.wait_ns > EDU_SOME_MS * 1000000ULL) {
			assert_int_equal(event.event, reason);
			assert_true(event.start <= (uintptr_t)memory);
			assert_true(event.end >= (uintptr_t)memory + PAGE);
			found++;
		}
	}
	assert_int_equal(found, 1);
}

/* The page goes to somebody else, whose bytes the device must not touch. */
static void munmap_waits(void **state)
{
	int job = launch(memory, 4000, FROM);
	long began = t_ms();
	char *page;

	(void)state;
	munmap(memory, PAGE);
	assert_in_range(t_ms() - began, EDU_SOME_MS, 10 * EDU_TRANSFER_MS);
	page = fresh();
	assert_waited(XMMU_EDU_UNMAP);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	t_sleep(2 * EDU_TRANSFER_MS);
	assert_int_equal(edu_compare(page, PAGE, 77, 0), -1);
	munmap(page, PAGE);
	assert_true(edu_stats(fd).wait_ns >= EDU_SOME_MS * 1000000ULL);
	assert_true(edu_stats(fd).wait_ns_max <= edu_stats(fd).wait_ns);
}

static void other_pages_do_not_wait(void **state)
{
	int job = launch(memory, 4000, FROM);

	(void)state;
	munmap(memory + PAGE, PAGE);
	madvise(memory + 2 * PAGE, PAGE, MADV_DONTNEED);
	mprotect(memory + 3 * PAGE, PAGE, PROT_READ);
	assert_int_equal(edu_wait(fd, job, 0, NULL), -ETIMEDOUT);
	assert_int_equal(edu_stats(fd).waits, 0);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	assert_int_equal(edu_compare(memory, 4000, 1, 0), -1);
}

static long discard(void *addr)
{
	return madvise(addr, 2 * PAGE, MADV_DONTNEED);
}

/*
 * The second finds nothing to zap, and yet must not give its pages away. The driver believes that
 * the transfer goes on until it is told otherwise.
 */
static void second_discard_waits_too(void **state)
{
	struct t_thread first, second;
	char *page;
	int job;

	(void)state;
	edu_inject("never_done");
	job = launch(memory, 4000, FROM);
	t_start(&first, discard, memory);
	t_sleep(EDU_SOME_MS);
	t_start(&second, discard, memory);
	assert_false(t_done(&second, 2 * EDU_TRANSFER_MS));
	assert_false(t_done(&first, 0));
	edu_inject("none");
	assert_int_equal(t_join(&second), 0);
	page = fresh();
	assert_int_equal(t_join(&first), 0);
	assert_int_equal(edu_stats(fd).waits, 2);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	assert_int_equal(edu_compare(page, PAGE, 77, 0), -1);
	munmap(page, PAGE);
	assert_int_equal(memory[0], 0);
}

static void discard_does_not_change_what_is_read(void **state)
{
	int job;

	(void)state;
	edu_fill(memory, PAGE, 5);
	job = launch(memory, 4000, TO);
	madvise(memory, PAGE, MADV_DONTNEED);
	assert_waited(XMMU_EDU_CLEAR);
	assert_int_equal(memory[0], 0);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	assert_int_equal(edu_copy(fd, range, memory, 4000, 0, FROM), 0);
	assert_int_equal(edu_compare(memory, 4000, 5, 0), -1);
}

static void mprotect_waits(void **state)
{
	int job = launch(memory, 4000, FROM);

	(void)state;
	mprotect(memory, PAGE, PROT_READ);
	assert_int_equal(edu_compare(memory, 4000, 1, 0), -1);
	assert_waited(XMMU_EDU_PROTECTION_VMA);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	assert_int_equal(edu_copy(fd, range, memory, 1, 0, FROM), -EPERM);
}

/* The moved page has all that the device wrote, and the old address is nobody's. */
static void mremap_waits(void **state)
{
	int job = launch(memory, 4000, FROM);
	char *target = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_equal(mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target), target);
	assert_int_equal(edu_compare(target, 4000, 1, 0), -1);
	assert_waited(XMMU_EDU_UNMAP);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	assert_int_equal(edu_copy(fd, range, memory, 1, 0, FROM), -EFAULT);
	munmap(target, PAGE);
}

static int keeps(void *arg)
{
	struct t_steps *steps = arg;

	return t_hear(steps->to_child) == 'g' && edu_compare(memory, 4000, 1, 0) == -1 ? 0 : 1;
}

/* A device write to a page that is shared after fork goes to a copy of the parent's own. */
static void fork_waits_and_copies(void **state)
{
	struct t_steps steps;
	pid_t child;
	int job;

	(void)state;
	t_steps_init(&steps);
	job = launch(memory, 4000, FROM);
	child = t_fork(keeps, &steps);
	assert_waited(XMMU_EDU_PROTECTION_PAGE);
	assert_int_equal(edu_wait(fd, job, EDU_LIMIT_MS, NULL), 0);
	edu_load(fd, 2);
	assert_int_equal(edu_copy(fd, range, memory, 4000, 0, FROM), 0);
	assert_int_equal(edu_compare(memory, 4000, 2, 0), -1);
	t_tell(steps.to_child, 'g');
	assert_int_equal(t_wait(child, EDU_LIMIT_MS), 0);
	t_steps_free(&steps);
}

/* Reading breaks no copy-on-write. */
static void reading_shares(void **state)
{
	uint64_t pfn;
	pid_t child;
	struct t_steps steps;

	(void)state;
	t_steps_init(&steps);
	edu_fill(memory, 4000, 1);
	child = t_fork(keeps, &steps);
	pfn = t_pfn(memory);
	assert_int_equal(edu_copy(fd, range, memory, 4000, 0, TO), 0);
	assert_int_equal(t_pfn(memory), pfn);
	assert_int_equal(edu_copy(fd, range, memory, 1, 0, FROM), 0);
	assert_int_not_equal(t_pfn(memory), pfn);
	t_tell(steps.to_child, 'g');
	assert_int_equal(t_wait(child, EDU_LIMIT_MS), 0);
	t_steps_free(&steps);
}

/* ---- the process goes while its job runs */

/* The child: a context of its own, a job of 2 s, and then what it is told. */
static int live(void *arg)
{
	struct t_steps *steps = arg;
	int file = edu_open_as("/dev/xmmu-edu0"), id, job;

	id = edu_register(file, memory, PAGES);
	job = edu_submit(file, id, memory, PAGES * PAGE, 0, FROM);
	dup2(file, 100);
	t_tell(steps->to_parent, job);
	if (t_hear(steps->to_child) == 'e')
		execl("/bin/true", "true", NULL);
	return 0;
}

/*
 * Nobody answers this userfaultfd, and its number is below the device's file: at exit it is closed
 * after it. A worker that waited for an answer would keep the process, and the device.
 */
static int mute_memory(void *arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK), file, id, job;
	char *mute = t_map(1);
	struct uffdio_register area = {
		.range = { (uintptr_t)mute, PAGE },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	(void)arg;
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &area))
		return 1;
	file = edu_open();
	id = edu_register(file, mute, 1);
	job = edu_submit(file, id, mute, 100, 0, XMMU_EDU_TO_DEVICE);
	return file < uffd || job < 0 || edu_wait(file, job, EDU_LIMIT_MS, NULL) != -EFAULT;
}

static void memory_that_nobody_fills_is_efault(void **state)
{
	(void)state;
	assert_int_equal(t_wait(t_fork(mute_memory, NULL), EDU_LIMIT_MS), 0);
}

static void end_of_process(char how)
{
	struct t_steps steps;
	struct xmmu_edu_stats stats;
	int file, job, pidfd;
	long began;
	pid_t child;

	t_steps_init(&steps);
	child = t_fork(live, &steps);
	job = t_hear(steps.to_parent);
	assert_true(job > 0);
	pidfd = syscall(SYS_pidfd_open, child, 0);
	file = syscall(SYS_pidfd_getfd, pidfd, 100, 0);
	assert_return_code(file, errno);
	t_sleep(EDU_SOME_MS);
	began = t_ms();
	t_tell(steps.to_child, how);
	if (how == 'k')
		kill(child, SIGKILL);
	t_wait(child, EDU_LIMIT_MS);
	assert_true(t_ms() - began < 1000);
	assert_int_equal(edu_wait(file, job, EDU_LIMIT_MS, NULL), -ESRCH);
	stats = edu_stats(file);
	assert_true(stats.waits >= 1);
	assert_int_equal(stats.isolated, 0);
	assert_int_equal(edu_register(file, memory, 1), -EXDEV);
	close(file);
	close(pidfd);
	t_steps_free(&steps);
}

static void exit_at_work(void **state)
{
	(void)state;
	end_of_process('x');
}

static void kill_at_work(void **state)
{
	(void)state;
	end_of_process('k');
}

static void exec_at_work(void **state)
{
	(void)state;
	end_of_process('e');
}

/* ---- all at once */

static bool stop;

static long change(void *arg)
{
	unsigned int round = 0, kind = (uintptr_t)arg;
	pid_t child;

	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		char *page = memory + round++ % PAGES * PAGE;

		if (kind == 0) {
			munmap(page, PAGE);
			mmap(page, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		} else if (kind == 1) {
			mprotect(page, PAGE, PROT_READ);
			mprotect(page, PAGE, PROT_READ | PROT_WRITE);
		} else if (kind == 2) {
			madvise(page, PAGE, MADV_DONTNEED);
		} else {
			child = fork();
			if (!child)
				_exit(0);
			waitpid(child, NULL, 0);
		}
		usleep(1000);
	}
	return round;
}

/* Jobs may find memory missing or protected; whatever they did must be right afterwards. */
static void all_changes_at_once(void **state)
{
	struct t_thread threads[4];
	unsigned int i, jobs = 0, whole = 0, late = 0;
	uint64_t lost = edu_info(fd).lost_interrupts;
	long limit = t_ms() + 4000;
	int ret;

	(void)state;
	stop = false;
	for (i = 0; i < 4; i++)
		t_start(&threads[i], change, (void *)(uintptr_t)i);
	while (t_ms() < limit || jobs < 4) {
		ret = edu_copy(fd, range, memory + jobs % 8 * 100, 3 * PAGE, 0,
			       jobs % 2 ? TO : FROM);
		assert_true(!ret || ret == -EFAULT || ret == -EPERM || ret == -ETIMEDOUT);
		whole += !ret;
		late += ret == -ETIMEDOUT;
		jobs++;
	}
	print_message("%u jobs in %ld ms, %u of them moved all, %u ran out of time, %u retries\n",
		      jobs, 4000 + t_ms() - limit, whole, late,
		      (unsigned int)edu_stats(fd).retries);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		assert_true(t_join(&threads[i]) > 0);
	edu_load(fd, 6);
	assert_int_equal(edu_copy(fd, range, memory + 50, 4095, 0, FROM), 0);
	assert_int_equal(edu_compare(memory + 50, 4095, 6, 0), -1);
	assert_true(edu_stats(fd).waits > 0);
	assert_int_equal(edu_stats(fd).isolated, 0);
	assert_int_equal(edu_info(fd).lost_interrupts, lost);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(munmap_waits),
		TEST(other_pages_do_not_wait),
		TEST(second_discard_waits_too),
		TEST(discard_does_not_change_what_is_read),
		TEST(mprotect_waits),
		TEST(mremap_waits),
		TEST(fork_waits_and_copies),
		TEST(reading_shares),
		TEST(memory_that_nobody_fills_is_efault),
		TEST(exit_at_work),
		TEST(kill_at_work),
		TEST(exec_at_work),
		TEST(all_changes_at_once),
	};

	return cmocka_run_group_tests_name("edu_inflight", tests, NULL, NULL);
}
